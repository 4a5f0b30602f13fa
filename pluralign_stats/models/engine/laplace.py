"""The Laplace approximation to an ordinal mixed model's likelihood, with its exact gradient.

Each rating lies between two cuts ``a = k (l'c)`` and ``b = k (m'c)`` less the random part, with
location coefficients c (thresholds, their variation between groups, and effects), design rows l
and m, and ``k = exp(-s'zeta)`` the inverse of the row's scale (McCullagh 1980, JRSS B 42, 109-142;
Tutz & Hennevogl 1996, CSDA 22, 537-557). The marginal likelihood is approximated at the mode of
the random effects::

    L = log p(y | u) - u'u / 2 - log det A / 2,     A = Lambda' Z' W Z Lambda + I

The gradient follows the mode as the parameters move: with q_i the conditional variance of a row's
random part and v solving ``A v = d(-log det A / 2) / du``, it costs one inverse and one solve
whatever the number of parameters (Skaug & Fournier 2006, CSDA 51, 699-709, eq. 9).
"""

from dataclasses import dataclass, field

import numpy as np

from pluralign_stats.models.engine.blocks import Layout, System
from pluralign_stats.models.engine.links import CutTerms, cut_terms, finite

#: Steps towards the mode end when they promise less than this in log-likelihood.
MODE_TOLERANCE = 1e-16

#: The last factorization serves further steps while each promises less than this share of the one
#: before; else the system is factored anew, which makes the next a Newton step.
CONTRACTION = 0.02

#: Shortest part of a step that is tried.
SHORTEST = 1e-10

#: Most steps for one mode.
MODE_STEPS = 100


@dataclass(frozen=True, eq=False)
class OrdinalProblem:
    """Data of an ordinal mixed model, rows in the layout's order.

    Attributes
    ----------
    layout
        The random effects.
    lower, upper
        (n, f) design rows of the cuts below and above each rating.
    bottom, top
        (n,) whether a rating is in the lowest, or highest, category and so has no such cut.
    scale
        (n, s) covariates of the log scale.
    weight
        (n,) weights, by which each row's log-likelihood is multiplied.
    link
        ``"logit"``, ``"probit"`` or ``"cloglog"``.
    """

    layout: Layout
    lower: np.ndarray
    upper: np.ndarray
    bottom: np.ndarray
    top: np.ndarray
    scale: np.ndarray
    weight: np.ndarray
    link: str
    system: System = field(init=False)

    def __post_init__(self) -> None:
        """Make room for the system."""
        object.__setattr__(self, "system", System(self.layout))

    def split(self, psi: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Location coefficients (f,), scale coefficients (s,) and theta (t,)."""
        f, s = self.lower.shape[1], self.scale.shape[1]
        return psi[:f], psi[f : f + s], psi[f + s :]


@dataclass(frozen=True, eq=False)
class OrdinalState:
    """An ordinal mixed model at given parameters, at the mode of its random effects.

    Attributes
    ----------
    psi
        (f + s + t,) location and scale coefficients and theta.
    u
        (N,) spherical random effects.
    a, b, terms
        (n,) cuts, and what follows from them.
    k
        (n,) inverse scales.
    loglik
        Laplace approximation to the marginal log-likelihood.
    """

    psi: np.ndarray
    u: np.ndarray
    a: np.ndarray
    b: np.ndarray
    terms: CutTerms
    k: np.ndarray
    loglik: float


def curvature(problem: OrdinalProblem, k: np.ndarray, terms: CutTerms) -> np.ndarray:
    """(n,) weights W: minus the second derivative of each row by its linear predictor."""
    return np.maximum(-problem.weight * k**2 * (terms.h_a + terms.h_b), 0.0)


def mode_at(problem: OrdinalProblem, psi: np.ndarray, start: np.ndarray) -> OrdinalState | None:
    """Find the random effects' mode from `start` (N,).

    Newton's method, with one factorization serving several steps while that converges fast.

    Returns None where the parameters are not allowed: thresholds out of order, or not finite.
    """
    layout, system, weight = problem.layout, problem.system, problem.weight
    location, zeta, theta = problem.split(psi)
    k = np.exp(-problem.scale @ zeta)
    a0 = np.where(problem.bottom, -np.inf, k * (problem.lower @ location))
    b0 = np.where(problem.top, np.inf, k * (problem.upper @ location))
    scaled = layout.scaled(theta)

    def at(u: np.ndarray) -> tuple[float, np.ndarray, np.ndarray, CutTerms]:
        shift = k * layout.gather(scaled, u)
        a, b = a0 - shift, b0 - shift
        terms = cut_terms(a, b, problem.link)
        return float(weight @ terms.log_p - 0.5 * u @ u), a, b, terms

    u = start
    value, a, b, terms = at(u)
    if not np.isfinite(value):
        u = np.zeros_like(start)
        value, a, b, terms = at(u)
    if not np.isfinite(value):
        return None
    before = np.inf
    fresh = False
    for _ in range(MODE_STEPS):
        slope = layout.scatter_add(scaled, -weight * k * (terms.l_a + terms.l_b)) - u
        gain = np.inf
        if system.factored:
            step = system.solve(slope)
            gain = float(slope @ step)
        if gain < MODE_TOLERANCE:
            break
        if not fresh and not gain < CONTRACTION * before:
            if not system.factor(curvature(problem, k, terms), scaled):
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
        value, a, b, terms = moved
        before, fresh = gain, False
    if not system.factor(curvature(problem, k, terms), scaled):
        return None
    return OrdinalState(psi, u, a, b, terms, k, value - 0.5 * system.logdet)


@dataclass(frozen=True, eq=False)
class RowGradients:
    """What a move of the parameters does to the likelihood, row by row.

    Either with the random effects held still, or in all (`add_mode_gradient`).

    Attributes
    ----------
    a, b, k
        (n,) slopes by each row's cuts and, beyond what moves those, by its log inverse scale.
    pairs
        (n, Q) slopes by each row of ``Z dLambda``.
    """

    a: np.ndarray
    b: np.ndarray
    k: np.ndarray
    pairs: np.ndarray


def gradient_at(problem: OrdinalProblem, state: OrdinalState) -> np.ndarray:
    """Gradient (f + s + t,) of the log-likelihood at the state last factored for."""
    return gradient_of(problem, state, row_gradients_at(problem, state))


def row_gradients_at(problem: OrdinalProblem, state: OrdinalState) -> RowGradients:
    """What each row adds to the gradient, at the state last factored for."""
    layout, weight, terms = problem.layout, problem.weight, state.terms
    by_a, by_b = weight * terms.l_a, weight * terms.l_b
    by_k = by_a * finite(state.a) + by_b * finite(state.b)
    eta = -state.k * (by_a + by_b)
    still = RowGradients(by_a, by_b, by_k, layout.pair_rows(eta[:, None], state.u[:, None]))
    inverse = problem.system.invert()
    pull = np.zeros(layout.n_columns)
    return add_mode_gradient(problem, state, still, inverse.variance, inverse.product, pull)


def gradient_of(problem: OrdinalProblem, state: OrdinalState, slopes: RowGradients) -> np.ndarray:
    """Gradient (f + s + t,) that whole slopes, those of `add_mode_gradient`, make."""
    k = state.k
    parts = [problem.lower.T @ (k * slopes.a) + problem.upper.T @ (k * slopes.b)]
    parts += [-problem.scale.T @ slopes.k]
    return np.concatenate([*parts, problem.layout.gradient(slopes.pairs)])


def scores_of(problem: OrdinalProblem, state: OrdinalState, slopes: RowGradients) -> np.ndarray:
    """(n, f + s + t) what each row adds to the gradient; rows in the layout's order.

    The log-likelihood of independent groups of rows is a sum, and these, summed over the rows of a
    group, are the gradient of its part.
    """
    layout, k = problem.layout, state.k[:, None]
    location = problem.lower * (k * slopes.a[:, None]) + problem.upper * (k * slopes.b[:, None])
    scale = -problem.scale * slopes.k[:, None]
    pairs = layout.gradient_rows(slopes.pairs)
    return np.hstack([location, scale, pairs])


def add_mode_gradient(
    problem: OrdinalProblem,
    state: OrdinalState,
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
    k, terms = state.k, state.terms
    bend = terms.t_a + terms.t_b
    v = system.solve(pull + layout.scatter_add(system.z, -0.5 * variance * weight * k**3 * bend))
    t = layout.gather(system.z, v)
    by_a = weight * (0.5 * variance * k**2 * terms.t_a - t * k * terms.h_a)
    by_b = weight * (0.5 * variance * k**2 * terms.t_b - t * k * terms.h_b)
    shift = terms.l_a + terms.l_b
    by_k = weight * (variance * k**2 * (terms.h_a + terms.h_b) - t * k * shift)
    by_k += still.k + by_a * finite(state.a) + by_b * finite(state.b)
    slopes = np.column_stack([-k * (by_a + by_b), -weight * k * shift])
    pairs = still.pairs + layout.pair_rows(slopes, np.column_stack([state.u, v]))
    pairs -= curvature(problem, k, terms)[:, None] * product
    return RowGradients(still.a + by_a, still.b + by_b, by_k, pairs)


def profile_information(problem: OrdinalProblem, state: OrdinalState) -> np.ndarray:
    """Information (f + s, f + s) on the coefficients in the joint likelihood, at the mode.

    Close to their block of the observed information, and exact but for the change of `log det A`.
    """
    layout, system, weight = problem.layout, problem.system, problem.weight
    k, terms = state.k, state.terms
    a, b = finite(state.a), finite(state.b)
    J_a = np.hstack([k[:, None] * problem.lower, -a[:, None] * problem.scale])
    J_b = np.hstack([k[:, None] * problem.upper, -b[:, None] * problem.scale])
    l_aa, l_bb = terms.h_a - terms.l_ab, terms.h_b - terms.l_ab
    mixed = terms.l_ab[:, None]
    information = -J_a.T @ (weight[:, None] * (l_aa[:, None] * J_a + mixed * J_b))
    information -= J_b.T @ (weight[:, None] * (l_bb[:, None] * J_b + mixed * J_a))
    pulls = (weight * k)[:, None] * (terms.h_a[:, None] * J_a + terms.h_b[:, None] * J_b)
    right = layout.scatter_add(system.z, pulls)
    information -= right.T @ system.solve(right)
    return 0.5 * (information + information.T)
