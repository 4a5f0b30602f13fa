"""The same differences by two models, and where these disagree."""

import pandas as pd

from pluralign_stats.effects.demographics import DemographicEffects
from pluralign_stats.results import Metadata, Result, ordered_columns
from pluralign_stats.settings import SIGNIFICANCE

_KEYS = ["dimension", "term", "contrast"]


def side_by_side(ordinal: DemographicEffects, linear: DemographicEffects) -> Result:
    """Set the differences of an ordinal and a linear model beside each other.

    Both are differences of mean ratings between groups, averaged over raters and items, so that
    their numbers compare. The models are said to disagree where one finds a clear difference
    (adjusted p) and the other does not, or both find clear ones of opposite sign.

    Parameters
    ----------
    ordinal, linear
        Effects of the same study by either model.

    Returns
    -------
    Result
        One row per contrast and model: columns dimension, term, contrast, model, estimate,
        std_error, conf_low, conf_high, p_value, p_adjusted, n_raters, n_ratings, disagree,
        method.
    """
    named = {"ordinal": ordinal.differences, "linear": linear.differences}
    tables = [result.table.assign(model=name) for name, result in named.items()]
    table = pd.concat(tables, ignore_index=True).drop(
        columns=["standardized", "df"], errors="ignore"
    )
    verdict = table["estimate"].gt(0).map({True: "up", False: "down"})
    verdict = verdict.where(table["p_adjusted"] < SIGNIFICANCE, "open")
    differ = verdict.groupby([table[key] for key in _KEYS], sort=False).transform("nunique") > 1
    table["disagree"] = differ.map({True: "yes", False: "no"})
    order = {name: k for k, name in enumerate(table[_KEYS].drop_duplicates().agg(" ".join, axis=1))}
    place = table[_KEYS].agg(" ".join, axis=1).map(order)
    table = table.iloc[place.argsort(kind="stable")].reset_index(drop=True)
    first = ordinal.differences.meta
    meta = Metadata(
        "Differences between groups by two models",
        first.data,
        first.unit,
        first.conf_level,
        "intervals of either model",
        (
            *first.notes,
            "Disagree: one model finds a clear difference where the other does not, or of the "
            "opposite sign.",
        ),
        tuple(dict.fromkeys(text for result in named.values() for text in result.warnings)),
    )
    return Result(table[ordered_columns(table)], _sentence(table), meta)


def _sentence(table: pd.DataFrame) -> str:
    if table.empty:
        return "There are no differences to compare."
    wide = table.pivot_table(index=_KEYS, columns="model", values="estimate", sort=False)
    gap = (wide["ordinal"] - wide["linear"]).abs().max()
    differ = table[table["disagree"] == "yes"].drop_duplicates(_KEYS)
    told = f"the largest gap between their estimates is {gap:.2f} rating points"
    if differ.empty:
        return (
            f"The ordinal and the linear model agree on which of {len(wide)} differences are "
            f"clear; {told}."
        )
    named = [
        f"{row.term}: {row.contrast} on {row.dimension.lower()}" for row in differ.itertuples()
    ]
    shown = "; ".join(named[:4]) + ("; and others" if len(named) > 4 else "")
    return (
        f"The ordinal and the linear model disagree on whether {len(named)} of {len(wide)} "
        f"differences are clear ({shown}); {told}."
    )
