"""What can be chosen in the explorer, read from the study."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from pandas.api.types import is_numeric_dtype

from pluralign_stats.demographics.references import Groups, groups_of
from pluralign_stats.errors import InputError, check_one_of
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.study.study import Study
from pluralign_stats.suppression import check_min_cell

#: Models that are fitted within seconds, and what readers call them.
MODELS = {"ordinal": "Ordinal", "linear": "Linear"}

#: What can be shown of one choice, and what readers call it.
SHOWN = {
    "points": "Differences in rating points",
    "mean": "Differences in % of the mean rating",
    "odds": "Differences in % of the odds",
    "shares": "Predicted shares of ratings",
    "observed": "Observed shares of ratings",
}


@dataclass(frozen=True)
class Choice:
    """One question to a study.

    Attributes
    ----------
    dimension, demographic
        Whose ratings on what are compared.
    model
        ``"ordinal"`` or ``"linear"``.
    reference
        The level that the others are compared with.
    only
        Columns of the ratings and the one value of each that is looked at.
    show
        One of `SHOWN`.
    """

    dimension: str
    demographic: str
    model: str
    reference: str
    only: tuple[tuple[str, str], ...] = ()
    show: str = "points"


@dataclass(frozen=True, eq=False)
class Choices:
    """What a study offers.

    Attributes
    ----------
    dimensions
        Their names.
    references
        By demographic with at least two groups large enough to be shown, these groups; first the
        one that the codebook compares with or, where that is too small, the largest.
    filters
        By column of the ratings, the values of which enough raters have any.
    labels
        What readers call each dimension, demographic and column.
    numbers
        Dimensions of which ratings are numbers to models, so that there is no ordinal one.
    lacking
        Why a demographic cannot be compared by.
    """

    dimensions: tuple[str, ...]
    references: Mapping[str, tuple[str, ...]]
    filters: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, str]
    numbers: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()

    @property
    def missing(self) -> str:
        """Why nothing can be chosen, in one sentence; empty where something can."""
        if self.references:
            return ""
        why = f": {'; '.join(self.lacking)}" if self.lacking else ""
        return (
            "This study has no demographic with two groups large enough to be compared, so there "
            f"is nothing to explore; all raters together are shown{why}."
        )

    def models(self, dimension: str) -> dict[str, str]:
        """The models of a dimension by what readers call them; the first is the usual one."""
        if dimension in self.numbers:
            return {name: label for name, label in MODELS.items() if name != "ordinal"}
        return MODELS

    def choice(
        self,
        dimension: str = "",
        demographic: str = "",
        model: str = "auto",
        reference: str = "",
        only: Mapping[str, str] | None = None,
        show: str = "points",
    ) -> Choice:
        """Put a choice together; what is left empty is the first one that the study offers.

        Raises
        ------
        InputError
            If something is not offered, or cannot be asked together.
        """
        if self.missing:
            raise InputError(self.missing)
        dimension = _one("dimension", dimension, self.dimensions)
        demographic = _one("demographic", demographic, self.references)
        possible = self.models(dimension)
        model = _one("model", "" if model == "auto" else model, possible)
        reference = _one(
            f"reference level of {demographic}", reference, self.references[demographic]
        )
        show = _one("view", show, SHOWN)
        for column, value in (only or {}).items():
            _one("column to choose by", column, self.filters)
            _one(f"value of {column}", value, self.filters[column])
            if column == demographic:
                raise InputError(
                    f"groups of {demographic} cannot be compared within one of them; "
                    f"take {demographic} out of 'only'"
                )
        if not can_show(model, show):
            raise InputError(
                "A linear model predicts means and not shares of ratings; choose the ordinal model"
                if "ordinal" in possible
                else "A linear model predicts means and not shares of ratings; choose another view"
            )
        return Choice(
            dimension, demographic, model, reference, tuple(sorted((only or {}).items())), show
        )


def choices_of(study: Study, min_cell: int = MIN_CELL) -> Choices:
    """Read what a study offers.

    Parameters
    ----------
    study
        The study.
    min_cell
        Groups of fewer raters are not offered.
    """
    check_min_cell(min_cell)
    given = study.ratings.dropna(subset="rating")
    references, lacking = {}, list[str]()
    for name in study.demographics:
        found = groups_of(given, name, study.codebook.label(name), min_cell)
        if found.reference:
            references[name] = reference_first(found)
        else:
            lacking.append(found.lacking)
    filters = {}
    for name in ("language", *study.codebook.factors):
        grouped = name in given and not is_numeric_dtype(given[name])
        values = large_groups(given, name, min_cell) if grouped else ()
        if len(values) > 1:
            filters[name] = values
    names = (*study.dimensions, *filters, *references)
    return Choices(
        study.dimensions,
        references,
        filters,
        {name: study.codebook.label(name) for name in names},
        tuple(n for n, d in study.codebook.dimensions.items() if not d.scale.categorical),
        tuple(lacking),
    )


def reference_first(groups: Groups) -> tuple[str, ...]:
    """Groups that others can be compared with: first the one that they are if none is named."""
    return tuple(sorted(groups.large, key=lambda level: level != groups.reference))


def large_groups(given: pd.DataFrame, column: str, min_cell: int) -> tuple[str, ...]:
    """Values of a column that enough raters have, in the column's order."""
    n = given.groupby(column, observed=True)["rater"].nunique()
    return tuple(str(value) for value in n.index[n >= min_cell])


def can_show(model: str, show: str) -> bool:
    """Whether a model has such a view: a linear one predicts means, not shares."""
    return (model, show) != ("linear", "shares")


def _one(what: str, value: str, allowed: Mapping[str, object] | tuple[str, ...]) -> str:
    if not value:
        return next(iter(allowed))
    check_one_of(f"the {what}", value, allowed)
    return value
