"""Who rates what: a crossed and sparse design in which some items are rated far more often."""

import numpy as np

#: SD of the log probability with which an item is drawn: the busiest tenth of the items gets about
#: four times as many raters as the quietest tenth.
UNEVENNESS = 0.4

_CHUNK = 20_000


def draw_design(
    n_raters: int, n_items: int, items_per_rater: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw the items that each rater rates, in the order in which they are shown.

    Parameters
    ----------
    n_raters, n_items : int
        Numbers of raters and items.
    items_per_rater : int
        Items for each rater, at most `n_items`.
    rng : Generator
        Source of randomness.

    Returns
    -------
    ndarray of int, shape (n_raters, items_per_rater)
        Item positions, distinct within a row; items come back across rows.
    """
    weights = np.exp(rng.normal(0.0, UNEVENNESS, n_items))
    chunks = [
        weighted_sample(weights, min(_CHUNK, n_raters - start), items_per_rater, rng)
        for start in range(0, n_raters, _CHUNK)
    ]
    return np.concatenate(chunks)


def weighted_sample(
    weights: np.ndarray, rows: int, size: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw without replacement, with unequal probabilities, once per row.

    An exponential race: the first `size` arrivals of clocks with rates `weights` are successive
    draws without replacement (Efraimidis and Spirakis, 2006, Information Processing Letters 97).

    Parameters
    ----------
    weights : ndarray, shape (n_items,)
        Positive weights.
    rows, size : int
        Number of samples, and of items in each.
    rng : Generator
        Source of randomness.

    Returns
    -------
    ndarray of int, shape (rows, size)
        Positions in `weights`, in the order of their arrival.
    """
    arrival = rng.standard_exponential((rows, len(weights)), dtype=np.float32)
    arrival /= weights.astype(np.float32)
    first = np.argpartition(arrival, size - 1, axis=1)[:, :size]
    # argpartition promises no order among the first.
    order = np.argsort(np.take_along_axis(arrival, first, axis=1), axis=1)
    return np.take_along_axis(first, order, axis=1)
