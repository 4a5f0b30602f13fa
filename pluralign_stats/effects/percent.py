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
from scipy.stats import norm

from pluralign_stats.describe.intervals import check_level
from pluralign_stats.effects.adjust import holm
from pluralign_stats.effects.contrasts import Pairs, level_pairs, linear_combinations, margins
from pluralign_stats.results import Metadata, Result, bracketed, minus
from pluralign_stats.settings import CONF_LEVEL

if TYPE_CHECKING:
    from pluralign_stats.models.fit import Fit

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
    grid = margins(fit, factor)
    chosen = level_pairs(grid.levels, pairs)
    names = [f"{grid.levels[i]} vs {grid.levels[j]}" for i, j in chosen]
    counts = pd.DataFrame(
        {
            "term": factor,
            "contrast": names,
            "n_raters": [int(grid.n_raters[i]) for i, _ in chosen],
            "n_ratings": [int(grid.n_ratings[i]) for i, _ in chosen],
        }
    )
    first = grid.rows[[i for i, _ in chosen]]
    second = grid.rows[[j for _, j in chosen]]
    parts = [
        _reading(counts, "mean", *_log_ratio(fit, first, second), conf_level, fit.method),
        _reading(
            counts,
            "odds",
            *_log_odds(fit, first - second),
            conf_level,
            f"{fit.method}; odds approximated from the standardized difference",
        ),
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
    counts: pd.DataFrame,
    reading: str,
    log: np.ndarray,
    std_error: np.ndarray,
    conf_level: float,
    method: str,
) -> pd.DataFrame:
    z = norm.ppf((1 + conf_level) / 2)
    p = 2 * norm.sf(np.abs(log / std_error))
    return pd.DataFrame(
        {
            "term": counts["term"],
            "contrast": counts["contrast"],
            "reading": reading,
            "estimate": 100 * np.expm1(log),
            "std_error": 100 * np.exp(log) * std_error,
            "conf_low": 100 * np.expm1(log - z * std_error),
            "conf_high": 100 * np.expm1(log + z * std_error),
            "p_value": p,
            "p_adjusted": holm(p),
            "n_raters": counts["n_raters"],
            "n_ratings": counts["n_ratings"],
            "method": method,
        }
    )


def _sentence(table: pd.DataFrame, factor: str) -> str:
    means = table[table["reading"] == "mean"]
    if means["estimate"].isna().all():
        return f"The data do not tell the levels of {factor} apart from other terms of the model."
    largest = means.loc[means["estimate"].abs().idxmax()]
    return (
        f"The largest difference by {factor}: {largest['contrast']} "
        f"{minus(f'{largest.estimate:+.1f}')} % "
        f"{bracketed(largest['conf_low'], largest['conf_high'], '.1f')} of the mean rating."
    )
