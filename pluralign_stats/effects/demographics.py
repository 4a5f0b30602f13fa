"""Who rates how: effects of every demographic on every dimension of a study."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from pluralign_stats.describe.composition import not_asked
from pluralign_stats.describe.disclosure import COUNT_WITHHELD, check_min_cell, hide_counts
from pluralign_stats.effects.contrasts import contrasts
from pluralign_stats.effects.draws import leave_out_zero
from pluralign_stats.effects.percent import percent
from pluralign_stats.effects.plans import MODELS, Model, fit_plans
from pluralign_stats.errors import InputError, one_of
from pluralign_stats.models.fit import Fit
from pluralign_stats.results import Metadata, Result, ordered_columns, with_interval
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL, SIGNIFICANCE
from pluralign_stats.study.study import Study

_COLUMNS = ["dimension", "term", "contrast", "reading", "estimate", "std_error", "conf_low"]
_COLUMNS += ["conf_high", "p_value", "p_adjusted", "n_raters", "n_ratings", "method"]


@dataclass(frozen=True)
class DemographicEffects:
    """Effects of demographics on ratings.

    Attributes
    ----------
    differences
        Contrasts with the reference level in rating points.
    percents
        The same in percent, in both readings.
    fits
        The model behind each dimension and demographic.
    """

    differences: Result
    percents: Result
    fits: dict[tuple[str, str], Fit]


def demographic_effects(
    study: Study,
    demographics: Sequence[str] = (),
    dimensions: Sequence[str] = (),
    *,
    model: Model = "ordinal",
    min_cell: int = MIN_CELL,
    conf_level: float = CONF_LEVEL,
    **options: Any,
) -> DemographicEffects:
    """Estimate what each demographic does to ratings, adjusted for the others.

    Each dimension has one mixed model with all demographics and random intercepts for the rater
    and the item. A demographic that was not asked of a whole group (such as one country) would cost
    that group's ratings in all effects; it gets a model of its own, with the others beside it.

    Parameters
    ----------
    study
        The study.
    demographics, dimensions
        Which to look at; by default those whose effects the codebook asks for, and all.
    model
        ``"ordinal"``: cumulative logit, with ratings as ordered categories; ``"linear"``: with
        ratings as numbers; ``"bayes"``: the ordinal model sampled by `fit_bayes`, whose tables have
        sd and prob_positive instead of std_error and of p.
    min_cell
        Levels of fewer raters stay in the model but are not shown.
    conf_level
        Level of the intervals.
    options
        For the function that fits, such as draws and seed of `fit_bayes`.

    Raises
    ------
    InputError
        If a demographic or dimension is not in the study, or `model` is unknown. A model that
        cannot be fitted is told of in the warnings instead.
    """
    check_min_cell(min_cell)
    if model not in MODELS:
        raise InputError(one_of("'model'", model, MODELS))
    factors = chosen("demographic", demographics, study.demographics, default_factors(study))
    targets = chosen("dimension", dimensions, study.dimensions, study.dimensions)
    gaps = {factor: not_asked(study, factor) for factor in factors}
    fits, failures = fit_plans(study, targets, gaps, model, **options)
    shown = []
    bound: list[str] = []
    for (d, f), fit in fits.items():
        data = fit.design.data
        levels = tuple(map(str, data[f].cat.categories))
        if data.loc[data[f] == data[f].cat.categories[0], "rater"].nunique() < min_cell:
            failures.append(
                f"{study.codebook.label(d)}: the reference group '{levels[0]}' has fewer "
                f"than {min_cell} raters; choose another reference"
            )
        else:
            tables = [verb(fit, f, conf_level=conf_level) for verb in (contrasts, percent)]
            if tables[0].table["estimate"].isna().all() and (why := _bound(study, fit, f)):
                bound.append(f"{study.codebook.label(d)}: {why}")
            shown.append([_Part(d, f, levels[1:], table) for table in tables])
    failures += dict.fromkeys(bound)
    if not shown:
        nothing = _nothing(study, tuple(failures))
        return DemographicEffects(nothing, nothing, fits)
    differences, percents = (
        _collect(study, list(parts), gaps, min_cell, failures) for parts in zip(*shown, strict=True)
    )
    return DemographicEffects(
        replace(differences, sentence=_sentence(differences.table)),
        replace(percents, sentence=_percent_sentence(percents.table)),
        fits,
    )


@dataclass(frozen=True)
class _Part:
    """One table of one dimension and demographic.

    `levels` are those compared with the reference, in the table's order, once for each reading.
    """

    dimension: str
    factor: str
    levels: tuple[str, ...]
    result: Result


def _nothing(study: Study, failures: tuple[str, ...]) -> Result:
    meta = Metadata("Differences between groups", study.data_kind, warnings=failures)
    sentence = "No demographic has two levels that could be compared, so there are no differences."
    return Result(pd.DataFrame(columns=_COLUMNS), sentence, meta)


def _bound(study: Study, fit: Fit, factor: str) -> str:
    """What a demographic cannot be told apart from in a model, and what to do then."""
    label, data = study.codebook.label, fit.design.data
    for other in study.demographics:
        if other == factor or other not in fit.design.fixed_variables:
            continue
        for inner, outer in ((factor, other), (other, factor)):
            if data.groupby(inner, observed=True)[outer].nunique().max() == 1:
                return (
                    f"{label(inner)} and {label(outer)} cannot be told apart, as each group of the "
                    f"first is in one group of the second; look at one {label(outer)} at a time, "
                    "or leave one of the two out"
                )
    return ""


def default_factors(study: Study) -> tuple[str, ...]:
    """Demographics whose effects the codebook asks for."""
    return tuple(name for name, factor in study.codebook.demographics.items() if factor.effects)


def chosen(
    what: str, wanted: Sequence[str], known: Sequence[str], default: Sequence[str]
) -> tuple[str, ...]:
    """The names that were asked for, or the default if none were.

    Raises
    ------
    InputError
        If one is not known.
    """
    for name in wanted:
        if name not in known:
            raise InputError(one_of(f"the {what}", name, known))
    return tuple(wanted) or tuple(default)


def _collect(
    study: Study, parts: list[_Part], gaps: dict[str, str], min_cell: int, failures: list[str]
) -> Result:
    """Put tables of several dimensions and demographics one below the other."""
    label = study.codebook.label
    raters = pd.concat([p.result.table["n_raters"] for p in parts], ignore_index=True)
    small = raters < min_cell
    table = pd.concat([_part_table(study, p, min_cell) for p in parts], ignore_index=True)
    factors = tuple(dict.fromkeys(p.factor for p in parts))
    first = parts[0].result.meta
    common = [note for note in first.notes if not note.startswith("p adjusted")]
    tested = any("p_adjusted" in p.result.table for p in parts)
    notes = [*common, _references(study, factors, tested=tested), _left_out(study, gaps)]
    if table.loc[~small, "n_raters"].isna().any():
        notes.append(COUNT_WITHHELD)
    if small.any():
        hidden = (table["term"] + ": " + table["contrast"])[small].unique()
        notes.append(
            f"In the models but not shown, with fewer than {min_cell} raters: {'; '.join(hidden)}."
        )
    warned = dict.fromkeys(
        f"{label(p.dimension)}: {text}" for p in parts for text in p.result.warnings
    )
    meta = Metadata(
        first.title.split(" by ")[0]
        + " between groups"
        + (" in percent" if first.unit == "percent" else ""),
        study.data_kind,
        first.unit,
        first.conf_level,
        first.interval,
        tuple(note for note in notes if note),
        (*failures, *warned),
    )
    columns = ordered_columns(table.columns)
    return Result(table.loc[~small, columns].reset_index(drop=True), "", meta)


def _part_table(study: Study, part: _Part, min_cell: int) -> pd.DataFrame:
    """One table under the readers' labels, without the counts that would betray a small group."""
    table, label = part.result.table, study.codebook.label
    levels = pd.Series(part.levels * (len(table) // len(part.levels)), table.index)
    shown = hide_counts(study, part.factor, table, levels, min_cell)
    return shown.assign(dimension=label(part.dimension), term=label(part.factor))


def _references(study: Study, factors: tuple[str, ...], *, tested: bool) -> str:
    told = [f"{study.codebook.label(f)}: {study.raters[f].cat.categories[0]}" for f in factors]
    told += ["p adjusted by Holm within one demographic and dimension"] if tested else []
    return f"Compared with: {'; '.join(told)}."


def _left_out(study: Study, gaps: dict[str, str]) -> str:
    told = [f"{study.codebook.label(f)} ({groups})" for f, groups in gaps.items() if groups]
    if not told:
        return ""
    return f"Not asked in some groups, and so estimated in a model of its own: {'; '.join(told)}."


def _sentence(table: pd.DataFrame) -> str:
    if table.empty:
        return "No group has enough raters to be shown."
    what = _what_is_clear(table)
    clear = table[clear_ones(table)]
    if clear.empty:
        return f"No difference of {len(table)} has {what}."
    top = clear.loc[clear["standardized"].abs().idxmax()]
    return (
        f"{len(clear)} of {len(table)} differences between groups have {what}; the largest is on "
        f"{top['dimension']}, {top['contrast']}: "
        f"{with_interval(top, '.2f', 'rating points')}."
    )


def clear_ones(table: pd.DataFrame) -> pd.Series:
    """Which differences are clear: by their adjusted p or, without one, by their interval."""
    if "p_adjusted" in table:
        return table["p_adjusted"] < SIGNIFICANCE
    return leave_out_zero(table)


def _what_is_clear(table: pd.DataFrame) -> str:
    if "p_adjusted" in table:
        return f"an adjusted p below {SIGNIFICANCE}"
    return "a credible interval that leaves out 0"


def _percent_sentence(table: pd.DataFrame) -> str:
    means = table[(table["reading"] == "mean") & clear_ones(table)]
    if means.empty:
        return f"No difference of mean ratings has {_what_is_clear(table)}."
    top = means.loc[means["estimate"].abs().idxmax()]
    keys = ["dimension", "term", "contrast"]
    odds = table[(table["reading"] == "odds") & (table[keys] == top[keys]).all(axis=1)].iloc[0]
    return (
        f"The largest clear difference of means is on {top['dimension']}, "
        f"{top['contrast']}: {with_interval(top, '.1f', '%')}; read as odds the same difference "
        f"is {with_interval(odds, '.1f', '%')}."
    )
