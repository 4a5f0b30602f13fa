"""One covariate on one dimension: what is compared, and its model."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from pandas.api.types import is_numeric_dtype

from pluralign_stats.demographics.covariate_models import (
    Fitted,
    fit_covariate,
    indistinct_unit,
    spread_of,
)
from pluralign_stats.demographics.plans import Model, fitting, given_ratings, held_equal
from pluralign_stats.demographics.references import (
    compared_with,
    groups_of,
    large_references,
)
from pluralign_stats.errors import InputError
from pluralign_stats.study.covariate import SD
from pluralign_stats.study.entries import LANGUAGE
from pluralign_stats.study.study import Study


@dataclass(frozen=True)
class Step:
    """The difference in a number whose effect is told: its size, and what it is counted from."""

    centre: float
    size: float
    told: str


@dataclass(frozen=True, eq=False)
class Part:
    """The model of one covariate on one dimension.

    Attributes
    ----------
    dimension, covariate
        Their names.
    fitted
        The model. A number is counted in steps there, from its mean.
    step
        Of a number; None of what has levels.
    """

    dimension: str
    covariate: str
    fitted: Fitted
    step: Step | None


def step_of(study: Study, name: str) -> Step | None:
    """The step of a number; None of a covariate that has levels.

    A standard deviation is that over items if the number is the same in all ratings of an item,
    over raters if in all of a rater, otherwise over ratings.
    """
    known = study.ratings.dropna(subset=["rating", name])
    if not is_numeric_dtype(known[name]):
        return None
    per = study.codebook.covariates[name].per
    unit = spread_of(known, name).unit
    one = (known if unit == "rating" else known.drop_duplicates(unit))[name]
    if per is None or per == SD:
        return Step(float(one.mean()), float(one.std()), f"+1 SD ({one.std():+.3g})")
    return Step(float(one.mean()), float(per), f"+{per:g}")


def covariate_part(
    study: Study,
    name: str,
    dimension: str,
    gaps: dict[str, str],
    model: Model,
    min_cell: int,
    step: Step | None,
) -> Part:
    """Fit the model of one covariate on one dimension.

    Parameters
    ----------
    gaps
        Demographics that are held equal, and the groups that each was not asked of.
    min_cell
        Fewest raters of a level that is compared with others.

    Raises
    ------
    InputError
        If there are no two values to compare, what is compared cannot be told apart from something
        else, or there is no model.
    """
    label = study.codebook.label
    data = given_ratings(study, dimension).dropna(subset=name)
    held = held_equal(data, gaps) if len(data) else ()
    data = data.dropna(subset=list(held))
    if step is None:
        data = data.assign(**{name: data[name].cat.remove_unused_categories()})
    _check_values(data, name, label(name), min_cell)
    _check_apart(data, name, held, study)
    if step is not None:
        data = data.assign(**{name: (data[name] - step.centre) / step.size})
    compared = large_references(data, [*held, *([] if step else [name])], min_cell)
    if name == LANGUAGE:
        compared = compared_with(compared, name, _most_raters(data, name))
    try:
        fitted = fit_covariate(fitting(study, dimension, model), compared, name, held)
    except InputError as error:
        raise InputError(f"{label(name)}: no model: {error}") from None
    return Part(dimension, name, fitted, step)


def _most_raters(data: pd.DataFrame, name: str) -> str:
    """The level of most raters, with which those of no stated reference are compared."""
    return str(data.groupby(name, observed=True)["rater"].nunique().idxmax())


def _check_values(data: pd.DataFrame, name: str, label: str, min_cell: int) -> None:
    """Refuse a covariate that has no two values to compare."""
    found = data[name].unique()
    if not len(found):
        raise InputError(f"no rating comes with {label} and all demographics that are held equal")
    if len(found) == 1:
        raise InputError(f"{label} is the same in all ratings")
    if is_numeric_dtype(data[name]) or groups_of(data, name, label, min_cell).reference:
        return
    large = groups_of(data, name, label, min_cell).large
    raise InputError(
        f"of the {len(found)} levels of {label} {f"only '{large[0]}'" if large else 'none'} has "
        f"{min_cell} raters or more; join small ones in the codebook ('recode', or 'other' for all "
        "of them)"
    )


def _check_apart(data: pd.DataFrame, name: str, held: Sequence[str], study: Study) -> None:
    """Refuse a covariate that something else determines."""
    label = study.codebook.label
    unit = indistinct_unit(data, name, spread_of(data, name))
    if unit:
        raise InputError(
            f"{label(name)} cannot be told apart from what else differs between its {unit}s, of "
            "which each value has one"
        )
    others = [*held, *(["format"] if "format" in data else [])]
    for other in others:
        if data.groupby(other, observed=True)[name].nunique().max() == 1:
            raise InputError(
                f"{label(name)} cannot be told apart from {label(other)}, as each group of "
                f"{label(other)} has one {label(name)}; name in 'demographics' what to hold equal "
                f"without {label(other)}"
            )
