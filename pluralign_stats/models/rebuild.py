"""The engine's model behind a fit, at the fit's estimates."""

from dataclasses import dataclass

import numpy as np

from pluralign_stats.models.engine.laplace import Problem, State, gradient_at
from pluralign_stats.models.engine.quadrature import integrate_at
from pluralign_stats.models.laplace_fit import LaplaceEstimates
from pluralign_stats.models.search import LaplaceModel, Objective


@dataclass(frozen=True, eq=False)
class Engine[M: LaplaceModel]:
    """A model in the engine's coordinates.

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

    model: M
    psi: np.ndarray
    state: State
    back: np.ndarray
    root: np.ndarray
    n_nodes: int

    def gradient(self, problem: Problem, state: State) -> np.ndarray:
        """(k,) gradient of the log-likelihood of a problem last factored at `state`."""
        if self.n_nodes > 1:
            return integrate_at(problem, state, self.n_nodes)[1]
        return gradient_at(problem, state)


def engine_of[M: LaplaceModel](fit: LaplaceEstimates[M]) -> Engine[M]:
    """Build the engine's model anew from a fit, which does not keep it."""
    model = fit.engine_model()
    psi = np.linalg.solve(model.back, fit.joint.estimates)
    inverse = np.linalg.inv(model.back)
    vcov = inverse @ np.nan_to_num(fit.joint.vcov) @ inverse.T
    state = Objective(model.problem, 1).known(psi)
    return Engine(model, psi, state, model.back, square_root(vcov), fit.n_nodes)


def square_root(matrix: np.ndarray) -> np.ndarray:
    """(k, r) root of a positive semi-definite (k, k) matrix of rank r."""
    values, vectors = np.linalg.eigh(matrix)
    kept = values > 1e-12 * values.max(initial=0.0)
    return vectors[:, kept] * np.sqrt(values[kept])
