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
from functools import partial

import numpy as np
import pandas as pd

from pluralign_stats.backing import stacked
from pluralign_stats.effects.adjust import Adjustment
from pluralign_stats.effects.comparisons import (
    Pairs,
    averaged_settings,
    contrast_backing,
    contrast_groups,
)
from pluralign_stats.effects.estimates import Estimates, Inference, infer, tabulate
from pluralign_stats.effects.options import EffectOptions, Interval, with_options
from pluralign_stats.effects.predictions import notes
from pluralign_stats.errors import check_one_of
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.formatting import minus, with_interval
from pluralign_stats.models.bayes.fit import BayesLinearEstimates
from pluralign_stats.models.engine.links import LATENT_SD
from pluralign_stats.models.few_units import FewUnits, few_units
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.parts import Averaging
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.settings import CONF_LEVEL

#: Columns that hold what was estimated.
_NUMBERS = {"estimate", "std_error", "sd", "conf_low", "conf_high", "prob_positive"}
_NUMBERS |= {"p_value", "p_adjusted"}

#: On a scale that begins at 0 a mean is near 0 if it is no larger than this share of the largest
#: rating, or than so many standard errors.
NEAR_ZERO, FEW_ERRORS = 0.05, 5.0


@with_options
def percent(
    fit: ModelEstimates,
    factor: str,
    *,
    pairs: Pairs = "reference",
    by: str | Sequence[str] | None = None,
    newdata: pd.DataFrame | None = None,
    averaging: Averaging = "marginal",
    conf_level: float = CONF_LEVEL,
    interval: Interval = "delta",
    adjust: Adjustment = "holm",
    n_draws: int = 1000,
    seed: int = 1,
    lowest: float | None = None,
) -> Result:
    """Differences between levels of a factor in percent, in both readings.

    Parameters
    ----------
    fit
        A fitted model.
    factor
        One of its categorical variables, or a number, which is raised by 1 for everyone.
    pairs
        As for `comparisons`.
    lowest
        Lowest rating of the scale; by default the lowest in the data. A difference is a share of a
        mean only on a scale without negative ratings, and where that mean is not near 0: elsewhere
        the reading ``"mean"`` has no numbers, and a note says so.

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
        If `factor` is not a variable of the model, or an option is unknown.

    References
    ----------
    Agresti (2010), Analysis of Ordinal Categorical Data, 2nd edition, Wiley, chapter 3, for the
    odds reading.
    Hasselblad & Hedges (1995), Psychological Bulletin 117, equation 4, and Chinn (2000),
    Statistics in Medicine 19, 3127-3131, for its approximation by models without odds.

    Examples
    --------
    >>> table = pls.percent(fit, "gender").table
    >>> table[["reading", "contrast"]].head(2).values.tolist()
    [['mean', 'Male vs Female'], ['mean', 'Non-binary vs Female']]
    """
    check_one_of("the variable", factor, fit.design.fixed_variables)
    shared = EffectOptions(
        by=by, newdata=newdata, averaging=averaging, conf_level=conf_level, interval=interval,
        adjust=adjust, n_draws=n_draws, seed=seed,
    )  # fmt: skip
    how = infer(fit, shared)
    few = few_units(fit, factor)
    rows, compared, means = averaged_settings(fit, factor, shared, pairs)
    known, why = _shares_of(fit, means, how, lowest)
    _, _, linear = averaged_settings(fit, factor, replace(shared, kind="linear"), pairs)
    tables, backings = [], []
    for reading, logs in (("mean", _logs(means, known)), ("odds", _log_odds(fit, linear))):
        differences = contrast_groups(fit, rows, compared, logs)
        tables.append(_percent_table(fit, factor, differences, how, few, reading))
        backings.append(contrast_backing(fit, rows, compared, differences, adjust))
    whole = pd.concat(tables, ignore_index=True)
    retell = partial(_sentence, factor=factor)
    return Result.of(
        fit,
        whole,
        retell(whole),
        f"Differences by {factor} in percent",
        unit="percent",
        conf_level=conf_level,
        interval=how.kind,
        notes=(
            _readings(fit, factor),
            why,
            "Raters and ratings are counted in the group named first.",
            *notes(fit, rows.n_dropped, shared),
            few.note if few else None,
            how.note,
        ),
        backing=stacked(backings, retell),
        figure=FOREST,
    )


def _shares_of(
    fit: ModelEstimates, made: Estimates, how: Inference, lowest: float | None
) -> tuple[np.ndarray, str]:
    """(m,) of which averages others can be a share, and why not of all; empty where of all."""
    family = fit.family
    scale = family.scores if family.ordered else family.scale
    given = scale if len(scale) else fit.design.y.astype(float)
    least = float(given.min()) if lowest is None else lowest
    # Numbers without a scale may be negative by their spread alone.
    scaled = lowest is not None or len(scale) > 0
    if least < 0 and scaled:
        none = np.zeros(len(made.estimate), dtype=bool)
        return none, (
            f"No differences as a share of the mean: ratings go down to {minus(f'{least:g}')}, and "
            "on a scale with negative ratings a share of a mean has no meaning."
        )
    table = tabulate(fit, made, how, test=False)
    error = table["sd" if how.credible else "std_error"].to_numpy()
    limit = given.std() if least < 0 else NEAR_ZERO * given.max()
    mean = table["estimate"].to_numpy()
    near = np.isfinite(mean) & ((mean <= limit) | (mean <= FEW_ERRORS * error)) & (least <= 0)
    return ~near, (
        "Differences from a mean that is near 0 are not given as a share of it: such a share tells "
        "how near to 0 it is, and little else."
        if near.any()
        else ""
    )


def _logs(made: Estimates, shared: np.ndarray) -> Estimates:
    """Logs of averages, missing where others can be no share of them, and unless they are above 0.

    `shared` (m,) tells of which they can.
    """

    def above(values: np.ndarray) -> np.ndarray:
        return np.where(shared & (values > 0), values, np.nan)

    return made.transform(lambda v: np.log(above(v)), lambda v: 1 / above(v))


def _log_odds(fit: ModelEstimates, made: Estimates) -> Estimates:
    """Linear predictors in log odds."""
    factor = fit.family.odds_scale
    scaled = made.transform(lambda v: factor * v, lambda v: np.full(v.shape, factor))
    if not isinstance(fit, BayesLinearEstimates):
        return scaled
    each = LATENT_SD["logit"] / np.exp(fit.draws.log_scale)
    return replace(scaled, at=lambda points: each * made.at(points))


def _percent_table(
    fit: ModelEstimates,
    factor: str,
    differences: Estimates,
    how: Inference,
    few: FewUnits | None,
    reading: str,
) -> pd.DataFrame:
    """One reading's rows, from differences of logs."""
    if how.credible:
        percents = differences.transform(lambda v: 100 * np.expm1(v), lambda v: 100 * np.exp(v))
        table = tabulate(fit, percents, how)
    else:
        table = tabulate(fit, differences, how, few=[few])
        ratio = np.exp(table["estimate"])
        table = table.assign(
            estimate=100 * (ratio - 1),
            std_error=100 * ratio * table["std_error"],
            conf_low=100 * np.expm1(table["conf_low"]),
            conf_high=100 * np.expm1(table["conf_high"]),
        )
    table = table.assign(reading=reading)
    if reading == "odds" and not fit.family.odds_exact:
        told = f"{fit.method}; odds approximated from the standardized difference"
        table = table.assign(method=told)
    if reading == "odds" and factor in fit.design.changing:
        table = table.assign(**dict.fromkeys(_NUMBERS & set(table), np.nan))
    return table[ordered_columns(table)]


def _readings(fit: ModelEstimates, factor: str) -> str:
    whose = "the reference group's mean" if factor in fit.design.factors else "the mean"
    told = (
        f"Reading 'mean': difference of mean ratings as a share of {whose}. "
        "Reading 'odds': change of the odds of a higher rating"
    )
    if factor in fit.design.changing:
        return told + f"; none here, as {factor} changes thresholds or scale as well."
    if fit.family.odds_exact and not fit.family.ordered:
        return told + (
            " than the lowest, and of the highest, and of the mean between the ends as a share of "
            "the scale, for one and the same rater and item."
        )
    if fit.family.odds_exact:
        return told + ", for one and the same rater and item."
    return told + "; from this model only an approximation, by the standardized difference."


def _sentence(table: pd.DataFrame, factor: str) -> str:
    known = table.dropna(subset="estimate")
    if known.empty:
        return f"The data do not tell the levels of {factor} apart from other terms of the model."
    means = known[known["reading"] == "mean"]
    some, what = (means, "of the mean rating") if len(means) else (known, "of the odds")
    largest = some.loc[some["estimate"].abs().idxmax()]
    told = with_interval(largest, ".1f", f"% {what}")
    the = "The" if len(some) == 1 else "The largest"
    return f"{the} difference by {factor}: {largest['contrast']} {told}."
