"""The Laplace approximation to a mixed model's likelihood, with its exact gradient.

Given the random effects, rows are independent. The log-likelihood of each is a function of its
channels, numbers that are linear in the parameters (cuts, a mean, the log of a scale), and of the
random part r of its predictor; the kinds of rows stand in `ordinal_rows` and `beta_rows`. The
marginal likelihood is approximated at the mode of the random effects::

    L = log p(y | u) - u'u / 2 - log det A / 2,     A = Lambda' Z' W Z Lambda + I

The gradient follows the mode as the parameters move: with q_i the conditional variance of a row's
random part and v solving ``A v = d(-log det A / 2) / du``, it costs one inverse and one solve
whatever the number of parameters (Skaug & Fournier 2006, CSDA 51, 699-709, eq. 9).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from pluralign_stats.models.engine.blocks import Layout, System

#: Steps towards the mode end when they promise less than this in log-likelihood.
MODE_TOLERANCE = 1e-16

#: The last factorization serves further steps while each promises less than this share of the one
#: before; else the system is factored anew, which makes the next a Newton step.
CONTRACTION = 0.02

#: Shortest part of a step that is tried.
SHORTEST = 1e-10

#: Most steps for one mode.
MODE_STEPS = 100


class RowTerms(ABC):
    """Log-likelihoods of rows at given channels and random parts, with their derivatives.

    Attributes
    ----------
    log_p
        (n,) log-likelihoods; -inf where the parameters are not allowed.
    """

    log_p: np.ndarray

    @property
    @abstractmethod
    def score(self) -> np.ndarray:
        """(n,) slopes by the random part."""

    @property
    @abstractmethod
    def information(self) -> np.ndarray:
        """(n,) minus the second derivatives by the random part."""

    @abstractmethod
    def slopes(self) -> np.ndarray:
        """(C, n) slopes by each channel."""

    @abstractmethod
    def bends(self) -> "Bends":
        """What higher derivatives a gradient needs."""

    @abstractmethod
    def by_pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """(C, C, n) second derivatives by two channels, and (C, n) by a channel and r.

        Terms whose expectation is zero may be left out.
        """


@dataclass(frozen=True, eq=False)
class Bends:
    """Derivatives of rows' scores and information, r being the random part.

    Attributes
    ----------
    score
        (C, n) slopes of the score by each channel.
    curvature
        (C, n) slopes of the second derivative by r, by each channel.
    third
        (n,) third derivatives by r.
    """

    score: np.ndarray
    curvature: np.ndarray
    third: np.ndarray


#: What gives the terms of rows at (n,) random parts.
Likelihood = Callable[[np.ndarray], RowTerms]


@dataclass(frozen=True, eq=False)
class Problem(ABC):
    """Data of a mixed model, rows in the layout's order.

    Attributes
    ----------
    layout
        The random effects.
    weight
        (n,) weights, by which each row's log-likelihood is multiplied.
    """

    layout: Layout
    weight: np.ndarray
    system: System = field(init=False)

    def __post_init__(self) -> None:
        """Make room for the system."""
        object.__setattr__(self, "system", System(self.layout))

    @property
    @abstractmethod
    def channels(self) -> tuple[tuple[slice, np.ndarray], ...]:
        """Of each of C channels which parameters it depends on, and its (n, k) design rows."""

    @abstractmethod
    def likelihood(self, psi: np.ndarray) -> Likelihood:
        """The rows' likelihood at given parameters."""

    @abstractmethod
    def split(self, psi: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Location coefficients (f,), scale coefficients (s,) and theta (t,)."""


@dataclass(frozen=True, eq=False)
class State:
    """A mixed model at given parameters, at the mode of its random effects.

    Attributes
    ----------
    psi
        (f + s + t,) location and scale coefficients and theta.
    u, shift
        (N,) spherical random effects, and (n,) the random parts that they make.
    likelihood, terms
        The rows' likelihood, and what it is there.
    loglik
        Laplace approximation to the marginal log-likelihood.
    """

    psi: np.ndarray
    u: np.ndarray
    shift: np.ndarray
    likelihood: Likelihood
    terms: RowTerms
    loglik: float


def curvature(problem: Problem, terms: RowTerms) -> np.ndarray:
    """(n,) weights W: minus the second derivative of each row by its linear predictor."""
    return problem.weight * terms.information


def mode_at(problem: Problem, psi: np.ndarray, start: np.ndarray) -> State | None:
    """Find the random effects' mode from `start` (N,).

    Newton's method, with one factorization serving several steps while that converges fast. Where
    rows bend upwards so much that the system cannot be factored, they are taken to be straight on
    the way.

    Returns None where the parameters are not allowed: thresholds out of order, or not finite.
    """
    layout, system, weight = problem.layout, problem.system, problem.weight
    likelihood = problem.likelihood(psi)
    scaled = layout.scaled(problem.split(psi)[2])

    def at(u: np.ndarray) -> tuple[float, np.ndarray, RowTerms]:
        shift = layout.gather(scaled, u)
        terms = likelihood(shift)
        return float(weight @ terms.log_p - 0.5 * u @ u), shift, terms

    u = start
    value, shift, terms = at(u)
    if not np.isfinite(value):
        u = np.zeros_like(start)
        value, shift, terms = at(u)
    if not np.isfinite(value):
        return None
    before = np.inf
    fresh = False
    for _ in range(MODE_STEPS):
        slope = layout.scatter_add(scaled, weight * terms.score) - u
        gain = np.inf
        if system.factored:
            step = system.solve(slope)
            gain = float(slope @ step)
        if gain < MODE_TOLERANCE:
            break
        if not fresh and not gain < CONTRACTION * before:
            W = curvature(problem, terms)
            if not (system.factor(W, scaled) or system.factor(np.maximum(W, 0.0), scaled)):
                return None
            fresh = True
            step = system.solve(slope)
            gain = float(slope @ step)
        length = 1.0
        while True:
            moved = at(u + length * step)
            if moved[0] >= value + 1e-4 * length * gain - 1e-12 * abs(value):
                break
            length /= 2
            if length < SHORTEST:
                return None
        u = u + length * step
        value, shift, terms = moved
        before, fresh = gain, False
    if not system.factor(curvature(problem, terms), scaled):
        return None
    return State(psi, u, shift, likelihood, terms, value - 0.5 * system.logdet)


@dataclass(frozen=True, eq=False)
class RowGradients:
    """What a move of the parameters does to the likelihood, row by row.

    Either with the random effects held still, or in all (`add_mode_gradient`).

    Attributes
    ----------
    channels
        (C, n) slopes by each row's channels.
    pairs
        (n, Q) slopes by each row of ``Z dLambda``.
    """

    channels: np.ndarray
    pairs: np.ndarray


def gradient_at(problem: Problem, state: State) -> np.ndarray:
    """Gradient (f + s + t,) of the log-likelihood at the state last factored for."""
    return gradient_of(problem, state, row_gradients_at(problem, state))


def row_gradients_at(problem: Problem, state: State) -> RowGradients:
    """What each row adds to the gradient, at the state last factored for."""
    layout, weight, terms = problem.layout, problem.weight, state.terms
    pairs = layout.pair_rows((weight * terms.score)[:, None], state.u[:, None])
    still = RowGradients(weight * terms.slopes(), pairs)
    inverse = problem.system.invert()
    pull = np.zeros(layout.n_columns)
    return add_mode_gradient(problem, state, still, inverse.variance, inverse.product, pull)


def gradient_of(problem: Problem, state: State, slopes: RowGradients) -> np.ndarray:
    """Gradient (f + s + t,) that whole slopes, those of `add_mode_gradient`, make."""
    theta = problem.layout.gradient(slopes.pairs)
    made = np.zeros(len(state.psi))
    made[len(made) - len(theta) :] = theta
    for (where, rows), slope in zip(problem.channels, slopes.channels, strict=True):
        made[where] += rows.T @ slope
    return made


def scores_of(problem: Problem, state: State, slopes: RowGradients) -> np.ndarray:
    """(n, f + s + t) what each row adds to the gradient; rows in the layout's order.

    The log-likelihood of independent groups of rows is a sum, and these, summed over the rows of a
    group, are the gradient of its part.
    """
    made = np.zeros((len(problem.weight), len(state.psi) - problem.layout.covariance.size))
    for (where, rows), slope in zip(problem.channels, slopes.channels, strict=True):
        made[:, where] += rows * slope[:, None]
    return np.hstack([made, problem.layout.gradient_rows(slopes.pairs)])


def add_mode_gradient(
    problem: Problem,
    state: State,
    still: RowGradients,
    variance: np.ndarray,
    product: np.ndarray,
    pull: np.ndarray,
) -> RowGradients:
    """Add to slopes with the random effects held still what moving their mode and A does.

    Parameters
    ----------
    variance, product
        (n,) and (n, Q): the criterion changes by ``-1/2 sum_i variance_i dW_i`` and by
        ``-sum_i W_i dz_i' product_i``.
    pull
        (N,) slopes of the criterion by the mode, other than through A.
    """
    layout, system, weight = problem.layout, problem.system, problem.weight
    bends, W = state.terms.bends(), curvature(problem, state.terms)
    third = 0.5 * variance * weight * bends.third
    v = system.solve(pull + layout.scatter_add(system.z, third))
    t = layout.gather(system.z, v)
    moved = weight * (0.5 * variance * bends.curvature + t * bends.score)
    slopes = np.column_stack([third - t * W, weight * state.terms.score])
    pairs = still.pairs + layout.pair_rows(slopes, np.column_stack([state.u, v]))
    pairs -= W[:, None] * product
    return RowGradients(still.channels + moved, pairs)


def profile_information(problem: Problem, state: State) -> np.ndarray:
    """Information (f + s, f + s) on the coefficients in the joint likelihood, at the mode.

    Close to their block of the observed information, and exact but for the change of `log det A`.
    """
    layout, system, weight = problem.layout, problem.system, problem.weight
    crossed, by_shift = state.terms.by_pairs()
    m = len(state.psi) - layout.covariance.size
    information, pulls = np.zeros((m, m)), np.zeros((len(weight), m))
    for (where, rows), across, pull in zip(problem.channels, crossed, by_shift, strict=True):
        pulls[:, where] += (weight * pull)[:, None] * rows
        turned = np.zeros_like(pulls)
        for (other, columns), bend in zip(problem.channels, across, strict=True):
            turned[:, other] += (weight * bend)[:, None] * columns
        information[where] -= rows.T @ turned
    right = layout.scatter_add(system.z, pulls)
    information -= right.T @ system.solve(right)
    return 0.5 * (information + information.T)
