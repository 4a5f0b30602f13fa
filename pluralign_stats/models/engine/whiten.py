"""Well-conditioned coordinates for fixed and random effects, whatever the scale of x."""

from dataclasses import replace

import numpy as np

from pluralign_stats.models.engine.blocks import Term


def orthogonal(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns of length ``sqrt(n)`` at right angles, and T (p, p) with ``X T`` equal to them.

    `X` (n, p) must be of full column rank.
    """
    n, p = X.shape
    scale = np.linalg.norm(X, axis=0) / np.sqrt(n)
    Q, R = np.linalg.qr(X / scale)
    back = np.linalg.solve(R, np.eye(p)) / scale[:, None]
    return Q * np.sqrt(n), back * np.sqrt(n)


def whiten(term: Term) -> tuple[Term, np.ndarray]:
    """A random term in coordinates of unit length, and T (q, q) with ``z T`` equal to its own.

    Correlated effects are made orthogonal, which any correlated term allows; uncorrelated ones
    are scaled. A factor L there is ``T L`` in the term's own coordinates. The covariates must be of
    full column rank.
    """
    if not term.correlated or term.z.shape[1] == 1:
        length = np.sqrt((term.z**2).mean(axis=0))
        return replace(term, z=term.z / length), np.diag(1 / length)
    z, transform = orthogonal(term.z)
    return replace(term, z=z), transform
