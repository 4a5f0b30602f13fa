"""Rows that a model cannot describe with finite numbers, set aside so that it describes the others.

Where all ratings of a level are at one end of the scale, the likelihood rises as its coefficient
grows without bound, and in the limit its rows have probability 1 whatever the other parameters are:
these are estimated as if the rows were not there (Geyer 2009, Electronic Journal of Statistics 3,
259-289, on the limiting conditional model). Errors robust to raters know how a level's raters
differ from these themselves, and so nothing of a level with one rater, or with one answer.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import pandas as pd

from pluralign_stats.errors import NotApplicableError
from pluralign_stats.models.design import Design
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.matrices import Matrix, fixed_matrix, random_design
from pluralign_stats.models.raters import renumbered
from pluralign_stats.notes import Note


@dataclass(frozen=True, eq=False)
class Separation:
    """What has no finite estimate.

    Attributes
    ----------
    names
        Coefficients, or thresholds where no coefficient runs off.
    parameters
        (k,) which of all parameters do.
    rows
        (n,) ratings whose probability tends to 1.
    """

    names: list[str]
    parameters: np.ndarray
    rows: np.ndarray


def without_errors[E: ModelEstimates](fit: E, parameters: np.ndarray) -> E:
    """A fit that has no errors of some of its (k,) parameters."""
    vcov = fit.joint.vcov.copy()
    vcov[parameters] = np.nan
    vcov[:, parameters] = np.nan
    return replace(fit, joint=replace(fit.joint, vcov=vcov))


def set_aside(design: Design, rows: np.ndarray) -> Design:
    """A design without some of its (n,) rows, whose factors keep all their levels.

    Levels without other rows come last, as nothing can be compared with them.

    Raises
    ------
    NotApplicableError
        If no row is left.
    """
    if rows.all():
        raise NotApplicableError("no row is left that a model could describe")
    left, formula = ~rows, design.formula
    data = design.data[left]
    for name in design.factors:
        levels = data[name].cat.categories
        there = levels.isin(data[name].unique())
        data = data.assign(
            **{name: data[name].cat.reorder_categories([*levels[there], *levels[~there]])}
        )
    nominal = None if design.nominal is None else _again(design.nominal, data)
    made = replace(
        design,
        y=design.y[left],
        fixed=_again(design.fixed, data, nominal),
        random=tuple(random_design(term, data) for term in formula.random),
        scale=None if design.scale is None else _again(design.scale, data),
        nominal=nominal,
        weight=design.weight[left],
        data=data,
        raters=renumbered(design.raters, data),
        aside=pd.concat([design.aside, design.data[rows]]),
    )
    known = {*design.gone, *_dependent(design)}
    gone = (name for name in _dependent(made) if name not in known)
    return replace(made, gone=(*design.gone, *gone))


def _dependent(design: Design) -> list[str]:
    """Coefficients that have no estimate."""
    matrices: Sequence[Matrix | None] = (design.fixed, design.scale, design.nominal)
    return [
        str(name)
        for matrix in matrices
        if matrix is not None
        for name in matrix.dependence.columns
        if name not in matrix.absorbed
    ]


def told_aside[E: ModelEstimates](
    fit: E, given: Design, note: Callable[[Sequence[str]], Note]
) -> E:
    """A fit of a design that says which coefficients the rows cost that were set aside of it."""
    gone = [name for name in fit.design.gone if name not in given.gone]
    if len(fit.design.aside) == len(given.aside):
        return fit
    return replace(fit, warnings=(*fit.warnings, note(gone)))


def _again(matrix: Matrix, data: pd.DataFrame, given: Matrix | None = None) -> Matrix:
    return fixed_matrix(matrix.side, data, constant=matrix.constant, given=given)


def unreplicated(design: Design) -> np.ndarray:
    """(n,) rows of levels, and of their combinations in the formula, that tell nothing of spread.

    They have one rater, or one rating for all rows.
    """
    codes = design.raters.codes
    found = np.zeros(len(design.y), dtype=bool)
    if codes is None:
        return found
    answers = pd.factorize(np.asarray(design.y))[0]
    for names in _cells(design):
        cell = design.data.groupby(names, observed=True).ngroup()
        frame = pd.DataFrame({"rater": codes, "answer": answers})
        found |= (frame.groupby(cell.to_numpy()).transform("nunique") == 1).any(axis=1).to_numpy()
    return found


def _cells(design: Design) -> Iterator[list[str]]:
    """The factors of each term of the fixed effects."""
    parts = (m.coefficients for m in (design.fixed, design.nominal, design.scale) if m is not None)
    terms = {tuple(n for n in c.variables if n in design.factors) for c in chain(*parts)}
    return (list(names) for names in sorted(terms) if names)
