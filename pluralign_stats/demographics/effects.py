"""Who rates how: effects of every demographic on every dimension of a study."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pluralign_stats.backing import COUNT_WITHHELD
from pluralign_stats.demographics.plans import (
    Model,
    fit_plans,
    format_note,
    given_ratings,
    numbers_note,
)
from pluralign_stats.demographics.references import (
    groups_of,
    no_demographics,
    nothing_compared,
    replaced,
)
from pluralign_stats.describe.disclosure import hide_counts, published
from pluralign_stats.describe.participants import not_asked
from pluralign_stats.effects.adjust import holm
from pluralign_stats.effects.contrasts import contrasts
from pluralign_stats.effects.percent import percent
from pluralign_stats.errors import check_one_of
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.fits.fit import Fit
from pluralign_stats.formatting import with_interval
from pluralign_stats.models.bayes.options import SAMPLING, Sampling
from pluralign_stats.models.coefficients import coefficients_of
from pluralign_stats.notes import Code, Note, is_about, reworded
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL
from pluralign_stats.significance import criterion, significant, uncorrected
from pluralign_stats.study.study import Study
from pluralign_stats.suppression import check_min_cell
from pluralign_stats.words import counted, joined, p_told

_COLUMNS = ["dimension", "term", "contrast", "level", "reference", "reading", "estimate"]
_COLUMNS += ["std_error", "conf_low", "conf_high", "p_value", "p_adjusted", "n_raters", "n_ratings"]
_COLUMNS += ["method"]

#: Note on p.
ADJUSTED = Note(Code.ADJUSTMENT, "p adjusted by Holm within one demographic and dimension.")


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

    Examples
    --------
    >>> effects.percents.table["reading"].unique().tolist()
    ['mean', 'odds']
    >>> list(effects.fits)
    [('toxicity', 'gender')]
    """

    differences: Result
    percents: Result
    fits: dict[tuple[str, str], Fit]


def demographic_effects(
    study: Study,
    demographics: Sequence[str] = (),
    dimensions: Sequence[str] = (),
    *,
    model: Model = "auto",
    min_cell: int = MIN_CELL,
    conf_level: float = CONF_LEVEL,
    priors: Mapping[str, str] | None = None,
    sampling: Sampling = SAMPLING,
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
        ratings as numbers; ``"auto"``: the ordinal one on scales of 15 ratings or fewer, the linear
        one on others; ``"ordered beta"``: ratings between two ends, many of them at these, on
        continuous scales and those of more than 15 ratings (`fit_ordered_beta`); ``"bayes"``: the
        ordinal or linear one sampled by `fit_bayes`, whose tables have sd and prob_positive instead
        of std_error and of p. Without random effects, with errors robust to raters who rate often
        (`fit_marginal`): ``"GEE"``: equations of the ordinal or linear model, as ``"auto"`` has
        them; ``"linear GEE"``; ``"OLS"``; ``"weighted OLS"``, in which raters count by the survey
        weights of their file.
    min_cell
        Levels of fewer raters stay in the model but are not shown. Where the reference level is one
        of them, groups are compared with the level of most raters instead, and notes say so.
    conf_level
        Level of the intervals.
    priors, sampling
        As for `fit_bayes`, and how the posterior is sampled; of no meaning for other models.

    Returns
    -------
    DemographicEffects
        Differences in rating points, the same in percent, and the fits behind them.

    Raises
    ------
    InputError
        If a demographic or dimension is not in the study, `model` is unknown, or a model is
        asked of a scale that it is not for. A model that cannot be fitted is told of in the
        warnings instead.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65-70, for the correction of p.

    Examples
    --------
    >>> made = pls.demographic_effects(study, ["politics"], ["toxicity"])
    >>> made.differences.table["contrast"].tolist()
    ['Centre vs Liberal', 'Conservative vs Liberal']
    """
    check_min_cell(min_cell)
    factors = chosen("demographic", demographics, study.demographics, default_factors(study))
    targets = chosen("dimension", dimensions, study.dimensions, study.dimensions)
    gaps = {factor: not_asked(study, factor) for factor in factors}
    fits, failures = fit_plans(study, targets, gaps, model, min_cell, priors, sampling)
    lacking = _lacking(study, targets, factors, fits, min_cell)
    label = study.codebook.label
    shown = []
    bound: list[str] = []
    for (d, f), fit in fits.items():
        if not groups_of(fit.design.rated[0], f, label(f), min_cell).reference:
            continue
        tables = _tables(study, fit, d, f, min_cell, conf_level)
        if tables[0].table["estimate"].isna().all() and (why := _bound(study, fit, f)):
            bound.append(f"{label(d)}: {why}")
        levels = tuple(map(str, fit.design.data[f].cat.categories))
        few = _few(study, fit, min_cell)
        shown.append([_Part(d, f, levels, few, table) for table in tables])
    failures += dict.fromkeys(bound)
    if not shown:
        none = [] if factors else [no_demographics(map(label, study.demographics))]
        why = nothing_compared([*none, *failures, *lacking])
        empty = pd.DataFrame(columns=_COLUMNS)
        nothing = Result.of(
            study, empty, why, "Differences between groups", warnings=failures, figure=FOREST
        )
        return DemographicEffects(nothing, nothing, fits)
    others = _other_references(study, [part for part, _ in shown], min_cell)
    notes = [numbers_note(study, dict.fromkeys(d for d, _ in fits), model), *others]
    notes += [format_note(study, model)]
    notes += [f"Not compared: {'; '.join(lacking)}."] if lacking else []
    differences, percents = (
        _collect(study, list(parts), gaps, min_cell, failures, notes)
        for parts in zip(*shown, strict=True)
    )
    points, shares = _sentence(differences, bound), _percent_sentence(percents, bound)
    return DemographicEffects(
        replace(differences, sentence=" ".join([points, *others])),
        replace(percents, sentence=" ".join([shares, *others])),
        fits,
    )


def _tables(
    study: Study, fit: Fit, dimension: str, factor: str, min_cell: int, conf_level: float
) -> tuple[Result, Result]:
    """Differences in points and in percent; one test for one contrast, that of the points.

    p is adjusted among the contrasts that are shown: adjusted beside a hidden one it tells of it.
    """
    points = contrasts(fit, factor, conf_level=conf_level)
    if "p_adjusted" in points.table:
        shown = points.table["n_raters"] >= min_cell
        p = holm(points.table["p_value"].where(shown).to_numpy())
        points = replace(points, table=points.table.assign(p_adjusted=p))
    lowest = study.codebook.dimensions[dimension].scale.low
    percents = percent(fit, factor, conf_level=conf_level, lowest=lowest)
    tested = [name for name in ("p_value", "p_adjusted") if name in points.table]
    if not tested:
        return points, percents
    known = percents.table["estimate"].notna()
    same = {n: np.tile(points.table[n], 2) for n in tested}
    table = percents.table.assign(**{n: pd.Series(p).where(known) for n, p in same.items()})
    note = "p: of the difference in rating points, one test for one contrast in either reading."
    meta = replace(percents.meta, notes=(*percents.meta.notes, note))
    return points, replace(percents, table=table, meta=meta)


def _lacking(
    study: Study,
    targets: Sequence[str],
    factors: Sequence[str],
    fits: dict[tuple[str, str], Fit],
    min_cell: int,
) -> list[str]:
    """Why demographics have no two groups to compare, with the dimensions if not on all."""
    label, found = study.codebook.label, dict[str, list[str]]()
    for dimension in targets:
        given = given_ratings(study, dimension)
        if given.empty:
            found.setdefault("no rating was given", []).append(label(dimension))
            continue
        for factor in factors:
            fit = fits.get((dimension, factor))
            data = given if fit is None else fit.design.rated[0]
            if why := groups_of(data, factor, label(factor), min_cell).lacking:
                found.setdefault(why, []).append(label(dimension))
    return [why if len(on) == len(targets) else f"{joined(on)}: {why}" for why, on in found.items()]


@dataclass(frozen=True)
class _Part:
    """One table of one dimension and demographic.

    `levels` are the reference and those compared with it, in the table's order, once for each
    reading; `few` are the model's coefficients of groups that are withheld.
    """

    dimension: str
    factor: str
    levels: tuple[str, ...]
    few: frozenset[str]
    result: Result


def _bound(study: Study, fit: Fit, factor: str) -> str:
    """What a demographic cannot be told apart from in a model, and what to do then."""
    label, data = study.codebook.label, fit.design.rated[0]
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
    """The names that were asked for, or the default if none were."""
    for name in wanted:
        check_one_of(f"the {what}", name, known)
    return tuple(wanted) or tuple(default)


def one_dimension(study: Study, dimension: str) -> str:
    """The dimension that was asked for, or the first if none was."""
    wanted = [dimension] if dimension else []
    return chosen("dimension", wanted, study.dimensions, study.dimensions[:1])[0]


def _collect(
    study: Study,
    parts: list[_Part],
    gaps: dict[str, str],
    min_cell: int,
    failures: list[str],
    told: list[str],
) -> Result:
    """Put tables of several dimensions and demographics one below the other."""
    label = study.codebook.label
    raters = pd.concat([p.result.table["n_raters"] for p in parts], ignore_index=True)
    small = raters < min_cell
    table = pd.concat([_part_table(study, p, min_cell) for p in parts], ignore_index=True)
    first = parts[0].result.meta
    tested = any("p_adjusted" in p.result.table for p in parts)
    named = named_note(study, dict.fromkeys(p.factor for p in parts))
    notes = [
        *_common(study, parts),
        _references(study, parts),
        ADJUSTED if tested else "",
        f"Each in a model of its own: {named}." if named else "",
        *told,
        _left_out(study, gaps),
    ]
    if table.loc[~small, "n_raters"].isna().any():
        notes.append(COUNT_WITHHELD)
    if small.any():
        hidden = (table["term"] + ": " + table["contrast"])[small].unique()
        notes.append(
            f"In the models but not shown, with fewer than {min_cell} raters: {'; '.join(hidden)}."
        )
    warned = dict.fromkeys(
        reworded(text, f"{label(p.dimension)}: {text}")
        for p in parts
        for text in p.result.warnings
        if not _of_few(text, p)
    )
    columns = ordered_columns(table.columns)
    shown = table.loc[~small, columns].reset_index(drop=True)
    return Result.of(
        study,
        shown,
        "",
        f"Differences between groups{' in percent' if first.unit == 'percent' else ''}",
        unit=first.unit,
        conf_level=first.conf_level,
        interval=first.interval,
        notes=notes,
        warnings=(*failures, *warned),
        published=published(study, dict.fromkeys(p.factor for p in parts), min_cell),
        figure=FOREST,
    ).labelled(study.labels)


def _few(study: Study, fit: Fit, min_cell: int) -> frozenset[str]:
    """Names of the coefficients of groups that are withheld for their few raters."""
    raters = {f: study.plan(f, min_cell).raters for f in study.demographics}
    return frozenset(
        coefficient.name
        for coefficient in coefficients_of(fit.design.fixed.spec, fit.design.data.columns)
        for name, level in coefficient.parts
        if name in raters and raters[name].get(level, min_cell) < min_cell
    )


def _of_few(warning: str, part: _Part) -> bool:
    """Whether a warning would tell how raters of withheld groups rate, and of nothing else.

    That nothing tells a group apart from the ends of the scale tells the ratings of its raters.
    """
    if not (isinstance(warning, Note) and warning.code is Code.SEPARATION):
        return False
    return set(warning.about.split("\n")) <= part.few


def _common(study: Study, parts: list[_Part]) -> list[str]:
    """Notes of all parts; what only some dimensions' models say is said of these."""
    on: dict[str, dict[str, None]] = {}
    for part in parts:
        for note in part.result.meta.notes:
            if note and not is_about(note, Code.ADJUSTMENT):
                on.setdefault(note, {})[study.codebook.label(part.dimension)] = None
    everywhere = len({part.dimension for part in parts})
    return [n if len(d) == everywhere else reworded(n, f"{joined(d)}: {n}") for n, d in on.items()]


def _part_table(study: Study, part: _Part, min_cell: int) -> pd.DataFrame:
    """One table under the readers' labels, without the counts that would betray a small group."""
    table, label = part.result.table, study.codebook.label
    _, *compared = part.levels
    levels = pd.Series(compared * (len(table) // len(compared)), table.index)
    shown = hide_counts(study, part.factor, table, levels, min_cell)
    return shown.assign(dimension=label(part.dimension), term=label(part.factor))


def _by_reference(study: Study, parts: list[_Part]) -> dict[tuple[str, str], str]:
    """Demographics and what their groups are compared with; where, if not the same everywhere."""
    on: dict[tuple[str, str], list[str]] = {}
    for part in parts:
        dimensions = on.setdefault((part.factor, part.levels[0]), [])
        dimensions.append(study.codebook.label(part.dimension))
    several = Counter(factor for factor, _ in on)
    return {key: f" ({', '.join(d)})" if several[key[0]] > 1 else "" for key, d in on.items()}


def _references(study: Study, parts: list[_Part]) -> str:
    label = study.codebook.label
    told = [f"{label(f)}: {r}{where}" for (f, r), where in _by_reference(study, parts).items()]
    return f"Compared with: {'; '.join(told)}."


def _other_references(study: Study, parts: list[_Part], min_cell: int) -> list[str]:
    """Where groups are compared with another than the codebook's reference group."""
    label = study.codebook.label
    usual = {part.factor: str(study.raters[part.factor].cat.categories[0]) for part in parts}
    return [
        f"{told}{where}."
        for (f, reference), where in _by_reference(study, parts).items()
        if (told := replaced(label(f), usual[f], reference, min_cell))
    ]


def named_note(study: Study, factors: Iterable[str]) -> str:
    """What is compared where a demographic is one answer to a question that allowed several."""
    asked = {f: study.codebook.demographics[f].named for f in factors}
    told = [
        f"{study.codebook.label(f)}: raters who named {answer}, alone or with other answers, "
        "against all raters who did not name it"
        for f, answer in asked.items()
        if answer is not None
    ]
    return "; ".join(told)


def _left_out(study: Study, gaps: dict[str, str]) -> str:
    told = [f"{study.codebook.label(f)} ({groups})" for f, groups in gaps.items() if groups]
    if not told:
        return ""
    return f"Not asked in some groups, and so estimated in a model of its own: {'; '.join(told)}."


def _sentence(result: Result, bound: list[str]) -> str:
    table = result.table.dropna(subset="estimate")
    if table.empty:
        return _not_determined(len(result.table), bound)
    what = criterion(table)
    clear = table[significant(table)]
    some = table if clear.empty else clear
    top = some.loc[some["standardized"].abs().idxmax()]
    size = with_interval(top, ".2f", "rating points")
    where = f"on {top['dimension']}, {top['term']}: {top['contrast']}, {size}"
    if clear.empty and len(table) > 1:
        none = f"None of {counted(len(table), 'difference')} between groups has {what}"
        p = f", adjusted {p_told(top['p_adjusted'])}" if "p_adjusted" in table else ""
        return f"{none}; the largest is {where}{p}."
    if len(table) == 1:
        verdict = "does not have" if clear.empty else "has"
        return f"The one difference between groups {verdict} {what}: {where}."
    count = f"{len(clear)} of {counted(len(table), 'difference')} between groups"
    if len(clear) == 1:
        return f"{count} has {what}: {where}.{uncorrected(table)}"
    return f"{count} have {what}; the largest is {where}.{uncorrected(table)}"


def _not_determined(n: int, bound: list[str]) -> str:
    """That differences have no estimate, which is not that there are none."""
    why = f": {'; '.join(bound)}" if bound else "; the warnings say why"
    return f"{counted(n, 'difference')} between groups could not be estimated{why}."


def _percent_sentence(result: Result, bound: list[str]) -> str:
    table = result.table.dropna(subset="estimate")
    if table.empty:
        return _not_determined(len(result.table) // 2, bound)
    means = table[table["reading"] == "mean"]
    some = means if len(means) else table
    clear = some[significant(some)]
    without = "" if len(means) else " No percentage of the mean is given, as the notes tell."
    if clear.empty:
        none = f"No difference of {'mean ratings' if len(means) else 'the odds'}"
        return f"{none} has {criterion(table)}.{without}"
    top = clear.loc[clear["estimate"].abs().idxmax()]
    size = with_interval(top, ".1f", "%")
    where = f"{top['dimension']}, {top['term']}: {top['contrast']}, {size}"
    if without:
        return f"The largest clear difference of the odds is on {where}.{without}"
    keys = ["dimension", "term", "contrast"]
    odds = table[(table["reading"] == "odds") & (table[keys] == top[keys]).all(axis=1)]
    told = f"The largest clear difference of means, in percent, is on {where}"
    if odds.empty:
        return f"{told}."
    as_odds = with_interval(odds.iloc[0], ".1f", "%")
    return f"{told}; read as odds the same difference is {as_odds}."
