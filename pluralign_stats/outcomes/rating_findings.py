"""Findings about raters, and what a study offers to analyse them by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import inf
from pathlib import Path

import pandas as pd

from pluralign_stats.demographics.effects import default_factors
from pluralign_stats.demographics.plans import fit_by_format, fit_weighted, given_ratings
from pluralign_stats.errors import InputError, check_one_of, one_of
from pluralign_stats.feedback.scales import dimension_conversion
from pluralign_stats.fits.fit import Fit
from pluralign_stats.fits.linear import fit_linear
from pluralign_stats.fits.marginal import fit_marginal
from pluralign_stats.fits.ordered_beta import fit_ordered_beta
from pluralign_stats.models.marginal import MARGINAL, WEIGHTED
from pluralign_stats.outcomes.specification_curve import ALL
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.simulate.parameters import LEVELS, PLANTED
from pluralign_stats.study.formats import FORMAT
from pluralign_stats.study.read import read_study
from pluralign_stats.study.study import Study
from pluralign_stats.study.text import contrast_label
from pluralign_stats.study.weights import WEIGHT

#: The model of ratings between the two ends of a slider.
BETWEEN = "ordered beta"

#: Ways of modelling ratings.
MODELS: dict[str, Callable[..., Fit]] = {
    "ordinal": fit_by_format,
    "linear": fit_linear,
    BETWEEN: fit_ordered_beta,
    **{kind: partial(fit_marginal, kind=kind) for kind in MARGINAL},
    WEIGHTED: fit_weighted,
}

#: Those that take ratings for ordered categories.
ORDINAL = ("ordinal", "ordinal GEE")

#: Whose ratings: those that the codebook's filters leave, or everyone's.
PASSED, EVERYONE = "passed", "all ratings"

#: What stands beside the demographic of the finding.
ADJUSTED, ALONE = "all demographics", "alone"

#: Raters who show signs of not reading: kept as the codebook has it, or left out.
KEPT, ATTENTIVE = "as in the study", "attentive only"

#: Where the raters are: columns of a study by which it can be narrowed, the first that it has.
PLACES = ("language", "country")

#: All columns by which a study can be narrowed: places, and the format of ratings.
NARROWED = (*PLACES, FORMAT)


@dataclass(frozen=True)
class RatingFinding:
    """A comparison of two groups of raters on one dimension.

    Attributes
    ----------
    name
        The finding in a few words.
    dimension
        What was rated.
    term
        The demographic.
    level, reference
        Two of its levels; the first less the second is estimated.

    Examples
    --------
    >>> finding = pls.outcomes.RatingFinding("men", "toxicity", "gender", "Male", "Female")
    >>> finding.level, finding.reference
    ('Male', 'Female')
    """

    name: str
    dimension: str
    term: str
    level: str
    reference: str


def published_rating_findings(study: Study) -> tuple[RatingFinding, ...]:
    """The paper's findings about raters whose dimension, demographic and groups a study has.

    Parameters
    ----------
    study
        The study.

    Returns
    -------
    tuple of RatingFinding
        Empty where the study has none of them.

    Examples
    --------
    >>> pls.outcomes.published_rating_findings(study)[0].name
    'Toxicity, Male vs Female raters'
    """
    found = []
    for planted in PLANTED:
        reference, label = LEVELS[planted.term][0], study.codebook.label(planted.dimension)
        known = study.levels(planted.term) if planted.term in study.demographics else ()
        if planted.dimension in study.dimensions and {planted.level, reference} <= set(known):
            name = f"{label}, {contrast_label(planted.level, reference)} raters"
            found.append(
                RatingFinding(name, planted.dimension, planted.term, planted.level, reference)
            )
    return tuple(found)


def study_by_filter(
    study: Study, codebook: str | Path, data: str | Path | None = None
) -> dict[str, Study | InputError]:
    """A study, and beside it the same without its filters, where these removed something.

    Parameters
    ----------
    study
        The study as its codebook filters it.
    codebook, data
        Where it was read from, as for `read_study`.

    Returns
    -------
    dict
        By option of the choice "filter"; where what the filters removed cannot be read, why.

    Examples
    --------
    >>> list(pls.outcomes.study_by_filter(study, "study.yaml"))
    ['passed']
    """
    found: dict[str, Study | InputError] = {PASSED: study}
    if study.exclusions["rows"].any():
        try:
            language = study.codebook.language
            found[EVERYONE] = read_study(codebook, data, filters=False, language=language)
        except InputError as error:
            found[EVERYONE] = error
    return found


#: A study, or several by what was filtered.
Studies = Study | Mapping[str, Study | InputError]


def rating_choices(
    study: Studies, finding: RatingFinding, *, min_cell: int = MIN_CELL
) -> dict[str, list[str]]:
    """Choices that a study offers for a finding; the first of each makes the main analysis.

    Model, scale (those coarser than the study's own to which its ratings can be converted), filter,
    adjustment, raters (all, or those without signs of not reading), language or country, and
    format, where there are several in which both groups have `min_cell` raters.

    Parameters
    ----------
    study
        The study; several by the option of the choice "filter".
    finding
        The finding.
    min_cell
        Fewest raters of either group.

    Returns
    -------
    dict of str to list of str
        Options by choice.

    Raises
    ------
    InputError
        If the study has no such dimension, demographic or group.

    Examples
    --------
    >>> finding = pls.outcomes.RatingFinding("men", "toxicity", "gender", "Male", "Female")
    >>> list(pls.outcomes.rating_choices(study, finding))
    ['model', 'scale', 'adjustment', 'language']
    """
    by_filter = studies_of(study)
    main = main_study(by_filter)
    check_finding(main, finding)
    rated = main.codebook.dimensions[finding.dimension].scale
    models = [m for m in MODELS if m != BETWEEN or not rated.categorical]
    models = [m for m in models if m != WEIGHTED or WEIGHT in main.raters]
    offered = {
        "model": sorted(models, key=lambda m: not rated.categorical and m in ORDINAL),
        "scale": scales_of(main, finding.dimension),
        "filter": [name for name, one in by_filter.items() if isinstance(one, Study)],
        "adjustment": [ADJUSTED, ALONE],
        "raters": [KEPT, ATTENTIVE] if len(careless_names(main)) else [KEPT],
        **_parts(main, finding, min_cell),
    }
    if len(factors_of(main, finding)) == 1:
        del offered["adjustment"]
    return {name: values for name, values in offered.items() if len(values) > 1 or name == "model"}


def studies_of(study: Studies) -> Mapping[str, Study | InputError]:
    """Studies by what was filtered, the main one first."""
    return {PASSED: study} if isinstance(study, Study) else study


def main_study(by_filter: Mapping[str, Study | InputError]) -> Study:
    """The first study."""
    first = next(iter(by_filter.values()), None)
    if not isinstance(first, Study):
        raise first or InputError("there is no study to analyse; name one")
    return first


def check_finding(study: Study, finding: RatingFinding) -> None:
    """Refuse a finding about what a study does not have."""
    check_one_of("the dimension", finding.dimension, study.dimensions)
    check_one_of("the demographic", finding.term, study.demographics)
    for level in (finding.level, finding.reference):
        if level not in study.levels(finding.term):
            known = study.levels(finding.term)
            raise InputError(one_of(f"the level of '{finding.term}'", level, known))
    if finding.level == finding.reference:
        raise InputError(f"a finding needs two different groups, not '{finding.level}' twice")


def scales_of(study: Study, dimension: str) -> list[str]:
    """The scales to which ratings can be converted, from the finest, each coarser than the last."""
    rated = study.codebook.dimensions[dimension]
    sizes: dict[float, str] = {}
    for scale in ("5-point", "as-rated", "3-point", "binary"):
        try:
            conversion = dimension_conversion(dimension, rated, scale)
        except InputError:
            continue
        as_rated = inf if rated.scale.continuous else len(rated.levels)
        sizes.setdefault(as_rated if scale == "as-rated" else len(conversion.places), scale)
    return [sizes[n] for n in sorted(sizes, reverse=True)]


def careless_names(study: Study) -> pd.Index:
    """Raters who show some sign of not reading."""
    flags = study.careless.set_index("rater")
    return flags.index[flags.fillna(False).astype(bool).any(axis=1)]


def _parts(study: Study, finding: RatingFinding, min_cell: int) -> dict[str, list[str]]:
    """Language or country, and format, with their options where several can be told of."""
    data = given_ratings(study, finding.dimension)
    names = [name for name in NARROWED if name in data and name != finding.term]
    places = [name for name in names if name in PLACES][:1]
    options = {
        name: _options(data, finding, name, min_cell)
        for name in names
        if name in places or name not in PLACES
    }
    return {name: [ALL, *told] for name, told in options.items() if told}


def _options(data: pd.DataFrame, finding: RatingFinding, name: str, min_cell: int) -> list[str]:
    """Levels in which both groups have raters enough; none where these are not several."""
    raters = data.drop_duplicates(["rater", name])
    groups = pd.crosstab(raters[name].astype(str), raters[finding.term].astype(str))
    groups = groups.reindex(columns=[finding.level, finding.reference], fill_value=0)
    enough = (groups >= min_cell).all(axis=1)
    rest = int(raters[name].isin(enough.index[~enough]).sum())
    told = sorted(enough.index[enough])
    return told if len(told) > 1 and (rest == 0 or rest >= min_cell) else []


def factors_of(study: Study, finding: RatingFinding) -> tuple[str, ...]:
    """The demographics of the model, as `demographic_effects` takes them, with the finding's."""
    return tuple(dict.fromkeys((*default_factors(study), finding.term)))
