"""Tables of what covariates do, with what may be told of their levels."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from pluralign_stats.backing import COUNT_WITHHELD
from pluralign_stats.demographics.covariate_models import methods
from pluralign_stats.demographics.covariate_parts import Part
from pluralign_stats.demographics.effects import ADJUSTED
from pluralign_stats.describe.disclosure import COUNTS
from pluralign_stats.effects.adjust import holm
from pluralign_stats.effects.comparisons import comparisons
from pluralign_stats.effects.percent import percent
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.formatting import with_interval
from pluralign_stats.models.predict import rating_sd
from pluralign_stats.notes import Code, Note, is_about, reworded
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.significance import criterion, significant
from pluralign_stats.study.study import Study
from pluralign_stats.suppression import few, suppressed
from pluralign_stats.words import counted, has, joined

_COLUMNS = ["dimension", "term", "contrast", "level", "reference", "reading", "estimate"]
_COLUMNS += ["std_error", "conf_low", "conf_high", "p_value", "p_adjusted", "n_raters", "n_ratings"]
_COLUMNS += ["method"]

_TITLE = "Differences by covariates"

#: Note on what else differs with a covariate.
_ALONE = (
    "Each covariate has a model of its own, in which the demographics are held equal and other "
    "covariates are not: what goes with a covariate is part of its difference."
)

#: Note on percentages.
_ONE_TEST = "p: of the difference in rating points, one test for one contrast in either reading."


def covariate_tables(
    study: Study,
    parts: Sequence[Part],
    names: Sequence[str],
    reasons: Sequence[tuple[str, str]],
    numbers: str,
    min_cell: int,
    conf_level: float,
) -> tuple[Result, Result]:
    """Differences in rating points, and in percent.

    Parameters
    ----------
    parts
        Models of covariates.
    names
        Covariates that were looked at.
    reasons
        Dimensions on which a covariate has no model, and why.
    numbers
        On which dimensions ratings are numbers.
    min_cell
        Fewest raters of a level that is shown.
    conf_level
        Level of the intervals.
    """
    both = [_tables(study, part, min_cell, conf_level) for part in parts]
    kept = [k for k, (points, _) in enumerate(both) if points.table["estimate"].notna().any()]
    lost = [
        (part.dimension, _undetermined(study, part))
        for k, part in enumerate(parts)
        if k not in kept
    ]
    lacking = _summed(study, [*lost, *reasons])
    if not kept:
        nothing = _nothing(study, names, lacking)
        return nothing, nothing
    some = [parts[k] for k in kept]
    points, percents = (
        _collect(study, some, [both[k][which] for k in kept], lacking, numbers, min_cell)
        for which in (0, 1)
    )
    how = " ".join(dict.fromkeys(_short(study, part) for part in some))
    return (
        replace(points, sentence=f"{_sentence(points)} {how}"),
        replace(percents, sentence=_percent_sentence(percents)),
    )


def _undetermined(study: Study, part: Part) -> str:
    """Why a model says nothing of its covariate, and with which demographic it goes."""
    label, design, name = study.codebook.label, part.fitted.fit.design, part.covariate
    told = f"the data do not tell {label(name)} apart from other terms of the model"
    others = [other for other in study.demographics if other in design.fixed_variables]
    if part.step is not None or not others:
        return told
    largest = {
        other: pd.crosstab(design.rated[0][other], design.rated[0][name]) for other in others
    }
    shares = {other: t.max(axis=1).sum() / t.sum().sum() for other, t in largest.items()}
    nearest = label(max(shares, key=lambda other: shares[other]))
    return f"{told}, of which {nearest} is nearest; name in 'demographics' others to hold equal"


def _tables(study: Study, part: Part, min_cell: int, conf_level: float) -> tuple[Result, Result]:
    """Differences in points and in percent, of levels of enough raters, under readers' words."""
    fit, name = part.fitted.fit, part.covariate
    points = comparisons(fit, name, conf_level=conf_level)
    lowest = study.codebook.dimensions[part.dimension].scale.low
    shares = percent(fit, name, conf_level=conf_level, lowest=lowest)
    points, shares = (result.labelled(study.labels) for result in (points, shares))
    shown = points.table["n_raters"] >= min_cell
    tested = holm(points.table["p_value"].where(shown).to_numpy())
    table = points.table.assign(
        p_adjusted=tested, standardized=points.table["estimate"] / rating_sd(fit)
    )
    same = {c: np.tile(table[c], 2) for c in ("p_value", "p_adjusted")}
    known = shares.table["estimate"].notna()
    twice = shares.table.assign(**{c: pd.Series(p).where(known) for c, p in same.items()})
    return (
        replace(points, table=_worded(study, part, table[shown], min_cell)),
        replace(shares, table=_worded(study, part, twice[np.tile(shown, 2)], min_cell)),
    )


def _worded(study: Study, part: Part, table: pd.DataFrame, min_cell: int) -> pd.DataFrame:
    """A table under readers' labels, without counts that would tell of few raters."""
    label = study.codebook.label
    hidden = _hidden(study, part, table, min_cell)
    table = table.assign(**{c: table[c].mask(hidden) for c in COUNTS if c in table})
    if part.step is not None:
        table = table.assign(contrast=part.step.told, level=part.step.told, reference="")
    return table.assign(dimension=label(part.dimension), term=label(part.covariate))


def _hidden(study: Study, part: Part, table: pd.DataFrame, min_cell: int) -> np.ndarray:
    """(m,) of which rows counts would tell how many of few raters there are.

    They would where they are by few raters less than those of the study or of the model; of what
    is the same in all ratings of a rater also where a level's could be taken from the total.
    """
    name, given = part.covariate, study.ratings.dropna(subset="rating")
    n = table["n_raters"].to_numpy(dtype=float)
    everyone = np.array([[given["rater"].nunique()], [part.fitted.fit.design.raters.n]])
    hidden = few(everyone - n, min_cell).any(axis=0)
    if part.step is not None or "rater" not in part.fitted.spread.same:
        return hidden
    levels = given[name].cat.add_categories("").fillna("")
    whole = given["rater"].groupby(levels, observed=True).nunique()
    whole.index = whole.index.astype(str)
    small = pd.Series(suppressed(whole.to_numpy(), min_cell), whole.index)
    lost = whole.reindex(table["level"]).to_numpy() - n
    few_lost = (lost > 0) & few(lost, min_cell).any()
    return hidden | few_lost | small.reindex(table["level"]).to_numpy(dtype=bool)


def _collect(
    study: Study,
    parts: Sequence[Part],
    results: Sequence[Result],
    lacking: Sequence[str],
    numbers: str,
    min_cell: int,
) -> Result:
    """Tables of several covariates and dimensions, one below the other."""
    first = results[0].meta
    table = pd.concat([result.table for result in results], ignore_index=True)
    notes = [
        *_said(study, parts, [_methods(study, part) for part in parts]),
        *_said(study, parts, [_notes(study, p, r) for p, r in zip(parts, results, strict=True)]),
        _references(study, parts),
        _ALONE,
        ADJUSTED.replace("demographic", "covariate"),
        _ONE_TEST if first.unit == "percent" else "",
        numbers,
        f"Not compared: {'; '.join(lacking)}." if lacking else "",
        COUNT_WITHHELD if table["n_raters"].isna().any() else "",
        _withheld(study, parts, min_cell),
    ]
    told = [_warnings(study, p, result, min_cell) for p, result in zip(parts, results, strict=True)]
    return Result.of(
        study,
        table[ordered_columns(table.columns)],
        "",
        f"{_TITLE}{' in percent' if first.unit == 'percent' else ''}",
        unit=first.unit,
        conf_level=first.conf_level,
        interval=first.interval,
        notes=notes,
        warnings=_said(study, parts, told),
        figure=FOREST,
    )


def _methods(study: Study, part: Part) -> list[str]:
    """What the model of a covariate is, and what was tried before it."""
    label = study.codebook.label(part.covariate)
    return [methods(part.fitted, label), *(f"{label}: {t}" for t in part.fitted.simplified)]


def _notes(study: Study, part: Part, result: Result) -> list[str]:
    """A model's own notes, under readers' labels."""
    quoted = f"'{part.covariate}'", f"'{study.codebook.label(part.covariate)}'"
    own = [n for n in result.meta.notes if n and not is_about(n, Code.ADJUSTMENT)]
    return [reworded(note, note.replace(*quoted)) for note in own]


def _said(study: Study, parts: Sequence[Part], texts: Sequence[Iterable[str]]) -> list[str]:
    """What is said of parts, each text once, with the dimensions where it is not said of all."""
    on: dict[str, list[Part]] = {}
    for part, told in zip(parts, texts, strict=True):
        for text in told:
            on.setdefault(text, []).append(part)
    return [reworded(text, f"{_where(study, parts, said)}{text}") for text, said in on.items()]


def _where(study: Study, parts: Sequence[Part], said: Sequence[Part]) -> str:
    """On which dimensions something is said of covariates; empty where on all that these have."""
    covariates = {part.covariate for part in said}
    whole = {p.dimension for p in parts if p.covariate in covariates}
    on = dict.fromkeys(part.dimension for part in said)
    return "" if whole == set(on) else f"{joined(map(study.codebook.label, on))}: "


def _warnings(study: Study, part: Part, result: Result, min_cell: int) -> list[str]:
    """What to doubt of one model, without what would tell of groups of few raters.

    That slopes which stand apart, or prompts, do not differ is no doubt.
    """
    apart = {f"{unit}:{part.covariate}" for unit in part.fitted.slopes}
    apart |= {unit for unit, how in part.fitted.slopes.items() if how == "apart" and part.step}
    apart |= {"prompt"} if part.fitted.slopes.get("prompt") != "correlated" else set()
    own = _own_coefficients(part, min_cell)
    label = study.codebook.label(part.covariate)
    kept = [
        note
        for note in result.warnings
        if not (is_about(note, Code.SINGULAR) and _about(note) <= apart)
        and not (is_about(note, Code.SEPARATION) and not _about(note) <= own)
    ]
    lost = part.fitted.lost
    told = f"{lost}; intervals take it to be the same for all, and may be too narrow"
    return [reworded(note, f"{label}: {note}") for note in [*kept, *([told] if lost else [])]]


def _about(note: str) -> set[str]:
    return set(note.about.split("\n")) if isinstance(note, Note) else set()


def _own_coefficients(part: Part, min_cell: int) -> set[str]:
    """Names of the coefficients of a covariate's levels of enough raters."""
    design, name = part.fitted.fit.design, part.covariate
    n = {}
    if part.step is None:
        raters = design.rated[0].groupby(name, observed=True)["rater"].nunique()
        n = {str(level): int(k) for level, k in raters.items()}
    return {
        coefficient.name
        for coefficient in design.fixed.coefficients
        for variable, level in coefficient.parts
        if variable == name and n.get(level, min_cell) >= min_cell
    }


def _references(study: Study, parts: Sequence[Part]) -> str:
    """What levels are compared with; where, if not the same everywhere."""
    on: dict[str, dict[str, list[str]]] = {}
    label = study.codebook.label
    for part in parts:
        if part.step is None:
            level = str(part.fitted.fit.design.rated[0][part.covariate].cat.categories[0])
            known = on.setdefault(label(part.covariate), {})
            known.setdefault(level, []).append(label(part.dimension))
    told = [
        f"{name}: {level}{f' ({joined(where)})' if len(levels) > 1 else ''}"
        for name, levels in on.items()
        for level, where in levels.items()
    ]
    return f"Compared with: {'; '.join(told)}." if told else ""


def _withheld(study: Study, parts: Sequence[Part], min_cell: int) -> str:
    """Which levels are in the models and not shown."""
    hidden: dict[str, None] = {}
    for part in parts:
        if part.step is None:
            data = part.fitted.fit.design.rated[0]
            n = data.groupby(part.covariate, observed=True)["rater"].nunique()
            label = study.codebook.label(part.covariate)
            hidden |= dict.fromkeys(f"{label}: {level}" for level in n.index[n < min_cell])
    if not hidden:
        return ""
    return f"In the models but not shown, with fewer than {min_cell} raters: {'; '.join(hidden)}."


def _summed(study: Study, reasons: Iterable[tuple[str, str]]) -> list[str]:
    """Reasons that hold on several dimensions, once, with all of these."""
    on: dict[str, list[str]] = {}
    for dimension, why in reasons:
        on.setdefault(why, []).append(study.codebook.label(dimension))
    return [f"{joined(dimensions)}: {why}" for why, dimensions in on.items()]


def _nothing(study: Study, names: Sequence[str], lacking: Sequence[str]) -> Result:
    """That nothing was compared, and why, which is no finding."""
    label = study.codebook.label
    if not names and study.covariates:
        known = joined(map(label, study.covariates))
        lacking = [
            f"the codebook asks for the effects of none of the covariates ({known}); state "
            "'effects', or name those to look at"
        ]
    elif not names:
        lacking = ["this study has no covariates"]
    told = "; ".join(lacking)
    sentence = f"Nothing was compared, so nothing can be said of covariates: {told}."
    table = pd.DataFrame(columns=_COLUMNS)
    return Result.of(study, table, sentence, _TITLE, warnings=(), figure=FOREST)


def _short(study: Study, part: Part) -> str:
    """On what a covariate's effect rests, for a sentence."""
    spread, label = part.fitted.spread, study.codebook.label(part.covariate)
    units = [f"{unit}s" for unit in ("rater", "item") if unit in spread.same]
    differs = (
        f"{label} differs between {joined(units)}"
        if units
        else (f"{label} differs from rating to rating")
    )
    slopes = [f"{unit}s" for unit in part.fitted.slopes]
    may = f", and its effect may differ between {joined(slopes)}" if slopes else ""
    return f"{differs}{may}."


def _sentence(result: Result) -> str:
    table = result.table.dropna(subset="estimate")
    what = criterion(table)
    clear = table[significant(table)]
    if clear.empty and len(table) > 1:
        return f"None of {counted(len(table), 'difference')} by covariates has {what}."
    some = table if clear.empty else clear
    top = some.loc[some["standardized"].abs().idxmax()]
    size = with_interval(top, ".2f", "rating points")
    where = f"on {top['dimension']}, {top['term']}, {top['contrast']}: {size}"
    if len(table) == 1:
        verdict = "does not have" if clear.empty else "has"
        return f"The one difference by covariates {verdict} {what}: {where}."
    count = f"{len(clear)} of {counted(len(table), 'difference')} by covariates"
    which = "" if len(clear) == 1 else "; the largest is"
    return f"{count} {has(len(clear))} {what}{which or ':'} {where}."


def _percent_sentence(result: Result) -> str:
    table = result.table.dropna(subset="estimate")
    if table.empty:
        return "No difference by covariates has an estimate in percent."
    means = table[table["reading"] == "mean"]
    some, what = (means, "of the mean rating") if len(means) else (table, "of the odds")
    clear = some[significant(some)]
    if clear.empty:
        return f"No difference by covariates {what} has {criterion(table)}."
    top = clear.loc[clear["estimate"].abs().idxmax()]
    size = with_interval(top, ".1f", f"% {what}")
    return (
        f"The largest clear difference by covariates is on {top['dimension']}, {top['term']}, "
        f"{top['contrast']}: {size}."
    )
