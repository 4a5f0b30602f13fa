"""Columns of a data frame as models read them: text in one form, all numbers as numbers."""

from collections.abc import Collection
from decimal import Decimal
from numbers import Number

import numpy as np
import pandas as pd

from pluralign_stats.notes import Code, Note
from pluralign_stats.study.text import MANY_NUMBERS, alike_notes, is_number, nfc, nfc_column


def read_column(column: pd.Series) -> pd.Series:
    """A column without what would make one level two, or of a number a level.

    Text, as of factors, takes Unicode's composed form. Numbers that pandas keeps as objects
    (`decimal.Decimal`, fractions, decimals of Arrow) become floats. All else stays.
    """
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return _read_factor(column)
    if isinstance(kind, pd.ArrowDtype) and kind.type is Decimal:
        return column.astype(float)
    if pd.api.types.is_object_dtype(kind) and _all_numbers(column.dropna()):
        return column.map(float, na_action="ignore").astype(float)
    return nfc_column(column) if pd.api.types.is_string_dtype(kind) else column


def read_columns(data: pd.DataFrame) -> pd.DataFrame:
    """All columns of a data frame as `read_column` reads them."""
    read = {name: read_column(data[name]) for name in data.columns[~data.columns.duplicated()]}
    changed = {name: column for name, column in read.items() if not column.equals(data[name])}
    return data.assign(**changed) if changed else data


def name_notes(data: pd.DataFrame, shown: Collection[str]) -> list[Note]:
    """Levels of the factors among `data` that may be one, and factors that may be numbers.

    Levels are named of the columns `shown` only: those of others may be people.
    """
    told = []
    for name in data.select_dtypes("category"):
        levels = list(data[name].cat.categories)
        alike = alike_notes(name, levels, named=name in shown)
        told += [Note(Code.LOOK_ALIKE, text, name) for text in alike]
        text = all(isinstance(level, str) for level in levels)
        if name in shown and text and len(levels) >= MANY_NUMBERS and all(map(is_number, levels)):
            plain = (
                f"'{name}' holds numbers as text, which are {len(levels)} levels of a factor; turn "
                "them into numbers (pd.to_numeric) if that is what they are"
            )
            told.append(Note(Code.NUMBERS_AS_TEXT, plain, name))
    return told


def _all_numbers(values: pd.Series) -> bool:
    plain = (Number, np.number)
    kinds = set(map(type, values))
    known = all(issubclass(kind, plain) and not issubclass(kind, complex) for kind in kinds)
    return bool(kinds) and known and not {bool, np.bool_} & kinds


def _read_factor(column: pd.Series) -> pd.Series:
    levels = column.cat.categories
    read = [nfc(level) if isinstance(level, str) else level for level in levels]
    if read == list(levels):
        return column
    order = list(dict.fromkeys(read))
    codes = np.array([*(order.index(level) for level in read), -1])[column.cat.codes]
    dtype = pd.CategoricalDtype(order, column.cat.ordered)
    return pd.Series(pd.Categorical.from_codes(codes, dtype=dtype), column.index, name=column.name)
