"""Which rows of a study were rated in which format, from a column or from the order of raters."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, listing
from pluralign_stats.study.factors import recode
from pluralign_stats.study.formats import FORMAT, Formats
from pluralign_stats.study.tables import RawTable

#: A run of raters without a rating outside of the shorter format is a period of it, and not
#: chance, where chance would make one as long in fewer studies than this share.
CHANCE = 0.001


@dataclass(frozen=True, eq=False)
class Run:
    """A period in the order of raters.

    Attributes
    ----------
    inside
        (r,) which raters took part in it.
    edge
        How many raters at either end may be beside it, to be expected from those outside.
    """

    inside: np.ndarray
    edge: float


def shortest_period(narrow: np.ndarray) -> Run | None:
    """Find the longest run of raters who stayed within the shorter format.

    Parameters
    ----------
    narrow
        (r,) whether a rater gave no rating outside of it, in the order in which they took part.

    Returns
    -------
    Run or None
        None where a run as long is no surprise among raters of the longer format.
    """
    change = np.flatnonzero(np.diff(narrow.astype(int), prepend=0, append=0))
    starts, ends = change[::2], change[1::2]
    if not len(starts):
        return None
    longest = int(np.argmax(ends - starts))
    start, end = int(starts[longest]), int(ends[longest])
    outside = np.delete(narrow, np.s_[start:end])
    # One more rater on either side than were seen, so that the chance is never taken for nil.
    share = (outside.sum() + 1) / (len(outside) + 2)
    if len(outside) * share ** (end - start) > CHANCE:
        return None
    inside = np.zeros(len(narrow), dtype=bool)
    inside[start:end] = True
    return Run(inside, share / (1 - share))


def format_of_rows(
    formats: Formats, table: RawTable, keys: pd.DataFrame, ratings: pd.DataFrame
) -> pd.Series:
    """The format of each row of the ratings file.

    Parameters
    ----------
    keys
        Rater, and language if there are several, by row of the file.
    ratings
        Columns row and rating.

    Raises
    ------
    InputError
        If a number is missing that the order is read from.
    """
    if formats.column is not None:
        return recode(table, FORMAT, formats.factor).level
    first, second = list(formats.options)[:2]
    offered = ratings["rating"].isin(formats.options[second]) | ratings["rating"].isna()
    narrow = offered.groupby(ratings["row"]).all().reindex(keys.index, fill_value=True)
    number = _numbers(table, str(formats.order))
    made = pd.Series(first, keys.index, dtype="str")
    language = keys["language"] if "language" in keys else pd.Series("", keys.index)
    for _, rows in keys.groupby(language, observed=True):
        raters = pd.DataFrame({"narrow": narrow[rows.index], "number": number[rows.index]})
        people = raters.groupby(rows["rater"]).agg({"narrow": "all", "number": "first"})
        people = people.sort_values("number", kind="stable")
        found = shortest_period(people["narrow"].to_numpy())
        if found is not None:
            made[rows.index[rows["rater"].isin(people.index[found.inside])]] = second
    kept = [name for name in formats.options if (made == name).any()]
    return made.astype(pd.CategoricalDtype(kept))


def _numbers(table: RawTable, column: str) -> pd.Series:
    cells = table.require(column, "the order of raters")
    number = pd.to_numeric(cells.str.extract(r"(\d+)\D*$")[0])
    if number.isna().any():
        raise table.refuse(column, number.isna(), "a number", "name another column as 'order'")
    return number


def check_formats(
    formats: Formats, table: RawTable, rows: pd.Series, ratings: pd.DataFrame
) -> None:
    """Refuse ratings that their row's format did not offer."""
    level = rows.loc[ratings["row"]].to_numpy()
    for name, options in formats.options.items():
        wrong = (level == name) & ratings["rating"].notna() & ~ratings["rating"].isin(options)
        if wrong.any():
            bad = ratings[wrong]
            raise InputError(
                f"{table.name}: row {int(bad['row'].iloc[0])}: '{bad['dimension'].iloc[0]}' is "
                f"{bad['rating'].iloc[0]:g} where the format is '{name}' ({int(wrong.sum())} such "
                f"ratings); allowed: {listing(options)}; correct the file, or 'formats' in the "
                "codebook"
            )
