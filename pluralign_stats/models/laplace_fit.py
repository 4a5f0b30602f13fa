"""What models share whose likelihood is approximated by Laplace's method."""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from pluralign_stats.models.engine.covariance import Covariance, Shape
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.search import LaplaceModel


@dataclass(frozen=True, eq=False, repr=False)
class LaplaceEstimates[M: LaplaceModel](ModelEstimates):
    """A fitted mixed model whose likelihood is approximated at the mode of its random effects.

    Attributes
    ----------
    n_nodes
        Nodes of the quadrature; 1 for the Laplace approximation.
    transforms
        For each random term, the (q, q) matrix T with which ``T L`` is the factor of its
        covariance, L having the entries that stand in `joint`.
    """

    n_nodes: int
    transforms: tuple[np.ndarray, ...]

    @abstractmethod
    def engine_model(self) -> M:
        """The engine's model, built anew, as a fit does not keep it."""

    @property
    def covariance(self) -> Covariance:
        """Shapes of the random effects' factors."""
        return Covariance(
            tuple(Shape(len(p.covariance), p.design.term.correlated) for p in self.random)
        )

    @property
    def asymptotic(self) -> bool:
        """Yes: they are from the likelihood."""
        return True

    def degrees(self, rows: np.ndarray) -> np.ndarray:
        """Infinite: intervals are from the normal distribution."""
        return np.full(len(rows), np.inf)
