"""The profiled criterion of a linear mixed model, and its exact gradient.

Given the relative factors Lambda(theta), fixed effects and residual variance have closed forms
(Bates, Maechler, Bolker & Walker 2015, Journal of Statistical Software 67(1), sections 3 and 5.4).
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from pluralign_stats.models.engine.blocks import Layout, System


@dataclass(frozen=True, eq=False)
class LinearProblem:
    """Data of a linear mixed model, rows in the layout's order.

    Attributes
    ----------
    layout
        The random effects.
    X
        (n, p) fixed effects of full column rank.
    y
        (n,) responses.
    weight
        (n,) weights: the residual variance of a row is ``sigma^2 / weight``.
    reml
        Restricted maximum likelihood, or maximum likelihood.
    """

    layout: Layout
    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    reml: bool
    system: System = field(init=False)
    columns: np.ndarray = field(init=False)
    squares: np.ndarray = field(init=False)
    crossed: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        """Form the cross-products that every evaluation needs."""
        columns = np.column_stack([self.X, self.y])
        weighted = columns * self.weight[:, None]
        crossed = self.layout.scatter_add(self.layout.z, weighted)
        object.__setattr__(self, "system", System(self.layout))
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "squares", columns.T @ weighted)
        object.__setattr__(self, "crossed", crossed)

    @property
    def degrees(self) -> int:
        """Degrees of freedom of the residual variance."""
        n, p = self.X.shape
        return n - p if self.reml else n


@dataclass(frozen=True, eq=False)
class LinearState:
    """A linear mixed model at given relative factors.

    Attributes
    ----------
    theta
        (t,) free entries of the factors.
    beta, unscaled
        (p,) fixed effects, and (p, p) their covariance over sigma squared.
    u
        (N,) spherical random effects.
    residual
        Penalized residual sum of squares.
    logdet
        Log-determinants in the criterion.
    solved
        (N, p + 1) system solved for fixed effects and response.
    """

    theta: np.ndarray
    beta: np.ndarray
    unscaled: np.ndarray
    u: np.ndarray
    residual: float
    logdet: float
    solved: np.ndarray

    def variance(self, problem: LinearProblem) -> float:
        """Residual variance that maximizes the criterion."""
        return self.residual / problem.degrees

    def loglik(self, problem: LinearProblem) -> float:
        """Log-likelihood at that variance (restricted under REML)."""
        free = problem.degrees
        weights = np.log(problem.weight).sum()
        deviance = self.logdet + free * (1 + np.log(2 * np.pi * self.variance(problem))) - weights
        return float(-0.5 * deviance)


def solve_at(problem: LinearProblem, theta: np.ndarray) -> LinearState:
    """Profile out fixed effects and residual variance at `theta`."""
    layout, system = problem.layout, problem.system
    system.factor(problem.weight, layout.scaled(theta))
    right = layout.multiply(theta, problem.crossed, transposed=True)
    solved = system.solve(right)
    squares = problem.squares - right.T @ solved
    p = problem.X.shape[1]
    root = cho_factor(squares[:p, :p], lower=True)
    beta = cho_solve(root, squares[:p, p])
    logdet = system.logdet
    if problem.reml:
        logdet += 2 * np.log(np.diag(root[0])).sum()
    return LinearState(
        theta=theta,
        beta=beta,
        unscaled=cho_solve(root, np.eye(p)),
        u=solved[:, p] - solved[:, :p] @ beta,
        residual=float(squares[p, p] - squares[p, :p] @ beta),
        logdet=float(logdet),
        solved=solved,
    )


@dataclass(frozen=True, eq=False)
class LinearGradient:
    """Derivatives by theta (t,) of a state's `logdet` and `residual`."""

    logdet: np.ndarray
    residual: np.ndarray

    def loglik(self, state: LinearState, problem: LinearProblem) -> np.ndarray:
        """Gradient of the profiled log-likelihood."""
        return -0.5 * (self.logdet + self.residual / state.variance(problem))


def gradient_at(problem: LinearProblem, state: LinearState) -> LinearGradient:
    """Differentiate the criterion at the state that the system was last factored for.

    With ``R = M - Z Lambda U`` the part of columns M outside the random effects, the residual sum
    of squares changes by ``-2 tr(dLambda' Z' W r u')``, ``log det A`` by
    ``2 tr(A^-1 Lambda' Z' W Z dLambda)`` and, under REML, ``log det X' V^-1 X`` by
    ``-2 tr(dLambda' Z' W R_X (X' V^-1 X)^-1 U_X')``.
    """
    layout, system = problem.layout, problem.system
    p = problem.X.shape[1]
    weight = problem.weight[:, None]
    residuals = weight * (problem.columns - layout.gather(system.z, state.solved))
    r = residuals[:, p:] - residuals[:, :p] @ state.beta[:, None]
    residual = -2 * layout.gradient(layout.pair_rows(r, state.u[:, None]))
    pairs = weight * system.invert().product
    if problem.reml:
        pairs -= layout.pair_rows(residuals[:, :p], state.solved[:, :p] @ state.unscaled)
    return LinearGradient(2 * layout.gradient(pairs), residual)


def average_information(problem: LinearProblem, state: LinearState) -> np.ndarray:
    """Information (t, t) on theta, the residual variance profiled out, at the price of one solve.

    The average of the observed and the expected information on the variances has a closed form in
    a few solved systems (Gilmour, Thompson & Cullis 1995, Biometrics 51, 1440-1450). It is a guess
    of the curvature here, from which the search learns the rest.

    With e the weighted residuals and ``w_j`` what a move of theta_j adds to the covariance, times
    e, it is ``(w_j' P w_l / sigma^2 - w_j' e w_l' e / (sigma^2 r^2)) / 2``.

    Parameters
    ----------
    problem, state
        The model where its system was last factored.
    """
    layout, system, weight = problem.layout, problem.system, problem.weight
    z, index = system.z, layout.index
    fitted = problem.X @ state.beta + layout.gather(z, state.u)
    e = weight * (problem.y - fitted)
    pulled = layout.scatter_add(layout.z, e)
    moves = []
    for slot, shape in zip(layout.slots, layout.covariance.shapes, strict=True):
        for row, column in zip(*shape.entries, strict=True):
            a, b = slot.start + row, slot.start + column
            moves.append(layout.z[:, a] * state.u[index[:, b]] + z[:, b] * pulled[index[:, a]])
    W = np.array(moves).T.reshape(len(e), -1)
    weighted = weight[:, None] * W
    right = layout.scatter_add(z, weighted)
    crossed = problem.X.T @ weighted - state.solved[:, :-1].T @ right
    P = W.T @ weighted - right.T @ system.solve(right) - crossed.T @ state.unscaled @ crossed
    along = W.T @ e
    profiled = P - np.outer(along, along) / state.residual
    return 0.5 * profiled / state.variance(problem)
