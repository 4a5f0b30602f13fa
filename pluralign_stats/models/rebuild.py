"""The engine's model behind an ordinal fit, at the fit's estimates."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import block_diag

from pluralign_stats.models.engine.laplace import OrdinalProblem, OrdinalState, gradient_at
from pluralign_stats.models.engine.quadrature import integrate_at
from pluralign_stats.models.ordinal import OrdinalEstimates
from pluralign_stats.models.ordinal_search import Objective, OrdinalModel


@dataclass(frozen=True, eq=False)
class OrdinalEngine:
    """An ordinal model in the engine's coordinates.

    Attributes
    ----------
    model
        The model.
    psi, state
        (k,) estimates, and the model there.
    back
        (k, k) matrix that turns the engine's parameters into those of `Fit.joint`.
    root
        (k, r) with ``root root'`` the covariance of the estimates; parameters that are not free
        or not determined have rows of zeros.
    n_nodes
        Nodes of the quadrature; 1 for the Laplace approximation.
    """

    model: OrdinalModel
    psi: np.ndarray
    state: OrdinalState
    back: np.ndarray
    root: np.ndarray
    n_nodes: int

    def gradient(self, problem: OrdinalProblem, state: OrdinalState) -> np.ndarray:
        """(k,) gradient of the log-likelihood of a problem last factored at `state`."""
        if self.n_nodes > 1:
            return integrate_at(problem, state, self.n_nodes)[1]
        return gradient_at(problem, state)


def ordinal_engine(fit: OrdinalEstimates) -> OrdinalEngine:
    """Build the engine's model anew from a fit, which does not keep it."""
    model = OrdinalModel(fit.design, fit.coded, fit.basis, fit.link, fit.offered)
    back = block_diag(model.cuts.back, np.eye(fit.joint.sizes[2]))
    psi = np.linalg.solve(back, fit.joint.estimates)
    inverse = np.linalg.inv(back)
    vcov = inverse @ np.nan_to_num(fit.joint.vcov) @ inverse.T
    state = Objective(model.problem, 1).known(psi)
    return OrdinalEngine(model, psi, state, back, square_root(vcov), fit.n_nodes)


def square_root(matrix: np.ndarray) -> np.ndarray:
    """(k, r) root of a positive semi-definite (k, k) matrix of rank r."""
    values, vectors = np.linalg.eigh(matrix)
    kept = values > 1e-12 * values.max(initial=0.0)
    return vectors[:, kept] * np.sqrt(values[kept])
