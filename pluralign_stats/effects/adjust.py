"""Corrections for multiple comparisons."""

from typing import Literal

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2, multivariate_normal
from scipy.stats import t as student

from pluralign_stats.errors import InputError, one_of

#: How p-values of one family are adjusted.
Adjustment = Literal["holm", "bh", "tukey", "none"]

ADJUSTMENTS = {
    "holm": "Holm",
    "bh": "Benjamini and Hochberg (false discovery rate)",
    "tukey": "single-step, from the joint distribution of the estimates",
    "none": "not adjusted",
}

#: Points of the quasi-random integration of a multivariate distribution.
POINTS = 20_000

#: With more degrees of freedom than this a multivariate t is taken for a normal.
LIKE_NORMAL = 2000.0

#: Points of the integration over the scale of a multivariate t.
SCALES = 12


def check_adjustment(adjust: str) -> None:
    """Refuse an unknown adjustment.

    Raises
    ------
    InputError
        If it is none of `ADJUSTMENTS`.
    """
    if adjust not in ADJUSTMENTS:
        raise InputError(one_of("'adjust'", adjust, ADJUSTMENTS))


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's step-down adjustment of (m,) p-values; missing ones stay missing and do not count.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65-70.
    """
    p = np.asarray(p, dtype=float)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    adjusted = np.full(p.shape, np.nan)
    steps = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * steps), 1)
    return adjusted


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """Step-up adjustment of (m,) p-values for the false discovery rate; missing ones stay missing.

    References
    ----------
    Benjamini & Hochberg (1995), JRSS B 57, 289-300.
    """
    p = np.asarray(p, dtype=float)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(-p[known], kind="stable")]
    adjusted = np.full(p.shape, np.nan)
    ranks = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.minimum.accumulate(p[order] * len(order) / ranks), 1)
    return adjusted


def single_step(statistic: np.ndarray, correlation: np.ndarray, df: float) -> np.ndarray:
    """P-values (m,) of the largest of m correlated statistics (Tukey's for all pairs of means).

    Parameters
    ----------
    statistic
        (m,) estimates over standard errors; missing ones stay missing and do not count.
    correlation
        (m, m) of the estimates; may be singular.
    df
        Degrees of freedom of a multivariate t, or inf for a multivariate normal.

    References
    ----------
    Hothorn, Bretz & Westfall (2008), Biometrical Journal 50, 346-363.
    """
    adjusted = np.full(len(statistic), np.nan)
    known = np.flatnonzero(np.isfinite(statistic))
    among = correlation[np.ix_(known, known)]
    for place in known:
        single = 2 * student.sf(abs(statistic[place]), df)
        joint = 1 - _inside(abs(statistic[place]), among, df)
        # Beyond the accuracy of the integral its bounds are sharper: one test, and Bonferroni's.
        adjusted[place] = np.clip(joint, single, min(len(known) * single, 1))
    return adjusted


def critical_value(correlation: np.ndarray, df: float, conf_level: float) -> float:
    """Number of standard errors on either side of simultaneous intervals, for (m, m) correlations.

    Estimates with missing correlations do not count.
    """
    known = np.flatnonzero(np.isfinite(np.diag(correlation)))
    among = correlation[np.ix_(known, known)]
    if not len(known):
        return np.nan
    low = student.ppf((1 + conf_level) / 2, df)
    high = student.ppf(1 - (1 - conf_level) / (2 * len(known)), df)
    if len(known) == 1 or _inside(low, among, df) >= conf_level:
        return float(low)
    return float(brentq(lambda c: _inside(c, among, df) - conf_level, low, 1.02 * high, xtol=1e-4))


def _inside(bound: float, correlation: np.ndarray, df: float) -> float:
    """Probability that no statistic is further than `bound` from 0.

    A multivariate t is a normal whose scale is drawn from a chi distribution.
    """
    if len(correlation) == 1:
        return float(1 - 2 * student.sf(bound, df))
    if df > LIKE_NORMAL:
        return _inside_normal(bound, correlation)
    nodes, weights = np.polynomial.legendre.leggauss(SCALES)
    scales = np.sqrt(chi2.ppf((nodes + 1) / 2, df) / df)
    parts = [_inside_normal(bound * scale, correlation) for scale in scales]
    return float(weights @ parts / 2)


def _inside_normal(bound: float, correlation: np.ndarray) -> float:
    limits = np.full(len(correlation), bound)
    return float(
        multivariate_normal.cdf(
            limits,
            np.zeros(len(limits)),
            correlation,
            allow_singular=True,
            maxpts=POINTS,
            lower_limit=-limits,
            rng=np.random.default_rng(0),
        )
    )
