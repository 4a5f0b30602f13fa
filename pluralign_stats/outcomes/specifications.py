"""One finding by many specifications: which combinations of choices there are, and their table."""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, one_of
from pluralign_stats.formatting import minus
from pluralign_stats.words import counted, has, some

#: Whoever or whatever there is, without a choice among them.
ALL = "all"

#: More analyses than this are not carried out.
MOST = 1000

#: Options of each choice by its name; the first of each makes the main analysis.
Offered = Mapping[str, Sequence[str]]

#: What was chosen in one analysis.
Choice = Mapping[str, str]

SHARED_DATA = "The analyses share their data, so their agreement is no count of evidence."


def check_offered(
    offered: Offered, choices: Sequence[str], known: Mapping[str, Collection[str]]
) -> None:
    """Refuse unknown choices and options, and too many combinations.

    Parameters
    ----------
    offered
        Options of each choice.
    choices
        The choices that there are.
    known
        Options of those choices that do not take just any.

    Raises
    ------
    InputError
        If one is unknown, a choice has no option, or the analyses are more than `MOST`.
    """
    for name, values in offered.items():
        if name not in choices:
            raise InputError(one_of("a choice", name, choices))
        if not values:
            raise InputError(f"the choice '{name}' has no option; leave it out")
        for value in values:
            if value not in known.get(name, values):
                raise InputError(one_of(f"'{name}'", value, known[name]))
    n = int(np.prod([len(values) for values in offered.values()]))
    if n > MOST:
        raise InputError(f"{n:,} analyses are too many (at most {MOST:,}); offer fewer choices")


def combinations(offered: Offered) -> list[dict[str, str]]:
    """Every combination of options, the main analysis first."""
    return [dict(zip(offered, values, strict=True)) for values in product(*offered.values())]


def distinct(
    analyses: Sequence[dict[str, str]], key: Callable[[Choice], Hashable], what: str
) -> tuple[list[dict[str, str]], list[str]]:
    """Analyses without those of the same data in the same way.

    Parameters
    ----------
    analyses
        What is chosen in each.
    key
        What tells them apart.
    what
        What the data are, for the note.

    Returns
    -------
    tuple
        The analyses that stay, and a note on the others, if there are.
    """
    kept: dict[Hashable, dict[str, str]] = {}
    for choice in analyses:
        kept.setdefault(key(choice), choice)
    twice = len(analyses) - len(kept)
    note = f"{twice} more have the same {what} as another, and are left out."
    return list(kept.values()), [note] if twice else []


def without_estimate(error: InputError) -> dict[str, Any]:
    """The row of an analysis that could not be carried out."""
    lost = dict.fromkeys(("estimate", "conf_low", "conf_high"), np.nan)
    return {**lost, "clear": "", "reason": str(error), "method": ""}


def tabulate_analyses(
    rows: Sequence[Mapping[str, Any]], choices: Collection[str], counts: Sequence[str]
) -> pd.DataFrame:
    """Table of analyses, the main one first, with whether they agree with it in sign.

    Parameters
    ----------
    rows
        What was chosen and found in each.
    choices, counts
        Columns of choices, and of counts.
    """
    table = pd.DataFrame(rows)
    known = table["estimate"].notna()
    first = table["estimate"].iloc[0] if known.iloc[0] else table["estimate"].median()
    same = np.sign(table["estimate"]) == np.sign(first)
    table["agrees"] = same.map({True: "yes", False: "no"}).where(known, "")
    table["main"] = ["yes", *["no"] * (len(table) - 1)]
    columns = [*choices, "estimate", "conf_low", "conf_high", "clear", "agrees", "main"]
    return table.reindex(columns=[*columns, *counts, "reason", "method"])


def choice_notes(offered: Offered, *others: str) -> tuple[str, ...]:
    """What a reader has to know of the choices."""
    told = "; ".join(f"{name}: {', '.join(values)}" for name, values in offered.items())
    first = f"Combinations of: {told}. The first of each makes the main analysis."
    return (first, *others, SHARED_DATA)


@dataclass(frozen=True)
class Wording:
    """How a sentence speaks of estimates.

    Attributes
    ----------
    what
        What they are, in the plural.
    unit, places
        Their unit, and the format of their numbers.
    bare
        Why none has an interval, where that is so.
    """

    what: str
    unit: str
    places: str
    bare: str = "none has an interval"


def agreement_sentence(name: str, table: pd.DataFrame, wording: Wording) -> str:
    """How many analyses of a finding agree in sign, and how far estimates go."""
    fitted = table[table["estimate"].notna()]
    if fitted.empty:
        why = some(dict.fromkeys(reason for reason in table["reason"] if reason), 2)
        none = f"none of {counted(len(table), 'analysis')} could be carried out"
        return (
            f"{name}: {none if len(table) > 1 else 'the one analysis could not be carried out'}"
            + (f" ({why})." if why else ".")
        )
    agree, clear = (fitted["agrees"] == "yes").sum(), (fitted["clear"] == "yes").sum()
    low, middle, high = fitted["estimate"].quantile([0, 1 / 2, 1])
    lost = len(table) - len(fitted)
    failed = f"; {lost} could not be carried out" if lost else ""
    unit, places = wording.unit, wording.places
    sure = f"{clear} {has(clear)} an interval that leaves out 0"
    if fitted["conf_low"].isna().all():
        sure = wording.bare
    if len(fitted) == 1:
        only = f"one analysis of {len(table)} could be carried out" if lost else "one analysis"
        found = wording.what.removesuffix("s")
        return minus(f"{name}: {only}, with a {found} of {middle:+{places}} {unit}; {sure}.")
    return minus(
        f"{name}: {agree} of {len(fitted)} analyses ({agree / len(fitted):.0%}) agree in sign, and "
        f"{sure}; {wording.what} go from {low:+{places}} to {high:+{places}} {unit}, with a median "
        f"of {middle:+{places}}{failed}."
    )
