"""Differences between levels in percent, in the two readings that a percentage can have.

mean
    Difference of model-based mean ratings as a share of the reference group's mean.
odds
    Change of the odds of a higher rating, ``exp(b) - 1`` from a cumulative logit. Other models
    give it only by approximation: their difference in standard deviations of the (latent)
    residuals times ``pi / sqrt(3)`` stands for `b` (Hasselblad & Hedges 1995, Psychological
    Bulletin 117, eq. 4; Chinn 2000, Statistics in Medicine 19, 3127-3131).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from pluralign_stats.effects.adjust import Adjustment
from pluralign_stats.effects.comparisons import (
    Pairs,
    averaged_settings,
    contrast_groups,
)
from pluralign_stats.effects.estimates import Estimates, Inference, Interval, infer, tabulate
from pluralign_stats.effects.predictions import notes
from pluralign_stats.errors import InputError, one_of
from pluralign_stats.models.bayes.bayes import BayesLinearFit
from pluralign_stats.models.engine.links import LATENT_SD
from pluralign_stats.models.fit import Averaging, Fit, Kind
from pluralign_stats.results import Metadata, Result, ordered_columns, with_interval
from pluralign_stats.settings import CONF_LEVEL

#: Columns that hold what was estimated.
_NUMBERS = {"estimate", "std_error", "sd", "conf_low", "conf_high", "prob_positive"}
_NUMBERS |= {"p_value", "p_adjusted"}


def percent(
    fit: Fit,
    factor: str,
    *,
    pairs: Pairs = "reference",
    by: str | Sequence[str] | None = None,
    newdata: pd.DataFrame | None = None,
    averaging: Averaging = "population",
    conf_level: float = CONF_LEVEL,
    interval: Interval = "delta",
    adjust: Adjustment = "holm",
    n_draws: int = 1000,
    seed: int = 1,
) -> Result:
    """Differences between levels of a factor in percent, in both readings.

    Parameters
    ----------
    fit
        A fitted model.
    factor
        One of its categorical variables.
    pairs, by, newdata, averaging, adjust
        As for `comparisons`.
    conf_level, interval, n_draws, seed
        Level of the intervals; by the delta method or simulation, either on the log scale. Of a
        Bayesian fit every draw is put in percent, and the draws are then summarised.

    Returns
    -------
    Result
        One row per contrast and reading: columns term, contrast, group (with `by`), reading
        (``"mean"``, ``"odds"``), estimate, conf_low, conf_high (percent), std_error (percentage
        points), p_value, p_adjusted (within the reading), n_raters, n_ratings, method. Of a
        Bayesian fit, sd and prob_positive take the place of std_error and of p.

    Raises
    ------
    InputError
        If `factor` is not a categorical variable of the model, or an option is unknown.
    """
    if factor not in fit.design.factors:
        raise InputError(one_of("the factor", factor, fit.design.factors))
    how = infer(fit, conf_level, interval, adjust, n_draws, seed)
    tables, dropped = [], 0
    readings: dict[str, Kind] = {"mean": "mean", "odds": "linear"}
    for reading, kind in readings.items():
        rows, compared, made = averaged_settings(
            fit, factor, pairs, 1.0, by, newdata, kind, averaging
        )
        logs = _logs(made) if reading == "mean" else _log_odds(fit, made)
        differences = contrast_groups(fit, rows, compared, logs)
        approximate = reading == "odds" and not fit.odds_exact
        table = _percent_table(fit, differences, how, reading, approximate=approximate)
        if reading == "odds" and not _proportional(fit, factor):
            table = table.assign(**dict.fromkeys(_NUMBERS & set(table), np.nan))
        tables.append(table)
        dropped = rows.n_dropped
    whole = pd.concat(tables, ignore_index=True)
    meta = Metadata(
        f"Differences by {factor} in percent",
        fit.design.data_kind,
        unit="percent",
        conf_level=conf_level,
        interval=how.kind,
        notes=(
            _readings(fit, factor),
            "Raters and ratings are counted in the group named first.",
            *notes(fit, dropped, averaging, "mean"),
            how.note,
        ),
        warnings=fit.warnings,
    )
    return Result(whole, _sentence(whole, factor), meta)


def _logs(made: Estimates) -> Estimates:
    """Logs of averages, missing unless they are above 0, where a share has no meaning."""

    def above(values: np.ndarray) -> np.ndarray:
        return np.where(values > 0, values, np.nan)

    return made.transform(lambda v: np.log(above(v)), lambda v: 1 / above(v))


def _log_odds(fit: Fit, made: Estimates) -> Estimates:
    """Linear predictors in log odds."""
    factor = fit.odds_scale
    scaled = made.transform(lambda v: factor * v, lambda v: np.full(v.shape, factor))
    if not isinstance(fit, BayesLinearFit):
        return scaled
    each = LATENT_SD["logit"] / np.exp(fit.draws.log_scale)
    return replace(scaled, at=lambda points: each * made.at(points))


def _proportional(fit: Fit, factor: str) -> bool:
    """Whether one odds ratio describes the factor: it moves no single threshold, nor the scale."""
    matrices = (fit.design.nominal, fit.design.scale)
    return not any(m is not None and factor in m.spec.required_variables for m in matrices)


def _percent_table(
    fit: Fit, differences: Estimates, how: Inference, reading: str, *, approximate: bool
) -> pd.DataFrame:
    """One reading's rows, from differences of logs."""
    if how.credible:
        percents = differences.transform(lambda v: 100 * np.expm1(v), lambda v: 100 * np.exp(v))
        table = tabulate(fit, percents, how)
    else:
        table = tabulate(fit, differences, how)
        ratio = np.exp(table["estimate"])
        table = table.assign(
            estimate=100 * (ratio - 1),
            std_error=100 * ratio * table["std_error"],
            conf_low=100 * np.expm1(table["conf_low"]),
            conf_high=100 * np.expm1(table["conf_high"]),
        )
    table = table.assign(reading=reading)
    if approximate:
        told = f"{fit.method}; odds approximated from the standardized difference"
        table = table.assign(method=told)
    return table[ordered_columns(table)]


def _readings(fit: Fit, factor: str) -> str:
    told = (
        "Reading 'mean': difference of mean ratings as a share of the reference group's mean. "
        "Reading 'odds': change of the odds of a higher rating"
    )
    if not _proportional(fit, factor):
        return told + f"; none here, as {factor} changes thresholds or scale as well."
    if fit.odds_exact:
        return told + ", for one and the same rater and item."
    return told + "; from this model only an approximation, by the standardized difference."


def _sentence(table: pd.DataFrame, factor: str) -> str:
    means = table[table["reading"] == "mean"]
    if means["estimate"].isna().all():
        return f"The data do not tell the levels of {factor} apart from other terms of the model."
    largest = means.loc[means["estimate"].abs().idxmax()]
    told = with_interval(largest, ".1f", "%")
    return f"The largest difference by {factor}: {largest['contrast']} {told} of the mean rating."
