"""Whether predicted shares of ratings agree with those observed."""

import numpy as np
import pandas as pd

from pluralign_stats.checks.groups import Groups, group_rows, repeated, whole
from pluralign_stats.checks.protocol import Check
from pluralign_stats.checks.raters import counted_backing
from pluralign_stats.checks.replicates import OF_THE_MODEL, P_TOLD, Comparison, Data, compare
from pluralign_stats.formatting import plain_rating
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.settings import CONF_LEVEL, SIGNIFICANCE
from pluralign_stats.words import p_told


def calibration_check(
    fit: ModelEstimates,
    by: str | pd.Series | None = None,
    *,
    n_simulations: int = 200,
    conf_level: float = CONF_LEVEL,
    seed: int = 0,
) -> Check:
    """Compare predicted with observed shares of every category, over all and by group.

    Predictions are averaged over the distribution of the random effects. A linear model predicts
    no shares: there it is the mean rating.

    Parameters
    ----------
    fit
        A linear or ordinal fit.
    by
        A variable by whose levels to look; None for groups of similar fitted ratings. Also a
        series, for variables outside the model.
    n_simulations
        Data sets drawn from the model, each with predictions from a fit of its own (see
        `replicates`).
    conf_level
        Share of them within the limits shown.
    seed
        Of the random numbers.

    Returns
    -------
    Check
        Table with columns term, group, rating (ordinal models), estimate (predicted), conf_low and
        conf_high (limits for the observed value if the model is right), n_raters, n_ratings,
        observed, method. Groups of fewer raters than `settings.MIN_CELL` are not shown. Passed
        unless fewer than 5 % of the data sets from the model depart as far from its predictions.

    Raises
    ------
    InputError
        If an argument cannot be used.

    References
    ----------
    Davison & Hinkley (1997), Bootstrap Methods and their Application, Cambridge University
    Press, section 4.2.3.

    Examples
    --------
    >>> pls.checks.calibration_check(fit, "gender", n_simulations=39).passed
    True
    """
    blocks = (whole(fit), group_rows(fit, by))
    predicted: list[np.ndarray] = []

    def gaps(data: Data) -> np.ndarray:
        expected = np.vstack([g.means(data.predicted(), data.weight) for g in blocks])
        found = np.vstack([g.means(data.observed(), data.weight) for g in blocks])
        predicted.append(expected)
        return (found - expected).ravel()

    compared = compare(fit, gaps, n_simulations, seed)
    p = compared.p_value()
    table = _table(fit, blocks, predicted[0], compared, conf_level)
    unit = "share of ratings" if fit.family.ordered else "rating points"
    result = Result.of(
        fit,
        table,
        _sentence(table, p),
        f"Predicted and observed {'shares' if fit.family.ordered else 'ratings'}",
        unit=unit,
        conf_level=conf_level,
        interval=f"limits from {n_simulations:,} data sets drawn from the model",
        notes=(
            "Estimate: predicted, averaged over the distribution of the random effects; between "
            "the limits the observed value should lie if the model is right.",
            P_TOLD,
            None if by is None else OF_THE_MODEL,
            *blocks[1].notes,
        ),
        backing=counted_backing(fit, table),
    )
    return Check("calibration", p >= SIGNIFICANCE, result, p_value=p)


def _table(
    fit: ModelEstimates,
    blocks: tuple[Groups, ...],
    predicted: np.ndarray,
    compared: Comparison,
    conf_level: float,
) -> pd.DataFrame:
    low, high = compared.limits(conf_level)
    expected = predicted.ravel()
    table = repeated(blocks, predicted.shape[1]).assign(
        estimate=expected,
        conf_low=expected + low,
        conf_high=expected + high,
        observed=expected + compared.observed,
        method=str(fit.method),
    )
    if fit.family.ordered:
        table["rating"] = list(fit.family.categories) * len(predicted)
    return table[ordered_columns(table)]


def _sentence(table: pd.DataFrame, p: float) -> str:
    gap = table["observed"] - table["estimate"]
    worst = table.loc[gap.abs().idxmax()]
    where = {
        "All ratings": "over all ratings",
        "Fitted rating": f"where the fitted rating is {worst['group']}",
    }.get(worst["term"], f"for {worst['group']} ({worst['term']})")
    what = f"in ratings of {plain_rating(worst['rating'])} " if "rating" in table else ""
    form = ".1%" if "rating" in table else ".2f"
    told = (
        f"the largest gap is {what}{where}: predicted {worst['estimate']:{form}}, observed "
        f"{worst['observed']:{form}}"
    )
    if p >= SIGNIFICANCE:
        return f"Predictions agree with what was observed within chance ({p_told(p)}); {told}."
    return f"Predictions differ from what was observed by more than chance ({p_told(p)}); {told}."
