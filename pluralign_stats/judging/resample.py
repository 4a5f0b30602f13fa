"""Resamples of items and of raters at once: what else might have been rated, and by whom."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from pluralign_stats.models.engine.clusters import cluster_covariance
from pluralign_stats.settings import CONF_LEVEL

#: Where intervals by t and by the normal distribution are made to agree.
WIDE = (1 + CONF_LEVEL) / 2

#: Weights held in memory at once, in numbers.
_AT_ONCE = 4_000_000


def resampled_sums(
    moments: np.ndarray,
    items: np.ndarray,
    raters: np.ndarray,
    parts: Sequence[np.ndarray],
    n_bootstrap: int,
    seed: int,
) -> np.ndarray:
    """Sums of `moments` over each part of the rows, in resamples of items and raters.

    In each resample items are drawn with replacement, and raters too, and a row counts as often as
    its item was drawn times as often as its rater was (Owen 2007, Annals of Applied Statistics 1,
    386-411). Resampling items alone would take the raters for granted and give intervals for
    differences between groups that are far too narrow.

    Parameters
    ----------
    moments
        (n, m) what each row adds.
    items, raters
        (n,) number of each row's item and rater, from 0.
    parts
        (n,) booleans each: the rows of a group.
    n_bootstrap, seed
        Number of resamples, and their seed.

    Returns
    -------
    ndarray, shape (parts, n_bootstrap, m)
        The same resamples for every part, so that parts can be compared.
    """
    rng = np.random.default_rng(seed)
    n_items, n_raters = items.max() + 1, raters.max() + 1
    sums = np.empty((len(parts), n_bootstrap, moments.shape[1]))
    step = max(1, _AT_ONCE // len(items))
    for start in range(0, n_bootstrap, step):
        stop = min(start + step, n_bootstrap)
        weights = _drawn(rng, n_items, stop - start)[:, items]
        weights = weights * _drawn(rng, n_raters, stop - start)[:, raters]
        for place, part in enumerate(parts):
            sums[place, start:stop] = weights[:, part] @ moments[part]
    return sums


@dataclass(frozen=True, eq=False)
class Influence:
    """How far single rows move statistics of all of them.

    Attributes
    ----------
    rows
        (n, q) influence on each of q statistics; zero for rows that do not count.
    items, raters
        (n,) number of each row's item and rater, from 0.
    """

    rows: np.ndarray
    items: np.ndarray
    raters: np.ndarray

    def less(self, other: "Influence") -> "Influence":
        """Influence on the differences from the statistics of other rows."""
        return replace(self, rows=self.rows - other.rows)

    def std_errors(self) -> np.ndarray:
        """(q,) standard errors, from the variance between raters and between items.

        The largest of that of both ways at once and of either alone, as the first is uncertain
        where items are few (MacKinnon, Nielsen & Webb 2024, Journal of Econometrics 245), each as
        wide as Student's t makes a normal interval: with one less than there are raters or items,
        of both by Satterthwaite's rule.
        """
        counted = (self.rows != 0).any(axis=1)
        ways = [np.unique(c[counted], return_inverse=True)[1] for c in (self.raters, self.items)]
        df = np.array([[int(way.max(initial=0))] for way in ways])
        if df.min() < 1:
            return np.full(self.rows.shape[1], np.nan)
        rows = self.rows[counted]
        alone = np.array([np.diag(cluster_covariance(rows, [way])) for way in ways])
        with np.errstate(divide="ignore", invalid="ignore"):
            pooled = np.nan_to_num(alone.sum(axis=0) ** 2 / (alone**2 / df).sum(axis=0), nan=1.0)
        variance = np.vstack([np.diag(cluster_covariance(rows, ways)), alone])
        wide = student.ppf(WIDE, np.vstack([pooled, df + 0 * alone])) / norm.ppf(WIDE)
        return np.sqrt((variance * wide**2).max(axis=0))


def brought_to(replicates: np.ndarray, estimate: np.ndarray, influence: Influence) -> np.ndarray:
    """Replicates (b, q) about estimates (q,) with the spread that their influence says.

    Products of weights count three times what is of single rows and not of items or raters (Owen
    2007, theorem 3), so that intervals of statistics of few ratings each are far too wide.
    """
    spread = np.nanstd(replicates, axis=0) if len(replicates) else np.full(len(estimate), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = influence.std_errors() / spread
    factor = np.where(np.isfinite(factor), factor, 1.0)
    if not len(replicates):
        return replicates
    return estimate + factor * (replicates - np.nanmean(replicates, axis=0))


def resampled_item_sums(
    moments: np.ndarray, items: np.ndarray, n_items: int, n_bootstrap: int, seed: int
) -> np.ndarray:
    """Sums of `moments` in resamples of items alone.

    Parameters
    ----------
    moments
        (n, m) what each text adds.
    items
        (n,) number of each text's item, below `n_items`.
    n_items
        How many items there are to draw from.
    n_bootstrap, seed
        Number of resamples, and their seed.

    Returns
    -------
    ndarray, shape (n_bootstrap, m)
    """
    rng = np.random.default_rng(seed)
    step = max(1, _AT_ONCE // max(n_items, len(items)))
    sizes = [min(step, n_bootstrap - start) for start in range(0, n_bootstrap, step)]
    return np.vstack([_drawn(rng, n_items, size)[:, items] @ moments for size in sizes])


def _drawn(rng: np.random.Generator, n: int, size: int) -> np.ndarray:
    """(size, n) how often each of n is drawn in n draws with replacement."""
    return rng.multinomial(n, np.full(n, 1 / n), size=size).astype(float)
