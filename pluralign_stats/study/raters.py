"""Raters with their demographics: who is described, once, twice, or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
import pandas as pd

from pluralign_stats.study.codebook import RaterRules
from pluralign_stats.study.factors import (
    DECLINED,
    Recoded,
    check_reference,
    gather_small,
    read_answers,
)
from pluralign_stats.study.filters import LEFT_OUT, told
from pluralign_stats.study.keys import complete
from pluralign_stats.study.questions import Factor
from pluralign_stats.study.tables import RawTable, Tables
from pluralign_stats.study.unknown import Unknown

#: What each rule does with raters who are described twice and differently.
DONE = {"first": "first answer kept", "last": "last answer kept", "missing": "no answer kept"}

ADDED = "added without demographics"


class Identifying(Protocol):
    """What names the column that identifies raters."""

    @property
    def rater(self) -> str:
        """That column."""


class Describing(Protocol):
    """What a codebook says of raters."""

    @property
    def columns(self) -> Identifying:
        """What names the column that identifies them."""

    @property
    def demographics(self) -> Mapping[str, Factor]:
        """What is known of them."""

    @property
    def raters(self) -> RaterRules:
        """What to do where they are described otherwise than once."""


@dataclass(frozen=True)
class Raters:
    """Raters of a study.

    Attributes
    ----------
    frame
        One row per rater with ratings: rater, then demographics.
    nonresponse
        Columns rater, demographic, reason.
    gathered
        By demographic, the answers and levels that were gathered into one.
    told
        What the codebook's rules for raters did, as rows of a study's exclusions.
    unknown
        Answers that the codebook does not name.
    """

    frame: pd.DataFrame
    nonresponse: pd.DataFrame
    gathered: dict[str, tuple[str, ...]]
    told: pd.DataFrame
    unknown: tuple[Unknown, ...]


def drop_undescribed(codebook: Describing, tables: Tables) -> tuple[Tables, pd.DataFrame]:
    """Drop the ratings of raters whom the raters file lacks, where the codebook says so.

    Returns
    -------
    tuple
        The tables, and what was dropped, as rows of a study's exclusions.

    Raises
    ------
    InputError
        If there are such raters and the codebook has no rule for them, or if nobody is left.
    """
    if tables.raters is None:
        return tables, told([])
    ratings, rule = tables.ratings, codebook.raters.not_described
    rater = complete(ratings, codebook.columns.rater, "the rater")
    known = complete(tables.raters, codebook.columns.rater, "the rater")
    unknown = ~rater.isin(known)
    if not unknown.any():
        return tables, told([])
    allowed = f"raters that {tables.raters.name} describes"
    if unknown.all():
        advice = (
            "none of the raters is described: correct the names in one of the files, or leave "
            "'raters' out of 'files'"
        )
        raise ratings.refuse(str(rater.name), unknown, allowed, advice)
    if rule is None:
        advice = (
            f"rater without demographics: add the rater to {tables.raters.name}, or state "
            "'raters: {not_described: …}' in the codebook: 'add' (without demographics) or 'drop'"
        )
        raise ratings.refuse(str(rater.name), unknown, allowed, advice)
    if rule == "add":
        return tables, told([])
    n = int(rater[unknown].nunique())
    left = replace(ratings, frame=ratings.frame[~unknown])
    made = told([("raters: not described, drop", int(unknown.sum()), n, LEFT_OUT)])
    return replace(tables, ratings=left), made


def raters_of(codebook: Describing, tables: Tables, keys: pd.DataFrame) -> Raters:
    """Raters with demographics, and who did not answer what.

    Parameters
    ----------
    codebook, tables
        The study.
    keys
        Rater and item of each row of the ratings file.

    Raises
    ------
    InputError
        If a rater is described twice and the codebook has no rule for it.
    """
    table = tables.raters or tables.ratings
    identity = complete(table, codebook.columns.rater, "the rater")
    if tables.raters is not None and codebook.raters.described_twice is None:
        _refuse_twice(table, identity)
    rated = pd.Index(keys["rater"].unique())
    there = identity.isin(rated)
    identity = identity[there]
    table = replace(table, frame=table.frame[there])
    names = pd.Index(identity.unique())
    undescribed = rated.difference(names, sort=False)
    frame = pd.DataFrame({"rater": names.append(undescribed)})
    gaps, gathered, twice = [_gaps(frame["rater"][:0], frame["rater"][:0], "")], {}, set[str]()
    unknown: tuple[Unknown, ...] = ()
    for name, factor in codebook.demographics.items():
        recoded, differ = _answers(codebook, table, identity, name, factor)
        twice |= differ
        unknown += tuple(u for u in recoded.unknown if u.name not in {v.name for v in unknown})
        recoded = _for_all(recoded, len(frame))
        if factor.other is not None:
            small = gather_small(recoded.level, frame["rater"], factor)
            gathered[name] = recoded.gathered + small.gathered
            recoded = replace(recoded, level=small.level)
        if factor.effects and not unknown:
            check_reference(table, name, factor, recoded.level)
        frame[name] = recoded.level
        if recoded.selected is not None:
            frame[f"{factor.question or name}_selected"] = recoded.selected
        gaps.append(_gaps(frame["rater"], recoded.reason, name))
    made = _told(codebook.raters.described_twice, len(twice), len(undescribed))
    return Raters(frame, pd.concat(gaps, ignore_index=True), gathered, made, unknown)


def _told(
    rule: Literal["first", "last", "missing"] | None, n_twice: int, n_added: int
) -> pd.DataFrame:
    """What the rules did, where they did anything."""
    twice = [(f"raters: described twice, {rule}", 0, n_twice, DONE[rule])] if rule else []
    added = [("raters: not described, add", 0, n_added, ADDED)]
    return told([record for record in (*twice, *added) if record[2]])


def _gaps(identity: pd.Series, reason: pd.Series, name: str) -> pd.DataFrame:
    """Raters without a level, and why."""
    lost = reason.notna()
    return pd.DataFrame({"rater": identity[lost], "demographic": name, "reason": reason[lost]})


def _refuse_twice(table: RawTable, identity: pd.Series) -> None:
    twice = identity.duplicated()
    if twice.any():
        advice = (
            "remove the duplicate, or state 'raters: {described_twice: …}' in the codebook: "
            "'first', 'last' or 'missing' (no answer where they differ)"
        )
        raise table.refuse(str(identity.name), twice, "one row a rater", advice)


def _answers(
    codebook: Describing, table: RawTable, identity: pd.Series, name: str, factor: Factor
) -> tuple[Recoded, set[str]]:
    """One answer of each rater, in the order of `identity.unique()`, and who gave several."""
    column, rule = factor.column or name, codebook.raters.described_twice
    cells = table.require(column, f"'{name}'")
    rater, answer = pd.factorize(identity)[0], pd.factorize(cells)[0]
    pair = pd.Series(rater * (answer.max() + 2) + answer + 1, identity.index)
    distinct = ~pair.duplicated(keep="last" if rule == "last" else "first")
    narrow = replace(table, frame=table.frame.loc[distinct, [column]])
    recoded = read_answers(narrow, name, factor, "demographics")
    who = pd.Series(rater, identity.index)[distinct]
    said = recoded.level.astype("str").mask(recoded.reason == "declined", DECLINED)
    if rule is None:
        _refuse_two(table, column, identity[distinct], said)
    spoken = who[said.notna()]
    keep: Literal["first", "last"] = "last" if rule == "last" else "first"
    chosen = pd.concat([spoken.drop_duplicates(keep=keep), who]).sort_values(kind="stable")
    chosen = chosen[~chosen.duplicated()]
    several = said[spoken.index].groupby(spoken).nunique() > 1
    unsure = several.reindex(chosen.to_numpy(), fill_value=False).to_numpy()
    taken = _taken(recoded, chosen.index, unsure & (rule == "missing"))
    return taken, set(identity[chosen.index[unsure]])


def _taken(recoded: Recoded, rows: pd.Index, unsure: np.ndarray) -> Recoded:
    """Some rows of an answer, numbered from 0; those that are not sure hold none."""
    level, reason = recoded.level[rows].mask(unsure), recoded.reason[rows].mask(unsure, "missing")
    selected = recoded.selected
    return replace(
        recoded,
        level=level.cat.remove_unused_categories().reset_index(drop=True),
        reason=reason.reset_index(drop=True),
        selected=None if selected is None else selected[rows].mask(unsure).reset_index(drop=True),
    )


def _refuse_two(table: RawTable, column: str, identity: pd.Series, said: pd.Series) -> None:
    """Refuse raters whose answer is not the same in all of their rows."""
    words = said.fillna("")
    first = words.set_axis(identity)[~identity.duplicated().to_numpy()]
    differs = words != first.reindex(identity).to_numpy()
    if differs.any():
        advice = (
            f"rater '{identity[differs].iloc[0]}' has two different answers; keep one, or state "
            "'raters: {described_twice: …}' in the codebook: 'first', 'last' or 'missing'"
        )
        raise table.refuse(column, differs, "one answer a rater", advice)


def _for_all(recoded: Recoded, n: int) -> Recoded:
    """The same with as many raters behind those described as it takes to have `n`: no answers."""
    every, selected = pd.RangeIndex(n), recoded.selected
    return replace(
        recoded,
        level=recoded.level.reindex(every),
        reason=recoded.reason.reindex(every, fill_value="missing"),
        selected=None if selected is None else selected.reindex(every),
    )
