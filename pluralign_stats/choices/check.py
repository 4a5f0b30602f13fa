"""Whether choices can be: no option against itself, none twice, two best only where ranks tie."""

import numpy as np
import pandas as pd

from pluralign_stats.choices.codebook import ChoiceColumns
from pluralign_stats.choices.offered import Offered
from pluralign_stats.errors import InputError
from pluralign_stats.study.tables import RawTable

#: Why choices are left out.
SILENT, ALONE = "choices without an answer", "choices with one option"


def checked(
    found: Offered, table: RawTable, columns: ChoiceColumns
) -> tuple[Offered, pd.DataFrame]:
    """Refuse what cannot be, and leave out choices that say nothing.

    Returns
    -------
    tuple
        The choices, numbered anew, and what was left out: reason, n.
    """
    options = found.options
    _refuse_itself(options, found.choices, table, columns)
    if columns.long and columns.chosen:
        _refuse_two_best(options, table, columns)
    n = len(found.choices)
    size = np.bincount(options["choice"], minlength=n)
    ranked = np.bincount(options["choice"], options["rank"].notna(), minlength=n)
    alone, silent = size < 2, (size >= 2) & (ranked == 0)
    kept = ~(alone | silent)
    if not kept.any():
        raise InputError(
            f"{table.name}: no choice is left: {silent.sum():,} have no answer, {alone.sum():,} "
            "one option; correct the columns of 'choices' in the codebook"
        )
    number = np.cumsum(kept) - 1
    stay = kept[options["choice"]]
    options = options[stay].reset_index(drop=True)
    options = options.assign(choice=number[options["choice"]])
    choices = found.choices[kept].reset_index(drop=True)
    _refuse_again(options, choices, table, columns)
    counts = [(SILENT, int(silent.sum())), (ALONE, int(alone.sum()))]
    left_out = pd.DataFrame([c for c in counts if c[1]], columns=["reason", "n"])
    return Offered(options, choices), left_out


def _refuse_itself(
    options: pd.DataFrame, choices: pd.DataFrame, table: RawTable, columns: ChoiceColumns
) -> None:
    twice = options.duplicated(["choice", "option"])
    if twice.any():
        at = options[twice].iloc[0]
        rows = pd.Index(options.loc[twice, "row"].unique())
        column = columns.option or columns.offered[-1]
        what = "stands twice in one choice" if columns.long else "is compared with itself"
        raise InputError(
            f"{table.place(rows, column)}: the option '{at['option']}' "
            f"{what}; allowed: options that differ; correct the row, or 'set' of 'choices'"
        )


def _refuse_two_best(options: pd.DataFrame, table: RawTable, columns: ChoiceColumns) -> None:
    best = options[options["rank"].notna()]
    again = best.duplicated("choice", keep=False)
    if again.any():
        bad = pd.Series(table.frame.index.isin(best.loc[again, "row"]), table.frame.index)
        raise table.refuse(
            str(columns.chosen),
            bad,
            "one chosen option a choice",
            "correct 'set' of 'choices', or state a 'rank' or 'score', in which options may tie",
        )


def _refuse_again(
    options: pd.DataFrame, choices: pd.DataFrame, table: RawTable, columns: ChoiceColumns
) -> None:
    """Refuse a rater's second choice in one set, or among the same options to one prompt."""
    if columns.long:
        return
    frame = choices[["rater", "set" if columns.set else "prompt"]].copy()
    if not columns.set:
        mark = pd.util.hash_array(options["option"].astype(object).to_numpy())
        starts = np.flatnonzero(np.r_[True, np.diff(options["choice"]) != 0])
        frame["options"] = np.add.reduceat(mark, starts)
    again = frame.duplicated()
    if again.any():
        at = choices[again].iloc[0]
        where = table.place(pd.Index(choices.loc[again, "row"]))
        what = f"in '{at['set']}'" if columns.set else f"among the same options to '{at['prompt']}'"
        raise InputError(
            f"{where}: rater '{at['rater']}' chooses {what} a second time; allowed: "
            "one choice; remove the duplicate, or name the column that tells choices apart as 'set'"
        )
