"""Differences between levels of a factor, averaged over everything else in the data."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from pluralign_stats.effects.adjust import Adjustment
from pluralign_stats.effects.comparisons import Pairs, compare
from pluralign_stats.effects.options import EffectOptions, Interval, with_options
from pluralign_stats.errors import check_one_of
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.parts import Averaging, Kind
from pluralign_stats.models.predict import rating_sd
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.settings import CONF_LEVEL


@with_options
def contrasts(
    fit: ModelEstimates,
    factor: str,
    *,
    pairs: Pairs = "reference",
    by: str | Sequence[str] | None = None,
    newdata: pd.DataFrame | None = None,
    kind: Kind = "mean",
    averaging: Averaging = "marginal",
    conf_level: float = CONF_LEVEL,
    interval: Interval = "delta",
    adjust: Adjustment = "holm",
    n_draws: int = 1000,
    seed: int = 1,
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

    References
    ----------
    Arel-Bundock, Greifer & Heiss (2024), Journal of Statistical Software 111(9).

    Examples
    --------
    >>> result = pls.contrasts(fit, "politics")
    >>> result.table[["contrast", "estimate"]].round(2).values.tolist()
    [['Centre vs Liberal', -0.09], ['Conservative vs Liberal', -0.04]]
    """
    check_one_of("the factor", factor, fit.design.factors)
    options = EffectOptions(
        by=by, newdata=newdata, kind=kind, averaging=averaging, conf_level=conf_level,
        interval=interval, adjust=adjust, n_draws=n_draws, seed=seed,
    )  # fmt: skip
    result = compare(fit, factor, options, pairs)
    table = result.table
    if kind == "mean":
        table = table.assign(standardized=table["estimate"] / rating_sd(fit))
        table = table[ordered_columns(table)]
    return replace(result, table=table)
