"""Mean rating of the responses whose raters are all on one side of the middle."""

import numpy as np

from pluralign_stats.strategies.mean import mean_rating
from pluralign_stats.strategies.strategy import EQUAL, Strategy


def unanimous_rating(counts: np.ndarray, values: np.ndarray, middle: float) -> np.ndarray:
    """Mean rating of each response whose ratings all lie on one side of the middle, none on it.

    Parameters
    ----------
    counts, values
        As for `mean_rating`.
    middle
        Middle of the scale.

    Returns
    -------
    (s,) means; NaN without ratings, and where raters are on both sides or in the middle.
    """
    above, below = (counts[:, side].sum(axis=1) for side in (values > middle, values < middle))
    alone = np.maximum(above, below) >= counts.sum(axis=1) * (1 - EQUAL)
    return np.where(alone, mean_rating(counts, values, middle), np.nan)


def preferred_by_all(one: np.ndarray, other: np.ndarray, neither: np.ndarray) -> np.ndarray:
    """Which of two responses all raters prefer; NaN where some prefer the other, or neither.

    Parameters
    ----------
    one, other, neither
        (m,) weight of the raters who prefer one response, the other, and neither.
    """
    total = one + other + neither
    alone = (np.maximum(one, other) >= total * (1 - EQUAL)) & (total > 0)
    return np.where(alone, (one > other).astype(float), np.nan)


CONSENSUS = Strategy(
    "consensus",
    "using only unanimous responses",
    aggregate=unanimous_rating,
    silent="responses whose raters are not all on one side",
    verdict=preferred_by_all,
    undecided="pairs on which raters do not all agree",
)
