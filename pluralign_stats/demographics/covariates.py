"""What covariates do to ratings: where a response comes from, its length, the language."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from pluralign_stats.demographics.covariate_parts import covariate_part, step_of
from pluralign_stats.demographics.covariate_tables import covariate_tables
from pluralign_stats.demographics.effects import chosen, default_factors
from pluralign_stats.demographics.plans import numbers_note
from pluralign_stats.describe.participants import not_asked
from pluralign_stats.documentation import documented_by
from pluralign_stats.errors import InputError, check_one_of
from pluralign_stats.fits.fit import Fit
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL
from pluralign_stats.study.select import present, select_demographics
from pluralign_stats.study.study import Study
from pluralign_stats.suppression import check_min_cell

#: Kinds of models that know raters and items.
CovariateModel = Literal["auto", "ordinal", "linear", "ordered beta"]


@dataclass(frozen=True)
class CovariateEffects:
    """Effects of covariates on ratings.

    Attributes
    ----------
    differences
        Contrasts with the reference level in rating points, or what one step of a number does.
    percents
        The same in percent, in both readings.
    fits
        The model behind each dimension and covariate.

    Examples
    --------
    >>> made = pls.demographics.covariate_effects(study, ["gender_focused"], ["toxicity"])
    >>> made.percents.table["reading"].tolist()
    ['mean', 'odds']
    >>> list(made.fits)
    [('toxicity', 'gender_focused')]
    """

    differences: Result
    percents: Result
    fits: dict[tuple[str, str], Fit]


@documented_by(select_demographics)
def select_covariates[Names: (str, list[str])](study: Study, names: Names) -> Names:
    """Return those of the covariates that the study has, and print which it has not.

    Returns
    -------
    str or list of str
        As given, without those that are not in the study.

    Examples
    --------
    >>> pls.demographics.select_covariates(study, ["gender_focused", "language"])
    ['gender_focused', 'language']
    """
    return present("covariate", names, study.covariates)


def covariate_effects(
    study: Study,
    covariates: Sequence[str] = (),
    dimensions: Sequence[str] = (),
    *,
    demographics: Sequence[str] = (),
    model: CovariateModel = "auto",
    min_cell: int = MIN_CELL,
    conf_level: float = CONF_LEVEL,
) -> CovariateEffects:
    """Estimate what each covariate does to ratings, with the demographics held equal.

    Each covariate has one mixed model on each dimension: ratings by demographics and covariate,
    with raters, items and (where these answer the same prompts) prompts random. Where the
    covariate differs within the ratings of raters, of items or of prompts, its effect may differ
    between these, so that its errors allow for that; notes say where it does, and what was left
    out where such a model is singular. One that is the same in all ratings of an item rests on
    items, one that is the same in all ratings of a rater on raters, as a demographic does.

    Parameters
    ----------
    study
        The study.
    covariates, dimensions
        Which to look at; by default those that the codebook names under `effects`, and all.
        Besides covariates, ``"language"`` where the study tells in which an item was rated.
    demographics
        What is held equal; by default the demographics whose effects the codebook asks for.
    model
        As for `demographic_effects`, of those that know raters and items.
    min_cell
        Levels of fewer raters stay in the model but are not shown. Where the reference level is one
        of them, the others are compared with the level of most raters instead.
    conf_level
        Level of the intervals.

    Returns
    -------
    CovariateEffects
        Differences in rating points, the same in percent, and the fits behind them. Of a number,
        the difference that one step of it makes: a standard deviation (over items if it is the
        same in all ratings of an item, over raters if of a rater, otherwise over ratings), or what
        `per` of the covariate says.

    Raises
    ------
    InputError
        If a covariate, demographic or dimension is not in the study, or `model` is unknown. A
        model that cannot be fitted is told of in the warnings instead.

    References
    ----------
    Barr, Levy, Scheepers & Tily (2013), Journal of Memory and Language 68, 255-278, on effects
    that differ between raters and items; Judd, Westfall & Kenny (2012), Journal of Personality and
    Social Psychology 103, 54-69, on items that are a sample; Holm (1979), Scandinavian Journal of
    Statistics 6, 65-70, for the correction of p.

    Examples
    --------
    >>> made = pls.demographics.covariate_effects(study, ["gender_focused"], ["toxicity"])
    >>> made.differences.table["contrast"].tolist()
    ['1 vs 0']
    """
    check_min_cell(min_cell)
    check_one_of("'model'", model, get_args(CovariateModel))
    names = chosen("covariate", covariates, study.covariates, study.codebook.effects)
    targets = chosen("dimension", dimensions, study.dimensions, study.dimensions)
    held = chosen("demographic", demographics, study.demographics, default_factors(study))
    gaps = {factor: not_asked(study, factor) for factor in held}
    parts, reasons = [], list[tuple[str, str]]()
    for name in names:
        step = step_of(study, name)
        for dimension in targets:
            try:
                part = covariate_part(study, name, dimension, gaps, model, min_cell, step)
            except InputError as error:
                reasons.append((dimension, str(error)))
            else:
                parts.append(part)
    fits = {(part.dimension, part.covariate): part.fitted.fit for part in parts}
    numbers = numbers_note(study, dict.fromkeys(part.dimension for part in parts), model)
    points, shares = covariate_tables(study, parts, names, reasons, numbers, min_cell, conf_level)
    return CovariateEffects(points, shares, fits)
