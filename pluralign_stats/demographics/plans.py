"""Which models of a study answer for which demographic, and their fits."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Literal, get_args

import pandas as pd

from pluralign_stats.demographics.references import large_references
from pluralign_stats.errors import InputError, check_one_of
from pluralign_stats.fits.bayes import fit_bayes
from pluralign_stats.fits.fit import Fit
from pluralign_stats.fits.linear import fit_linear
from pluralign_stats.fits.marginal import fit_marginal
from pluralign_stats.fits.ordered_beta import fit_ordered_beta
from pluralign_stats.fits.ordinal import OrdinalFit, fit_ordinal
from pluralign_stats.models.bayes.options import SAMPLING, Sampling
from pluralign_stats.models.marginal import MARGINAL, WEIGHTED
from pluralign_stats.settings import MIN_CELL, MOST_LEVELS
from pluralign_stats.study.formats import FORMAT
from pluralign_stats.study.study import Study
from pluralign_stats.study.weights import WEIGHT
from pluralign_stats.words import joined

Model = Literal["auto", "ordinal", "linear", "ordered beta", "bayes", "GEE", "linear GEE", "OLS",
                "weighted OLS"]  # fmt: skip


def fit_by_format(formula: str, data: pd.DataFrame) -> OrdinalFit:
    """Fit an ordinal model in which each format of ratings has thresholds of its own."""
    varied = FORMAT in data and data[FORMAT].nunique() > 1
    return fit_ordinal(formula, data, formats=FORMAT if varied else None)


def fit_weighted(formula: str, data: pd.DataFrame) -> Fit:
    """Fit least squares in which raters count by their survey weights; those of 0 are left out."""
    if WEIGHT not in data:
        raise InputError(
            "the study's raters have no survey weights; name their column, as in 'columns: "
            "{weight: w}' of the codebook"
        )
    return fit_marginal(formula, data[data[WEIGHT] > 0], "OLS", weights=WEIGHT)


#: What fits each kind of model that is asked for by name.
MODELS: dict[str, Callable[..., Fit]] = {
    "ordinal": fit_by_format,
    "linear": fit_linear,
    "ordered beta": fit_ordered_beta,
    "bayes": fit_bayes,
    **{kind: partial(fit_marginal, kind=kind) for kind in MARGINAL},
    WEIGHTED: fit_weighted,
}

#: What can be asked for; ``"auto"`` and ``"GEE"`` decide by the scale of each dimension.
KINDS: tuple[Model, ...] = get_args(Model)

#: With fewer items their variance is hardly known, and they are fixed effects.
FEWEST_ITEMS = 5


def fit_plans(
    study: Study,
    dimensions: Sequence[str],
    gaps: dict[str, str],
    model: Model = "auto",
    min_cell: int = MIN_CELL,
    priors: Mapping[str, str] | None = None,
    sampling: Sampling = SAMPLING,
) -> tuple[dict[tuple[str, str], Fit], list[str]]:
    """Fit the models of every dimension.

    Parameters
    ----------
    gaps
        Demographics to compare, and the groups that each was not asked of.
    min_cell
        Fewest raters of a reference group; in place of a smaller one the largest is taken.

    Returns
    -------
    tuple
        Fits by dimension and demographic, and what kept others from being fitted.
    """
    fit_by = {name: fitting(study, name, model, priors, sampling) for name in dimensions}
    fits: dict[tuple[str, str], Fit] = {}
    failures = []
    for dimension in dimensions:
        data = given_ratings(study, dimension)
        for read, used in plans(data, gaps):
            compared = large_references(data, used, min_cell)
            try:
                fit = fit_by[dimension](formula_of(data, used), compared)
            except InputError as error:
                failures.append(f"{study.codebook.label(dimension)}: no model: {error}")
            else:
                fits |= {(dimension, factor): fit for factor in read}
    return fits, failures


def fitting(
    study: Study,
    dimension: str,
    model: Model,
    priors: Mapping[str, str] | None = None,
    sampling: Sampling = SAMPLING,
) -> Callable[..., Fit]:
    """What fits the ratings of a dimension."""
    asked = study.codebook.dimensions[dimension]
    scale = asked.scale
    check_one_of("'model'", model, KINDS)
    if model in ("auto", "GEE"):
        kind = "ordinal" if scale.categorical else "linear"
        return MODELS[kind if model == "auto" else f"{kind} GEE"]
    if model == "bayes":
        family = family_of(study, dimension)
        return partial(MODELS[model], family=family, priors=priors, **asdict(sampling))
    if model == "ordinal" and not scale.categorical:
        raise InputError(
            f"{study.codebook.label(dimension)}: an ordinal model is not for {scale.size} "
            f"({scale}), as it takes {MOST_LEVELS} whole numbers or fewer for ordered categories; "
            "leave 'model' out, or set it to 'linear'"
        )
    if model == "ordered beta":
        if scale.categorical:
            raise InputError(
                f"{study.codebook.label(dimension)}: an ordered beta model is for continuous "
                f"scales and those of more than {MOST_LEVELS} ratings, not for {scale.size} "
                f"({scale}); leave 'model' out, or name the dimensions it is for"
            )
        bounds = (float(scale.low), float(scale.high))
        return partial(MODELS[model], bounds=bounds, positive_from=float(asked.positive))
    return MODELS[model]


def family_of(study: Study, dimension: str) -> Literal["cumulative", "gaussian"]:
    """The family of Bayesian models of a dimension."""
    categorical = study.codebook.dimensions[dimension].scale.categorical
    return "cumulative" if categorical else "gaussian"


def numbers_note(study: Study, dimensions: Iterable[str], model: str = "auto") -> str:
    """On which dimensions ratings are numbers to models, and why; empty if on none."""
    if model == "ordered beta":
        return ""
    book, told = study.codebook, dict[str, list[str]]()
    for name in dimensions:
        scale = book.dimensions[name].scale
        if not scale.categorical:
            told.setdefault(f"{scale.size}, {scale}", []).append(book.label(name))
    if not told:
        return ""
    named = "; ".join(f"{joined(labels)} ({size})" for size, labels in told.items())
    return (
        f"Ratings are numbers to a linear model on {named}: ordinal models are for scales of "
        f"{MOST_LEVELS} ratings or fewer."
    )


def format_note(study: Study, model: Model) -> str:
    """What a model assumes of formats of ratings, where it has them as a term only."""
    data = study.ratings
    several = FORMAT in data and data.loc[data["rating"].notna(), FORMAT].nunique() > 1
    if not several or model not in ("bayes", "GEE"):
        return ""
    return (
        "Ratings were given in several formats. In this model a format moves all thresholds alike, "
        "as if its raters were asked on the same options with a shift; ordinal mixed models "
        "(model='ordinal') give each format thresholds of its own."
    )


def given_ratings(study: Study, dimension: str) -> pd.DataFrame:
    """The ratings that were given on one dimension, with the raters' survey weights if any."""
    data = study.ratings
    data = data[(data["dimension"] == dimension) & data["rating"].notna()]
    if WEIGHT not in study.raters:
        return data
    weight = study.raters.set_index("rater")[WEIGHT]
    return data.assign(**{WEIGHT: data["rater"].map(weight).astype(float)})


def plans(
    data: pd.DataFrame, gaps: dict[str, str]
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Models of one dimension: the demographics to be read off each, and those in it.

    Each answer to a question that allowed several has a model of its own, without the other
    answers to it: so those who named it are held against all who did not. In models of other
    demographics they stand beside each other, but for the one most often named, as nobody who
    names one answer only tells all of them apart.
    """
    questions = data.attrs.get("questions", {})
    varied = tuple(f for f in gaps if data[f].nunique() > 1)
    whole, beside = _held(data, gaps)
    plans = [(whole, (*whole, *beside))] if whole else []
    for f in varied:
        if f not in whole:
            asked = data.dropna(subset=f)
            others = tuple(o for o in beside if questions[o] != questions.get(f))
            kept = tuple(o for o in (*whole, *others) if asked[o].nunique() > 1)
            plans.append(((f,), (*kept, f)))
    return plans


def held_equal(data: pd.DataFrame, gaps: dict[str, str]) -> tuple[str, ...]:
    """Demographics that stand in the models of everything else."""
    whole, beside = _held(data, gaps)
    return (*whole, *beside)


def _held(data: pd.DataFrame, gaps: dict[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Demographics that everybody was asked, and answers to questions with several."""
    questions = data.attrs.get("questions", {})
    asked = [f for f in gaps if data[f].nunique() > 1 and not gaps[f]]
    answers = tuple(f for f in asked if f in questions)
    return tuple(f for f in asked if f not in questions), _beside(data, answers)


def _beside(data: pd.DataFrame, answers: tuple[str, ...]) -> tuple[str, ...]:
    """Answers to questions, of each question without the one that most ratings come with."""
    questions = data.attrs.get("questions", {})
    named = {f: int((data[f].cat.codes == len(data[f].cat.categories) - 1).sum()) for f in answers}
    most = {questions[f]: f for f in sorted(answers, key=lambda f: named[f])}
    return tuple(f for f in answers if most[questions[f]] != f)


def formula_of(data: pd.DataFrame, factors: tuple[str, ...]) -> str:
    """Rater and item are random; few items are fixed, and items rated once each are left out.

    Formats of ratings, where there are several, are fixed.
    """
    asked = data.dropna(subset=list(factors))
    n_items = asked["item"].nunique()
    item = "(1|item)" if n_items >= FEWEST_ITEMS else "item"
    formats = [FORMAT] if FORMAT in asked and asked[FORMAT].nunique() > 1 else []
    terms = [*factors, *formats, "(1|rater)"]
    if 1 < n_items < len(asked):
        terms.append(item)
    return f"rating ~ {' + '.join(terms)}"
