"""Who rates how: effects of every demographic on every dimension of a study."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from pluralign_stats.describe.composition import (
    COUNT_WITHHELD,
    check_min_cell,
    hide_counts,
    not_asked,
)
from pluralign_stats.effects.contrasts import contrasts, margins
from pluralign_stats.effects.percent import percent
from pluralign_stats.errors import InputError, one_of
from pluralign_stats.models.fit import Fit
from pluralign_stats.models.linear import fit_linear
from pluralign_stats.results import Metadata, Result, bracketed, minus, ordered_columns
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
    min_cell: int = MIN_CELL,
    conf_level: float = CONF_LEVEL,
) -> DemographicEffects:
    """Estimate what each demographic does to ratings, adjusted for the others.

    Each dimension has one linear mixed model with all demographics and a random intercept for
    the rater. A demographic that was not asked of a whole group (such as one country) would cost
    that group's ratings in all effects; it gets a model of its own, with the others beside it.

    Parameters
    ----------
    study
        The study.
    demographics, dimensions
        Which to look at; by default those whose effects the codebook asks for, and all.
    min_cell
        Levels of fewer raters stay in the model but are not shown.
    conf_level
        Level of the intervals.

    Raises
    ------
    InputError
        If a demographic or dimension is not in the study. A model that cannot be fitted is told
        of in the warnings instead.
    """
    check_min_cell(min_cell)
    factors = _chosen("demographic", demographics, study.demographics, _default_factors(study))
    targets = _chosen("dimension", dimensions, study.dimensions, study.dimensions)
    gaps = {factor: not_asked(study, factor) for factor in factors}
    fits: dict[tuple[str, str], Fit] = {}
    failures: list[str] = []
    for dimension in targets:
        for read, used in _plans(study, dimension, gaps):
            try:
                fit = _fit(study, dimension, used)
            except InputError as error:
                failures.append(f"{study.codebook.label(dimension)}: no model: {error}")
                continue
            fits |= {(dimension, factor): fit for factor in read}
    shown = []
    for (d, f), fit in fits.items():
        grid = margins(fit, f)
        if grid.n_raters[0] < min_cell:
            failures.append(
                f"{study.codebook.label(d)}: the reference group '{grid.levels[0]}' has fewer "
                f"than {min_cell} raters; choose another reference"
            )
            continue
        tables = (contrasts(fit, f, conf_level=conf_level), percent(fit, f, conf_level=conf_level))
        shown.append((d, f, *tables))
    if not shown:
        nothing = _nothing(study, tuple(failures))
        return DemographicEffects(nothing, nothing, fits)
    differences = _collect(study, [(d, f, c) for d, f, c, _ in shown], gaps, min_cell, failures)
    percents = _collect(study, [(d, f, p) for d, f, _, p in shown], gaps, min_cell, failures)
    return DemographicEffects(
        replace(differences, sentence=_sentence(differences.table)),
        replace(percents, sentence=_percent_sentence(percents.table)),
        fits,
    )


def _nothing(study: Study, failures: tuple[str, ...]) -> Result:
    meta = Metadata("Differences between groups", study.data_kind, warnings=failures)
    sentence = "No demographic has two levels that could be compared, so there are no differences."
    return Result(pd.DataFrame(columns=_COLUMNS), sentence, meta)


def _default_factors(study: Study) -> tuple[str, ...]:
    return tuple(name for name, factor in study.codebook.demographics.items() if factor.effects)


def _chosen(
    what: str, wanted: Sequence[str], known: Sequence[str], default: Sequence[str]
) -> tuple[str, ...]:
    for name in wanted:
        if name not in known:
            raise InputError(one_of(f"the {what}", name, known))
    return tuple(wanted) or tuple(default)


def _plans(
    study: Study, dimension: str, gaps: dict[str, str]
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Models of one dimension: the demographics to be read off each, and those in it.

    `gaps` tells of each demographic the groups it was not asked of.
    """
    data = study.ratings
    data = data[(data["dimension"] == dimension) & data["rating"].notna()]
    varied = tuple(f for f in gaps if data[f].nunique() > 1)
    everywhere = tuple(f for f in varied if not gaps[f])
    plans = [(everywhere, everywhere)] if everywhere else []
    for f in varied:
        if f not in everywhere:
            asked = data.dropna(subset=f)
            beside = tuple(other for other in everywhere if asked[other].nunique() > 1)
            plans.append(((f,), (*beside, f)))
    return plans


def _fit(study: Study, dimension: str, factors: tuple[str, ...]) -> Fit:
    data = study.ratings
    formula = f"rating ~ {' + '.join(factors)} + (1|rater)"
    return fit_linear(formula, data[data["dimension"] == dimension])


def _collect(
    study: Study,
    parts: list[tuple[str, str, Result]],
    gaps: dict[str, str],
    min_cell: int,
    failures: list[str],
) -> Result:
    """Put tables of several dimensions and demographics one below the other."""
    label = study.codebook.label
    table = pd.concat(
        [part.table.assign(dimension=label(d), term=label(f)) for d, f, part in parts],
        ignore_index=True,
    )
    small = table["n_raters"] < min_cell
    for f in dict.fromkeys(f for _, f, _ in parts):
        levels = table["contrast"].str.split(" vs ").str[0].where(table["term"] == label(f))
        table = hide_counts(study, f, table, levels, min_cell)
    first = parts[0][2].meta
    notes = [*first.notes, _references(study, parts), _left_out(study, gaps)]
    if table.loc[~small, "n_raters"].isna().any():
        notes.append(COUNT_WITHHELD)
    if small.any():
        hidden = (table["term"] + ": " + table["contrast"])[small].unique()
        notes.append(
            f"In the models but not shown, with fewer than {min_cell} raters: {'; '.join(hidden)}."
        )
    warned = dict.fromkeys(
        f"{label(d)}: {text}" for d, _, part in parts for text in part.meta.warnings
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


def _references(study: Study, parts: list[tuple[str, str, Result]]) -> str:
    factors = dict.fromkeys(f for _, f, _ in parts)
    told = [f"{study.codebook.label(f)}: {study.raters[f].cat.categories[0]}" for f in factors]
    family = "p adjusted by Holm within one demographic and dimension"
    return f"Compared with: {'; '.join(told)}; {family}."


def _left_out(study: Study, gaps: dict[str, str]) -> str:
    told = [f"{study.codebook.label(f)} ({groups})" for f, groups in gaps.items() if groups]
    if not told:
        return ""
    return f"Not asked of everyone, and so estimated in a model of its own: {'; '.join(told)}."


def _sentence(table: pd.DataFrame) -> str:
    if table.empty:
        return "No group has enough raters to be shown."
    clear = table[table["p_adjusted"] < SIGNIFICANCE]
    if clear.empty:
        return f"No difference of {len(table)} has an adjusted p below {SIGNIFICANCE}."
    top = clear.loc[clear["standardized"].abs().idxmax()]
    return (
        f"{len(clear)} of {len(table)} differences between groups have an adjusted p below "
        f"{SIGNIFICANCE}; the largest is on {top['dimension'].lower()}, {top['contrast']}: "
        f"{minus(f'{top.estimate:+.2f}')} rating points "
        f"{bracketed(top['conf_low'], top['conf_high'])}."
    )


def _percent_sentence(table: pd.DataFrame) -> str:
    means = table[(table["reading"] == "mean") & (table["p_adjusted"] < SIGNIFICANCE)]
    if means.empty:
        return f"No difference of mean ratings has an adjusted p below {SIGNIFICANCE}."
    top = means.loc[means["estimate"].abs().idxmax()]
    keys = ["dimension", "term", "contrast"]
    odds = table[(table["reading"] == "odds") & (table[keys] == top[keys]).all(axis=1)].iloc[0]
    return (
        f"The largest clear difference of means is on {top['dimension'].lower()}, "
        f"{top['contrast']}: {minus(f'{top.estimate:+.1f}')} % "
        f"{bracketed(top['conf_low'], top['conf_high'], '.1f')}; read as odds the same difference "
        f"is {minus(f'{odds.estimate:+.1f}')} % "
        f"{bracketed(odds['conf_low'], odds['conf_high'], '.1f')}."
    )
