"""Search for the maximum of an ordinal mixed model, and what the data know about it there."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import block_diag
from scipy.special import ndtri

from pluralign_stats.errors import InputError
from pluralign_stats.models.categories import Categories
from pluralign_stats.models.design import Design
from pluralign_stats.models.engine.coordinates import cut_design
from pluralign_stats.models.engine.laplace import (
    OrdinalProblem,
    OrdinalState,
    gradient_at,
    mode_at,
    profile_information,
)
from pluralign_stats.models.engine.links import LATENT_SD
from pluralign_stats.models.engine.optimize import (
    TOLERANCE,
    Maximum,
    differentiate,
    maximize,
    settle_boundary,
)
from pluralign_stats.models.engine.quadrature import integrate_at
from pluralign_stats.models.mixed import prepare, rough_curvature, rough_sizes

#: Step of the differences that give the observed information, in standard errors.
STEP = 1e-3

#: Directions in which the information is a smaller share of the expected are not determined.
FLAT = 1e-6


class OrdinalModel:
    """An ordinal model in the engine's coordinates."""

    def __init__(
        self, design: Design, categories: Categories, basis: np.ndarray, link: str
    ) -> None:
        self.design, self.categories, self.basis, self.link = design, categories, basis, link
        self.prepared = prepare(design)
        none = np.zeros((len(design.y), 0))
        nominal, scale = (none if m is None else m.columns for m in (design.nominal, design.scale))
        self.cuts = cut_design(categories.codes, basis, design.fixed.columns, nominal, scale)
        order = self.prepared.layout.order
        self.problem = OrdinalProblem(
            self.prepared.layout,
            self.cuts.lower[order],
            self.cuts.upper[order],
            self.cuts.bottom[order],
            self.cuts.top[order],
            self.cuts.scale[order],
            design.weight[order],
            link,
        )

    def start(self) -> np.ndarray:
        """First guess of the parameters, from least squares on the category numbers."""
        design, codes = self.design, self.categories.codes
        f, p = self.cuts.lower.shape[1], design.fixed.columns.shape[1]
        X = -self.cuts.lower[:, f - p :]
        y = codes - codes.mean()
        slope = X.T @ y / len(y)
        residual = y - X @ slope
        sizes = rough_sizes(design, residual)
        unit = LATENT_SD[self.link] * np.sqrt(1 + (sizes**2).sum()) / residual.std()
        counts = np.bincount(codes, design.weight, len(self.basis) + 1) + 0.5
        cuts = ndtri(np.cumsum(counts)[:-1] / counts.sum()) * unit * codes.std()
        location = np.zeros(f)
        location[: self.basis.shape[1]] = np.linalg.lstsq(self.basis, cuts, rcond=None)[0]
        location[f - p :] = slope * unit
        theta = self.prepared.layout.covariance.start(sizes * LATENT_SD[self.link])
        return np.concatenate([location, np.zeros(self.cuts.scale.shape[1]), theta])

    def curvature(self, state: OrdinalState) -> np.ndarray:
        """Guess of the information on all parameters, exact for all but theta nearly."""
        theta = rough_curvature(self.design, self.prepared)
        return block_diag(profile_information(self.problem, state), theta)


class Objective:
    """Log-likelihood and gradient, each mode searched from the last one."""

    def __init__(self, problem: OrdinalProblem, n_nodes: int) -> None:
        self.problem, self.n_nodes = problem, n_nodes
        self.u = np.zeros(problem.layout.n_columns)

    def state_at(self, psi: np.ndarray) -> OrdinalState | None:
        """The model at given parameters; None where they are not allowed."""
        state = mode_at(self.problem, psi, self.u)
        if state is not None:
            self.u = state.u
        return state

    def known(self, psi: np.ndarray) -> OrdinalState:
        """The model at parameters that are known to be allowed."""
        state = self.state_at(psi)
        if state is None:
            raise InputError(
                "the likelihood cannot be evaluated; check for huge values, rescale the variables "
                "or simplify the model"
            )
        return state

    def __call__(self, psi: np.ndarray) -> tuple[float, np.ndarray]:
        """Log-likelihood and gradient; -inf where the parameters are not allowed."""
        state = self.state_at(psi)
        if state is None:
            return -np.inf, np.zeros(len(psi))
        if self.n_nodes > 1:
            return integrate_at(self.problem, state, self.n_nodes)
        return state.loglik, gradient_at(self.problem, state)


@dataclass(frozen=True, eq=False)
class Optimum:
    """Where the search ended.

    Attributes
    ----------
    psi, value
        Parameters (k,) and log-likelihood.
    state
        The model there.
    vcov
        (k, k) covariance from the observed information; zero for parameters on a boundary, and
        missing for those that the data do not determine.
    converged
        Whether a Newton step promises next to nothing.
    """

    psi: np.ndarray
    value: float
    state: OrdinalState
    vcov: np.ndarray
    converged: bool


def search(model: OrdinalModel, n_nodes: int) -> Optimum:
    """Maximize the marginal likelihood, approximated with `n_nodes` nodes (1: Laplace)."""
    objective = Objective(model.problem, 1)
    start = model.start()
    curvature = model.curvature(objective.known(start))
    covariance = model.prepared.layout.covariance
    best = maximize(objective, start, curvature, np.ones(len(start), dtype=bool))
    if n_nodes > 1:
        objective = Objective(model.problem, n_nodes)
        best = maximize(objective, best.x, curvature, best.free)
    best = settle_boundary(objective, best, covariance, curvature)
    return observe(model, objective, best)


def observe(model: OrdinalModel, objective: Objective, best: Maximum) -> Optimum:
    """Observed information by differences of the gradient, and a last Newton step by it."""
    free = best.free
    curvature = model.curvature(objective.known(best.x))[np.ix_(free, free)]
    back = np.zeros((len(best.x), len(curvature)))
    back[free] = np.linalg.inv(np.linalg.cholesky(_positive(curvature))).T

    def gradient(w: np.ndarray) -> np.ndarray:
        return back.T @ objective(best.x + back @ w)[1]

    here = np.zeros(len(curvature))
    hessian = differentiate(gradient, here, np.full(len(here), STEP))
    values, vectors = np.linalg.eigh(-0.5 * (hessian + hessian.T))
    flat = values < FLAT
    root = back @ vectors[:, ~flat] / np.sqrt(values[~flat])
    vcov = root @ root.T
    lost = np.abs(back @ vectors[:, flat]) > 1e-3 * np.abs(back).max(axis=1, keepdims=True)
    vcov[lost.any(axis=1)] = np.nan
    vcov[:, lost.any(axis=1)] = np.nan
    value, slope = objective(best.x)
    step = root @ (root.T @ slope)
    psi = best.x
    polished = objective(best.x + step)
    if polished[0] >= value - 1e-9 * abs(value):
        psi, (value, slope) = best.x + step, polished
    promised = float(slope @ root @ (root.T @ slope))
    state = objective.known(psi)
    return Optimum(psi, value, state, vcov, bool(promised < TOLERANCE and not flat.any()))


def _positive(matrix: np.ndarray) -> np.ndarray:
    """The matrix, or one near it that is positive definite."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 1e-10 * values.max())) @ vectors.T
