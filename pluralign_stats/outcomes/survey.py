"""What groups say in the survey, beside what models tuned on their feedback say."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.backing import COUNT_WITHHELD
from pluralign_stats.demographics.effects import default_factors
from pluralign_stats.demographics.plans import Model, fit_plans
from pluralign_stats.describe.disclosure import published
from pluralign_stats.describe.participants import not_asked
from pluralign_stats.errors import InputError, check_one_of
from pluralign_stats.figures.charts import SURVEY
from pluralign_stats.fits.fit import Fit
from pluralign_stats.notes import Code, tells
from pluralign_stats.outcomes.experiments import Experiment
from pluralign_stats.outcomes.models import Kind
from pluralign_stats.outcomes.paper_findings import NOT_REPEATED
from pluralign_stats.outcomes.read import Outcomes, data_notes
from pluralign_stats.outcomes.score_table import scores
from pluralign_stats.outcomes.survey_rows import (
    RATINGS,
    TUNED,
    Asked,
    Notes,
    Pair,
    pair_experiment,
)
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL
from pluralign_stats.significance import excludes_zero
from pluralign_stats.study.study import Study
from pluralign_stats.suppression import check_min_cell
from pluralign_stats.words import counted, joined

#: The comparisons of figure 2: demographic, group named first, group named second.
PAIRS = (
    ("politics", "Liberal", "Conservative"),
    ("gender", "Female", "Male"),
    ("ethnicity", "White", "Black or African American"),
)

_COLUMNS = ["dimension", "term", "contrast", "level", "reference", "source", "estimate"]
_COLUMNS += ["std_error", "sd", "conf_low", "conf_high", "signs_agree", "both_exclude_zero"]
_COLUMNS += ["objective", "n_pairs_first", "n_pairs_second", "margin_first", "margin_second"]
_COLUMNS += ["n_raters", "n_ratings", "n_runs", "n_prompts", "n_generations", "method"]

_KEYS = ["dimension", "term", "contrast"]

_NOTES = (
    "Ratings: difference of the two groups' mean ratings of the same responses, adjusted for the "
    "other demographics. Models: difference of the mean scores of what models say that were tuned "
    "on the two groups' feedback. Either is the group named first less the second.",
    "Pairs and margin: how many preferences each group's ratings make, and how far apart their "
    "responses are in utility on average. Groups that rate leniently or alike make fewer and "
    "weaker pairs, so that a model can learn less from them.",
    "Raters, ratings, runs, prompts and generations are counted in the group named first.",
    "Pairs are of the prompts that models were not asked in evaluation, without a budget.",
)


def survey_and_models(
    study: Study,
    outcomes: Outcomes,
    pairs: Sequence[tuple[str, str, str]] = PAIRS,
    dimensions: Sequence[str] = (),
    *,
    fits: dict[tuple[str, str], Fit] | None = None,
    model: Model = "auto",
    kind: Kind = "linear",
    min_cell: int = MIN_CELL,
    conf_level: float = CONF_LEVEL,
    fixed: Mapping[str, Any] | None = None,
) -> Result:
    """Set differences between groups' ratings beside those between the models tuned on them.

    Parameters
    ----------
    study
        The study.
    outcomes
        Scores of models that were tuned on its groups.
    pairs
        Demographic, and the two groups to compare.
    dimensions
        Which to look at; all that were rated and scored by default.
    fits
        Models of the ratings by dimension and demographic, as `DemographicEffects` has them; they
        are fitted unless given.
    model, kind
        Of the ratings (as for `demographic_effects`) and of the scores (as for `fit_outcomes`).
    min_cell
        Groups of fewer raters are not shown.
    conf_level
        Level of the intervals.
    fixed
        Values of factors for `select_experiment`. Unless `objective` is stated, each dimension is
        looked at in the models tuned on that dimension alone, where there are any.

    Returns
    -------
    Result
        Two rows per dimension and pair: columns dimension, term, contrast, source ("ratings" or
        "models"), estimate (rating and score points), std_error, conf_low, conf_high, signs_agree
        and both_exclude_zero (whether the directions are the same, and whether both intervals
        exclude 0; missing where one is), objective, n_pairs_first, n_pairs_second, margin_first,
        margin_second, n_raters, n_ratings, n_runs, n_prompts, n_generations, method. What could not
        be compared is told of in the warnings.

    Raises
    ------
    InputError
        If a demographic, group or dimension is unknown, or nothing can be compared.

    References
    ----------
    arXiv 2511.14476, figure 2.

    Examples
    --------
    >>> pairs = [("gender", "Female", "Male")]
    >>> pls.outcomes.survey_and_models(study, outcomes, pairs).table["source"].tolist()
    ['ratings', 'models']
    """
    check_min_cell(min_cell)
    chosen = [Pair(*pair) for pair in pairs]
    for pair in chosen:
        _check(study, pair)
    targets = _targets(study, outcomes, dimensions)
    remarks = Notes()
    if fits is None:
        factors = dict.fromkeys((*default_factors(study), *(pair.term for pair in chosen)))
        gaps = {factor: not_asked(study, factor) for factor in factors}
        fits, remarks.doubts = fit_plans(study, targets, gaps, model)
    shown = [pair for pair in chosen if _large_enough(study, pair, min_cell, remarks.doubts)]
    asked = Asked(study, outcomes, fits, kind, fixed or {}, min_cell, conf_level, remarks)
    tables = [part for pair in shown for name in targets for part in asked.rows(pair, name)]
    if not tables:
        why = "; ".join(remarks.doubts) or "no pair of groups"
        raise InputError(f"nothing can be compared: {why}")
    table = _agreement(pd.concat(tables, ignore_index=True))
    own = table[table["source"] == RATINGS]
    withheld = (COUNT_WITHHELD,) if len(own) and own["n_raters"].isna().any() else ()
    alone = NOT_REPEATED if tells(remarks.doubts, Code.ONE_RUN) else ""
    told = f"{_sentence(table)} {alone}".rstrip()
    return Result.of(
        study,
        table[[c for c in _COLUMNS if c in table]],
        told,
        "Differences between groups: their ratings, and the models tuned on them",
        data_note=outcomes.data_note,
        unit="rating and score points",
        conf_level=conf_level,
        interval="intervals",
        notes=(*_NOTES, *withheld, *remarks.notes, *data_notes(outcomes)),
        warnings=remarks.doubts,
        published=published(study, dict.fromkeys(pair.term for pair in shown), min_cell),
        figure=SURVEY,
    )


def _check(study: Study, pair: Pair) -> None:
    check_one_of("the demographic", pair.term, study.demographics)
    for level in (pair.first, pair.second):
        check_one_of(f"a level of '{pair.term}'", level, study.levels(pair.term))


def _targets(study: Study, outcomes: Outcomes, dimensions: Sequence[str]) -> tuple[str, ...]:
    """The dimensions asked for, else all that were rated and scored."""
    both = tuple(name for name in study.dimensions if name in outcomes.dimensions)
    for name in dimensions:
        check_one_of("the dimension", name, both)
    return tuple(dimensions) or both


def _large_enough(study: Study, pair: Pair, min_cell: int, failures: list[str]) -> bool:
    sizes = study.raters[pair.term].value_counts()
    small = [level for level in (pair.first, pair.second) if sizes[level] < min_cell]
    if small:
        failures.append(f"{pair.contrast}: '{small[0]}' has fewer than {min_cell} raters")
    return not small


def survey_pairs(
    study: Study, outcomes: Outcomes, asked: Sequence[str] = ()
) -> list[tuple[str, str, str]]:
    """Choose demographics and two groups of each that models were tuned on.

    Parameters
    ----------
    study, outcomes
        The study, and the scores.
    asked
        Such as ``gender:Female:Male``; empty for those of the published ones that were tuned on.

    Raises
    ------
    InputError
        If the study has no such groups.
    """
    if not asked:
        tuned = set(outcomes.table["group"])
        pairs = {pair: Pair(*pair) for pair in PAIRS}
        return [p for p, each in pairs.items() if {each.group(g) for g in p[1:]} <= tuned]
    known = {
        ":".join((name, *two)): (name, *two)
        for name in study.demographics
        for two in permutations(study.levels(name), 2)
    }
    for text in asked:
        check_one_of("the pair of groups", text, known)
    return [known[text] for text in asked]


def survey_scores(
    outcomes: Outcomes,
    pairs: Sequence[tuple[str, str, str]] = PAIRS,
    dimensions: Sequence[str] = (),
    fixed: Mapping[str, Any] | None = None,
) -> Result:
    """Give the scores behind the models of `survey_and_models`.

    Parameters
    ----------
    outcomes, pairs, dimensions, fixed
        As for `survey_and_models`; pairs that cannot be compared are passed over.

    Returns
    -------
    Result
        As of `scores`; where dimensions were looked at in models with different objectives, the
        column objective tells them apart.

    Raises
    ------
    InputError
        If no pair was tuned on.

    Examples
    --------
    >>> pairs = [("gender", "Female", "Male")]
    >>> pls.outcomes.survey_scores(outcomes, pairs).table["design"].unique().tolist()
    ['control', 'all', 'gender=Female', 'gender=Male']
    """
    found: list[Experiment] = []
    for pair in (Pair(*pair) for pair in pairs):
        for name in tuple(dimensions) or outcomes.dimensions:
            try:
                experiment = pair_experiment(outcomes, pair, name, fixed or {})
            except InputError:
                continue
            rows = experiment.table["dimension"] == name
            found.append(replace(experiment, table=experiment.table[rows]))
    if not found:
        raise InputError("no models were tuned on the groups of any pair; there are no scores")
    return scores(found)


def _agreement(table: pd.DataFrame) -> pd.DataFrame:
    """Whether ratings and models differ in the same direction, and whether both clearly."""
    grouped = [table[key] for key in _KEYS]
    both = table["estimate"].groupby(grouped).transform("count") == 2
    same = np.sign(table["estimate"]).groupby(grouped).transform("nunique") == 1
    clear = excludes_zero(table).groupby(grouped).transform("all")
    return table.assign(
        signs_agree=same.astype("boolean").where(both),
        both_exclude_zero=clear.astype("boolean").where(both),
    )


def _sentence(table: pd.DataFrame) -> str:
    compared = table[table["signs_agree"].notna()].drop_duplicates(_KEYS)
    if compared.empty:
        lacks = joined(s for s in (RATINGS, TUNED) if not (table["source"] == s).any())
        why = f"there is no difference of {lacks}" if lacks else "the warnings say why"
        return f"Nothing can be compared between groups' ratings and models: {why}."
    agree = compared["signs_agree"].sum()
    sure = compared[compared["both_exclude_zero"]]
    if sure.empty:
        clearly = "in none of them are both differences clear of 0"
    else:
        same = sure["signs_agree"].sum()
        verb = "agrees" if same == 1 else "agree"
        clearly = f"of the {len(sure)} in which both are clear of 0, {same} {verb}"
    return (
        f"Models tuned on two groups differ in the direction in which the groups' own ratings do "
        f"in {agree} of {counted(len(compared), 'comparison')}; {clearly}."
    )
