"""Covariance of random effects: from a flat parameter vector to Cholesky factors and back."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Shape:
    """Free entries of one term's lower-triangular factor.

    Attributes
    ----------
    size
        Number of effects q.
    correlated
        Whether effects may be correlated; else the factor is diagonal.
    """

    size: int
    correlated: bool

    @property
    def entries(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns of the free entries, diagonal first."""
        diagonal = np.arange(self.size)
        if not self.correlated:
            return diagonal, diagonal
        rows, columns = np.tril_indices(self.size, -1)
        return np.concatenate([diagonal, rows]), np.concatenate([diagonal, columns])


@dataclass(frozen=True)
class Covariance:
    """Factors of all terms; their parameters `theta` stand one term after the other."""

    shapes: tuple[Shape, ...]

    @property
    def size(self) -> int:
        """Length of theta."""
        return sum(len(shape.entries[0]) for shape in self.shapes)

    def factors(self, theta: np.ndarray) -> list[np.ndarray]:
        """Lower-triangular (q, q) factor of each term."""
        made, at = [], 0
        for shape in self.shapes:
            rows, columns = shape.entries
            factor = np.zeros((shape.size, shape.size))
            factor[rows, columns] = theta[at : at + len(rows)]
            made.append(factor)
            at += len(rows)
        return made

    def collect(self, matrices: Sequence[np.ndarray]) -> np.ndarray:
        """Entries of (q, q) matrices at the places of theta, such as gradients by factor."""
        parts = [m[shape.entries] for m, shape in zip(matrices, self.shapes, strict=True)]
        return np.concatenate([np.zeros(0), *parts])

    def columns(self) -> list[np.ndarray]:
        """Places in theta of each factor's columns, the diagonal entry first."""
        made, at = [], 0
        for shape in self.shapes:
            _, column = shape.entries
            made += [at + np.flatnonzero(column == k) for k in range(shape.size)]
            at += len(column)
        return made

    def start(self, sizes: Sequence[np.ndarray]) -> np.ndarray:
        """Theta with diagonal factors, the (q,) effects of each term of the given sizes."""
        return self.collect([np.diag(size) for size in sizes])
