"""The numbers behind a formula: response, fixed-effects matrices and random terms of the rows."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from formulaic import ModelSpec
from formulaic.errors import DataMismatchWarning, FormulaicError

from pluralign_stats.errors import InputError, one_of
from pluralign_stats.models.engine.blocks import Term
from pluralign_stats.models.engine.collinear import independent_columns
from pluralign_stats.models.formula import MixedFormula, RandomTerm, read_side, variables_of

#: A left-out column is taken up by the thresholds if other columns' share of it is smaller.
ABSORBED = 1e-6

#: Column that is kept whether or not the formula has it: tables count raters by it.
RATER = "rater"

#: Name of a column of weights that were given one by one.
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
        (r, d) left-out columns as weights of the constant and of `given`, if they are not among
        the columns, and of the estimated ones.
    absorbed
        Which of the left-out columns the thresholds and their changes take up.
    constant
        Whether thresholds take the place of a constant.
    given
        Changes of the thresholds, which come before these columns.
    """

    columns: np.ndarray
    names: tuple[str, ...]
    spec: ModelSpec
    dependence: pd.DataFrame
    absorbed: tuple[str, ...]
    constant: bool
    given: "Matrix | None"

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
    effects
        Names of the q effects; ``"Intercept"`` for 1.
    levels
        The groups that occur.
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
    effects: tuple[str, ...]
    levels: pd.Index
    codes: np.ndarray
    z: np.ndarray
    spec: ModelSpec
    left_out: tuple[str, ...]

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
            If a variable is absent, holds a level that the model has not seen, or text for numbers.
        """
        needed = self.variables
        for column in needed:
            if column not in new:
                raise InputError(one_of("a variable of the new data", column, new.columns))
        complete = new[needed].notna().all(axis=1).to_numpy()
        filled: dict[str, object] = {}
        for column in needed:
            if self.data[column].dtype != "category":
                filled[column] = _as_numbers(new[column])
            else:
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
    if not isinstance(data, pd.DataFrame):
        raise InputError(f"the data must be a pandas DataFrame, not {type(data).__name__}")
    if isinstance(weights, str) or weights is None:
        weigh = weights
    else:
        data, weigh = data.assign(**{WEIGHTS: _one_each(weights, len(data))}), WEIGHTS
    sides = [side for side in (formula.fixed, scale, nominal) if side is not None]
    used = _used_columns(formula, data, sides, weigh, ordinal=ordinal)
    rows = data[used].notna().all(axis=1)
    if not rows.any():
        raise InputError(f"no row has all of {', '.join(used)}; check for missing values")
    known = [RATER] if RATER in data and RATER not in used else []
    kept = data.loc[rows, [*used, *known]].infer_objects()
    for column in kept:
        kept[column] = _plain(kept[column])
    _refuse_constant(sides, kept)
    random = tuple(_random(term, kept) for term in formula.random)
    _refuse_doubles(random)
    changes = None if nominal is None else _matrix(nominal, kept, constant=True)
    response = formula.response
    return Design(
        y=kept[response.strip("`")].to_numpy() if ordinal else _numbers(response, kept),
        fixed=_matrix(formula.fixed, kept, constant=ordinal, given=changes),
        random=random,
        scale=None if scale is None else _matrix(scale, kept, constant=True),
        nominal=changes,
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
    read = [*sides, *(term.effects for term in formula.random)]
    names = {name for side in read for name in variables_of(side)}
    names |= {formula.response.strip("`")} if ordinal else variables_of(formula.response)
    names |= {name for term in formula.random for name in term.factors}
    names |= {weights} if weights is not None else set()
    for name in sorted(names):
        if name not in data:
            raise InputError(one_of("a variable of the formula", name, data.columns))
        if isinstance(data[name], pd.DataFrame):
            raise InputError(f"the data have several columns named '{name}'; rename all but one")
    return [str(column) for column in data.columns if column in names]


def _plain(column: pd.Series) -> pd.Series:
    """A column without missing values as numpy's numbers, or as a factor of the levels it has."""
    if pd.api.types.is_complex_dtype(column):
        raise InputError(f"'{column.name}' holds complex numbers; real ones are needed")
    if not isinstance(column.dtype, pd.CategoricalDtype) and pd.api.types.is_numeric_dtype(column):
        return pd.Series(column.to_numpy(), column.index)
    return column.astype("category").cat.remove_unused_categories()


def _as_numbers(column: pd.Series) -> np.ndarray:
    """A column of new data as numbers, missing ones as NaN."""
    if isinstance(column.dtype, np.dtype) and column.dtype != object:
        return column.to_numpy()
    try:
        return pd.to_numeric(column).to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        raise InputError(f"'{column.name}' of the new data must be numbers") from None


def _refuse_constant(sides: list[str], data: pd.DataFrame) -> None:
    """A factor with one level left has no effect that could be estimated."""
    for column in sorted({name for side in sides for name in variables_of(side)}):
        if data[column].dtype == "category" and data[column].nunique() < 2:
            raise InputError(
                f"'{column}' has one level only ('{data[column].iloc[0]}') in the rows used; "
                "leave it out of the formula"
            )


def _refuse_doubles(random: tuple[RandomDesign, ...]) -> None:
    """An effect that two terms give to the same groups cannot be divided between them."""
    for k, second in enumerate(random):
        for first in random[:k]:
            both = [effect for effect in second.effects if effect in first.effects]
            if both and set(first.term.factors) == set(second.term.factors):
                raise InputError(
                    f"the random terms {first.term} and {second.term} both hold '{both[0]}'; leave "
                    "it out of one, as in (1|g) + (0 + x|g)"
                )


def _evaluate(side: str, data: pd.DataFrame) -> pd.DataFrame:
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


def _numbers(response: str, data: pd.DataFrame) -> np.ndarray:
    matrix = _evaluate(f"0 + {response}", data)
    if matrix.shape[1] != 1:
        raise InputError(f"the response '{response}' must be one column of numbers")
    return matrix.to_numpy(dtype=float)[:, 0]


def _matrix(
    side: str, data: pd.DataFrame, *, constant: bool, given: Matrix | None = None
) -> Matrix:
    """Independent columns of a fixed part; independent, too, of a `constant` and of what is given.

    With a `constant` elsewhere the part itself has none.
    """
    matrix = _evaluate(side, data)
    own = [name for name in matrix.columns if name != "Intercept" or not constant]
    before = [] if given is None else list(given.names)
    values = np.hstack(
        [
            np.ones((len(data), int(constant))),
            *([] if given is None else [given.columns]),
            matrix[own].to_numpy(dtype=float),
        ]
    )
    names = np.array([*["(constant)"] * constant, *before, *own], dtype=object)
    b = len(names) - len(own)
    kept, dropped, weights = independent_columns(values)
    size = np.linalg.norm(values, axis=0)
    share = np.abs(weights[b:]) * size[kept[b:], None]
    absorbed = names[dropped[(share <= ABSORBED * size[dropped]).all(axis=0)]] if before else []
    return Matrix(
        values[:, kept[b:]],
        tuple(names[kept[b:]]),
        matrix.model_spec,
        pd.DataFrame(weights, names[kept], names[dropped]),
        tuple(absorbed),
        constant,
        given,
    )


def _random(term: RandomTerm, data: pd.DataFrame) -> RandomDesign:
    matrix = _evaluate(term.effects, data)
    codes, levels = pd.factorize(_groups(term, data), sort=True)
    z, names = matrix.to_numpy(dtype=float), np.array(matrix.columns, dtype=object)
    kept, dropped, _ = independent_columns(z)
    if not len(kept):
        raise InputError(
            f"the random term {term} has no effect that differs from 0; give it one, as in "
            f"(1|{term.group})"
        )
    left_out = tuple(names[dropped])
    effects = tuple(names[kept])
    return RandomDesign(term, effects, levels, codes, z[:, kept], matrix.model_spec, left_out)


def _groups(term: RandomTerm, data: pd.DataFrame) -> pd.Index:
    """Each row's group; those of ``a:b`` are named like x:y."""
    for name in term.factors:
        if name not in data:
            raise InputError(one_of("a grouping variable of the new data", name, data.columns))
    columns = [data[name] for name in term.factors]
    if len(columns) == 1:
        return pd.Index(np.asarray(columns[0]))
    grouped = data.groupby(list(term.factors), observed=True, sort=True).ngroup()
    numbers = grouped.fillna(-1).to_numpy(dtype=int)
    present, first = np.unique(numbers, return_index=True)
    parts = [column.iloc[first[present >= 0]].astype(str).tolist() for column in columns]
    names = [":".join(level) for level in zip(*parts, strict=True)]
    return pd.Index(np.array([*names, None], dtype=object)[numbers])


def _one_each(weights: Sequence[float] | np.ndarray, n: int) -> np.ndarray:
    """Weights (n,) that were given one by one."""
    try:
        weight = np.asarray(weights, dtype=float)
    except (TypeError, ValueError):
        raise InputError("the weights must be numbers, or the name of a column") from None
    if weight.shape != (n,):
        raise InputError(f"there must be one weight for each of the {n} rows, not {weight.size}")
    return weight


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
            f"weights must be finite and above 0, not {weight[row]:g} in row {data.index[row]}; "
            "leave out rows without weight"
        )
    return weight
