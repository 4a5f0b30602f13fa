"""From raw tables and a codebook to checked choices."""

from dataclasses import dataclass

import pandas as pd

from pluralign_stats.choices.check import checked
from pluralign_stats.choices.codebook import ChoiceBook, ChoiceColumns
from pluralign_stats.choices.offered import read_long, read_wide
from pluralign_stats.study.codebook import RaterRules
from pluralign_stats.study.questions import Factor
from pluralign_stats.study.raters import drop_undescribed, raters_of
from pluralign_stats.study.tables import RawTable, Tables, renamed


@dataclass(frozen=True)
class _Described:
    """What the codebook says of raters, under the name that the choices have for them."""

    columns: ChoiceColumns
    demographics: dict[str, Factor]
    raters: RaterRules


@dataclass(frozen=True, eq=False)
class ChoiceTables:
    """Checked choices as tables; see `Choices` for their columns.

    Attributes
    ----------
    options, choices, raters, exclusions
        One row for each option of a choice, choice, rater, and reason to leave choices out.
    hashes
        SHA-256 by file name.
    """

    options: pd.DataFrame
    choices: pd.DataFrame
    raters: pd.DataFrame
    exclusions: pd.DataFrame
    hashes: dict[str, str]


def assemble_choices(
    book: ChoiceBook, table: RawTable, raters: RawTable | None = None
) -> ChoiceTables:
    """Check raw tables against the codebook.

    Raises
    ------
    InputError
        On the first thing that does not fit.
    """
    columns, hashes = book.choices, Tables(table, raters).hashes
    known = _Described(columns, book.demographics, book.raters)
    if raters is not None and book.columns is not None and book.columns.rater != columns.rater:
        raters = renamed(raters, {book.columns.rater: columns.rater})
    tables, dropped = drop_undescribed(known, Tables(table, raters))
    table = tables.ratings
    found = read_long(table, columns) if columns.long else read_wide(table, columns)
    found, exclusions = checked(found, table, columns)
    people = raters_of(known, tables, found.choices[["rater"]])
    choices = found.choices.drop(columns="row").astype({"rater": "category", "prompt": "category"})
    rules = pd.concat([dropped, people.told])
    told = pd.DataFrame({"reason": rules["filter"], "n": rules["raters"]})
    options = found.options.drop(columns="row")
    names = [name for name in ("option", "system") if name in options]
    return ChoiceTables(
        options.astype(dict.fromkeys(names, "category")),
        choices,
        people.frame,
        pd.concat([told, exclusions], ignore_index=True),
        hashes,
    )
