"""The same differences by two models, and where these disagree."""

from dataclasses import replace

import pandas as pd

from pluralign_stats.effects.demographics import DemographicEffects, clear_ones
from pluralign_stats.effects.draws import COLUMNS
from pluralign_stats.results import Result, ordered_columns

_KEYS = ["dimension", "term", "contrast"]


#: What the two of a pair are called.
_ORDINAL = ("ordinal", "linear")
_POSTERIOR = ("frequentist", "Bayesian")

#: Of a frequentist and a Bayesian model, what only one of them has.
_UNSHARED = ["std_error", "sd", "p_value", "p_adjusted", "prob_positive"]


def side_by_side(first: DemographicEffects, second: DemographicEffects) -> Result:
    """Set the differences of two models beside each other.

    Both are differences of mean ratings between groups, averaged over raters and items, so that
    their numbers compare. The models are said to disagree where one finds a clear difference
    and the other does not, or both find clear ones of opposite sign. Clear is what has an adjusted
    p below the limit; beside a Bayesian model, what has an interval that leaves out 0, in both.

    Parameters
    ----------
    first, second
        Effects of the same study by the ordinal and the linear model, or by the ordinal model and
        the Bayesian one.

    Returns
    -------
    Result
        One row per contrast and model: columns dimension, term, contrast, model, estimate,
        std_error, conf_low, conf_high, p_value, p_adjusted, n_raters, n_ratings, disagree,
        method; beside a Bayesian model without std_error and p.
    """
    credible = "prob_positive" in second.differences.table
    names = _POSTERIOR if credible else _ORDINAL
    named = dict(zip(names, (first.differences, second.differences), strict=True))
    dropped = ["standardized", "df", *(_UNSHARED if credible else [])]
    tables = [
        result.table.drop(columns=dropped, errors="ignore").assign(model=name)
        for name, result in named.items()
    ]
    table = pd.concat(tables, ignore_index=True)
    verdict = table["estimate"].gt(0).map({True: "up", False: "down"})
    verdict = verdict.where(clear_ones(table), "open")
    differ = verdict.groupby([table[key] for key in _KEYS], sort=False).transform("nunique") > 1
    table["disagree"] = differ.map({True: "yes", False: "no"})
    place = table.groupby(_KEYS, sort=False, dropna=False).ngroup()
    table = table.iloc[place.argsort(kind="stable")].reset_index(drop=True)
    meta = (second if credible else first).differences.meta
    meta = replace(
        meta,
        title="Differences between groups by two models",
        interval="intervals of either model",
        notes=(
            *(note for note in meta.notes if note != COLUMNS),
            "Disagree: one model finds a clear difference where the other does not, or of the "
            "opposite sign.",
            *(["Clear: the interval leaves out 0."] if credible else []),
        ),
        warnings=tuple(
            dict.fromkeys(text for result in named.values() for text in result.warnings)
        ),
    )
    return Result(table[ordered_columns(table)], _sentence(table, names), meta)


def _sentence(table: pd.DataFrame, names: tuple[str, str]) -> str:
    if table.empty:
        return "There are no differences to compare."
    wide = table.pivot_table(index=_KEYS, columns="model", values="estimate", sort=False)
    wide = wide.reindex(columns=list(names))
    gap = (wide[names[0]] - wide[names[1]]).abs().max()
    differ = table[table["disagree"] == "yes"].drop_duplicates(_KEYS)
    told = f"the largest gap between their estimates is {gap:.2f} rating points"
    both = f"The {names[0]} and the {names[1]} model"
    if differ.empty:
        return f"{both} agree on which of {len(wide)} differences are clear; {told}."
    named = [f"{row.term}: {row.contrast} on {row.dimension}" for row in differ.itertuples()]
    shown = "; ".join(named[:4]) + ("; and others" if len(named) > 4 else "")
    return (
        f"{both} disagree on whether {len(named)} of {len(wide)} differences are clear ({shown}); "
        f"{told}."
    )
