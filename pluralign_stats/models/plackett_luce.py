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
    """

    set: np.ndarray
    option: np.ndarray
    chosen: np.ndarray
    first: np.ndarray
    weight: np.ndarray
    covariates: np.ndarray
    rater: np.ndarray

    @cached_property
    def n_chosen(self) -> np.ndarray:
        """(K,) how many of each set are best."""
        return np.bincount(self.set, self.chosen, len(self.weight))

    @cached_property
    def patterns(self) -> tuple[np.ndarray, np.ndarray]:
        """(P, c) different covariates, and (K,) which of them each set has."""
        found, code = np.unique(self.covariates, axis=0, return_inverse=True)
        return found, code.ravel()


@dataclass(frozen=True, eq=False)
class _Evaluated:
    """Log-likelihood, gradient (f,), information (f, f), and scores (K, f) where asked for."""

    loglik: float
    slope: np.ndarray
    information: np.ndarray
    scores: np.ndarray


class _Likelihood:
    """The log-likelihood of sets by position (if it counts) and strengths."""

    def __init__(self, sets: ChoiceSets, n_options: int, position: bool) -> None:
        patterns, code = sets.patterns
        q, m = len(patterns) * n_options, len(sets.set)
        cell = code[sets.set] * n_options + sets.option
        rows = np.arange(m)
        self.sets = sets
        self.Z = csr_array((np.ones(m), (rows, cell)), (m, q))
        self.B = csr_array((np.ones(m), (sets.set, rows)), (len(sets.weight), m))
        basis = contrasts(n_options)
        self.M = np.einsum("pc,st->psct", patterns, basis).reshape(q, -1)
        self.position = position
        if position:
            self.Z = csr_array(
                (
                    np.ones(m + int(sets.first.sum())),
                    (np.r_[rows, rows[sets.first]], np.r_[cell, np.full(sets.first.sum(), q)]),
                ),
                (m, q + 1),
            )
            self.M = np.block(
                [[np.zeros((q, 1)), self.M], [np.ones((1, 1)), np.zeros((1, self.M.shape[1]))]]
            )

    def at(self, x: np.ndarray) -> _Evaluated:
        """Evaluate at parameters (f,)."""
        sets = self.sets
        eta = self.Z @ (self.M @ x)
        top = np.full(len(sets.weight), -np.inf)
        np.maximum.at(top, sets.set, eta)
        power = np.exp(eta - top[sets.set])
        total = self.B @ power
        share = power / total[sets.set]
        times = sets.weight * sets.n_chosen
        best = np.bincount(sets.set, sets.chosen * eta, len(total))
        loglik = float(sets.weight @ best - times @ (np.log(total) + top))
        left = sets.chosen - sets.n_chosen[sets.set] * share
        by_set = (self.B @ self.Z.multiply(left[:, None]).tocsr()) @ self.M
        expected = self.B @ self.Z.multiply(share[:, None]).tocsr()
        spread = self.Z.T @ self.Z.multiply((times[sets.set] * share)[:, None]).tocsr()
        spread = spread - expected.T @ expected.multiply(times[:, None]).tocsr()
        scores = sets.weight[:, None] * by_set
        return _Evaluated(loglik, scores.sum(axis=0), self.M.T @ (spread @ self.M), scores)


def fit_sets(sets: ChoiceSets, n_options: int, *, position: bool) -> Found:
    """Fit by maximum likelihood; standard errors are clustered by rater."""
    likelihood = _Likelihood(merged(sets, position=position), n_options, position)
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
    whole = _Likelihood(sets, n_options, position).at(x)
    vcov = sandwich(whole.information, whole.scores, sets.rater)
    separated = np.where(np.abs(x) > 1, x, 0.0) if far else np.zeros(0)
    return Found(x, np.zeros(0), vcov, whole.loglik, gain < ENOUGH and not far, separated)


def merged(sets: ChoiceSets, *, position: bool) -> ChoiceSets:
    """Alike choices, by whichever raters, as one with their summed weight."""
    first = sets.first if position else np.zeros(len(sets.first), dtype=bool)
    order = np.lexsort((first, sets.chosen, sets.option, sets.set))
    at = sets.set[order]
    sizes = np.bincount(sets.set, minlength=len(sets.weight))
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    code = 1 + 4 * sets.option[order] + 2 * sets.chosen[order] + first[order]
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
    )
