"""Resamples of items and of raters at once: what else might have been rated, and by whom."""

from collections.abc import Sequence

import numpy as np

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
