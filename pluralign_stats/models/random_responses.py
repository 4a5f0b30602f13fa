"""Random strengths of single responses in choices among several: a penalized conditional logit.

Responses to a prompt have normal strengths beside those of what made them. Strengths of both kinds
are at the mode of their joint density, and the standard deviation maximizes Laplace's approximation
there, as `lme4` has it with ``nAGQ = 0``. Responses are compared within their prompt, so that the
information on theirs falls into small blocks.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.sparse import csc_array, csr_array, eye_array, hstack
from scipy.sparse.linalg import SuperLU, splu

from pluralign_stats.errors import NotApplicableError
from pluralign_stats.models.bradley_terry import Found
from pluralign_stats.models.comparisons import components
from pluralign_stats.models.plackett_luce import ChoiceSets, SetLikelihood, merged

#: Steps of Newton's method, and the promised gain in log-likelihood at which they end.
STEPS, ENOUGH = 60, 1e-10

#: Standard deviations among which one is looked for, in log odds, and how exactly.
BOUNDS, EXACT = (1e-3, 5.0), 1e-3

#: Steps of the second difference of the log-likelihood by the log of the standard deviation.
STEP = 0.02

#: Most entries of a factor of the information on responses.
MOST_ENTRIES = 50_000_000


@dataclass(frozen=True, eq=False)
class _Mode:
    """Strengths of both kinds at one standard deviation.

    Attributes
    ----------
    x, u
        (f,) position and strengths of options, and (N,) those of responses.
    loglik
        Laplace's approximation.
    factor
        Of the information on u, with its prior.
    cross, information
        (N, f) and (f, f) the rest of the information.
    """

    x: np.ndarray
    u: np.ndarray
    loglik: float
    factor: SuperLU
    cross: np.ndarray
    information: np.ndarray

    @property
    def precision(self) -> np.ndarray:
        """(f, f) information on x when that on u is taken out."""
        return self.information - self.cross.T @ self.factor.solve(self.cross)


class _Penalized:
    """The joint density of choices and of the strengths of responses."""

    def __init__(self, sets: ChoiceSets, n_options: int, position: bool) -> None:
        self.likelihood = SetLikelihood(sets, n_options, position)
        names, code = np.unique(sets.response, return_inverse=True)
        m = len(code)
        self.names = names
        self.U = csr_array((np.ones(m), (np.arange(m), code)), (m, len(names)))
        starts = np.flatnonzero(np.r_[True, np.diff(sets.set) != 0])
        self.parts = components(code, code[starts][sets.set], len(names))
        self.both = csr_array(hstack([self.likelihood.Z, self.U]))
        self.last = np.zeros(self.likelihood.M.shape[1]), np.zeros(len(names))

    def value(self, x: np.ndarray, u: np.ndarray, sd: float) -> float:
        """Log density but for a constant."""
        eta = self.likelihood.predict(x) + self.U @ u
        return self.likelihood.shares(eta).loglik - 0.5 * float(u @ u) / sd**2

    def mode(self, sd: float) -> _Mode:
        """The mode at a standard deviation, from the last one."""
        x, u = self.last
        value = self.value(x, u, sd)
        for _ in range(STEPS):
            slope, made = self._newton(x, u, sd)
            right = np.linalg.pinv(made.precision, hermitian=True) @ (
                slope[: len(x)] - made.cross.T @ made.factor.solve(slope[len(x) :])
            )
            rest = made.factor.solve(slope[len(x) :] - made.cross @ right)
            gain = float(slope @ np.concatenate([right, rest]))
            if gain < ENOUGH:
                self.last = x, u
                return made
            length = 1.0
            while (tried := self.value(x + length * right, u + length * rest, sd)) < value:
                length /= 2
                if length < ENOUGH:
                    break
            x, u, value = x + length * right, u + length * rest, tried
        self.last = x, u
        return self._newton(x, u, sd)[1]

    def _newton(self, x: np.ndarray, u: np.ndarray, sd: float) -> tuple[np.ndarray, _Mode]:
        """Slope of the log density, and what is needed for a step."""
        like = self.likelihood
        shares = like.shares(like.predict(x) + self.U @ u)
        by_x = like.M.T @ (like.Z.T @ shares.slope)
        slope = np.concatenate([by_x, self.U.T @ shares.slope - u / sd**2])
        whole, q = shares.information(self.both), like.Z.shape[1]
        D = csc_array(whole[q:, q:] + eye_array(len(u)) / sd**2)
        factor = splu(D, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
        if factor.L.nnz > MOST_ENTRIES:
            raise NotApplicableError(
                "responses are compared across prompts in too many ways for random strengths of "
                "their own; leave out responses=True"
            )
        logdet = float(np.log(np.abs(factor.U.diagonal())).sum())
        loglik = shares.loglik - 0.5 * float(u @ u) / sd**2 - len(u) * np.log(sd) - 0.5 * logdet
        cross = whole[q:, :q] @ like.M
        return slope, _Mode(x, u, loglik, factor, cross, like.M.T @ (whole[:q, :q] @ like.M))


def fit_random_responses(sets: ChoiceSets, n_options: int, *, position: bool) -> Found:
    """Fit strengths of options with random ones of responses beside them."""
    problem = _Penalized(merged(sets, position=position, responses=True), n_options, position)

    def loglik(log_sd: float) -> float:
        return problem.mode(float(np.exp(log_sd))).loglik

    found = minimize_scalar(
        lambda t: -loglik(t), bounds=tuple(np.log(BOUNDS)), method="bounded",
        options={"xatol": EXACT},
    )  # fmt: skip
    at = float(found.x)
    bend = loglik(at - STEP) + loglik(at + STEP) - 2 * loglik(at)
    best, sd = problem.mode(np.exp(at)), float(np.exp(at))
    f = len(best.x)
    vcov = np.zeros((f + 1, f + 1))
    vcov[:f, :f] = np.linalg.pinv(best.precision, hermitian=True)
    known = bend < 0
    vcov[f, f] = sd**2 * STEP**2 / -bend if known else np.nan
    return Found(
        best.x, np.array([sd]), vcov, best.loglik, bool(found.success), np.zeros(0),
        problem.names, best.u, _errors(best, problem.parts),
    )  # fmt: skip


def _errors(mode: _Mode, part: np.ndarray) -> np.ndarray:
    """(N,) conditional standard deviations of the strengths of responses.

    Those of different parts (N,), which were never compared, are independent, so that the diagonal
    of the inverse takes as many solutions as the largest part has responses.
    """
    order = np.argsort(part, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(part[order]) != 0])
    sizes = np.diff(np.r_[starts, len(part)])
    within = np.empty(len(part), dtype=int)
    within[order] = np.arange(len(part)) - np.repeat(starts, sizes)
    made = np.empty(len(part))
    for k in range(int(sizes.max())):
        here = within == k
        made[here] = mode.factor.solve(here.astype(float))[here]
    return np.sqrt(made)
