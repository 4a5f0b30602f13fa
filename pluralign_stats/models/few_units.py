"""Effects of ordinal models that rest on few raters or items."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from pluralign_stats.models.units import Grouped, between
from pluralign_stats.words import counted

#: From so many units on the normal distribution lets less than 6 % of chance differences through
#: at a level of 5 %; of fewer, t with the degrees of freedom of units is used.
MANY = 60

#: No rows.
NOBODY = np.zeros(0, dtype=int)


@dataclass(frozen=True)
class FewUnits:
    """Between how few units a variable differs.

    Attributes
    ----------
    variable
        Which variable.
    unit
        What the units are, such as ``"item"``.
    n
        How many there are.
    df
        Units less parameters that differ between them.
    """

    variable: str
    unit: str
    n: int
    df: int

    @property
    def inflation(self) -> float:
        """What maximum likelihood leaves out of variances between units (as of a sample's by n)."""
        return self.n / self.df if self.df else np.nan

    @property
    def note(self) -> str:
        """What to tell a reader."""
        differs = f"'{self.variable}' differs between {counted(self.n, self.unit)} only"
        if not self.df:
            return f"{differs}, too few for errors of their own: there is no test."
        return (
            f"{differs}: variances are raised by {self.n}/{self.df}, and intervals and p are from "
            f"t with {counted(self.df, 'degree')} of freedom ({self.unit}s less parameters that "
            f"differ between them). From {MANY} {self.unit}s on they would be from the normal "
            "distribution."
        )


class Estimated(Grouped, Protocol):
    """What is asked of a `Fit`, which need not be known here."""

    @property
    def asymptotic(self) -> bool:
        """Whether its standard errors take units for many."""

    @property
    def params(self) -> pd.Series:
        """(p,) coefficients."""

    @property
    def thresholds(self) -> pd.Series:
        """Cuts between neighbouring categories."""


def few_units(fit: Estimated, *variables: str) -> FewUnits | None:
    """The fewest units between which variables of an ordinal model differ; None for many.

    A variable that differs within raters and items rests on ratings; one whose effect the model
    lets vary rests on what it varies between.

    References
    ----------
    Li & Redden (2015), BMC Medical Research Methodology 15:38, on degrees of freedom "between and
    within" in mixed models of categories with few clusters.
    """
    if not fit.asymptotic:
        return None
    found = [
        (int(codes.max()) + 1, variable, unit, codes)
        for variable in variables
        if variable in fit.design.data
        for unit, codes in between(fit, variable).items()
    ]
    n, variable, unit, codes = min(found, key=lambda each: each[0], default=(MANY, "", "", NOBODY))
    if n >= MANY:
        return None
    return FewUnits(variable, unit, n, spare_units(codes, fit.design.fixed.columns))


def coefficient_variables(fit: Estimated) -> list[tuple[str, ...]]:
    """Variables of each coefficient on the level of ratings; none of the others and thresholds."""
    spec = fit.design.fixed.spec
    of = {
        spec.column_names[at]: tuple(str(v) for v in spec.term_variables[part])
        for part, places in spec.term_indices.items()
        for at in places
    }
    located = fit.design.fixed.names
    rest = len(fit.params) + len(fit.thresholds) - len(located)
    return [of.get(name, ()) for name in located] + [()] * rest


def spare_units(codes: np.ndarray, X: np.ndarray) -> int:
    """Units less the rank of an intercept and those columns of X that are constant within units.

    `codes` (n,) number the rows' units, X is (n, p).
    """
    first = np.unique(codes, return_index=True)[1]
    constant = (X[first][codes] == X).all(axis=0)
    between = np.column_stack([np.ones(len(first)), X[first][:, constant]])
    return len(first) - int(np.linalg.matrix_rank(between))
