"""Commonest rating of each response."""

import numpy as np

from pluralign_stats.strategies.strategy import EQUAL, Strategy


def modal_rating(counts: np.ndarray, values: np.ndarray, middle: float) -> np.ndarray:
    """Commonest rating of each response; NaN where two are equally common.

    A tie is no majority. The mean of tied ratings would be a rating that nobody may have given:
    a response that half the raters find toxic and half do not would pass for neutral.

    Parameters
    ----------
    counts, values, middle
        As for `mean_rating`.
    """
    top = counts.max(axis=1, initial=0.0)
    modal = counts >= top[:, None] * (1 - EQUAL)
    clear = (modal.sum(axis=1) == 1) & (top > 0)
    return np.where(clear, values[modal.argmax(axis=1)], np.nan)


def preferred_by_most(one: np.ndarray, other: np.ndarray, neither: np.ndarray) -> np.ndarray:
    """Which of two responses more raters prefer; those who prefer neither decide nothing.

    Parameters
    ----------
    one, other, neither
        (m,) weight of the raters who prefer one response, the other, and neither.

    Returns
    -------
    (m,) 1 for the one, 0 for the other, NaN where they have as many.
    """
    apart = np.abs(one - other) > EQUAL * (one + other)
    return np.where(apart, (one > other).astype(float), np.nan)


MAJORITY = Strategy(
    "majority",
    "majority vote",
    aggregate=modal_rating,
    speakers=np.equal,
    silent="responses without a majority (two ratings equally common)",
    verdict=preferred_by_most,
    undecided="pairs without a majority",
)
