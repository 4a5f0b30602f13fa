"""From utilities to preferences between two responses, counted and never written out one by one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

#: Most entries of a table that is held in memory at once.
_ENTRIES = 4_000_000


@dataclass(frozen=True, eq=False)
class Preferences:
    """Preferences between p pairs of responses, each in the order in which it is stated.

    Attributes
    ----------
    chosen, rejected
        (p,) cells; both orders of a pair are there where both were preferred.
    utility_chosen, utility_rejected
        (p,) mean utilities in those preferences.
    n
        (p,) number of preferences.
    weight
        (p,) their summed weight.
    share
        (p,) share of all comparisons of the two that prefer `chosen`, ties counted half.
    """

    chosen: np.ndarray
    rejected: np.ndarray
    utility_chosen: np.ndarray
    utility_rejected: np.ndarray
    n: np.ndarray
    weight: np.ndarray
    share: np.ndarray

    def of(self, cells: np.ndarray) -> "Preferences":
        """The same where cells were numbered within (s,) `cells`."""
        return replace(self, chosen=cells[self.chosen], rejected=cells[self.rejected])

    def sorted(self, order: np.ndarray) -> "Preferences":
        """The same in another order."""
        return Preferences(*(getattr(self, name)[order] for name in self.__dataclass_fields__))


@dataclass(frozen=True, eq=False)
class Dispersion:
    """How the raters of each response spread over utilities.

    Attributes
    ----------
    values
        (v,) utilities that occur, rising.
    counts
        (cells, v) raters.
    weights
        (cells, v) their weight; the same array where all weigh 1.
    """

    values: np.ndarray
    counts: np.ndarray
    weights: np.ndarray


def dispersion_of(
    utility: np.ndarray, cell: np.ndarray, weight: np.ndarray, n_cells: int
) -> Dispersion:
    """Count the raters of each response by utility; all arguments by rater."""
    values, code = np.unique(utility, return_inverse=True)
    key = cell * len(values) + code
    shape, size = (n_cells, len(values)), n_cells * len(values)
    counts = np.bincount(key, minlength=size).astype(float).reshape(shape)
    if (weight == 1).all():
        return Dispersion(values, counts, counts)
    weights = np.bincount(key, weights=weight, minlength=size).reshape(shape)
    return Dispersion(values, counts, weights)


def runs_of(group: np.ndarray) -> list[np.ndarray]:
    """Rows in runs of whole groups, small enough that a table of one run fits in memory.

    A table has a row for each response of a run and a column for each rating that occurs in it, so
    that ratings on continuous scales would make one of all responses as large as the square of
    their number.
    """
    if not len(group):
        return []
    order = np.argsort(group, kind="stable")
    ends = np.flatnonzero(np.diff(group[order])) + 1
    starts, rows = [0], int(_ENTRIES**0.5)
    for end in ends:
        if end - starts[-1] >= rows:
            starts.append(int(end))
    return np.split(order, starts[1:])


def within_groups(group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of positions, first before second, within runs of equal numbers in `group`."""
    n = len(group)
    starts = np.flatnonzero(np.r_[True, np.diff(group) != 0]) if n else np.zeros(0, np.intp)
    sizes = np.diff(np.r_[starts, n])
    after = np.repeat(starts + sizes, sizes) - np.arange(n) - 1
    left = np.repeat(np.arange(n), after)
    step = np.arange(len(left)) - np.repeat(np.cumsum(after) - after, after)
    return left, left + 1 + step


def all_preferences(
    dispersion: Dispersion, left: np.ndarray, right: np.ndarray, min_margin: float
) -> Preferences:
    """Preferences between single raters: each of one response against each of the other.

    Parameters
    ----------
    dispersion
        Raters by response and utility.
    left, right
        (q,) cells to compare.
    min_margin
        Smallest difference in utility that makes a preference; smaller ones count as ties.
    """
    reach, counts = below(dispersion.values, min_margin), dispersion.counts
    weights = cumulated(dispersion.weights)[:, reach]
    alike = counts is dispersion.weights
    under = (
        weights if alike else cumulated(counts)[:, reach],
        weights,
        cumulated(dispersion.weights * dispersion.values)[:, reach],
    )
    step = max(1, _ENTRIES // max(1, len(dispersion.values)))
    starts = range(0, max(len(left), 1), step)
    return joined(
        [_compared(dispersion, under, left[k : k + step], right[k : k + step]) for k in starts]
    )


def joined(parts: Sequence[Preferences]) -> Preferences:
    """Several preferences as one."""
    names = Preferences.__dataclass_fields__
    return Preferences(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))


def _compared(
    dispersion: Dispersion, under: tuple[np.ndarray, ...], left: np.ndarray, right: np.ndarray
) -> Preferences:
    """Preferences between some pairs of cells.

    Parameters
    ----------
    under
        (cells, v) raters, weights and weighted utilities of all who lie below each value.
    """
    counts, weights, utilities = under
    total = dispersion.weights.sum(axis=1)
    chosen, rejected = np.r_[left, right], np.r_[right, left]
    n = _dot(dispersion.counts[chosen], counts[rejected])
    some = n > 0
    weight = _dot(dispersion.weights[chosen], weights[rejected])
    share = _shares(weight, total[left] * total[right])
    chosen, rejected, n, weight = chosen[some], rejected[some], n[some], weight[some]
    own = dispersion.weights[chosen]
    high = _dot(own * dispersion.values, weights[rejected]) / weight
    low = _dot(own, utilities[rejected]) / weight
    return Preferences(chosen, rejected, high, low, n.astype(np.int64), weight, share[some])


def below(values: np.ndarray, min_margin: float) -> np.ndarray:
    """(v,) how many of the rising `values` lie below each by `min_margin`, or at all if it is 0."""
    if min_margin == 0:
        return np.arange(len(values))
    return np.searchsorted(values, values - min_margin * (1 - 1e-9), side="right")


def cumulated(table: np.ndarray) -> np.ndarray:
    """(s, v + 1) sums over the first 0, 1, … v entries of each row of an (s, v) table."""
    sums = np.zeros((table.shape[0], table.shape[1] + 1))
    np.cumsum(table, axis=1, out=sums[:, 1:])
    return sums


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("pv,pv->p", a, b)


def _shares(weight: np.ndarray, comparisons: np.ndarray) -> np.ndarray:
    """(2q,) share that prefers the first, ties half, of q pairs in both orders."""
    one, other = np.split(weight, 2)
    compared = np.where(comparisons > 0, comparisons, 1.0)
    share = 0.5 + 0.5 * (one - other) / compared
    return np.r_[share, 1 - share]


def one_preference(
    utility: np.ndarray, left: np.ndarray, right: np.ndarray, min_margin: float
) -> Preferences:
    """Preferences between responses with one utility each.

    Parameters
    ----------
    utility
        (cells,) utilities.
    left, right, min_margin
        As for `all_preferences`.
    """
    gap = utility[left] - utility[right]
    least = min_margin * (1 - 1e-9)
    kept = (np.abs(gap) >= least) & (gap != 0)
    first = gap[kept] > 0
    chosen = np.where(first, left[kept], right[kept])
    rejected = np.where(first, right[kept], left[kept])
    ones, n = np.ones(len(chosen)), np.ones(len(chosen), np.int64)
    return Preferences(chosen, rejected, utility[chosen], utility[rejected], n, ones, ones)
