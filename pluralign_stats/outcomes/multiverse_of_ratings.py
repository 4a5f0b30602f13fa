"""One finding about raters under all reasonable choices of analysis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.demographics.plans import formula_of, given_ratings, plans
from pluralign_stats.describe.disclosure import hide_totals
from pluralign_stats.describe.participants import not_asked
from pluralign_stats.effects.standardized import UNIT, standardized_difference
from pluralign_stats.errors import InputError
from pluralign_stats.feedback.scales import conversion_note, dimension_conversion
from pluralign_stats.figures.charts import SPECIFICATION_CURVE
from pluralign_stats.fits.fit import Fit
from pluralign_stats.models.marginal import MARGINAL, WEIGHTED
from pluralign_stats.outcomes.rating_findings import (
    ADJUSTED,
    ALONE,
    ATTENTIVE,
    BETWEEN,
    EVERYONE,
    KEPT,
    MODELS,
    NARROWED,
    ORDINAL,
    RatingFinding,
    Studies,
    careless_names,
    check_finding,
    factors_of,
    main_study,
    rating_choices,
    scales_of,
    studies_of,
)
from pluralign_stats.outcomes.specification_curve import (
    ALL,
    Choice,
    Offered,
    Selection,
    agreement_sentence,
    analyse,
    check_offered,
    choice_notes,
    combinations,
)
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL, MOST_LEVELS
from pluralign_stats.significance import check_level
from pluralign_stats.study.study import Study
from pluralign_stats.suppression import check_min_cell
from pluralign_stats.words import counted

_CHOICES = ("model", "scale", "filter", "adjustment", "raters", *NARROWED)

_NOT_CROSSED = (
    "Single languages, countries and formats are looked at in ratings that passed only, by mixed "
    "models."
)

_TOO_FINE = (
    f"Ordinal models are fitted on scales of {MOST_LEVELS} ratings or fewer, so not to ratings as "
    "they were given here."
)

_AS_GIVEN = "Ordered beta models are fitted to ratings as they were given only."

_NOTES = (
    f"Unit: {UNIT}. Linear models: the difference of means in standard deviations of a single "
    "rating; ordinal ones: the same of the latent variable behind ratings (with two categories, of "
    "a binary logit model); ordered beta ones: of its log odds.",
    "A linear model of two categories is a linear probability model. Coarse or lopsided scales "
    "make differences smaller in linear models (Cohen 1983, Applied Psychological Measurement 7, "
    "249-253), and do not in ordinal ones.",
    "The ordinal and the linear model are mixed, with random intercepts of rater and item. GEE "
    "(equations in which all ratings of a rater are equally alike) and OLS (least squares) have no "
    "random effects: their errors are robust to raters who rate often, and do not allow for "
    "differences between items. Their logits are those of all raters taken together, and nearer to "
    "0; in standard deviations of a rating they compare. Weighted OLS has raters count by the "
    "survey weights of their file: beside OLS it shows what these change.",
    "Raters and ratings are all those in the model.",
)


def rating_multiverse(
    study: Studies,
    finding: RatingFinding,
    choices: Offered | None = None,
    *,
    min_cell: int = MIN_CELL,
    conf_level: float = CONF_LEVEL,
) -> Result:
    """Estimate one finding about raters under every combination of choices.

    Parameters
    ----------
    study
        The study, or what `study_by_filter` gave.
    finding
        What is estimated.
    choices
        Options of each choice, the first of which makes the main analysis: model (``"ordinal"``,
        ``"linear"``, ``"ordered beta"`` (of sliders): mixed; ``"ordinal GEE"``, ``"linear GEE"``,
        ``"OLS"``: see `fit_marginal`; ``"weighted OLS"``: the same by the raters' survey weights),
        scale (``"5-point"``, ``"3-point"``, ``"binary"``, ``"as-rated"``), filter
        (``"passed"``, ``"all ratings"``), adjustment (``"all demographics"``, as
        `demographic_effects` does, or ``"alone"``), raters (``"as in the study"``, ``"attentive
        only"``: see `careless_raters`), language, country and format (``"all"`` or
        one; with all formats, ordinal mixed models have thresholds for each). By default what
        `rating_choices` gives, without combinations that have the same ratings as
        another, nor those of a place with all ratings or without random effects.
    min_cell
        Groups of fewer raters are not compared.
    conf_level
        Level of the intervals.

    Returns
    -------
    Result
        One row per analysis, the main one first: one column per choice, then estimate (in standard
        deviations of a rating, see `standardized_difference`), conf_low, conf_high, excludes_zero,
        agrees
        (in sign with the main analysis), main, n_raters and n_ratings (in the model), reason (why
        there is no estimate), method.

    Raises
    ------
    InputError
        If the finding or a choice is unknown, or there are too many analyses.

    References
    ----------
    Steegen, Tuerlinckx, Gelman & Vanpaemel (2016), Perspectives on Psychological Science 11,
    702-712.

    Examples
    --------
    >>> finding = pls.outcomes.RatingFinding("men", "toxicity", "gender", "Male", "Female")
    >>> choices = {"model": ["linear"], "scale": ["5-point", "binary"]}
    >>> pls.outcomes.rating_multiverse(study, finding, choices).table["scale"].tolist()
    ['5-point', 'binary']
    """
    check_level(conf_level)
    check_min_cell(min_cell)
    by_filter = studies_of(study)
    main = main_study(by_filter)
    check_finding(main, finding)
    offered = choices
    if offered is None:
        offered = rating_choices(study, finding, min_cell=min_cell)
    check_offered(offered, _CHOICES, _known(by_filter, main, finding))
    selection = Selection(partial(_select, by_filter, finding, min_cell), ("model", "scale"))
    analyses = combinations(offered)
    left_out: list[str] = []
    if choices is None:
        alone = [
            c
            for c in analyses
            if c.get("filter") == EVERYONE or c.get("model") in (*MARGINAL, WEIGHTED)
        ]
        crossed = [c for c in analyses if not (c in alone and _place(c))]
        left_out += [_NOT_CROSSED] if len(crossed) < len(analyses) else []
        fine = [c for c in crossed if not _too_fine(main, finding, c)]
        left_out += [_TOO_FINE] if len(fine) < len(crossed) else []
        fitting = [c for c in fine if not _too_coarse(main, finding, c)]
        left_out += [_AS_GIVEN] if len(fitting) < len(fine) else []
        analyses, others = selection.distinct(fitting, _same, "ratings")
        left_out += others
    found = partial(_estimate, selection, main, finding, conf_level)
    table = analyse(analyses, found, ("n_raters", "n_ratings"))
    table = hide_totals(main, table, min_cell)
    unread = [str(one) for one in by_filter.values() if isinstance(one, InputError)]
    left_out += [f"Without filters the study cannot be read: {told}." for told in unread]
    tried = dict.fromkeys(choice.get("scale", "as-rated") for choice in analyses)
    notes = [conversion_note(main.codebook, [finding.dimension], scale) for scale in tried]
    left_out += filter(None, notes)
    sentence = agreement_sentence(finding.name, table, "difference", UNIT, ".2f")
    return Result.of(
        main,
        table,
        sentence,
        f"{finding.name}: {counted(len(table), 'analysis')}",
        unit=UNIT,
        conf_level=conf_level,
        interval="Wald intervals",
        notes=(*choice_notes(offered), *_NOTES, *left_out),
        figure=SPECIFICATION_CURVE,
    )


def _known(
    by_filter: Mapping[str, Study | InputError], study: Study, finding: RatingFinding
) -> dict[str, Sequence[str]]:
    """The options that each choice can have."""
    scales = scales_of(study, finding.dimension)
    places = {
        name: [ALL, *study.ratings[name].dropna().unique()] if name in study.ratings else [ALL]
        for name in NARROWED
    }
    return {"model": list(MODELS), "scale": [*scales, "as-rated"], "filter": list(by_filter),
            "adjustment": [ADJUSTED, ALONE], "raters": [KEPT, ATTENTIVE], **places}  # fmt: skip


def _too_fine(study: Study, finding: RatingFinding, choice: Choice) -> bool:
    """Whether an ordinal model is asked of ratings that are numbers."""
    as_rated = choice.get("scale", "as-rated") == "as-rated"
    rated = study.codebook.dimensions[finding.dimension].scale
    return choice.get("model", "ordinal") in ORDINAL and as_rated and not rated.categorical


def _too_coarse(study: Study, finding: RatingFinding, choice: Choice) -> bool:
    """Whether an ordered beta model is asked of ratings in few steps."""
    as_rated = choice.get("scale", "as-rated") == "as-rated"
    rated = study.codebook.dimensions[finding.dimension].scale
    return choice.get("model") == BETWEEN and (rated.categorical or not as_rated)


def _place(choice: Choice) -> dict[str, str]:
    """The language, country or format chosen, if one was."""
    return {name: choice[name] for name in NARROWED if choice.get(name, ALL) != ALL}


@dataclass(frozen=True)
class _Ratings:
    """Ratings of an analysis, before their scale is converted.

    Attributes
    ----------
    data
        Rows that were given and have every demographic of the model.
    factors
        The demographics in the model.
    """

    data: pd.DataFrame
    factors: tuple[str, ...]


def _select(
    by_filter: Mapping[str, Study | InputError],
    finding: RatingFinding,
    min_cell: int,
    choice: Choice,
) -> _Ratings:
    """The ratings of an analysis, in which both groups have raters enough."""
    study = by_filter[choice.get("filter", next(iter(by_filter)))]
    if isinstance(study, InputError):
        raise study
    narrowed = study.where(**_place(choice))
    if choice.get("raters", KEPT) == ATTENTIVE:
        narrowed = narrowed.without(careless_names(narrowed))
    data = given_ratings(narrowed, finding.dimension)
    factors: tuple[str, ...] = (finding.term,)
    if choice.get("adjustment", ADJUSTED) == ADJUSTED:
        gaps = {factor: not_asked(narrowed, factor) for factor in factors_of(study, finding)}
        used = [beside for read, beside in plans(data, gaps) if finding.term in read]
        factors = used[0] if used else factors
    asked = data.dropna(subset=list(factors))
    for level in (finding.level, finding.reference):
        if asked.loc[asked[finding.term] == level, "rater"].nunique() < min_cell:
            raise InputError(f"fewer than {min_cell} raters of the group '{level}'")
    return _Ratings(asked, factors)


def _same(choice: Choice, ratings: _Ratings) -> tuple[object, ...]:
    """What tells an analysis apart from others: its ratings, and what is done with them."""
    pairs = ratings.data[["rater", "item"]].astype(str)
    which = int(pd.util.hash_pandas_object(pairs, index=False).to_numpy().sum())
    return choice.get("model"), choice.get("scale"), ratings.factors, which


def _estimate(
    selection: Selection[_Ratings],
    study: Study,
    finding: RatingFinding,
    level: float,
    choice: Choice,
) -> dict[str, Any]:
    """One analysis."""
    fit = _fit(selection.of(choice), study, finding, choice)
    found = standardized_difference(
        fit, finding.term, finding.level, finding.reference, conf_level=level
    )
    return {
        **found[["estimate", "conf_low", "conf_high", "method"]],
        "n_raters": fit.design.data["rater"].nunique(),
        "n_ratings": fit.nobs,
    }


def _fit(ratings: _Ratings, study: Study, finding: RatingFinding, choice: Choice) -> Fit:
    """The model of an analysis.

    Raises
    ------
    InputError
        If it cannot be fitted, or its numbers cannot be trusted.
    """
    scale, dimension = choice.get("scale", "as-rated"), finding.dimension
    convert = dimension_conversion(dimension, study.codebook.dimensions[dimension], scale)
    data = ratings.data.assign(rating=convert(ratings.data["rating"].to_numpy()))
    model, options = choice.get("model", "ordinal"), {}
    if _too_coarse(study, finding, choice):
        raise InputError("an ordered beta model is for a slider's ratings as they were given")
    if model == BETWEEN:
        rated = study.codebook.dimensions[dimension].scale
        options["bounds"] = (float(rated.low), float(rated.high))
    fit = MODELS[model](formula_of(data, ratings.factors), data, **options)
    if not fit.converged or not np.isfinite(fit.se).all():
        raise InputError("; ".join(fit.warnings) or "the model did not converge")
    return fit
