"""The numbers behind a formula: response, fixed-effects matrices and random terms of the rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from formulaic import Formula, ModelSpec
from formulaic.errors import FormulaicError

from pluralign_stats.errors import InputError, one_of
from pluralign_stats.models.engine.blocks import Term
from pluralign_stats.models.formula import MixedFormula, RandomTerm

#: A column whose scaled part outside the others is shorter than this is determined by them.
COLLINEAR = 1e-7

#: What rows without a weight column weigh.
WEIGHTS = "(weights)"


@dataclass(frozen=True, eq=False)
class Matrix:
    """A matrix of fixed effects and how to make it of new data.

    Attributes
    ----------
    columns
        (n, p) the columns that are estimated.
    names
        Their p names.
    spec
        Makes the same columns, and those left out, of new data.
    dependence
        (p, d) left-out columns as weights of the estimated ones.
    """

    columns: np.ndarray
    names: tuple[str, ...]
    spec: ModelSpec
    dependence: pd.DataFrame

    def of(self, data: pd.DataFrame) -> np.ndarray:
        """The same columns (m, p) of other rows.

        A row is missing if it needs a left-out column, as then the model cannot speak of it.
        """
        full = self.spec.get_model_matrix(data, na_action="ignore")
        kept = full[list(self.names)].to_numpy(dtype=float)
        if self.dependence.empty:
            return kept
        left_out = full[list(self.dependence.columns)].to_numpy(dtype=float)
        known = np.isclose(left_out, kept @ self.dependence.to_numpy()).all(axis=1)
        return np.where(known[:, None], kept, np.nan)


@dataclass(frozen=True, eq=False)
class RandomDesign:
    """One random term of the rows.

    Attributes
    ----------
    term
        As the formula has it.
    effects
        Names of the q effects; ``"Intercept"`` for 1.
    levels
        The groups that occur.
    codes
        (n,) number of each row's group among them.
    z
        (n, q) covariates of the effects.
    spec
        Makes the same covariates of new data.
    """

    term: RandomTerm
    effects: tuple[str, ...]
    levels: pd.Index
    codes: np.ndarray
    z: np.ndarray
    spec: ModelSpec

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the effects in tables of random effects: the group, and the slope if any."""
        group = self.term.group
        return tuple(group if e == "Intercept" else f"{group}: {e}" for e in self.effects)

    def of(self, data: pd.DataFrame) -> np.ndarray:
        """Covariates (m, q) of other rows."""
        matrix = self.spec.get_model_matrix(data, na_action="ignore")
        return matrix.to_numpy(dtype=float)

    def find(self, data: pd.DataFrame) -> np.ndarray:
        """(m,) numbers of the groups of other rows; -1 where a group is new or missing."""
        return self.levels.get_indexer(_groups(self.term, data))


@dataclass(frozen=True, eq=False)
class Design:
    """The rows that a model uses.

    Attributes
    ----------
    y
        (n,) responses: numbers, or category numbers from 0.
    fixed
        Effects on the response.
    random
        The random terms.
    scale, nominal
        Effects on the scale and on each threshold of an ordinal model.
    weight
        (n,) weights.
    data
        The n rows of data, with unused levels of factors dropped.
    n_dropped
        Rows left out because a variable of the formula is missing.
    data_kind
        Whether the data are simulated or observed, if they say so.
    """

    y: np.ndarray
    fixed: Matrix
    random: tuple[RandomDesign, ...]
    scale: Matrix | None
    nominal: Matrix | None
    weight: np.ndarray
    data: pd.DataFrame
    n_dropped: int
    data_kind: str = "unstated"

    @property
    def fixed_variables(self) -> list[str]:
        """Variables of the effects on response, thresholds and scale, in the data's order."""
        matrices = [m for m in (self.fixed, self.scale, self.nominal) if m is not None]
        names = {str(v) for matrix in matrices for v in matrix.spec.required_variables}
        return [c for c in self.data if c in names]

    @property
    def variables(self) -> list[str]:
        """Variables that predictions depend on: those, and those of random slopes."""
        slopes = {str(v) for r in self.random for v in r.spec.required_variables}
        fixed = self.fixed_variables
        return [c for c in self.data if c in slopes or c in fixed]

    @property
    def factors(self) -> list[str]:
        """Categorical variables among the fixed effects'."""
        return [c for c in self.fixed_variables if self.data[c].dtype == "category"]

    def terms(self) -> list[Term]:
        """The random terms as the engine takes them."""
        return [Term(r.codes, len(r.levels), r.z, r.term.correlated) for r in self.random]

    def complete(self, new: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
        """New data with its factors as the model knows them, and which rows have all variables.

        Raises
        ------
        InputError
            If a variable is absent or holds a level that the model has not seen.
        """
        needed = self.variables
        for column in needed:
            if column not in new:
                raise InputError(one_of("a variable of the new data", column, new.columns))
        complete = new[needed].notna().all(axis=1).to_numpy()
        filled = {}
        for column in needed:
            if self.data[column].dtype == "category":
                levels = self.data[column].cat.categories
                unseen = [v for v in pd.unique(new[column].dropna()) if v not in levels]
                if unseen:
                    raise InputError(one_of(f"'{column}'", unseen[0], levels))
                filled[column] = pd.Categorical(new[column], levels).fillna(levels[0])
        return new.assign(**filled), complete


def build_design(
    formula: MixedFormula,
    data: pd.DataFrame,
    *,
    weights: str | Sequence[float] | np.ndarray | None = None,
    scale: str | None = None,
    nominal: str | None = None,
    ordinal: bool = False,
) -> Design:
    """Drop incomplete rows and build all matrices.

    Parameters
    ----------
    formula
        The formula, taken apart.
    data
        The rows.
    weights
        A column of weights, or one weight per row.
    scale, nominal
        Right-hand sides for the scale and for each threshold.
    ordinal
        Whether the response is categories (returned as they are, as `y`, to be numbered) and the
        intercept is left to the thresholds.

    Raises
    ------
    InputError
        If a variable is not in the data, the response is not a number, or no row is complete.
    """
    if isinstance(weights, str) or weights is None:
        weigh = weights
    else:
        data, weigh = data.assign(**{WEIGHTS: np.asarray(weights, dtype=float)}), WEIGHTS
    sides = [side for side in (formula.fixed, scale, nominal) if side is not None]
    used = _used_columns(formula, data, sides, weigh, ordinal=ordinal)
    rows = data[used].notna().all(axis=1)
    if not rows.any():
        raise InputError(f"no row has all of {', '.join(used)}; check for missing values")
    kept = data.loc[rows, used].copy()
    for column in kept:
        if not pd.api.types.is_numeric_dtype(kept[column]):
            kept[column] = kept[column].astype("category").cat.remove_unused_categories()
    _refuse_constant(sides, kept)
    y = kept[formula.response].to_numpy() if ordinal else _numbers(formula.response, kept)
    return Design(
        y=y,
        fixed=_matrix(formula.fixed, kept, intercept=not ordinal),
        random=tuple(_random(term, kept) for term in formula.random),
        scale=None if scale is None else _matrix(scale, kept, intercept=False),
        nominal=None if nominal is None else _matrix(nominal, kept, intercept=False),
        weight=_weights(weigh, kept),
        data=kept,
        n_dropped=int((~rows).sum()),
        data_kind=data.attrs.get("data", "unstated"),
    )


def _used_columns(
    formula: MixedFormula,
    data: pd.DataFrame,
    sides: list[str],
    weights: str | None,
    *,
    ordinal: bool,
) -> list[str]:
    try:
        parts = [Formula(side).required_variables for side in sides]
        parts += [Formula(term.effects).required_variables for term in formula.random]
        if not ordinal:
            parts.append(Formula(formula.response).required_variables)
    except FormulaicError as error:
        raise InputError(f"the formula cannot be read: {str(error).splitlines()[0]}") from None
    names = {str(name) for part in parts for name in part}
    names |= {name for term in formula.random for name in term.factors}
    names |= {formula.response} if ordinal else set()
    names |= {weights} if weights is not None else set()
    for name in sorted(names):
        if name not in data:
            raise InputError(one_of("a variable of the formula", name, data.columns))
    return [str(column) for column in data.columns if column in names]


def _refuse_constant(sides: list[str], data: pd.DataFrame) -> None:
    """A factor with one level left has no effect that could be estimated."""
    for column in sorted({str(v) for side in sides for v in Formula(side).required_variables}):
        if data[column].dtype == "category" and data[column].nunique() < 2:
            raise InputError(
                f"'{column}' has one level only ('{data[column].iloc[0]}') in the rows used; "
                "leave it out of the formula"
            )


def _evaluate(side: str, data: pd.DataFrame) -> pd.DataFrame:
    """Model matrix of one side of a formula, finite throughout."""
    try:
        matrix = Formula(side).get_model_matrix(data, na_action="ignore")
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


def _numbers(response: str, data: pd.DataFrame) -> np.ndarray:
    matrix = _evaluate(f"0 + {response}", data)
    if matrix.shape[1] != 1:
        raise InputError(f"the response '{response}' must be one column of numbers")
    return matrix.to_numpy(dtype=float)[:, 0]


def _matrix(side: str, data: pd.DataFrame, *, intercept: bool) -> Matrix:
    """Independent columns of a fixed part; without an intercept, also independent of one."""
    matrix = _evaluate(side, data)
    names = np.array(matrix.columns)
    values = matrix.to_numpy(dtype=float)
    if not intercept:
        values = np.column_stack([np.ones(len(values)), values[:, names != "Intercept"]])
        names = np.concatenate([["Intercept"], names[names != "Intercept"]])
    kept, dropped, weights = independent_columns(values)
    dependence = pd.DataFrame(weights, names[kept], names[dropped])
    if not intercept:
        kept, dependence = kept[1:], dependence.iloc[1:]
    return Matrix(values[:, kept], tuple(map(str, names[kept])), matrix.model_spec, dependence)


def _random(term: RandomTerm, data: pd.DataFrame) -> RandomDesign:
    matrix = _evaluate(term.effects, data)
    groups = _groups(term, data)
    codes, levels = pd.factorize(groups, sort=True)
    names = tuple(map(str, matrix.columns))
    return RandomDesign(
        term, names, pd.Index(levels), codes, matrix.to_numpy(dtype=float), matrix.model_spec
    )


def _groups(term: RandomTerm, data: pd.DataFrame) -> pd.Index:
    """Each row's group; those of ``a:b`` are named like x:y."""
    for name in term.factors:
        if name not in data:
            raise InputError(one_of("a grouping variable of the new data", name, data.columns))
    columns = [data[name] for name in term.factors]
    if len(columns) == 1:
        return pd.Index(np.asarray(columns[0]))
    numbers = data.groupby(list(term.factors), observed=True, sort=True).ngroup().to_numpy()
    first = np.unique(numbers, return_index=True)[1]
    parts = [column.iloc[first].astype(str).tolist() for column in columns]
    names = np.array([":".join(level) for level in zip(*parts, strict=True)], dtype=object)
    return pd.Index(np.where(numbers < 0, None, names[numbers]))


def _weights(column: str | None, data: pd.DataFrame) -> np.ndarray:
    if column is None:
        return np.ones(len(data))
    if not pd.api.types.is_numeric_dtype(data[column]):
        raise InputError(f"the weights '{column}' must be numbers")
    weight = data[column].to_numpy(dtype=float)
    wrong = ~(np.isfinite(weight) & (weight > 0))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(
            f"the weights '{column}' must be above 0, not {weight[row]:g} in row "
            f"{data.index[row]}; leave out rows without weight"
        )
    return weight


def independent_columns(X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split the columns of a matrix into independent ones and those that earlier ones determine.

    Parameters
    ----------
    X
        (n, p) matrix.

    Returns
    -------
    kept, dropped
        (r,) and (p - r,) column numbers.
    dependence
        (r, p - r) weights: ``X[:, dropped] = X[:, kept] @ dependence``.
    """
    scale = np.linalg.norm(X, axis=0)
    scale[scale == 0] = 1
    R = np.linalg.qr(X / scale, mode="r")
    kept: list[int] = []
    for j in range(X.shape[1]):
        if np.linalg.matrix_rank(R[:, [*kept, j]], tol=COLLINEAR) == len(kept) + 1:
            kept.append(j)
    dropped = np.setdiff1d(np.arange(X.shape[1]), kept)
    weights = np.linalg.lstsq(R[:, kept], R[:, dropped], rcond=None)[0]
    return np.array(kept, dtype=int), dropped, weights * scale[dropped] / scale[kept][:, None]
