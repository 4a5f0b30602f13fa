"""Differences between levels of a factor, averaged over everything else in the data."""

from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from pluralign_stats.effects.comparisons import Pairs, comparisons
from pluralign_stats.effects.draws import apart_from_zero
from pluralign_stats.effects.rows import rating_sd
from pluralign_stats.errors import InputError, one_of
from pluralign_stats.formatting import with_interval
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.settings import SIGNIFICANCE
from pluralign_stats.words import counted, has


def contrasts(
    fit: ModelEstimates, factor: str, *, pairs: Pairs = "reference", **options: Any
) -> Result:
    """Differences between levels of a factor.

    All ratings are predicted as if everyone had the one level and then the other, everything else
    as it is, averaged over the data and over raters and items.

    Parameters
    ----------
    fit
        A fitted model.
    factor
        One of its categorical variables.
    pairs
        Each level against the ``"reference"``, ``"all"`` pairs, or ``"sequential"`` ones.
    options
        by, newdata, kind (``"mean"`` in rating points, or ``"linear"``), averaging, conf_level,
        interval, adjust, n_draws, seed: as for `comparisons`.

    Returns
    -------
    Result
        Columns term, contrast, group (with `by`), estimate, std_error, conf_low, conf_high,
        p_value, p_adjusted, n_raters, n_ratings (of the level named first), standardized (of
        means: the estimate in standard deviations of a single rating), method. Of a Bayesian fit,
        sd and prob_positive take the place of std_error and of p.

    Raises
    ------
    InputError
        If `factor` is not a categorical variable of the model, or an option is unknown.
    """
    if factor not in fit.design.factors:
        raise InputError(one_of("the factor", factor, fit.design.factors))
    result = comparisons(fit, factor, pairs=pairs, **options)
    table = result.table
    if options.get("kind", "mean") == "mean":
        table = table.assign(standardized=table["estimate"] / rating_sd(fit))
        table = table[ordered_columns(table)]
    retell = partial(_sentence, factor=factor, unit=result.meta.unit)
    backing = result.backing and replace(result.backing, retell=retell)
    return replace(result, table=table, sentence=retell(table), backing=backing)


def _sentence(table: pd.DataFrame, factor: str, unit: str) -> str:
    if table["estimate"].isna().all():
        return f"The data do not tell the levels of {factor} apart from other terms of the model."
    table = table.dropna(subset="estimate")
    largest = table.loc[table["estimate"].abs().idxmax()]
    where = f" ({largest['group']})" if "group" in table else ""
    if "prob_positive" in table:
        clear, what = apart_from_zero(table), "a credible interval that leaves out 0"
    else:
        clear = int((table["p_adjusted"] < SIGNIFICANCE).sum())
        what = f"an adjusted p below {SIGNIFICANCE}"
        if table["p_value"].isna().all():
            return f"The data are too few to test differences by {factor}."
    it = "it" if len(table) == 1 else "the largest"
    return (
        f"{clear} of {counted(len(table), 'difference')} by {factor} {has(clear)} {what}; {it} is "
        f"{largest['contrast']}{where}: {with_interval(largest, '.2f', unit)}."
    )
