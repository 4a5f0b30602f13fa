"""How far two ratings of one text agree: between a judge and raters, and among raters.

All statistics are functions of sums over pairs of ratings, so that one pass over the ratings serves
the estimate and any number of resamples.
"""

from dataclasses import dataclass

import numpy as np

from pluralign_stats.describe.alpha import (
    coincidences_of,
    interval_alpha,
    item_sums,
    ordinal_alpha,
)

#: What is told of a judge, in the order of tables.
STATISTICS = ("kappa", "alpha", "bias")


@dataclass(frozen=True)
class Pairs:
    """Pairs of a judge's score and a rating of the same text.

    Attributes
    ----------
    score, rating
        (n,) what the judge and what the rater said.
    levels
        (k,) ratings that the scale allows, in order; None where they are numbers.
    """

    score: np.ndarray
    rating: np.ndarray
    levels: np.ndarray | None

    def moments(self) -> np.ndarray:
        """(n, 6 + k²) what each pair adds to the sums that `judge_statistics` reads.

        Without levels (n, 6).
        """
        x, y = self.score, self.rating
        sums = np.column_stack([np.ones_like(x), x, y, x * x, y * y, x * y])
        if self.levels is None:
            return sums
        k = len(self.levels)
        cells = np.zeros((len(x), k * k))
        place = nearest(x, self.levels) * k + nearest(y, self.levels)
        cells[np.arange(len(x)), place] = 1
        return np.column_stack([sums, cells])


def nearest(values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """(n,) place of the level nearest to each value; the higher one of two equally near."""
    gaps = np.abs(values[:, None] - levels[None, ::-1])
    return len(levels) - 1 - gaps.argmin(axis=1)


def judge_statistics(sums: np.ndarray, levels: np.ndarray | None) -> np.ndarray:
    """Kappa, alpha and bias of a judge, from sums over pairs.

    Parameters
    ----------
    sums
        (b, 6 + k²) sums of `Pairs.moments`, each row over one sample of the pairs.
    levels
        (k,) ratings that the scale allows; None where they are numbers.

    Returns
    -------
    ndarray, shape (b, 3)
        In the order of `STATISTICS`; missing where they are not defined, such as without variation.

    Notes
    -----
    Kappa with quadratic weights is one minus the mean squared difference over its expectation if
    scores and ratings were dealt at random, which needs no categories and so takes scores between
    ratings as they are (Cohen 1968; equal to Lin's concordance correlation). Alpha is
    Krippendorff's with the ordinal metric, of judge and rater as the two coders of each pair; for
    it scores are rounded. Where ratings are numbers it has the interval metric. Bias is the mean of
    score minus rating.
    """
    n, x, y, xx, yy, xy = sums[:, :6].T
    interval = np.column_stack([2 * n, x + y, xx + yy, 2 * (xx + yy - 2 * xy)])
    with np.errstate(divide="ignore", invalid="ignore"):
        x, y, xx, yy, xy = x / n, y / n, xx / n, yy / n, xy / n
        chance = xx + yy - 2 * x * y
        kappa = np.where(chance > 1e-12, 1 - (xx + yy - 2 * xy) / chance, np.nan)
    if levels is None:
        return np.column_stack([kappa, interval_alpha(interval), x - y])
    k = len(levels)
    crossed = sums[:, 6:].reshape(-1, k, k)
    alpha = ordinal_alpha(crossed + crossed.transpose(0, 2, 1))
    return np.column_stack([kappa, alpha, x - y])


def judge_influences(moments: np.ndarray, levels: np.ndarray | None) -> np.ndarray:
    """(n, 3) how far each pair of a sample, by its moments (n, m), moves the judge's statistics.

    The slopes of `judge_statistics` by the sums, times what the pair adds to them.
    """
    sums = moments.sum(axis=0)
    step = 1e-4 * len(moments)
    moves = step * np.eye(len(sums))
    slopes = judge_statistics(sums + moves, levels) - judge_statistics(sums - moves, levels)
    return moments @ (slopes / (2 * step))


def text_coincidences(
    text: np.ndarray, rating: np.ndarray, levels: np.ndarray | None
) -> np.ndarray:
    """What each text adds to the sums that `rater_statistics` reads.

    Parameters
    ----------
    text, rating
        (n,) number of the text, from 0, and what a rater said of it.
    levels
        (k,) ratings that the scale allows; None where they are numbers.

    Returns
    -------
    ndarray, shape (texts, k²)
        Coincidences of ratings; of a text with one rating none. Without levels (texts, 4), as of
        `item_sums`.
    """
    if levels is None:
        return item_sums(text, rating)
    counts = np.zeros((text.max() + 1 if len(text) else 0, len(levels)))
    np.add.at(counts, (text, nearest(rating, levels)), 1)
    return coincidences_of(counts)


def rater_statistics(sums: np.ndarray, levels: np.ndarray | None) -> np.ndarray:
    """Kappa, alpha and bias of two raters of one text: what a rater as judge would reach.

    Parameters
    ----------
    sums
        (b, k²) sums of `text_coincidences`, each row over one sample of the texts.
    levels
        (k,) ratings that the scale allows; None where they are numbers.

    Returns
    -------
    ndarray, shape (b, 3)
        In the order of `STATISTICS`; the bias of one rater against another is 0 on average. Missing
        where no text has two raters.
    """
    if levels is None:
        return _of_numbers(sums)
    k = len(levels)
    coincidences = sums.reshape(-1, k, k)
    total = sums.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = coincidences.sum(axis=2) / total[:, None]
        spread = share @ levels**2 - (share @ levels) ** 2
        apart = (coincidences * (levels[:, None] - levels) ** 2).sum(axis=(1, 2)) / total
        kappa = np.where(spread > 1e-12, 1 - apart / (2 * spread), np.nan)
    bias = np.where(total > 0, 0.0, np.nan)
    return np.column_stack([kappa, ordinal_alpha(coincidences), bias])


def _of_numbers(sums: np.ndarray) -> np.ndarray:
    """(b, 3) statistics of two raters, from (b, 4) sums of `item_sums`."""
    n, total, squares, apart = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = squares / n - (total / n) ** 2
        kappa = np.where(spread > 1e-12, 1 - apart / n / (2 * spread), np.nan)
    return np.column_stack([kappa, interval_alpha(sums), np.where(n > 0, 0.0, np.nan)])
