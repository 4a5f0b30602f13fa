"""The rows that a model uses: response, weights, and the matrices of all its parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, NotApplicableError, check_one_of, one_of
from pluralign_stats.models.coefficients import Coefficient
from pluralign_stats.models.columns import read_column, read_columns
from pluralign_stats.models.engine.blocks import Term
from pluralign_stats.models.formula import MixedFormula, variables_of
from pluralign_stats.models.matrices import (
    Matrix,
    RandomDesign,
    evaluate,
    fixed_matrix,
    random_design,
)
from pluralign_stats.models.raters import Raters, find_raters, rater_columns, renumbered

#: Name of a column of weights that were given one by one.
WEIGHTS = "(weights)"


@dataclass(frozen=True, eq=False)
class Design:
    """The rows that a model uses.

    Attributes
    ----------
    formula
        The formula, taken apart.
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
    aside, gone
        Rows of data that were set aside, as no finite number describes them, and the coefficients
        that this cost; see `set_aside`.
    n_dropped
        Rows left out because a variable of the formula is missing.
    data_kind
        Whether the data are simulated or observed, if they say so.
    raters
        Who rated each row, or why that is not known.
    published
        Raters of each level of variables, as other tables of the same study count them.
    withheld
        Levels of variables whose numbers of raters those tables do not tell.
    n_given
        Raters of all rows that were given, complete or not; 0 where they are not known.
    """

    formula: MixedFormula
    y: np.ndarray
    fixed: Matrix
    random: tuple[RandomDesign, ...]
    scale: Matrix | None
    nominal: Matrix | None
    weight: np.ndarray
    data: pd.DataFrame
    n_dropped: int
    data_kind: str = "unstated"
    raters: Raters = field(default_factory=Raters)
    published: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    withheld: Mapping[str, Sequence[str]] = field(default_factory=dict)
    n_given: int = 0
    aside: pd.DataFrame = field(default_factory=pd.DataFrame)
    gone: tuple[str, ...] = ()

    @property
    def left_out(self) -> int:
        """How many raters of its study, or of its data, the model is without.

        Or fewer who lack one of its factors. 0 where it has all, or that is not known.
        """
        if not self.raters.known:
            return 0
        told = [sum(self.published[f].values()) for f in self.factors if f in self.published]
        lost = [self.n_study - n for n in (self.raters.n, *told)] + [self.n_given - self.raters.n]
        return min((n for n in lost if n > 0), default=0)

    @property
    def rated(self) -> tuple[pd.DataFrame, np.ndarray | None]:
        """All rows, those that were set aside last, and the number of each row's rater."""
        if self.aside.empty:
            return self.data, self.raters.codes
        whole = pd.concat([self.data, self.aside])
        for name in self.factors:
            whole[name] = pd.Categorical(whole[name], self.data[name].cat.categories)
        return whole, renumbered(self.raters, whole).codes

    @property
    def n_study(self) -> int:
        """Raters of the whole study; 0 where that is not known."""
        return self.published.get("All ratings", {}).get("All", 0)

    @property
    def fixed_variables(self) -> list[str]:
        """Variables of the effects on response, thresholds and scale, in the data's order."""
        names = {*map(str, self.fixed.spec.required_variables), *self.changing}
        return [c for c in self.data if c in names]

    @property
    def changing(self) -> list[str]:
        """Variables with effects on thresholds or the scale, in the data's order."""
        matrices = [m for m in (self.scale, self.nominal) if m is not None]
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

    def coefficients(self, cuts: Sequence[str] = ()) -> tuple[Coefficient, ...]:
        """Effects on the level of ratings, on the scale, and on each of the thresholds `cuts`."""
        scale, nominal = (m.coefficients if m else () for m in (self.scale, self.nominal))
        return (
            *self.fixed.coefficients,
            *(c.on("scale") for c in scale),
            *(c.on(cut) for c in nominal for cut in cuts),
        )

    def terms(self) -> list[Term]:
        """The random terms as the engine takes them."""
        return [Term(r.codes, len(r.levels), r.z, r.term.correlated) for r in self.random]

    def complete(self, new: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
        """New data with its factors as the model knows them, and which rows have all variables."""
        needed, new = self.variables, read_columns(new)
        for column in needed:
            check_one_of("a variable of the new data", column, new.columns)
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
    rater: str | Sequence[str] | None = None,
) -> Design:
    """Drop incomplete rows and build all matrices.

    Parameters
    ----------
    ordinal
        Whether the response is categories (returned as they are, as `y`, to be numbered) and the
        intercept is left to the thresholds.
    rater
        The column that tells raters apart, or several whose combinations do; see `find_raters`.
    """
    if isinstance(weights, str) or weights is None:
        weigh = weights
    else:
        data, weigh = data.assign(**{WEIGHTS: _one_each(weights, len(data))}), WEIGHTS
    sides = [side for side in (formula.fixed, scale, nominal) if side is not None]
    used = _used_columns(formula, data, sides, weigh, ordinal=ordinal)
    rows = data[used].notna().all(axis=1)
    if not rows.any():
        raise NotApplicableError(f"no row has all of {', '.join(used)}; check for missing values")
    known = [name for name in rater_columns(rater, data) if name not in used]
    kept = data.loc[rows, [*used, *known]].infer_objects()
    for column in kept:
        kept[column] = _plain(read_column(kept[column]))
    raters = find_raters(rater, kept, formula.random)
    _refuse_constant(sides, kept)
    random = tuple(random_design(term, kept) for term in formula.random)
    _refuse_doubles(random)
    changes = None if nominal is None else fixed_matrix(nominal, kept, constant=True)
    return Design(
        formula=formula,
        y=kept[formula.outcome].to_numpy() if ordinal else _numbers(formula, kept),
        fixed=fixed_matrix(formula.fixed, kept, constant=ordinal, given=changes),
        random=random,
        scale=None if scale is None else fixed_matrix(scale, kept, constant=True),
        nominal=changes,
        weight=_weights(weigh, kept),
        data=kept,
        n_dropped=int((~rows).sum()),
        data_kind=data.attrs.get("data", "unstated"),
        raters=raters,
        published=data.attrs.get("raters", {}),
        withheld=data.attrs.get("withheld", {}),
        n_given=len(data[[*raters.columns]].drop_duplicates()) if raters.known else 0,
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
    names |= {formula.outcome} if ordinal else variables_of(formula.response)
    names |= {name for term in formula.random for name in term.factors}
    names |= {weights} if weights is not None else set()
    for name in sorted(names):
        check_one_of("a variable of the formula", name, data.columns)
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
            raise NotApplicableError(
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


def _numbers(formula: MixedFormula, data: pd.DataFrame) -> np.ndarray:
    response, name = formula.response, formula.outcome
    if name in data and isinstance(data[name].dtype, pd.CategoricalDtype):
        raise InputError(
            f"the response '{name}' must be one column of numbers, not categories; use "
            "fit_ordinal, or give it the numbers of its scale, as by .cat.codes + 1 for words in "
            "order, or .astype(float)"
        )
    matrix = evaluate(f"0 + {response}", data)
    if matrix.shape[1] != 1:
        raise InputError(f"the response '{response}' must be one column of numbers")
    return matrix.to_numpy(dtype=float)[:, 0]


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
