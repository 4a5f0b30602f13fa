"""Bradley-Terry models of comparisons, on the engine of ordinal mixed models.

The outcome of a comparison of A with B is an ordered category, in favour of B, tied, or in favour
of A, and moves with the difference of their strengths (Agresti 1992, Applied Statistics 41,
287-297)::

    P(outcome <= j) = F(theta_j - (strength_A - strength_B + position)),   theta = -tie, tie

so that without ties it is the model of Bradley & Terry (1952, Biometrika 39, 324-345), and with
link "probit" that of Thurstone and Mosteller. Strengths add up to 0 and differ by covariates of
raters. Each rater may have normal deviations from them, one for each option (Böckenholt 2001,
Psychological Methods 6, 49-66), and each single response one beside its option's strength.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.linalg import block_diag, helmert

from pluralign_stats.errors import NotApplicableError
from pluralign_stats.models.comparisons import (
    FIRST,
    SECOND,
    TIE,
    Comparisons,
    components,
    first_of_each,
)
from pluralign_stats.models.engine.blocks import Grouping, Term, build_layout
from pluralign_stats.models.engine.laplace import (
    State,
    gradient_at,
    mode_at,
    profile_information,
)
from pluralign_stats.models.engine.links import LATENT_SD
from pluralign_stats.models.engine.optimize import (
    TOLERANCE,
    Maximum,
    Objective,
    active_set_step,
    differentiate,
    maximize,
)
from pluralign_stats.models.engine.ordinal_rows import OrdinalProblem
from pluralign_stats.models.engine.separation import separating_direction

#: Most random effects that are not nested in raters or in prompts.
MOST_OUTER = 6_000

#: First guess of the standard deviation of a random effect, in latent standard deviations.
GUESS = 0.3

#: Steps of Newton's method for the strengths, and the promised gain at which they end.
STEPS, ENOUGH = 60, 1e-18

#: Strengths farther apart than this, in latent standard deviations, may have no finite estimate.
SUSPICIOUS = 6.0

#: Least and greatest share of ties that a search starts from.
SHARE = (0.02, 0.9)

#: Step of the differences, in standard errors, and of how many strengths they are taken.
STEP, MOST_DIFFERENCED = 1e-4, 80


@dataclass(frozen=True, eq=False)
class Structure:
    """What a model of comparisons has.

    Attributes
    ----------
    n_options
        Number of options with strengths; 0 where only single responses have some.
    ties, position
        Whether outcomes may be ties, and whether being shown first may count.
    raters, responses
        Whether raters deviate, and whether single responses do.
    link
        ``"logit"`` or ``"probit"``.
    """

    n_options: int
    ties: bool
    position: bool
    raters: bool
    responses: bool
    link: str

    @property
    def n_before(self) -> int:
        """Parameters before those of the strengths."""
        return int(self.ties) + int(self.position)

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the random terms."""
        named = {"rater": self.raters, "response": self.responses}
        return tuple(name for name, there in named.items() if there)


@dataclass(frozen=True, eq=False)
class Found:
    """A model of comparisons at its maximum.

    Attributes
    ----------
    location
        (f,) tie, position (if the model has them) and strengths in the coordinates of `contrasts`,
        those at covariates 0 first.
    sd
        (t,) standard deviations of the random terms.
    vcov
        (f + t, f + t) covariance of both.
    loglik, converged
        The log-likelihood, and whether it is a maximum.
    separated
        (f,) how parameters move where no finite estimate exists; else empty.
    responses, strengths, errors
        (N,) numbers of the single responses, their predicted strengths beside those of their
        options, and the conditional standard deviations of these; empty without such a term.
    """

    location: np.ndarray
    sd: np.ndarray
    vcov: np.ndarray
    loglik: float
    converged: bool
    separated: np.ndarray
    responses: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))
    strengths: np.ndarray = field(default_factory=lambda: np.zeros(0))
    errors: np.ndarray = field(default_factory=lambda: np.zeros(0))


def contrasts(n_options: int) -> np.ndarray:
    """(S, S - 1) orthonormal columns that add up to 0: strengths are these times parameters."""
    return helmert(n_options).T if n_options > 1 else np.zeros((n_options, 0))


def strength_rows(
    first: np.ndarray, second: np.ndarray, covariates: np.ndarray, n_options: int
) -> np.ndarray:
    """(n, c (S - 1)) rows of what the first option is stronger than the second."""
    basis = contrasts(n_options)
    apart = basis[first] - basis[second] if n_options else np.zeros((len(first), 0))
    return np.einsum("nc,ns->ncs", covariates, apart).reshape(len(first), -1)


def fit_comparisons(rows: Comparisons, structure: Structure) -> Found:
    """Fit by maximum likelihood, with Laplace's approximation where there are random terms.

    Without random terms standard errors are clustered by rater (Liang & Zeger 1986, Biometrika 73,
    13-22).
    """
    rows = rows if structure.position else rows.one_way()
    plain = rows.merged(raters=False, responses=False)
    fixed = _fixed(_problem(plain, structure, ()), structure)
    direction = _separation(_problem(plain, structure, ()), fixed, structure)
    if not structure.terms:
        vcov = clustered(rows, structure, fixed)
        return Found(fixed.x, np.zeros(0), vcov, fixed.value, not len(direction), direction)
    return _mixed(rows.merged(raters=structure.raters, responses=structure.responses),
                  structure, fixed.x, direction)  # fmt: skip


def _problem(rows: Comparisons, structure: Structure, terms: tuple[Term, ...]) -> OrdinalProblem:
    """The comparisons as rows between cuts, in the engine's order."""
    groupings = _groupings(rows, structure) if terms else []
    layout = build_layout(terms, len(rows.first), groupings)
    if layout.n_outer > MOST_OUTER:
        raise NotApplicableError(
            f"{layout.n_outer:,} random effects cannot be taken apart by rater or by prompt, which "
            f"is too many (at most {MOST_OUTER:,}); leave out those of raters (raters=False) or of "
            "responses (responses=False), or give responses of different prompts different names"
        )
    at = layout.order
    x = strength_rows(rows.first[at], rows.second[at], rows.covariates[at], structure.n_options)
    if structure.position:
        x = np.hstack([np.ones((len(x), 1)), x])
    outcome, weight = rows.outcome[at], rows.weight[at]
    lower, upper = -x, -x
    if structure.ties:
        cut = np.ones((len(x), 1))
        # The upper cut of a tie, and the lower one of the first option's win, is tie; the others
        # are -tie.
        low = np.where((outcome == FIRST)[:, None], cut, -cut)
        high = np.where((outcome == TIE)[:, None], cut, -cut)
        lower, upper = np.hstack([low, lower]), np.hstack([high, upper])
    bottom, top = outcome == SECOND, outcome == FIRST
    none = np.zeros((len(x), 0))
    return OrdinalProblem(
        layout, weight, lower=lower, upper=upper, bottom=bottom, top=top, scale=none,
        link=structure.link,
    )  # fmt: skip


def _groupings(rows: Comparisons, structure: Structure) -> list[Grouping]:
    """Raters, and parts of the responses that were never compared with others."""
    made = []
    if structure.raters:
        made.append(_grouping(rows.rater))
    if structure.responses:
        part = components(rows.responses[:, 0], rows.responses[:, 1], int(rows.responses.max()) + 1)
        made.append(_grouping(part[rows.responses[:, 0]]))
    return made


def _grouping(codes: np.ndarray) -> Grouping:
    names, codes = np.unique(codes, return_inverse=True)
    return Grouping(codes, len(names))


def _terms(rows: Comparisons, structure: Structure) -> tuple[Term, ...]:
    """Deviations of raters from the strengths of options, and of responses from their option's."""
    sign, made = np.tile([1.0, -1.0], (len(rows.first), 1)), []
    if structure.raters:
        pairs = [np.tile(rows.rater, 2), np.concatenate([rows.first, rows.second])]
        kept, code = first_of_each(pairs)
        made.append(Term(code.reshape(2, -1).T, len(kept), sign))
    if structure.responses:
        made.append(Term(rows.responses, int(rows.responses.max()) + 1, sign))
    return tuple(made)


def _fixed(problem: OrdinalProblem, structure: Structure) -> Maximum:
    """Newton's method without random effects: the log-likelihood is concave."""
    x = np.zeros(problem.lower.shape[1])
    x[: int(structure.ties)] = _first_tie(problem, structure)
    state = _known(problem, x, np.zeros(0))
    for _ in range(STEPS):
        slope = gradient_at(problem, state)
        step = np.linalg.lstsq(profile_information(problem, state), slope, rcond=None)[0]
        gain = float(slope @ step)
        if gain < ENOUGH:
            break
        length = 1.0
        while True:
            tried = mode_at(problem, state.psi + length * step, np.zeros(0))
            if tried is not None and tried.loglik >= state.loglik - 1e-12 * abs(state.loglik):
                break
            length /= 2
            if length < 1e-10:
                return Maximum(state.psi, state.loglik, slope, np.ones(len(x), dtype=bool))
        state = tried
    slope = gradient_at(problem, state)
    return Maximum(state.psi, state.loglik, slope, np.ones(len(x), dtype=bool))


def _first_tie(problem: OrdinalProblem, structure: Structure) -> float:
    """The half-width of ties among options of equal strength, from their share."""
    tied = ~problem.bottom & ~problem.top
    share = float(problem.weight[tied].sum() / problem.weight.sum())
    return LATENT_SD[structure.link] * np.clip(share, *SHARE)


def _known(problem: OrdinalProblem, psi: np.ndarray, u: np.ndarray) -> State:
    state = mode_at(problem, psi, u)
    if state is None:
        raise NotApplicableError(
            "the likelihood of the choices cannot be evaluated; check for huge weights"
        )
    return state


def _separation(problem: OrdinalProblem, found: Maximum, structure: Structure) -> np.ndarray:
    """How parameters move where none has a finite estimate, looked for where one is large."""
    far = np.abs(problem.lower @ found.x).max(initial=0.0)
    if far < SUSPICIOUS * LATENT_SD[structure.link]:
        return np.zeros(0)
    direction = separating_direction(problem.lower, problem.upper, problem.bottom, problem.top)
    return np.zeros(0) if direction is None else direction


def clustered(rows: Comparisons, structure: Structure, found: Maximum) -> np.ndarray:
    """Covariance (f, f) clustered by rater, of estimates without random effects."""
    rows = rows.merged(raters=True, responses=False)
    problem = _problem(rows, structure, ())
    state = _known(problem, found.x, np.zeros(0))
    by_lower, by_upper, _ = problem.weight * state.terms.slopes()
    by_row = problem.lower * by_lower[:, None] + problem.upper * by_upper[:, None]
    return sandwich(profile_information(problem, state), by_row, rows.rater)


def sandwich(information: np.ndarray, scores: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """Covariance (f, f) from the information and scores (n, f) of rows in clusters (n,).

    Missing in directions that the data do not determine.
    """
    order = np.argsort(cluster, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(cluster[order]) != 0])
    sums = np.add.reduceat(scores[order], starts, axis=0)
    n = len(starts)
    if n < 2:
        return np.full(information.shape, np.nan)
    bread = np.linalg.pinv(information, hermitian=True)
    return n / (n - 1) * bread @ (sums.T @ sums) @ bread


def _mixed(
    rows: Comparisons, structure: Structure, location: np.ndarray, direction: np.ndarray
) -> Found:
    """The maximum with random terms, from that without them."""
    problem = _problem(rows, structure, _terms(rows, structure))
    covariance, f = problem.layout.covariance, len(location)
    unit = LATENT_SD[structure.link]
    n_groups = [len(start) for start in problem.layout.starts]
    start = np.concatenate([location, np.full(covariance.size, GUESS * unit)])
    u = np.zeros(problem.layout.n_columns)

    def objective(psi: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal u
        with np.errstate(over="ignore", invalid="ignore"):
            state = mode_at(problem, psi, u)
            if state is None:
                return -np.inf, np.zeros(len(psi))
            u = state.u
            slope = gradient_at(problem, state)
        finite = np.isfinite(slope).all() and np.isfinite(state.loglik)
        return (state.loglik, slope) if finite else (-np.inf, np.zeros(len(psi)))

    def curvature(psi: np.ndarray) -> np.ndarray:
        state = _known(problem, psi, u)
        about = [
            _about_sd(rows.weight.sum(), n, sd / unit) / unit**2
            for n, sd in zip(n_groups, psi[f:], strict=True)
        ]
        return block_diag(profile_information(problem, state), np.diag(about))

    free = np.ones(len(start), dtype=bool)
    guess = curvature(start)
    best = maximize(objective, start, guess, free)
    best = active_set_step(objective, best, covariance, guess)
    vcov, promised = _observed(objective, curvature, best, f)
    converged = promised < TOLERANCE and not len(direction)
    made = Found(best.x[:f], best.x[f:], vcov, best.value, converged, direction)
    return _with_responses(made, problem, best.x, u) if structure.responses else made


def _with_responses(found: Found, problem: OrdinalProblem, psi: np.ndarray, u: np.ndarray) -> Found:
    """The same with the predicted strengths of responses, which are the last random term."""
    layout, state = problem.layout, _known(problem, psi, u)
    blocks = problem.system.invert().blocks(layout, len(layout.starts) - 1)
    sd, place = found.sd[-1], layout.starts[-1]
    return replace(
        found,
        responses=np.arange(len(place)),
        strengths=sd * state.u[place],
        errors=sd * np.sqrt(blocks[:, 0, 0]),
    )


def _about_sd(weight: float, n_groups: int, sd: float) -> float:
    """Guess of the information on a standard deviation; see `mixed.approximate_information`."""
    size = max(abs(sd), 0.05)
    reliability = weight / n_groups * size**2 / (1 + weight / n_groups * size**2)
    return max(2 * reliability**2 / size**2, 0.05) * n_groups


def _observed(
    objective: Objective, curvature: Callable[[np.ndarray], np.ndarray], best: Maximum, f: int
) -> tuple[np.ndarray, float]:
    """Covariance from the observed information, and what a Newton step would gain.

    Of many strengths the information is that at the mode of the random effects, as `lme4` takes it
    without the Hessian: all but exact, and one pass in place of one for each.
    """
    free, about = best.free, curvature(best.x)
    size = 1 / np.sqrt(np.diag(about).clip(1e-12))
    base = objective(best.x)[1]
    differenced = np.arange(len(best.x)) >= (f if f > MOST_DIFFERENCED else 0)
    steps = (STEP * size)[differenced]
    place = np.eye(len(best.x))[differenced]

    def gradient(w: np.ndarray) -> np.ndarray:
        return objective(best.x + w @ place)[1]

    columns = -differentiate(gradient, np.zeros(len(steps)), steps, base)
    hessian = about.copy()
    hessian[:, differenced] = columns
    hessian[differenced] = columns.T
    hessian = 0.5 * (hessian + hessian.T)[np.ix_(free, free)]
    vcov = np.zeros((len(best.x), len(best.x)))
    vcov[np.ix_(free, free)] = np.linalg.pinv(hessian, hermitian=True)
    return vcov, float(base @ vcov @ base)
