"""Corrections for multiple comparisons."""

from typing import Literal

import numpy as np
from scipy.special import ndtri
from scipy.stats import chi2, qmc
from scipy.stats import t as student
from statsmodels.stats.multitest import multipletests

#: How p-values of one family are adjusted.
Adjustment = Literal["holm", "bh", "tukey", "none"]

ADJUSTMENTS = {
    "holm": "Holm",
    "bh": "Benjamini and Hochberg (false discovery rate)",
    "tukey": "single-step, from the joint distribution of the estimates",
    "none": "not adjusted",
}

#: Logarithm to base 2 of the number of quasi-random draws.
LOG_POINTS = 16


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's step-down adjustment of (m,) p-values; missing ones stay missing and do not count.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65-70.
    """
    adjusted = np.array(p, dtype=float)
    known = np.flatnonzero(~np.isnan(adjusted))
    order = known[np.argsort(adjusted[known], kind="stable")]
    # statsmodels' multipletests, which tests hold this to, has the interpreter collect all its
    # garbage at each call: a tenth of a second and more beside fitted models.
    steps = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(adjusted[order] * steps), 1)
    return adjusted


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """Step-up adjustment of (m,) p-values for the false discovery rate; missing ones stay missing.

    References
    ----------
    Benjamini & Hochberg (1995), JRSS B 57, 289-300.
    """
    adjusted = np.array(p, dtype=float)
    known = ~np.isnan(adjusted)
    if known.any():
        adjusted[known] = multipletests(adjusted[known], method="fdr_bh")[1]
    return adjusted


def single_step(
    statistic: np.ndarray, correlation: np.ndarray, df: float, conf_level: float
) -> tuple[np.ndarray, float]:
    """Single-step adjusted p-values (m,), and standard errors on either side of intervals.

    From the distribution of the largest of correlated statistics; for all pairs of means that is
    Tukey's range.

    Parameters
    ----------
    statistic
        (m,) estimates by their standard errors; missing ones have no p-value and do not count.
    correlation
        (m, m) of the estimates; may be singular.
    df
        Degrees of freedom of a multivariate t, or inf for a multivariate normal.
    conf_level
        Joint level of the intervals.

    References
    ----------
    Hothorn, Bretz & Westfall (2008), Biometrical Journal 50, 346-363.
    """
    known = np.flatnonzero(np.isfinite(np.diag(correlation)))
    values, vectors = np.linalg.eigh(correlation[np.ix_(known, known)])
    kept = values > 1e-10
    root = vectors[:, kept] * np.sqrt(values[kept])
    uniform = qmc.Sobol(root.shape[1] + 1, rng=0).random_base2(LOG_POINTS)
    scale = np.sqrt(chi2.ppf(uniform[:, -1], df) / df) if np.isfinite(df) else 1.0
    draws = np.abs(ndtri(uniform[:, :-1]) @ root.T).max(axis=1, initial=0) / scale
    draws.sort()
    beyond = 1 - np.searchsorted(draws, np.abs(statistic)) / len(draws)
    single = 2 * student.sf(np.abs(statistic), df)
    # Beyond the accuracy of the draws its bounds are sharper: one test, and Bonferroni's.
    joint = np.clip(beyond, single, np.minimum(len(known) * single, 1))
    p = np.where(np.isfinite(statistic), joint, np.nan)
    return p, float(np.quantile(draws, conf_level))
