"""Matrices of a formula's parts: made of the data, and again of other rows."""

import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from formulaic import ModelSpec
from formulaic.errors import DataMismatchWarning, FormulaicError

from pluralign_stats.errors import InputError, check_one_of
from pluralign_stats.models.coefficients import Coefficient, coefficients_of
from pluralign_stats.models.columns import read_column
from pluralign_stats.models.engine.separation import independent_columns
from pluralign_stats.models.formula import RandomTerm, read_side
from pluralign_stats.study.text import labels_of

#: A left-out column is taken up by the thresholds if other columns' share of it is smaller.
ABSORBED = 1e-6


@dataclass(frozen=True, eq=False)
class Matrix:
    """A matrix of fixed effects and how to make it of new data.

    Attributes
    ----------
    side
        The formula's part.
    columns
        (n, p) the columns that are estimated.
    coefficients
        The p coefficients that they belong to.
    spec
        Makes the same columns, and those left out, of new data.
    dependence
        (r, d) left-out columns as weights of the constant and of `given`, if they are not among
        the columns, and of the estimated ones.
    absorbed
        Which of the left-out columns the thresholds and their changes take up.
    constant
        Whether thresholds take the place of a constant.
    given
        Changes of the thresholds, which come before these columns.
    """

    side: str
    columns: np.ndarray
    coefficients: tuple[Coefficient, ...]
    spec: ModelSpec
    dependence: pd.DataFrame
    absorbed: tuple[str, ...]
    constant: bool
    given: "Matrix | None"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the p columns."""
        return tuple(c.name for c in self.coefficients)

    def places(self, variable: str) -> np.ndarray:
        """Numbers of the columns of terms that a variable is in."""
        return np.flatnonzero([variable in c.variables for c in self.coefficients])

    def of(self, data: pd.DataFrame) -> np.ndarray:
        """The same columns (m, p) of other rows.

        A row is missing if it needs a left-out column, as then the model cannot speak of it.
        """
        full = _again(self.spec, data)
        kept = full[list(self.names)].to_numpy(dtype=float)
        if self.dependence.empty:
            return kept
        left_out = full[list(self.dependence.columns)].to_numpy(dtype=float)
        before = [] if self.given is None else [self.given.of(data)]
        independent = np.hstack([np.ones((len(kept), int(self.constant))), *before, kept])
        known = np.isclose(left_out, independent @ self.dependence.to_numpy()).all(axis=1)
        return np.where(known[:, None], kept, np.nan)


@dataclass(frozen=True, eq=False)
class RandomDesign:
    """One random term of the rows.

    Attributes
    ----------
    term
        As the formula has it.
    coefficients
        The q effects.
    keys
        The groups that occur: levels of the grouping variable, or of several together.
    codes
        (n,) number of each row's group among them.
    z
        (n, q) covariates of the effects.
    spec
        Makes the same covariates, and those left out, of new data.
    left_out
        Effects that the others determine.
    """

    term: RandomTerm
    coefficients: tuple[Coefficient, ...]
    keys: pd.Index
    codes: np.ndarray
    z: np.ndarray
    spec: ModelSpec
    left_out: tuple[str, ...]

    @property
    def effects(self) -> tuple[str, ...]:
        """Names of the q effects; ``"Intercept"`` for 1."""
        return tuple(c.name for c in self.coefficients)

    @cached_property
    def levels(self) -> pd.Index:
        """Names of the groups, those of ``a:b`` like x:y; different groups have different ones."""
        if not isinstance(self.keys, pd.MultiIndex):
            return self.keys
        return pd.Index(labels_of([tuple(map(str, key)) for key in self.keys], ":"), dtype=object)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the effects in tables of random effects: the group, and the slope if any."""
        group = self.term.group
        return tuple(group if e == "Intercept" else f"{group}: {e}" for e in self.effects)

    def of(self, data: pd.DataFrame) -> np.ndarray:
        """Covariates (m, q) of other rows."""
        return _again(self.spec, data)[list(self.effects)].to_numpy(dtype=float)

    def find(self, data: pd.DataFrame) -> np.ndarray:
        """(m,) numbers of the groups of other rows; -1 where a group is new or missing."""
        return self.keys.get_indexer(_keys(self.term, data))


def fixed_matrix(
    side: str, data: pd.DataFrame, *, constant: bool, given: Matrix | None = None
) -> Matrix:
    """Independent columns of a fixed part; independent, too, of a `constant` and of what is given.

    With a `constant` elsewhere the part itself has none.
    """
    matrix = evaluate(side, data)
    made = coefficients_of(matrix.model_spec, data.columns)
    own = [k for k, coefficient in enumerate(made) if coefficient.parts or not constant]
    before = [] if given is None else list(given.names)
    values = np.hstack(
        [
            np.ones((len(data), int(constant))),
            *([] if given is None else [given.columns]),
            matrix.to_numpy(dtype=float)[:, own],
        ]
    )
    names = np.array(
        [*["(constant)"] * constant, *before, *(made[k].name for k in own)], dtype=object
    )
    b = len(names) - len(own)
    kept, dropped, weights = independent_columns(values)
    size = np.linalg.norm(values, axis=0)
    share = np.abs(weights[b:]) * size[kept[b:], None]
    absorbed = names[dropped[(share <= ABSORBED * size[dropped]).all(axis=0)]] if before else []
    return Matrix(
        side,
        values[:, kept[b:]],
        tuple(made[own[k - b]] for k in kept[b:]),
        matrix.model_spec,
        pd.DataFrame(weights, names[kept], names[dropped]),
        tuple(absorbed),
        constant,
        given,
    )


def random_design(term: RandomTerm, data: pd.DataFrame) -> RandomDesign:
    """Groups and independent covariates of a random term."""
    matrix = evaluate(term.effects, data)
    codes, keys = pd.factorize(_keys(term, data), sort=True)
    z, names = matrix.to_numpy(dtype=float), np.array(matrix.columns, dtype=object)
    kept, dropped, _ = independent_columns(z)
    if not len(kept):
        raise InputError(
            f"the random term {term} has no effect that differs from 0; give it one, as in "
            f"(1|{term.group})"
        )
    spec, left_out = matrix.model_spec, tuple(names[dropped])
    made = coefficients_of(spec, data.columns)
    effects = tuple(made[k] for k in kept)
    return RandomDesign(term, effects, keys, codes, z[:, kept], spec, left_out)


def _keys(term: RandomTerm, data: pd.DataFrame) -> pd.Index:
    """Each row's level of the grouping variable, or its levels of all of ``a:b``."""
    for name in term.factors:
        check_one_of("a grouping variable of the new data", name, data.columns)
    columns = [pd.Index(np.asarray(read_column(data[name]))) for name in term.factors]
    return columns[0] if len(columns) == 1 else pd.MultiIndex.from_arrays(columns)


def evaluate(side: str, data: pd.DataFrame) -> pd.DataFrame:
    """Model matrix of one side of a formula, finite throughout."""
    try:
        matrix = read_side(side).get_model_matrix(data, na_action="ignore")
    except FormulaicError as error:
        raise InputError(f"the formula cannot be used: {str(error).splitlines()[0]}") from None
    values = matrix.to_numpy(dtype=float)
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        raise InputError(
            f"'{matrix.columns[column]}' is not a finite number in row {data.index[row]} "
            f"({values[row, column]}); correct the data or the formula"
        )
    return matrix


def _again(spec: ModelSpec, data: pd.DataFrame) -> pd.DataFrame:
    """The matrix that was made of the model's data, of other rows."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataMismatchWarning)
        try:
            return spec.get_model_matrix(data, na_action="ignore")
        except DataMismatchWarning:
            names = ", ".join(sorted(map(str, spec.required_variables)))
            raise InputError(
                f"the new data hold a level of {names} that the model has not seen; leave its rows "
                "out"
            ) from None
