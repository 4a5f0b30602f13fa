"""Formats of a question: rows whose raters were offered a part of the scale only."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, check_one_of, listing
from pluralign_stats.models.categories import Categories
from pluralign_stats.models.columns import read_column
from pluralign_stats.models.design import Design
from pluralign_stats.notes import Code, Note

#: Where thresholds lie that have no option beyond them, in latent units from those of other rows:
#: the probability there is zero to a computer.
BEYOND = 40.0


@dataclass(frozen=True, eq=False)
class Offered:
    """Which categories raters could choose, by row.

    Attributes
    ----------
    ends
        (n, 2) numbers of the lowest and the highest category.
    beyond
        (c, b) of each covariate of the thresholds: -1 and 1 where a threshold has no option
        below or above it in the rows of that covariate, 0 otherwise.
    """

    ends: np.ndarray
    beyond: np.ndarray

    @property
    def shifts(self) -> np.ndarray:
        """(c b,) how far those thresholds lie from the others; 0 where they are estimated."""
        return BEYOND * self.beyond.ravel()


def widest_first(data: pd.DataFrame, formats: str, outcome: str) -> pd.DataFrame:
    """The data with `formats` as a factor whose first level used most categories of the outcome.

    Raises
    ------
    InputError
        If the column is absent, or the outcome is.
    """
    for name in (formats, outcome):
        check_one_of("a variable of the model", name, data.columns)
    column = read_column(data[formats]).astype("category")
    used = data[outcome].groupby(column.to_numpy(), observed=True).nunique()
    levels = sorted(column.cat.categories, key=lambda level: -used.get(level, 0))
    return data.assign(**{formats: column.cat.set_categories(levels)})


def all_offered(codes: np.ndarray, n_cuts: int, shape: tuple[int, int]) -> Offered:
    """Every row had the whole scale; `shape` is that of the changes of thresholds."""
    return Offered(np.tile([0, n_cuts], (len(codes), 1)), np.zeros(shape, dtype=int))


def offered(design: Design, categories: Categories, formats: str, thresholds: str) -> Offered:
    """Categories that each format offered: from the lowest to the highest that anybody chose.

    Raises
    ------
    InputError
        If no format offered all categories, or another term stands in the way of its thresholds.
    """
    column, cuts = design.data[formats].cat, categories.cuts
    codes, number = categories.codes, column.codes.to_numpy()
    ends = np.array([_ends(codes[number == k]) for k in range(len(column.categories))])
    if tuple(ends[0]) != (0, len(cuts)):
        raise InputError(
            f"no level of '{formats}' has ratings in all of {listing(categories.labels)}; one "
            "format must hold the whole scale; model the others by themselves"
        )
    if thresholds != "flexible":
        raise InputError(
            f"'formats' needs thresholds of their own, 'flexible' ones, not {thresholds!r}"
        )
    made = np.zeros((len(design.nominal.names) if design.nominal else 0, len(cuts)), dtype=int)
    for k, (low, high) in enumerate(ends[1:], 1):
        place = _place(design, number == k, formats)
        made[place, :low], made[place, high:] = -1, 1
    return Offered(ends[number], made)


def _ends(codes: np.ndarray) -> tuple[int, int]:
    return int(codes.min()), int(codes.max())


def _place(design: Design, rows: np.ndarray, formats: str) -> int:
    """Which covariate of the thresholds tells the rows of one format apart."""
    columns = np.zeros((len(rows), 0)) if design.nominal is None else design.nominal.columns
    same = [k for k, column in enumerate(columns.T) if np.array_equal(column, rows)]
    if len(same) != 1:
        raise InputError(
            f"the thresholds of '{formats}' cannot be told apart from another term of 'nominal'; "
            "leave that term out"
        )
    return same[0]


def not_offered_notes(design: Design, offered: Offered, labels: Sequence[str]) -> list[Note]:
    """Which categories the rows of which covariate of the thresholds did not have."""
    if design.nominal is None:
        return []
    notes = []
    for name, signs in zip(design.nominal.names, offered.beyond, strict=True):
        low, high = int((signs < 0).sum()), int((signs > 0).sum())
        gone = [*labels[:low], *labels[len(labels) - high :]]
        if gone:
            text = f"{name} was not offered {listing(gone)}; it has thresholds of its own between "
            text += "the others"
            notes.append(Note(Code.NOT_OFFERED, text, name))
    return notes
