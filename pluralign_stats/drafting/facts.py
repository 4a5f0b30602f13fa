"""What can be seen in a column, alone and within groups of rows."""

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from pluralign_stats.study.infer_ratings import infer_scale
from pluralign_stats.study.known_answers import is_no_rating
from pluralign_stats.study.tables import NO_VALUE
from pluralign_stats.study.text import is_number

#: So many different cells of a column are looked at.
_LOOKED_AT = 2_000
#: Cells longer than this on average are texts.
LONG_TEXT = 40
_TAG = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z]{2,4})?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}.*")
#: Ratings take at most so many different values.
_MOST_RATINGS = 202
_LARGEST = 2**62


@dataclass(frozen=True, eq=False)
class Facts:
    """What can be seen in one column.

    Attributes
    ----------
    name
        Of the column.
    code
        (n,) number of each row's value, -1 where the cell is empty.
    different
        The different values, as many as there are.
    """

    name: str
    code: np.ndarray
    different: tuple[str, ...]

    @property
    def n_values(self) -> int:
        """How many different values there are."""
        return len(self.different)

    @cached_property
    def looked_at(self) -> tuple[str, ...]:
        """Some of the values."""
        return self.different[:_LOOKED_AT]

    @cached_property
    def numeric(self) -> bool:
        """Whether all values are numbers, but for words that stand for no answer."""
        given = [value for value in self.looked_at if not is_no_rating(value)]
        return bool(given) and all(map(is_number, given))

    @cached_property
    def whole(self) -> bool:
        """Whether all values are whole numbers."""
        return self.numeric and all(
            float(value).is_integer() for value in self.looked_at if is_number(value)
        )

    @cached_property
    def long_text(self) -> bool:
        """Whether values are texts rather than names."""
        lengths = [len(value) for value in self.looked_at]
        return bool(lengths) and float(np.mean(lengths)) > LONG_TEXT and not self.numeric

    @cached_property
    def tags(self) -> bool:
        """Whether values are tags of languages."""
        return 0 < self.n_values < 100 and all(map(_TAG.fullmatch, self.looked_at))

    @cached_property
    def dates(self) -> bool:
        """Whether values are dates."""
        return bool(self.different) and all(map(_DATE.fullmatch, self.looked_at))

    @cached_property
    def maps(self) -> bool:
        """Whether values are objects in JSON."""
        return bool(self.different) and all(
            v.startswith("{") and v.endswith("}") for v in self.looked_at
        )

    @cached_property
    def unique(self) -> bool:
        """Whether no two rows have one value."""
        return self.n_values == int((self.code >= 0).sum())

    @cached_property
    def rated(self) -> bool:
        """Whether the values could be ratings: numbers of a scale, or words in a known order."""
        if not 2 <= self.n_values <= _MOST_RATINGS and not (self.numeric and not self.whole):
            return False
        return infer_scale(self.looked_at) is not None


def facts_of(name: str, cells: pd.Series) -> Facts:
    """Look at one column; words by which programs tell of no value are none."""
    code, values = pd.factorize(cells.mask(cells.isin(NO_VALUE)))
    return Facts(name, code, tuple(map(str, values)))


def share_same(column: Facts, group: Facts) -> float | None:
    """Share of groups of several rows in which a column has one value; None without such groups."""
    both = (column.code >= 0) & (group.code >= 0)
    pairs = pd.unique(_combined([column, group], both)) % group.n_values
    several = np.bincount(group.code[both], minlength=group.n_values) > 1
    if not several.any():
        return None
    different = np.bincount(pairs, minlength=group.n_values)
    return float((different[several] == 1).mean())


def unique_together(columns: list[Facts]) -> float:
    """Share of the rows that have a combination of their own among those where all are given."""
    given = np.logical_and.reduce([column.code >= 0 for column in columns])
    return len(pd.unique(_combined(columns, given))) / given.sum() if given.any() else 0.0


def _combined(columns: list[Facts], rows: np.ndarray) -> np.ndarray:
    """One number for each combination of the columns' values."""
    code, size = np.zeros(int(rows.sum()), dtype=np.int64), 1
    for column in columns:
        if size * column.n_values >= _LARGEST:
            code = pd.factorize(code)[0]
            size = int(code.max()) + 1
        code, size = code * column.n_values + column.code[rows], size * column.n_values
    return code
