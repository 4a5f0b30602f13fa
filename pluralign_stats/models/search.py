"""Search for the maximum of a model's Laplace likelihood, and what the data know about it there."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pluralign_stats.errors import NotApplicableError
from pluralign_stats.models.design import Design
from pluralign_stats.models.engine.laplace import Problem, State, gradient_at, mode_at
from pluralign_stats.models.engine.optimize import (
    TOLERANCE,
    Maximum,
    active_set_step,
    differentiate,
    maximize,
)
from pluralign_stats.models.engine.quadrature import integrate_at
from pluralign_stats.models.mixed import Prepared, estimable

#: Step of the forward differences that give the observed information, in standard errors. The
#: log-likelihood is all but quadratic within it, and the gradient exact to far smaller moves.
STEP = 1e-4

#: Directions in which the information is a smaller share of the expected are not determined.
FLAT = 1e-6

#: Directions in which the expected information, scaled, is smaller cannot be seen at all.
BLIND = 1e-11

#: Parameters with a larger share than this in such a direction have no standard error.
LOST = 1e-3


class LaplaceModel(Protocol):
    """A mixed model in the engine's coordinates."""

    @property
    def design(self) -> Design:
        """The data."""

    @property
    def prepared(self) -> Prepared:
        """Their random terms."""

    @property
    def problem(self) -> Problem:
        """Their likelihood."""

    @property
    def back(self) -> np.ndarray:
        """(k, k) matrix that turns the engine's parameters into those of `Fit.joint`."""

    def curvature(self, state: State) -> np.ndarray:
        """Guess of the information on all parameters."""


class Objective:
    """Log-likelihood and gradient, each mode searched from the last one."""

    def __init__(self, problem: Problem, n_nodes: int) -> None:
        self.problem, self.n_nodes = problem, n_nodes
        self.u = np.zeros(problem.layout.n_columns)

    @np.errstate(over="ignore", invalid="ignore")
    def state_at(self, psi: np.ndarray) -> State | None:
        """The model at given parameters; None where they are not allowed."""
        state = mode_at(self.problem, psi, self.u)
        if state is not None:
            self.u = state.u
        return state

    def known(self, psi: np.ndarray) -> State:
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
    state: State
    vcov: np.ndarray
    curvature: np.ndarray
    converged: bool


def search(model: LaplaceModel, start: np.ndarray, n_nodes: int = 1) -> Optimum:
    """Maximize the marginal likelihood from `start`, approximated by so many nodes (1: Laplace)."""
    objective = Objective(model.problem, 1)
    start, covariance = start.copy(), model.prepared.layout.covariance
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


def observe(model: LaplaceModel, objective: Objective, best: Maximum) -> Optimum:
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
