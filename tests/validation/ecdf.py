"""Whether ranks are uniform: simultaneous bands about an empirical distribution function.

Sailynoja, Burkner & Vehtari (2022), Statistics and Computing 32, 32: pointwise binomial intervals,
widened until all points together hold with the probability wanted; here by simulation.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats

#: Simulated sets of uniform ranks.
SETS = 20_000


@dataclass(frozen=True, eq=False)
class Uniformity:
    """How unusual some ranks are, if they are uniform.

    Attributes
    ----------
    p_value
        Share of sets of uniform ranks whose distribution function leaves the middle of its
        pointwise intervals at least as far somewhere.
    largest
        Largest difference between the distribution functions.
    where
        Rank, as a share of the largest, at which the pointwise interval is left farthest.
    """

    p_value: float
    largest: float
    where: float


def uniformity(ranks: np.ndarray, n_draws: int) -> Uniformity:
    """Compare ranks (N,), whole numbers from 0 to `n_draws`, with uniform ones."""
    counts = np.bincount(ranks, minlength=n_draws + 1)[None]
    tails = _tails(counts)
    least = tails.min()
    below = np.cumsum(counts[0])[:-1] / len(ranks)
    even = np.arange(1, n_draws + 1) / (n_draws + 1)
    p_value = float((_uniform_minima(len(ranks), n_draws) <= least * (1 + 1e-9)).mean())
    return Uniformity(p_value, float(np.abs(below - even).max()), float(even[tails[0].argmin()]))


def _tails(counts: np.ndarray) -> np.ndarray:
    """(M, L) binomial tail probabilities of the distribution functions of counts (M, L + 1)."""
    n, cells = int(counts[0].sum()), counts.shape[1]
    number = np.arange(n + 1)[:, None]
    one = stats.binom(n, np.arange(1, cells) / cells)
    table = np.minimum(one.cdf(number), one.sf(number - 1))
    return table[np.cumsum(counts, axis=1)[:, :-1], np.arange(cells - 1)]


@lru_cache
def _uniform_minima(n: int, n_draws: int) -> np.ndarray:
    """Smallest tail probability of each of many sets of n uniform ranks."""
    cells = n_draws + 1
    counts = np.random.default_rng(1).multinomial(n, np.full(cells, 1 / cells), SETS)
    return _tails(counts).min(axis=1)
