"""The specification curve: one finding under many combinations of choices, in one table."""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, check_one_of, one_of
from pluralign_stats.formatting import minus
from pluralign_stats.significance import excludes_zero
from pluralign_stats.words import counted, has, plural, some

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
        check_one_of("a choice", name, choices)
        if not values:
            raise InputError(f"the choice '{name}' has no option; leave it out")
        for value in values:
            if value not in known.get(name, values):
                raise InputError(one_of(f"'{name}'", value, known[name]))
    n = int(np.prod([len(values) for values in offered.values()]))
    if n > MOST:
        raise InputError(f"{n:,} analyses are too many (at most {MOST:,}); offer fewer choices")


def combinations(offered: Offered) -> list[Choice]:
    """Every combination of options, the main analysis first."""
    return [dict(zip(offered, values, strict=True)) for values in product(*offered.values())]


@dataclass(frozen=True)
class Selection[Data]:
    """The data that choices lead to, each selected once.

    Attributes
    ----------
    select
        Gives the data of an analysis, or raises `InputError` where there are none.
    apart
        Choices that the data do not hang on.
    """

    select: Callable[[Choice], Data]
    apart: Collection[str]
    _found: dict[Hashable, Data | InputError] = field(default_factory=dict)

    def of(self, choice: Choice) -> Data:
        """The data of an analysis.

        Raises
        ------
        InputError
            If there are none.
        """
        key = tuple((name, value) for name, value in choice.items() if name not in self.apart)
        if key not in self._found:
            try:
                self._found[key] = self.select(choice)
            except InputError as error:
                self._found[key] = error
        found = self._found[key]
        if isinstance(found, InputError):
            raise found
        return found

    def possible(self, choice: Choice) -> bool:
        """Whether there are data for an analysis."""
        try:
            self.of(choice)
        except InputError:
            return False
        return True

    def distinct(
        self, analyses: Sequence[Choice], key: Callable[[Choice, Data], Hashable], what: str
    ) -> tuple[list[Choice], list[str]]:
        """Analyses without those of the same data in the same way.

        Parameters
        ----------
        analyses
            What is chosen in each.
        key
            What tells an analysis of some data from others.
        what
            What the data are, for the note.

        Returns
        -------
        tuple
            The analyses that stay, and a note on the others, if there are.
        """
        kept: dict[Hashable, Choice] = {}
        for choice in analyses:
            told = key(choice, self.of(choice)) if self.possible(choice) else (*choice.items(),)
            kept.setdefault(told, choice)
        twice = len(analyses) - len(kept)
        note = f"{twice} more have the same {what} as another, and are left out."
        return list(kept.values()), [note] if twice else []


def analyse(
    analyses: Sequence[Choice],
    estimate: Callable[[Choice], Mapping[str, Any]],
    counts: Sequence[str] = (),
) -> pd.DataFrame:
    """Carry out analyses of one finding, the main one first.

    Parameters
    ----------
    analyses
        What is chosen in each.
    estimate
        Carries one out: estimate, conf_low, conf_high, method and counts; an `InputError` is why
        there is no estimate.
    counts
        Names of counts.

    Returns
    -------
    DataFrame
        One row per analysis: the choices, estimate, conf_low, conf_high, excludes_zero (whether the
        interval does; missing without one), agrees (in sign with the main analysis, or with the
        median where that has no estimate; missing without an estimate), main, counts, reason (why
        there is no estimate or no interval), method.
    """
    rows = [{"reason": "", "method": "", **c, **_attempt(estimate, c)} for c in analyses]
    columns = [*analyses[0], "estimate", "conf_low", "conf_high", "excludes_zero", "agrees", "main"]
    table = pd.DataFrame(rows).reindex(columns=[*columns, *counts, "reason", "method"])
    known = table["estimate"].notna()
    first = table["estimate"].iloc[0] if known.iloc[0] else table["estimate"].median()
    same = np.sign(table["estimate"]) == np.sign(first)
    bounded = table[["conf_low", "conf_high"]].notna().all(axis=1)
    return table.assign(
        excludes_zero=excludes_zero(table).astype("boolean").where(bounded),
        agrees=same.astype("boolean").where(known),
        main=np.arange(len(table)) == 0,
    )


def _attempt(estimate: Callable[[Choice], Mapping[str, Any]], choice: Choice) -> Mapping[str, Any]:
    """What an analysis found, or why it could not be carried out."""
    try:
        return estimate(choice)
    except InputError as error:
        return {"reason": str(error)}


def choice_notes(offered: Offered, *others: str) -> tuple[str, ...]:
    """What a reader has to know of the choices."""
    told = "; ".join(f"{name}: {', '.join(values)}" for name, values in offered.items())
    first = f"Combinations of: {told}. The first of each makes the main analysis."
    return (first, *others, SHARED_DATA)


def agreement_sentence(
    name: str,
    table: pd.DataFrame,
    what: str,
    unit: str,
    places: str,
    bare: str = "none has an interval",
) -> str:
    """How many analyses of a finding agree in sign, and how far estimates go.

    Parameters
    ----------
    name, table
        The finding, and its analyses.
    what
        What an estimate is.
    unit, places
        Their unit, and the format of their numbers.
    bare
        Why none has an interval, where that is so.
    """
    fitted = table[table["estimate"].notna()]
    if fitted.empty:
        why = some(dict.fromkeys(reason for reason in table["reason"] if reason), 2)
        none = f"none of {counted(len(table), 'analysis')} could be carried out"
        return (
            f"{name}: {none if len(table) > 1 else 'the one analysis could not be carried out'}"
            + (f" ({why})." if why else ".")
        )
    agree, clear = fitted["agrees"].sum(), fitted["excludes_zero"].sum()
    low, middle, high = fitted["estimate"].quantile([0, 1 / 2, 1])
    lost = len(table) - len(fitted)
    failed = f"; {lost} could not be carried out" if lost else ""
    sure = f"{clear} {has(clear)} an interval that leaves out 0"
    if fitted["conf_low"].isna().all():
        sure = bare
    if len(fitted) == 1:
        only = f"one analysis of {len(table)} could be carried out" if lost else "one analysis"
        found = f"a {what} of {middle:+{places}} {unit}"
        return minus(f"{name}: {only}, with {found}; {sure}.")
    return minus(
        f"{name}: {agree} of {len(fitted)} analyses ({agree / len(fitted):.0%}) agree in sign, and "
        f"{sure}; {plural(what)} go from {low:+{places}} to {high:+{places}} {unit}, with "
        f"a median of {middle:+{places}}{failed}."
    )
