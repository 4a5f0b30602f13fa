"""Choices among several options and rankings: conditional logit and the model of Plackett and Luce.

An option is chosen among those of a set with a probability that is proportional to the exponential
of its strength (Luce 1959, Individual choice behavior; McFadden 1974). A ranking is a sequence of
such choices, each among what is left (Plackett 1975, Applied Statistics 24, 193-202): the exploded
logit. Equal ranks are chosen one after the other as if each had been first (Breslow 1974,
Biometrics 30, 89-99), which brings strengths nearer to each other where there are many.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from pluralign_stats.models.bradley_terry import Found, contrasts, sandwich
from pluralign_stats.models.comparisons import first_of_each

#: Steps of Newton's method, and the promised gain in log-likelihood at which they end.
STEPS, ENOUGH = 60, 1e-18

#: Falls of the log-likelihood by a smaller share are rounding, and the shortest step tried.
ROUNDING, SHORTEST = 1e-12, 1e-10

#: Strengths that are still farther apart than this where the search ends have no finite estimate.
FAR = 15.0


@dataclass(frozen=True, eq=False)
class ChoiceSets:
    """Choices among several options: m rows, one for each option of K sets.

    Attributes
    ----------
    set
        (m,) number of the set, rising.
    option
        (m,) number of the option.
    chosen
        (m,) whether it is (among) the best of its set.
    first
        (m,) whether it was shown first.
    weight
        (K,) weights of the sets.
    covariates
        (K, c) covariates of their raters, the first of them 1.
    rater
        (K,) number of the rater.
    response
        (m,) number of the single response that the option is.
    """

    set: np.ndarray
    option: np.ndarray
    chosen: np.ndarray
    first: np.ndarray
    weight: np.ndarray
    covariates: np.ndarray
    rater: np.ndarray
    response: np.ndarray

    def sums(self, rows: csr_array) -> csr_array:
        """(K, q) sums of rows (m, q) over the options of each set."""
        return self._options @ rows

    @cached_property
    def _options(self) -> csr_array:
        m = len(self.set)
        return csr_array((np.ones(m), (self.set, np.arange(m))), (len(self.weight), m))

    @cached_property
    def n_chosen(self) -> np.ndarray:
        """(K,) how many of each set are best."""
        return np.bincount(self.set, self.chosen, len(self.weight))

    @cached_property
    def patterns(self) -> tuple[np.ndarray, np.ndarray]:
        """(P, c) different covariates, and (K,) which of them each set has."""
        found, code = np.unique(self.covariates, axis=0, return_inverse=True)
        return found, code.ravel()


def scaled(rows: csr_array, weight: np.ndarray) -> csr_array:
    """Rows (n, q), each multiplied with its weight."""
    data = rows.data * np.repeat(weight, np.diff(rows.indptr))
    return csr_array((data, rows.indices, rows.indptr), rows.shape)


@dataclass(frozen=True, eq=False)
class Shares:
    """Choices at given strengths of their options.

    Attributes
    ----------
    sets
        The choices.
    loglik
        Their log-likelihood.
    share, times
        (m,) probability of each option to be chosen, and (K,) weighted numbers of choices.
    slope
        (m,) slopes of the log-likelihood by the strengths of the options.
    """

    sets: ChoiceSets
    loglik: float
    share: np.ndarray
    times: np.ndarray
    slope: np.ndarray

    def information(self, rows: csr_array) -> csr_array:
        """``Z' W Z`` (q, q) of covariates (m, q), W the information on strengths."""
        sets, share = self.sets, self.share
        mean = sets.sums(scaled(rows, share))
        made = rows.T @ scaled(rows, self.times[sets.set] * share)
        return made - mean.T @ scaled(mean, self.times)


@dataclass(frozen=True, eq=False)
class _Evaluated:
    """Log-likelihood, gradient (f,), information (f, f), and scores (K, f)."""

    loglik: float
    slope: np.ndarray
    information: np.ndarray
    scores: np.ndarray


class SetLikelihood:
    """The log-likelihood of sets by position (if it counts) and strengths.

    Attributes
    ----------
    Z, M
        (m, q) which strengths, by pattern of covariates, and whether position, each option has,
        and (q, f) these as combinations of the parameters.
    """

    def __init__(self, sets: ChoiceSets, n_options: int, position: bool) -> None:
        patterns, code = sets.patterns
        q, m = len(patterns) * n_options, len(sets.set)
        rows, n_first = np.arange(m), int(sets.first.sum()) if position else 0
        M = np.einsum("pc,st->psct", patterns, contrasts(n_options)).reshape(q, -1)
        cell = code[sets.set] * n_options + sets.option if n_options else np.zeros(0, dtype=int)
        own = rows if n_options else rows[:0]
        at = np.r_[own, rows[sets.first]] if position else own
        column = np.r_[cell, np.full(n_first, q)]
        self.sets = sets
        self.Z = csr_array((np.ones(len(at)), (at, column)), (m, q + int(position)))
        self.M = M
        if position:
            self.M = np.hstack([np.eye(q + 1)[:, -1:], np.vstack([M, np.zeros((1, M.shape[1]))])])

    def predict(self, x: np.ndarray) -> np.ndarray:
        """(m,) strengths of the options at parameters (f,)."""
        return self.Z @ (self.M @ x)

    def shares(self, eta: np.ndarray) -> Shares:
        """The choices at strengths (m,)."""
        sets = self.sets
        top = np.full(len(sets.weight), -np.inf)
        np.maximum.at(top, sets.set, eta)
        power = np.exp(eta - top[sets.set])
        total = np.bincount(sets.set, power, len(top))
        times = sets.weight * sets.n_chosen
        best = np.bincount(sets.set, sets.chosen * eta, len(top))
        loglik = float(sets.weight @ best - times @ (np.log(total) + top))
        share = power / total[sets.set]
        slope = sets.weight[sets.set] * sets.chosen - times[sets.set] * share
        return Shares(sets, loglik, share, times, slope)

    def at(self, x: np.ndarray) -> _Evaluated:
        """Evaluate at parameters (f,)."""
        shares = self.shares(self.predict(x))
        scores = self.sets.sums(scaled(self.Z, shares.slope)) @ self.M
        information = self.M.T @ (shares.information(self.Z) @ self.M)
        return _Evaluated(shares.loglik, scores.sum(axis=0), information, scores)


def fit_sets(sets: ChoiceSets, n_options: int, *, position: bool) -> Found:
    """Fit by maximum likelihood; standard errors are clustered by rater."""
    likelihood = SetLikelihood(merged(sets, position=position), n_options, position)
    x = np.zeros(likelihood.M.shape[1])
    here, gain = likelihood.at(x), np.inf
    for _ in range(STEPS):
        step = np.linalg.lstsq(here.information, here.slope, rcond=None)[0]
        gain = float(here.slope @ step)
        if gain < ENOUGH:
            break
        length, tried = 1.0, likelihood.at(x + step)
        while tried.loglik < here.loglik - ROUNDING * abs(here.loglik) and length > SHORTEST:
            length /= 2
            tried = likelihood.at(x + length * step)
        x, here = x + length * step, tried
    far = np.abs(likelihood.M @ x).max(initial=0.0) > FAR
    whole = SetLikelihood(sets, n_options, position).at(x)
    vcov = sandwich(whole.information, whole.scores, sets.rater)
    separated = np.where(np.abs(x) > 1, x, 0.0) if far else np.zeros(0)
    return Found(x, np.zeros(0), vcov, whole.loglik, gain < ENOUGH and not far, separated)


def merged(sets: ChoiceSets, *, position: bool, responses: bool = False) -> ChoiceSets:
    """Alike choices, by whichever raters, as one with their summed weight.

    Whether position, and single responses, count in what is alike.
    """
    response = sets.response if responses else np.zeros(len(sets.option), dtype=int)
    first = sets.first if position else np.zeros(len(sets.first), dtype=bool)
    order = np.lexsort((first, sets.chosen, sets.option, response, sets.set))
    at = sets.set[order]
    sizes = np.bincount(sets.set, minlength=len(sets.weight))
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    which = response * (int(sets.option.max()) + 1) + sets.option
    code = 1 + 4 * which[order] + 2 * sets.chosen[order] + first[order]
    padded = np.zeros((len(sizes), int(sizes.max())), dtype=np.int64)
    padded[at, np.arange(len(at)) - starts[at]] = code
    rows, kind = first_of_each([sets.patterns[1], *padded.T])
    number = np.full(len(sizes), -1)
    number[rows] = np.arange(len(rows))
    kept = number[sets.set] >= 0
    again = np.argsort(number[sets.set[kept]], kind="stable")
    return ChoiceSets(
        number[sets.set[kept]][again],
        sets.option[kept][again],
        sets.chosen[kept][again],
        first[kept][again],
        np.bincount(kind, sets.weight, len(rows)),
        sets.covariates[rows],
        np.zeros(len(rows), dtype=int),
        response[kept][again],
    )
