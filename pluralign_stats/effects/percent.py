"""Differences between levels in percent, in the two readings that a percentage can have.

mean
    Difference of model-based mean ratings as a share of the reference group's mean.
odds
    Change of the odds of a higher rating, ``exp(b) - 1`` from a cumulative logit. A linear model
    gives it only by approximation: its difference in residual standard deviations times
    ``pi / sqrt(3)`` stands for `b` (Hasselblad & Hedges 1995, Psychological Bulletin 117, eq. 4;
    Chinn 2000, Statistics in Medicine 19, 3127-3131). Differences between items, which stay in
    the residuals, draw it towards zero: on simulated studies to 0.8 to 0.95 of `b`.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pluralign_stats.describe.intervals import check_level
from pluralign_stats.effects.adjust import holm
from pluralign_stats.effects.contrasts import Pairs, linear_combinations, pair_levels, wald
from pluralign_stats.results import Metadata, Result, ordered_columns, with_interval
from pluralign_stats.settings import CONF_LEVEL

if TYPE_CHECKING:
    from pluralign_stats.models.fit import Fit

#: Standard deviation of the standard logistic distribution.
LOGIT_SD = np.pi / np.sqrt(3)


def percent(
    fit: "Fit", factor: str, *, pairs: Pairs = "reference", conf_level: float = CONF_LEVEL
) -> Result:
    """Differences between levels of a factor in percent, in both readings.

    Parameters
    ----------
    fit
        A fitted model.
    factor
        One of its categorical variables.
    pairs
        Each level against the reference, or all pairs.
    conf_level
        Level of the delta-method intervals, taken on the log scale.

    Returns
    -------
    Result
        One row per contrast and reading: columns term, contrast, reading (``"mean"``,
        ``"odds"``), estimate, conf_low, conf_high (percent), std_error (percentage points),
        p_value, p_adjusted (Holm, within the reading), n_raters, n_ratings, method.
    """
    check_level(conf_level)
    pairing = pair_levels(fit, factor, pairs)
    first, second = pairing.first, pairing.second
    approximate = f"{fit.method}; odds approximated from the standardized difference"
    parts = [
        _reading(pairing.labels, "mean", *_log_ratio(fit, first, second), conf_level, fit.method),
        _reading(pairing.labels, "odds", *_log_odds(fit, first - second), conf_level, approximate),
    ]
    table = pd.concat(parts, ignore_index=True)
    meta = Metadata(
        f"Differences by {factor} in percent",
        fit.design.data_kind,
        unit="percent",
        conf_level=conf_level,
        interval="delta-method intervals",
        notes=(
            "Reading 'mean': difference of mean ratings as a share of the reference group's mean. "
            "Reading 'odds': change of the odds of a higher rating; from a linear model only an "
            "approximation, which lies nearer to zero than the truth where items differ.",
        ),
        warnings=fit.warnings,
    )
    return Result(table, _sentence(table, factor), meta)


def _log_ratio(fit: "Fit", first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log ratio of mean ratings (missing unless above 0), its error by the delta method."""
    beta = fit.params.to_numpy()
    mean_first, mean_second = (np.where(m > 0, m, np.nan) for m in (first @ beta, second @ beta))
    gradient = first / mean_first[:, None] - second / mean_second[:, None]
    return np.log(mean_first / mean_second), linear_combinations(fit, gradient)[1]


def _log_odds(fit: "Fit", difference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Approximate log odds ratio; the residual standard deviation is taken as known."""
    estimate, std_error = linear_combinations(fit, difference)
    factor = LOGIT_SD / fit.random_sd["residual"]
    return estimate * factor, std_error * factor


def _reading(
    labels: pd.DataFrame,
    reading: str,
    log: np.ndarray,
    std_error: np.ndarray,
    conf_level: float,
    method: str,
) -> pd.DataFrame:
    """One reading's rows, from log ratios and their standard errors."""
    low, high, p = wald(log, std_error, conf_level)
    table = labels.assign(
        reading=reading,
        estimate=100 * np.expm1(log),
        std_error=100 * np.exp(log) * std_error,
        conf_low=100 * np.expm1(low),
        conf_high=100 * np.expm1(high),
        p_value=p,
        p_adjusted=holm(p),
        method=method,
    )
    return table[ordered_columns(table)]


def _sentence(table: pd.DataFrame, factor: str) -> str:
    means = table[table["reading"] == "mean"]
    if means["estimate"].isna().all():
        return f"The data do not tell the levels of {factor} apart from other terms of the model."
    largest = means.loc[means["estimate"].abs().idxmax()]
    told = with_interval(largest, ".1f", "%")
    return f"The largest difference by {factor}: {largest['contrast']} {told} of the mean rating."
