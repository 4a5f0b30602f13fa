"""Formulas with random effects: ``rating ~ gender + (1 | rater)``."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from formulaic import Formula, ModelSpec
from formulaic.errors import FormulaicError

from pluralign_stats.errors import InputError, one_of


@dataclass(frozen=True)
class RandomTerm:
    """One ``(effects | group)`` or, with uncorrelated effects, ``(effects || group)``."""

    effects: str
    group: str
    correlated: bool = True

    def __str__(self) -> str:
        return f"({self.effects} {'|' if self.correlated else '||'} {self.group})"


@dataclass(frozen=True)
class MixedFormula:
    """A formula taken apart: response, fixed effects, random terms."""

    response: str
    fixed: str
    random: tuple[RandomTerm, ...]


_NO_RANDOM = "the fixed part must not be empty; write 1 for an intercept only"


def parse_formula(formula: str) -> MixedFormula:
    """Take a formula apart.

    Raises
    ------
    InputError
        If there is no ``~``, brackets do not match, or a random term is incomplete.
    """
    left, tilde, right = formula.partition("~")
    if not tilde or not left.strip():
        raise InputError(
            f"the formula '{formula}' needs a response, as in 'rating ~ gender + (1|rater)'"
        )
    random, spans = [], []
    for start, end in _brackets(formula, right):
        inside = right[start + 1 : end - 1]
        if "|" in inside:
            random.append(_random_term(inside, formula))
            spans.append((start, end))
    fixed = right
    for start, end in reversed(spans):
        fixed = fixed[:start] + "\0" + fixed[end:]
    fixed = re.sub(r"(\+\s*\0)|(\0\s*\+)|\0", "", fixed).strip() or "1"
    if "|" in fixed:
        raise InputError(f"in the formula '{formula}' a '|' stands outside of (effects | group)")
    return MixedFormula(left.strip(), fixed, tuple(random))


def _brackets(formula: str, text: str) -> list[tuple[int, int]]:
    """Spans of the outermost brackets of `text`."""
    spans, depth, start = [], 0, 0
    for position, character in enumerate(text):
        if character == "(":
            start = position if depth == 0 else start
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                spans.append((start, position + 1))
        if depth < 0:
            break
    if depth != 0:
        raise InputError(f"the brackets of the formula '{formula}' do not match")
    return spans


def _random_term(inside: str, formula: str) -> RandomTerm:
    mark = "||" if "||" in inside else "|"
    effects, _, group = (part.strip() for part in inside.partition(mark))
    if not effects or not group or "|" in group:
        raise InputError(
            f"the random term '({inside})' of the formula '{formula}' must read "
            "(effects | group), as in (1|rater)"
        )
    return RandomTerm(effects, group, mark == "|")


@dataclass(frozen=True)
class Design:
    """The numbers behind a formula.

    Attributes
    ----------
    y
        (n,) responses.
    X
        (n, p) fixed-effects matrix.
    names
        The p columns' names.
    spec
        Makes the same columns of new data.
    data
        The n rows of data used, with unused levels of factors dropped.
    n_dropped
        Rows left out because a variable of the formula is missing.
    data_kind
        Whether the data are simulated or observed, if they say so.
    """

    y: np.ndarray
    X: np.ndarray
    names: tuple[str, ...]
    spec: ModelSpec
    data: pd.DataFrame
    n_dropped: int
    data_kind: str = "unstated"


def build_design(formula: MixedFormula, data: pd.DataFrame) -> Design:
    """Drop incomplete rows and build response and fixed-effects matrix.

    Raises
    ------
    InputError
        If a variable is not in the data, the response is not a number, or no row is complete.
    """
    used = _used_columns(formula, data)
    rows = data[used].notna().all(axis=1)
    if not rows.any():
        raise InputError(f"no row has all of {', '.join(used)}; check for missing values")
    kept = data.loc[rows, used].copy()
    for column in kept:
        if not pd.api.types.is_numeric_dtype(kept[column]):
            kept[column] = kept[column].astype("category").cat.remove_unused_categories()
    _refuse_constant(formula, kept)
    try:
        whole = Formula(f"{formula.response} ~ {formula.fixed}")
        matrices = whole.get_model_matrix(kept, na_action="ignore")
    except FormulaicError as error:
        raise InputError(f"the formula cannot be used: {str(error).splitlines()[0]}") from None
    y, X = matrices.lhs.to_numpy(dtype=float), matrices.rhs.to_numpy(dtype=float)
    if y.shape[1] != 1:
        raise InputError(f"the response '{formula.response}' must be one column of numbers")
    for values, names in ((y, [formula.response]), (X, list(matrices.rhs.columns))):
        if not np.isfinite(values).all():
            row, column = np.argwhere(~np.isfinite(values))[0]
            raise InputError(
                f"'{names[column]}' is not a finite number in row {kept.index[row]} "
                f"({values[row, column]}); correct the data or the formula"
            )
    return Design(
        y[:, 0],
        X,
        tuple(matrices.rhs.columns),
        matrices.rhs.model_spec,
        kept,
        int((~rows).sum()),
        data.attrs.get("data", "unstated"),
    )


def _used_columns(formula: MixedFormula, data: pd.DataFrame) -> list[str]:
    try:
        fixed = Formula(f"{formula.response} ~ {formula.fixed}").required_variables
        random = [Formula(term.group).required_variables for term in formula.random]
    except FormulaicError as error:
        raise InputError(f"the formula cannot be read: {str(error).splitlines()[0]}") from None
    names = {str(name) for name in fixed.union(*random)}
    for name in sorted(names):
        if name not in data:
            raise InputError(one_of("a variable of the formula", name, data.columns))
    return [str(column) for column in data.columns if column in names]


def _refuse_constant(formula: MixedFormula, data: pd.DataFrame) -> None:
    """A factor with one level left has no effect that could be estimated."""
    fixed = {str(v) for v in Formula(formula.fixed).required_variables}
    for column in sorted(fixed):
        if not pd.api.types.is_numeric_dtype(data[column]) and data[column].nunique() < 2:
            raise InputError(
                f"'{column}' has one level only ('{data[column].iloc[0]}') in the rows used; "
                "leave it out of the formula"
            )
