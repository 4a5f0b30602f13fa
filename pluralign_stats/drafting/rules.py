"""Rules of a draft for what files hold otherwise than once: ratings, and descriptions of raters."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from pluralign_stats.drafting.tables import Sources
from pluralign_stats.drafting.wide import Ask
from pluralign_stats.study.draft import Roles
from pluralign_stats.study.inference import Inference


@dataclass(frozen=True)
class Rules:
    """Entries of a codebook, why they are there, and which of them nobody but the user can know."""

    content: dict[str, Any]
    told: tuple[Inference, ...]
    open: tuple[str, ...]


def rules_of(sources: Sources, roles: Roles, ask: Ask | None) -> Rules:
    """What to do with ratings given again, and with raters described in two ways or not at all."""
    content: dict[str, Any] = {}
    told, open_ = [], []
    again = _again(sources.ratings.table.frame, roles)
    if again.any():
        value, why, sure = _which_rating(sources.ratings.table.frame, again, ask)
        content["repeats"] = value
        told.append(_rule(f"repeats: {value}", why, "repeats"))
        if not sure:
            open_.append(
                "which of a rater's several ratings of one response counts ('repeats': first, "
                "last, mean, or retest)"
            )
    raters: dict[str, str] = {}
    if _in_two_ways(sources, roles):
        value = "missing" if ask is None else ask(_TWICE, ["first", "last", "missing"], "missing")
        raters["described_twice"] = value
        why = "some raters have two answers to one question about them"
        told.append(_rule(f"described twice: {value}", why, "raters", "described_twice"))
        if ask is None:
            open_.append(
                "which answer counts of raters who gave two ('described_twice': first, last, or "
                "missing)"
            )
    if _some_not_described(sources):
        raters["not_described"] = "add"
        why = "the file of raters lacks some; they are added, without demographics"
        told.append(_rule("not described: add", why, "raters", "not_described"))
    content |= {"raters": raters} if raters else {}
    return Rules(content, tuple(told), tuple(open_))


_AGAIN = "Some rows rate again what the rater has rated before. Which rating counts?"
_TWICE = "Some raters have two answers to one question about them. Which counts (missing: none)?"


def _rule(taken_as: str, why: str, *where: str) -> Inference:
    return Inference("", "rule", taken_as, why, where)


def _again(frame: pd.DataFrame, roles: Roles) -> pd.Series:
    """Which rows rate what the rater has rated in an earlier row."""
    keys = [roles.rater, *roles.item, *([roles.dimension] if roles.dimension else [])]
    return frame[keys].notna().all(axis=1) & frame.duplicated(keys)


def _which_rating(frame: pd.DataFrame, again: pd.Series, ask: Ask | None) -> tuple[str, str, bool]:
    """Which of several ratings counts, why, and whether that is known."""
    if frame.duplicated()[again].all():
        return "first", "rows that rate a response again are copies of an earlier row", True
    why = "some rows rate again what the rater has rated before"
    if ask is not None:
        return ask(_AGAIN, ["first", "last", "mean", "retest"], "retest"), why, True
    return "retest", f"{why}; the first counts, and how far later ones agree is told", False


def _in_two_ways(sources: Sources, roles: Roles) -> bool:
    """Whether a rater has two answers to a question about raters."""
    table = (sources.raters or sources.ratings).table
    answered = table.frame.mask(table.frame.isin(table.codes()))
    columns = [column for column in roles.demographics if column in answered]
    return bool((answered.groupby(roles.rater)[columns].nunique() > 1).any(axis=None))


def _some_not_described(sources: Sources) -> bool:
    if sources.raters is None:
        return False
    rated, known = (each.table.frame[sources.rater] for each in (sources.ratings, sources.raters))
    return not rated.dropna().isin(known.unique()).all()
