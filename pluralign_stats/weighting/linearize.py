"""Weighted means of clustered ratings, and their errors by linearization, on arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Mean:
    """A weighted mean.

    Attributes
    ----------
    estimate
        The mean.
    influence
        (n,) what each rater adds to it, to first order; they sum to 0.
    """

    estimate: float
    influence: np.ndarray

    @property
    def std_error(self) -> float:
        """By the variance of what raters add."""
        return standard_error(self.influence)


def weighted_mean(
    rating: np.ndarray,
    rater: np.ndarray,
    weights: np.ndarray,
    margins: Sequence[np.ndarray] = (),
    base: np.ndarray | None = None,
) -> Mean:
    """The Hájek mean of ratings and its influence values, clustered by rater.

    Parameters
    ----------
    rating, rater
        (m,) ratings, and whose they are as whole numbers from 0.
    weights
        (n,) weights of all raters of the sample, also of those without such a rating.
    margins
        Of each margin that the weights were raked to (n, k) how each rater departs from its
        shares; what margins explain of a rating is no error then.
    base
        (n,) weights before raking.

    References
    ----------
    Hájek (1971), in Godambe & Sprott, Foundations of Statistical Inference, 236; Deville & Särndal
    (1992), Journal of the American Statistical Association 87, 376-382.
    """
    n, total = len(weights), weights[rater].sum()
    estimate = float(weights[rater] @ rating / total)
    each = np.bincount(rater, rating - estimate, minlength=n) / total
    if margins:
        root = np.sqrt(np.ones(n) if base is None else base)
        design = np.column_stack([np.ones(n), *margins])
        slopes = np.linalg.lstsq(design * root[:, None], each * root, rcond=None)[0]
        each = each - design @ slopes
    return Mean(estimate, weights * each)


def standard_error(influence: np.ndarray) -> float:
    """Standard error from (n,) influence values of raters drawn with replacement."""
    n = len(influence)
    if n < 2:
        return float("nan")
    return float(np.sqrt(n / (n - 1) * ((influence - influence.mean()) ** 2).sum()))
