"""The same differences by two models, and where these disagree."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from pluralign_stats.demographics.effects import DemographicEffects
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.notes import Code, is_about, reworded
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.significance import significant
from pluralign_stats.words import counted, first_up, has, is_are, joined, some

_KEYS = ["dimension", "term", "contrast"]

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
        Effects of the same study by two models, such as the ordinal and the linear one, or the
        ordinal and the Bayesian one.

    Returns
    -------
    Result
        One row per contrast and model: columns dimension, term, contrast, model (what they are:
        "ordinal", "linear"; "frequentist", "Bayesian"; two of a kind: "first", "second"), estimate,
        std_error, conf_low, conf_high, p_value, p_adjusted, n_raters, n_ratings, disagree (bool;
        missing where one model has no estimate), method; beside a Bayesian model without std_error
        and p.
    """
    named = _named(first, second)
    credible = any(map(_sampled, (first, second)))
    dropped = ["standardized", "df", *(_UNSHARED if credible else [])]
    tables = [
        result.table.drop(columns=dropped, errors="ignore").assign(model=name)
        for name, result in named.items()
    ]
    same = _same_model(*tables)
    table = pd.concat(tables, ignore_index=True)
    table = table[~table["dimension"].isin(same)].reset_index(drop=True)
    verdict = table["estimate"].gt(0).map({True: "up", False: "down"})
    verdict = verdict.where(significant(table), "open")
    keys = [table[key] for key in _KEYS]
    differ = verdict.groupby(keys, sort=False).transform("nunique") > 1
    both = table["estimate"].groupby(keys, sort=False).transform("count") == len(named)
    table["disagree"] = differ.astype("boolean").where(both)
    place = table.groupby(_KEYS, sort=False, dropna=False).ngroup()
    table = table.iloc[place.argsort(kind="stable")].reset_index(drop=True)
    meta = replace(
        first.differences.meta,
        title="Differences between groups by two models",
        interval="intervals of either model",
        notes=(
            *_told_by({name: _notes(result, credible) for name, result in named.items()}),
            "Disagree: one model finds a clear difference where the other does not, or of the "
            "opposite sign; missing where only one of them has an estimate.",
            *(["Clear: the interval leaves out 0."] if credible else []),
            *([_left_out(same)] if same else []),
        ),
        warnings=_told_by({name: result.warnings for name, result in named.items()}),
    )
    sentence = _left_out(same) if table.empty and same else _sentence(table, named)
    return Result(table[ordered_columns(table)], sentence, meta, figure=FOREST)


def _named(first: DemographicEffects, second: DemographicEffects) -> dict[str, Result]:
    """The differences of both models by what sets these apart."""
    both = (first, second)
    if any(map(_sampled, both)):
        names = ["Bayesian" if _sampled(each) else "frequentist" for each in both]
    else:
        names = ["ordinal" if _ordered(each) else "linear" for each in both]
    if len(set(names)) < len(names):
        names = ["first", "second"]
    return dict(zip(names, (each.differences for each in both), strict=True))


def _sampled(effects: DemographicEffects) -> bool:
    return "prob_positive" in effects.differences.table


def _ordered(effects: DemographicEffects) -> bool:
    return any(fit.family.ordered for fit in effects.fits.values())


def _notes(result: Result, credible: bool) -> list[str]:
    """A model's notes but those on columns that are not shown."""
    unshown = [Code.POSTERIOR_COLUMNS, *([Code.ADJUSTMENT] if credible else [])]
    return [note for note in result.meta.notes if not is_about(note, *unshown)]


def _told_by(texts: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """What both models say, and what only one says as said of it."""
    on: dict[str, list[str]] = {}
    for name, told in texts.items():
        for text in dict.fromkeys(told):
            on.setdefault(text, []).append(name)
    return tuple(
        text if len(names) == len(texts) else reworded(text, f"{first_up(names[0])} model: {text}")
        for text, names in on.items()
    )


def _same_model(first: pd.DataFrame, second: pd.DataFrame) -> list[str]:
    """Dimensions on which both effects come from one kind of model."""
    by = ["dimension", "method"]
    return list(first[by].drop_duplicates().merge(second[by].drop_duplicates())["dimension"])


def _left_out(dimensions: list[str]) -> str:
    return (
        f"Nothing is compared on {joined(dimensions)}, where both models are the same: ratings "
        "there are numbers, for which there is no ordinal model."
    )


def _sentence(table: pd.DataFrame, named: Mapping[str, Result]) -> str:
    compared = table[table["disagree"].notna()]
    if compared.empty:
        told = {name: result.sentence.rstrip(".") for name, result in named.items()}
        each = [f"{name}: {text}" for name, text in told.items()]
        why = "; ".join(each if len(set(told.values())) > 1 else set(told.values()))
        return f"No difference has an estimate by both models, so nothing is compared. {why}."
    first, second = named
    wide = compared.pivot(index=_KEYS, columns="model", values="estimate")
    gaps = (wide[first] - wide[second]).abs()
    n, differ = len(gaps), compared[compared["disagree"]].drop_duplicates(_KEYS)
    gap = f"the largest gap between their estimates is {gaps.max():.2f} rating points"
    apart = gap if n > 1 else f"their estimates lie {gaps.max():.2f} rating points apart"
    lost = table[table["disagree"].isna()].drop_duplicates(_KEYS)
    alone = f" {counted(len(lost), 'difference')} more {has(len(lost))} no estimate by one of them."
    apart += f".{alone if len(lost) else ''}"
    both = f"The {first} and the {second} model"
    if differ.empty:
        which = (
            f"which of {n} differences are clear"
            if n > 1
            else "whether the one difference is clear"
        )
        return f"{both} agree on {which}; {apart}"
    shown = some(f"{row.term}: {row.contrast} on {row.dimension}" for row in differ.itertuples())
    are = f"{len(differ)} of {counted(n, 'difference')} {is_are(len(differ))} clear"
    return f"{both} disagree on whether {are} ({shown}); {apart}"
