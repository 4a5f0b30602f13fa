"""Fieller's confidence set for the size of a ratio of two estimates."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq

#: Directions at which the test is tried on either side of the estimate, ever denser towards it.
_TRIED = 200


def ratio_sizes(
    a: float,
    b: float,
    covariance: np.ndarray,
    quantile: Callable[[np.ndarray], np.ndarray],
) -> tuple[float, float]:
    """Smallest and largest size of the ratio of the true values behind two estimates.

    Parameters
    ----------
    a, b
        Estimates of numerator and denominator, not both 0.
    covariance
        (2, 2) their covariance.
    quantile
        From weights (m, 2) of a and b to the standard errors (m,) on either side of an interval
        for the combination, such as quantiles of t with its own degrees of freedom.

    Returns
    -------
    tuple of float
        Ends of ``|r|`` over the ratios r that are not ruled out: those for which ``a - r b`` lies
        within so many standard errors of 0. The lower end is 0 where a, the upper infinite where b
        cannot be told from 0.

    Notes
    -----
    A ratio is taken as a direction, ``r = tan(angle)``, so that an infinite one is a direction like
    any other. With a constant quantile the set is Fieller's in closed form; it need not be an
    interval, but the sizes of its members always make one.

    References
    ----------
    Fieller (1954), JRSS B 16, 175-185; its three cases in Franz (2007), arXiv:0710.2024.
    """

    def beyond(angles: np.ndarray) -> np.ndarray:
        """How far each direction is from being held possible; below 0 for those that are."""
        weights = np.column_stack([np.cos(angles), -np.sin(angles)])
        spread = np.sqrt(np.einsum("mi,ij,mj->m", weights, covariance, weights))
        return np.abs(weights @ [a, b]) - quantile(weights) * spread

    best = np.arctan2(a, b)
    steps = np.geomspace(1e-9, np.pi / 2, _TRIED)
    angles = best + np.concatenate([-steps[::-1], [0.0], steps])
    far = beyond(angles) > 0
    ends = [
        abs(np.tan(brentq(lambda angle: beyond(np.array([angle]))[0], angles[k], angles[k + 1])))
        for k in np.flatnonzero(far[1:] != far[:-1])
    ]
    if not ends:  # closer together than the directions that were tried
        ends = [abs(np.tan(best))]
    none, all_ = beyond(np.array([0.0, np.pi / 2])) <= 0
    return 0.0 if none else min(ends), np.inf if all_ else max(ends)
