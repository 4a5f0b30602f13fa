"""Effects of ordinal models that rest on few raters or items, or on how much these differ.

Raters use a scale in ways of their own, which no random effect of the model holds; so its own
standard errors of effects on thresholds and scale are too small wherever a rater gives more than
one rating. The sandwich ``C M C`` of their covariance C, with M the covariance of the scores' sum
over independent units, does not rest on that (Liang & Zeger 1986, Biometrika 73, 13-22).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from pluralign_stats.models.design import Design
from pluralign_stats.models.engine.clusters import cluster_covariance
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.laplace_fit import LaplaceEstimates
from pluralign_stats.models.scores import scores
from pluralign_stats.models.units import ALONE, Units, between, units_of
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.suppression import few
from pluralign_stats.words import counted, counted_levels, levels_of

#: From so many units on the normal distribution lets less than 6 % of chance differences through
#: at a level of 5 %; of fewer, t with the degrees of freedom of units is used.
MANY = 60

#: In steps of so many are degrees of freedom told where they would tell a withheld number.
TEN = 10

#: No rows.
NOBODY = np.zeros(0, dtype=int)


@dataclass(frozen=True)
class FewUnits:
    """Between how few units something differs.

    Attributes
    ----------
    what
        Which variable, or several whose product it is.
    unit
        What the units are, such as ``"item"``.
    n
        How many there are.
    df
        Units less parameters that differ between them; of raters whose number is withheld, in whole
        tens.
    inflation
        What maximum likelihood leaves out of variances between units (as of a sample's by n).
    disclosed
        Whether the number may be told.
    """

    what: str
    unit: str
    n: int
    df: int
    inflation: float
    disclosed: bool

    @property
    def note(self) -> str:
        """What to tell a reader."""
        many = levels_of(self.unit)
        units = counted_levels(self.n, self.unit) if self.disclosed else f"fewer than {MANY} {many}"
        differs = f"'{self.what}' differs between {units} only"
        if not self.df:
            return f"{differs}, too few for errors of their own: there is no test."
        how = f"raised by {self.n}/{self.df}" if self.disclosed else "raised for so few"
        tens = "" if self.disclosed else "in whole tens, as their number is withheld; "
        return (
            f"{differs}: variances are {how}, and intervals and p are from t with "
            f"{counted(self.df, 'degree')} of freedom ({tens}{many} less parameters that "
            f"differ between them). From {MANY} {many} on they would be from the normal "
            "distribution."
        )


def few_units(fit: ModelEstimates, *variables: str) -> FewUnits | None:
    """The fewest units between which variables of an ordinal model differ; None for many.

    A variable that differs within raters and items rests on ratings; one whose effect the model
    lets vary rests on what it varies between.

    References
    ----------
    Li & Redden (2015), BMC Medical Research Methodology 15:38, on degrees of freedom "between and
    within" in mixed models of categories with few clusters.
    """
    known = [variable for variable in variables if variable in fit.design.data]
    return _fewest(fit, {variable: between(fit, [variable]) for variable in known})


def few_of_coefficients(fit: ModelEstimates) -> list[FewUnits | None]:
    """The same of each coefficient's own column; None of thresholds, and effects on these."""
    design = fit.design
    variables = coefficient_variables(fit)
    made = [
        _fewest(fit, {":".join(used): between(fit, used, column)} if used else {})
        for column, used in zip(design.fixed.columns.T, variables, strict=False)
    ]
    return made + [None] * (len(variables) - len(made))


def _fewest(fit: ModelEstimates, groups: Mapping[str, Mapping[str, np.ndarray]]) -> FewUnits | None:
    """The fewest of groups (n,) by what differs between them and their names."""
    if not fit.asymptotic:
        return None
    found = [
        (int(codes.max()) + 1, what, unit, codes)
        for what, units in groups.items()
        for unit, codes in units.items()
    ]
    n, what, unit, codes = min(found, key=lambda each: each[0], default=(MANY, "", "", NOBODY))
    if n >= MANY:
        return None
    df = spare_units(codes, columns_of(fit.design))
    shown = int(shown_degrees(fit, n, np.array(df, dtype=float)))
    return FewUnits(what, unit, n, shown, n / df if df else np.nan, may_be_told(fit, n))


def may_be_told(fit: ModelEstimates, n: int) -> bool:
    """Whether n units may: not as many as raters, where that would tell how few are left out."""
    withheld = few(np.array([fit.design.left_out]), MIN_CELL).any()
    return n != fit.design.raters.n or not withheld


def shown_degrees(fit: ModelEstimates, n: int, df: np.ndarray) -> np.ndarray:
    """Degrees of freedom of n units, in whole tens where they would tell that number.

    They are what intervals and p are made with, so that these do not tell them either.
    """
    with np.errstate(invalid="ignore"):
        coarse = np.where(np.isfinite(df) & (df >= TEN), df // TEN * TEN, df)
    return df if may_be_told(fit, n) else coarse


def coefficient_variables(fit: ModelEstimates) -> list[tuple[str, ...]]:
    """Variables of each coefficient on the level of ratings; none of the others and thresholds."""
    located = fit.design.fixed.coefficients
    rest = len(fit.params) + len(fit.thresholds) - len(located)
    return [c.variables for c in located] + [()] * rest


def columns_of(design: Design) -> np.ndarray:
    """(n, p) columns of all effects: on the level of ratings, on thresholds and on the scale."""
    matrices = (design.fixed, design.nominal, design.scale)
    return np.hstack([m.columns for m in matrices if m is not None])


def spare_units(codes: np.ndarray, X: np.ndarray) -> int:
    """Units less the rank of an intercept and those columns of X that are constant within units.

    `codes` (n,) number the rows' units, X is (n, p).
    """
    first = np.unique(codes, return_index=True)[1]
    constant = (X[first][codes] == X).all(axis=0)
    between = np.column_stack([np.ones(len(first)), X[first][:, constant]])
    return len(first) - int(np.linalg.matrix_rank(between))


def scale_units(fit: ModelEstimates) -> Units | None:
    """Units on which effects on thresholds and scale rest; None where there are none of either."""
    variables = fit.design.changing
    units = units_of(fit, *variables) if variables else None
    return None if units is None or units.name == ALONE else units


def score_covariance(fit: ModelEstimates, units: Units) -> np.ndarray:
    """M (k, k) of an ordinal model: covariance of the scores' sum, from how much units differ."""
    return cluster_covariance(scores(cast("LaplaceEstimates", fit)), units.codes)


def between_units(fit: ModelEstimates, units: Units) -> np.ndarray:
    """The sandwich (k, k): covariance of the estimates, missing where the fit's own is."""
    C = fit.joint.vcov
    known = np.nan_to_num(C)
    made = known @ score_covariance(fit, units) @ known
    return np.where(np.isnan(C), np.nan, made)


def scale_df(fit: ModelEstimates, units: Units) -> int:
    """Degrees of freedom of effects on thresholds and scale: units less what differs between."""
    df = spare_units(min(units.codes, key=np.max), columns_of(fit.design))
    return int(shown_degrees(fit, units.fewest, np.array(df, dtype=float)))
