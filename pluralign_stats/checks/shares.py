"""What share of each rating a model predicts for the groups of one variable."""

import pandas as pd

from pluralign_stats.checks.groups import group_rows
from pluralign_stats.checks.raters import counted_backing
from pluralign_stats.effects.joint_tests import joint_test
from pluralign_stats.effects.predictions import predictions
from pluralign_stats.errors import InputError, NotApplicableError, check_one_of
from pluralign_stats.figures.charts import SHARES
from pluralign_stats.formatting import plain_rating
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.predict import predict
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL

_COLUMNS = ["term", "group", "rating", "estimate", "std_error", "conf_low", "conf_high"]
_COLUMNS += ["n_raters", "n_ratings", "method"]


def predicted_shares(
    fit: ModelEstimates, by: str = "", *, min_cell: int = MIN_CELL, conf_level: float = CONF_LEVEL
) -> Result:
    """Predict the share of each rating by group, without groups too small to be shown.

    As in `contrasts`, every row is predicted as if it were of each group in turn, so that groups
    do not differ in the other variables; shares are averaged over the random effects.

    Parameters
    ----------
    fit
        An ordinal fit.
    by
        A factor of the model; empty for the one with the clearest effect (smallest p of
        `joint_test`).
    min_cell
        Fewest raters of a group.
    conf_level
        Level of the intervals.

    Returns
    -------
    Result
        Columns term, group, rating, estimate, std_error, conf_low, conf_high, n_raters, n_ratings,
        method; empty where fewer than two groups can be shown, or other terms of the model
        determine the factor.

    Raises
    ------
    InputError
        If the fit predicts no shares, the model has no such factor.

    References
    ----------
    Arel-Bundock, Greifer & Heiss (2024), Journal of Statistical Software 111(9).

    Examples
    --------
    >>> pls.checks.predicted_shares(fit, "gender").table.shape
    (15, 10)
    """
    if not fit.family.ordered:
        raise NotApplicableError(
            "shares of single ratings come from ordinal models, and this model takes ratings for "
            "numbers; look at its predicted means: predictions(fit, by=...)"
        )
    term = by or _clearest(fit)
    check_one_of("the factor", term, _factors(fit))
    try:
        groups = group_rows(fit, term, min_cell)
    except InputError as error:
        return _nothing(fit, term, f"No shares are shown: {error}.")
    if len(groups.labels) < 2:
        return _nothing(fit, term, f"Only one group of {term} is large enough to be shown.")
    data = fit.design.data
    everyone = pd.concat(
        [
            data.assign(**{term: pd.Series(level, data.index, data[term].dtype)})
            for level in groups.labels
        ],
        ignore_index=True,
    )
    if predict(fit, everyone, kind="linear").isna().any():
        told = f"Shares by {term} cannot be predicted: other variables cannot be held equal."
        return _nothing(fit, term, told)
    made = predictions(fit, by=term, newdata=everyone, kind="probability", conf_level=conf_level)
    return Result.of(
        made,
        made.table,
        _sentence(made.table),
        made.meta.title,
        unit="share of ratings",
        conf_level=conf_level,
        interval="delta-method intervals",
        notes=("All other variables are held equal.", *made.meta.notes, *groups.notes),
        warnings=made.meta.warnings,
        backing=counted_backing(fit, made.table),
        figure=SHARES,
    )


def _factors(fit: ModelEstimates) -> list[str]:
    data = fit.design.data
    return [v for v in fit.design.fixed_variables if not pd.api.types.is_numeric_dtype(data[v])]


def _clearest(fit: ModelEstimates) -> str:
    if not _factors(fit):
        raise NotApplicableError(
            "the model has no factor by whose levels shares could be predicted"
        )
    p = pd.Series({v: _p_value(fit, v) for v in _factors(fit)})
    return str(p.fillna(1.0).idxmin())


def _p_value(fit: ModelEstimates, factor: str) -> float:
    """Of the joint test of a factor; 1 where it has no effects of its own on the level."""
    try:
        return float(joint_test(fit, factor).table["p_value"].iloc[0])
    except InputError:
        return 1.0


def _nothing(fit: ModelEstimates, term: str, sentence: str) -> Result:
    return Result.of(
        fit,
        pd.DataFrame(columns=_COLUMNS),
        sentence,
        f"Predicted shares of ratings by {term}",
        figure=SHARES,
    )


def _sentence(table: pd.DataFrame) -> str:
    """Name the rating whose share differs most between two groups; of two ratings the higher."""
    wide = table.pivot(index="group", columns="rating", values="estimate")
    apart = (wide.max() - wide.min()).round(12)
    rating = apart[::-1].idxmax()
    low, high = wide[rating].idxmin(), wide[rating].idxmax()
    if apart[rating] < 0.01:
        return (
            f"By {table['term'].iloc[0]}, no predicted share differs by as much as one percentage "
            f"point between groups: most that of a rating of {plain_rating(rating)}, "
            f"{wide.loc[low, rating]:.1%} for {low} and {wide.loc[high, rating]:.1%} for {high}."
        )
    return (
        f"The share that differs most by {table['term'].iloc[0]} is that of a rating of "
        f"{plain_rating(rating)}: {wide.loc[low, rating]:.0%} for {low} and "
        f"{wide.loc[high, rating]:.0%} for {high}."
    )
