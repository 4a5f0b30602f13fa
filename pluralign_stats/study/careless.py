"""Signs that a rater did not read: the same answer throughout, contradictions, haste, copies."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Annotated, Literal, get_args

import numpy as np
import pandas as pd
from pydantic import Field

from pluralign_stats.study.entries import Column, ColumnNames, Part

Indicator = Literal["straight_lining", "contradictions", "too_fast", "repeated_texts"]
INDICATORS: tuple[Indicator, ...] = get_args(Indicator)

#: Dimensions contradict each other where their ratings correlate by less than this over all rows.
OPPOSED = -0.5

#: With fewer dimensions rows cannot be alike within themselves, and are held against one another.
FEWEST_DIMENSIONS = 3

#: Shorter texts, such as "ok", may well be written twice.
SHORTEST_TEXT = 15

Share = Annotated[float, Field(gt=0, le=1)]


class Careless(Part):
    """When a rater is taken for careless, and what is then done.

    Attributes
    ----------
    straight_lining
        Share of a rater's rows that have one rating on all dimensions (of fewer than three
        dimensions: share of the rows that have the rater's commonest ratings).
    contradictions
        Share of a rater's rows in which two dimensions that others use in opposite ways are rated
        alike at one end of the scale.
    duration
        Column of the ratings file with how long a row took, in any unit.
    too_fast
        Share of the usual duration (the median of raters' medians) below which a rater's median
        is.
    texts
        Columns of the ratings file with texts that raters wrote.
    repeated_texts
        Share of a rater's texts that stand in another row too.
    fewest_rows
        Raters of fewer rows are not judged.
    leave_out
        Signs for which a rater's ratings are left out of the study.
    """

    straight_lining: Share = 1.0
    contradictions: Share = 0.5
    duration: Column | None = None
    too_fast: Share = 0.3
    texts: ColumnNames = ()
    repeated_texts: Share = 0.5
    fewest_rows: Annotated[int, Field(ge=2)] = 3
    leave_out: tuple[Indicator, ...] = ()


def shares_by_rater(signs: np.ndarray, rater: np.ndarray, fewest: int) -> np.ndarray:
    """(r,) share of each rater's rows that show a sign; missing for fewer rows than `fewest`.

    Parameters
    ----------
    signs
        (n,) 1 and 0, missing where a row cannot tell.
    rater
        (n,) codes from 0.
    """
    known = ~np.isnan(signs)
    size = int(rater.max(initial=-1)) + 1
    n = np.bincount(rater[known], minlength=size)
    found = np.bincount(rater[known], signs[known], minlength=size)
    return np.where(n >= fewest, found / np.maximum(n, 1), np.nan)


def alike_rows(ratings: np.ndarray) -> np.ndarray:
    """(n,) whether all ratings of a row (n, d) are equal; missing where fewer than three are."""
    given = ~np.isnan(ratings)
    low = np.where(given, ratings, np.inf).min(axis=1, initial=np.inf)
    high = np.where(given, ratings, -np.inf).max(axis=1, initial=-np.inf)
    return np.where(given.sum(axis=1) >= FEWEST_DIMENSIONS, (low == high).astype(float), np.nan)


def commonest_rows(ratings: np.ndarray, rater: np.ndarray) -> np.ndarray:
    """(n,) whether a row (n, d) has its rater's commonest ratings; missing where one lacks."""
    complete = ~np.isnan(ratings).any(axis=1)
    rows = pd.DataFrame(ratings[complete])
    kind = rows.groupby(list(rows.columns)).ngroup()
    own = pd.Series(rater[complete])
    n = kind.groupby([own, kind]).transform("size")
    most = n == n.groupby(own).transform("max")
    # Of kinds that are equally common one counts.
    best = kind.where(most).groupby(own).transform("min")
    told = np.full(len(ratings), np.nan)
    told[complete] = kind == best
    return told


def contradictory_rows(ratings: np.ndarray) -> np.ndarray:
    """(n,) whether a row rates opposed dimensions alike at one end; missing where it has none.

    Parameters
    ----------
    ratings
        (n, d) from 0 to 1.
    """
    told = np.full(len(ratings), np.nan)
    for a, b in combinations(range(ratings.shape[1]), 2):
        both = ~np.isnan(ratings[:, [a, b]]).any(axis=1)
        x, y = ratings[both, a], ratings[both, b]
        if len(x) < FEWEST_DIMENSIONS or not x.std() or not y.std():
            continue
        if np.corrcoef(x, y)[0, 1] < OPPOSED:
            ends = (np.minimum(x, y) > 2 / 3) | (np.maximum(x, y) < 1 / 3)
            told[both] = np.fmax(told[both], ends)
    return told


def haste(durations: np.ndarray, rater: np.ndarray, fewest: int) -> np.ndarray:
    """(r,) median duration of each rater as a share of the usual one; missing for few rows."""
    rows = pd.Series(durations).groupby(rater)
    own = rows.median().where(rows.count() >= fewest)
    return (own / own.median()).to_numpy()


def copied(texts: Sequence[pd.Series]) -> np.ndarray:
    """(n,) whether a text of a row stands in another row too; missing where it wrote none.

    Case and space do not count.
    """
    told = np.full(len(texts[0]), np.nan)
    for text in texts:
        plain = text.fillna("").str.casefold().str.split().str.join(" ")
        long = (plain.str.len() >= SHORTEST_TEXT).to_numpy()
        again = plain[long].duplicated(keep=False).to_numpy(float)
        told[long] = np.fmax(told[long], again)
    return told


def careless_flags(
    rules: Careless,
    rater: pd.Series,
    ratings: pd.DataFrame,
    scales: Mapping[str, tuple[float, float]],
    durations: pd.Series | None,
    texts: Sequence[pd.Series],
) -> pd.DataFrame:
    """Which raters show which signs.

    Parameters
    ----------
    rater
        (n,) rater of each row of the ratings file.
    ratings
        (n, d) ratings by dimension, missing where none.
    scales
        Lowest and highest rating of each dimension.
    durations, texts
        (n,) how long each row took, and what was written.

    Returns
    -------
    DataFrame
        By rater: a column for each sign that could be looked for; missing for raters who cannot be
        judged by it.
    """
    code, names = pd.factorize(rater)
    values, few = ratings.to_numpy(float), rules.fewest_rows
    ends = np.array([scales[name] for name in ratings], dtype=float)
    unit = (values - ends[:, 0]) / (ends[:, 1] - ends[:, 0])
    alike = (
        alike_rows(values) if values.shape[1] >= FEWEST_DIMENSIONS else commonest_rows(values, code)
    )
    found = {
        "straight_lining": (shares_by_rater(alike, code, few), rules.straight_lining),
        "contradictions": (
            shares_by_rater(contradictory_rows(unit), code, few), rules.contradictions
        ),
    }  # fmt: skip
    if texts:
        found["repeated_texts"] = (shares_by_rater(copied(texts), code, few), rules.repeated_texts)
    flags = {name: _flag(share >= limit, share) for name, (share, limit) in found.items()}
    if durations is not None:
        share = haste(durations.to_numpy(float), code, few)
        flags["too_fast"] = _flag(share < rules.too_fast, share)
    order = [name for name in INDICATORS if name in flags]
    return pd.DataFrame({name: flags[name] for name in order}, pd.Index(names, name="rater"))


def _flag(shown: np.ndarray, share: np.ndarray) -> pd.arrays.BooleanArray:
    return pd.arrays.BooleanArray(shown, np.isnan(share))
