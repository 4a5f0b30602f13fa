"""Median rating of each response."""

import numpy as np

from pluralign_stats.strategies.strategy import EQUAL, Strategy


def median_rating(counts: np.ndarray, values: np.ndarray, middle: float) -> np.ndarray:
    """Median rating of each response; halfway between two where the middle lies between them.

    Parameters
    ----------
    counts, values, middle
        As for `mean_rating`.
    """
    total = counts.sum(axis=1)
    share = np.cumsum(counts, axis=1) / np.where(total > 0, total, 1)[:, None]
    lower = values[(share >= 0.5 - EQUAL).argmax(axis=1)]
    upper = values[(share > 0.5 + EQUAL).argmax(axis=1)]
    return np.where(total > 0, (lower + upper) / 2, np.nan)


MEDIAN = Strategy("median", "taking the median rating", aggregate=median_rating)
