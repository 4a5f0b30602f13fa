"""Search for the maximum of an ordinal mixed model, and what the data know about it there."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import block_diag, null_space
from scipy.special import ndtri

from pluralign_stats.errors import NotApplicableError
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
    active_set_step,
    differentiate,
    maximize,
)
from pluralign_stats.models.engine.quadrature import integrate_at
from pluralign_stats.models.mixed import approximate_information, estimable, initial_sds, prepare
from pluralign_stats.models.rating_formats import Offered

#: Step of the forward differences that give the observed information, in standard errors. The
#: log-likelihood is all but quadratic within it, and the gradient exact to far smaller moves.
STEP = 1e-4

#: Directions in which the information is a smaller share of the expected are not determined.
FLAT = 1e-6

#: Directions in which the expected information, scaled, is smaller cannot be seen at all.
BLIND = 1e-11

#: Gaps that the free parameters move by less than this share of the largest move are held at 0.
HELD = 1e-9

#: Parameters with a larger share than this in such a direction have no standard error.
LOST = 1e-3


class OrdinalModel:
    """An ordinal model in the engine's coordinates.

    Parameters
    ----------
    design, categories, basis, link
        The data and the form of the model.
    offered
        Which categories raters could choose.
    held
        (h, k) combinations of the first k location coefficients that are held at 0.
    """

    def __init__(
        self,
        design: Design,
        categories: Categories,
        basis: np.ndarray,
        link: str,
        offered: Offered,
        held: np.ndarray | None = None,
    ) -> None:
        self.design, self.categories, self.basis, self.link = design, categories, basis, link
        self.offered = offered
        self.prepared = prepare(design)
        none = np.zeros((len(design.y), 0))
        nominal, scale = (none if m is None else m.columns for m in (design.nominal, design.scale))
        self.cuts = cut_design(
            categories.codes, basis, design.fixed.columns, nominal, scale, offered.ends
        )
        self.free = np.eye(self.cuts.lower.shape[1])
        if held is not None and len(held):
            rest = len(self.free) - held.shape[1]
            self.free = block_diag(null_space(held), np.eye(rest))
        order = self.prepared.layout.order
        self.problem = OrdinalProblem(
            self.prepared.layout,
            self.cuts.lower[order] @ self.free,
            self.cuts.upper[order] @ self.free,
            self.cuts.bottom[order],
            self.cuts.top[order],
            self.cuts.scale[order],
            design.weight[order],
            link,
        )

    @property
    def lift(self) -> np.ndarray:
        """Matrix that turns the parameters into those of the model without anything held."""
        rest = self.cuts.scale.shape[1] + self.prepared.layout.covariance.size
        return block_diag(self.free, np.eye(rest))

    def start(self) -> np.ndarray:
        """First guess of the parameters, from least squares on the category numbers."""
        design, codes = self.design, self.categories.codes
        X = self.cuts.location
        y = codes - codes.mean()
        slope = X.T @ y / len(y)
        residual = y - X @ slope
        sizes = initial_sds(self.prepared, residual)
        spread = max(residual.std(), 0.1 * codes.std())
        unit = LATENT_SD[self.link] * np.sqrt(1 + sum((size**2).sum() for size in sizes)) / spread
        counts = np.bincount(codes, design.weight, len(self.basis) + 1) + 0.5
        cuts = ndtri(np.cumsum(counts)[:-1] / counts.sum()) * unit * codes.std()
        location = np.concatenate([self._start_cuts(cuts), slope * unit])
        theta = self.prepared.layout.covariance.start(sizes) * LATENT_SD[self.link]
        return np.concatenate([self.free.T @ location, np.zeros(self.cuts.scale.shape[1]), theta])

    def _start_cuts(self, cuts: np.ndarray) -> np.ndarray:
        """Parameters of the thresholds near `cuts` (J - 1,) in all rows, but for gaps held at 0."""
        nominal = np.unique(self.cuts.nominal, axis=0)
        patterns = np.hstack([np.ones((len(nominal), 1)), nominal])
        k = patterns.shape[1] * self.basis.shape[1]
        free = self.free[:k, : self.free.shape[1] - self.cuts.location.shape[1]]
        gaps = np.kron(patterns, np.diff(self.basis, axis=0)) @ free
        size = np.linalg.norm(gaps, axis=1).reshape(len(patterns), -1)
        steps = np.where(size > HELD * size.max(initial=0.0), np.diff(cuts), 0.0)
        wanted = np.hstack([np.zeros((len(steps), 1)), np.cumsum(steps, axis=1)])
        wanted += cuts.mean() - wanted.mean(axis=1, keepdims=True)
        rows = np.kron(patterns, self.basis) @ free
        return free @ np.linalg.lstsq(rows, wanted.ravel(), rcond=None)[0]

    def curvature(self, state: OrdinalState) -> np.ndarray:
        """Guess of the information on all parameters, exact for all but theta nearly."""
        theta = self.problem.split(state.psi)[2]
        theta = approximate_information(self.prepared, theta, LATENT_SD[self.link])
        return block_diag(profile_information(self.problem, state), theta)


class Objective:
    """Log-likelihood and gradient, each mode searched from the last one."""

    def __init__(self, problem: OrdinalProblem, n_nodes: int) -> None:
        self.problem, self.n_nodes = problem, n_nodes
        self.u = np.zeros(problem.layout.n_columns)

    @np.errstate(over="ignore", invalid="ignore")
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
            raise NotApplicableError(
                "the likelihood cannot be evaluated; check for huge values, rescale the variables "
                "or simplify the model"
            )
        return state

    @np.errstate(over="ignore", invalid="ignore")
    def __call__(self, psi: np.ndarray) -> tuple[float, np.ndarray]:
        """Log-likelihood and gradient; -inf where the parameters are not allowed."""
        state = self.state_at(psi)
        if state is None:
            return -np.inf, np.zeros(len(psi))
        if self.n_nodes > 1:
            value, slope = integrate_at(self.problem, state, self.n_nodes)
        else:
            value, slope = state.loglik, gradient_at(self.problem, state)
        if not np.isfinite(slope).all():
            return -np.inf, np.zeros(len(psi))
        return value, slope


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
    curvature
        (k, k) how strongly the log-likelihood bends there, either way.
    converged
        Whether a Newton step promises next to nothing.
    """

    psi: np.ndarray
    value: float
    state: OrdinalState
    vcov: np.ndarray
    curvature: np.ndarray
    converged: bool


def search(model: OrdinalModel, n_nodes: int, location: np.ndarray) -> Optimum:
    """Maximize the marginal likelihood, approximated with `n_nodes` nodes (1: Laplace).

    The search starts at thresholds and effects `location` (f,), in the coordinates of the model
    without anything held.
    """
    objective = Objective(model.problem, 1)
    start, covariance = model.start(), model.prepared.layout.covariance
    start[: model.free.shape[1]] = model.free.T @ location
    free = np.ones(len(start), dtype=bool)
    free[len(start) - covariance.size :] = estimable(model.design, model.design.weight.sum())
    start[~free] = 0.0
    curvature = model.curvature(objective.known(start))
    best = maximize(objective, start, curvature, free)
    if n_nodes > 1:
        objective = Objective(model.problem, n_nodes)
        best = maximize(objective, best.x, curvature, best.free)
    best = active_set_step(objective, best, covariance, curvature)
    optimum = observe(model, objective, best)
    if not optimum.converged:
        best = maximize(objective, optimum.psi, optimum.curvature, best.free)
        best = active_set_step(objective, best, covariance, optimum.curvature)
        if best.value > optimum.value + TOLERANCE:
            optimum = observe(model, objective, best)
    return optimum


def observe(model: OrdinalModel, objective: Objective, best: Maximum) -> Optimum:
    """Observed information by differences of the gradient, and a last Newton step by it."""
    free = best.free
    here = objective.known(best.x)
    curvature = model.curvature(here)[np.ix_(free, free)]
    size = np.sqrt(np.diag(curvature).clip(0))
    size[size == 0] = 1.0
    expected, axes = np.linalg.eigh(curvature / np.outer(size, size))
    blind = expected < BLIND
    back = np.zeros((len(best.x), int((~blind).sum())))
    back[free] = axes[:, ~blind] / np.sqrt(expected[~blind]) / size[:, None]

    value, slope = objective(best.x)

    def gradient(w: np.ndarray) -> np.ndarray:
        objective.u = here.u
        return back.T @ objective(best.x + back @ w)[1]

    zero = np.zeros(back.shape[1])
    hessian = differentiate(gradient, zero, np.full(len(zero), STEP), back.T @ slope)
    values, vectors = np.linalg.eigh(-0.5 * (hessian + hessian.T))
    flat = values < FLAT
    root = back @ vectors[:, ~flat] / np.sqrt(values[~flat])
    vcov = root @ root.T
    lost = np.zeros(len(best.x), dtype=bool)
    lost[free] = (np.abs(axes[:, blind]) > LOST).any(axis=1)
    largest = np.abs(back).max(axis=1, initial=0.0, keepdims=True)
    lost |= (np.abs(back @ vectors[:, flat]) > LOST * largest).any(axis=1)
    vcov[lost] = np.nan
    vcov[:, lost] = np.nan
    step = root @ (root.T @ slope)
    psi = best.x
    polished = objective(best.x + step)
    if polished[0] >= value - 1e-9 * abs(value):
        psi, (value, slope) = best.x + step, polished
    promised = float(slope @ root @ (root.T @ slope))
    state = objective.known(psi)
    converged = bool(promised < TOLERANCE and not flat.any() and not blind.any())
    bend = np.zeros_like(vcov)
    inverse = np.linalg.pinv(back[free])
    bend[np.ix_(free, free)] = inverse.T @ (vectors * np.abs(values)) @ vectors.T @ inverse
    return Optimum(psi, value, state, vcov, bend, converged)
