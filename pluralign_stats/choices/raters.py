"""Raters of choices with their demographics."""

from dataclasses import replace

import pandas as pd

from pluralign_stats.choices.codebook import ChoiceBook
from pluralign_stats.errors import InputError, one_of
from pluralign_stats.study.factors import recode
from pluralign_stats.study.tables import RawTable


def read_raters(book: ChoiceBook, choices: RawTable, raters: RawTable | None) -> pd.DataFrame:
    """One row for each rater who chose: rater, then demographics.

    Raises
    ------
    InputError
        If a rater is described twice or not at all, or a value is no level of its demographic.
    """
    column, table = book.choices.rater, raters or choices
    identity = table.require(column, "the rater")
    known = choices.require(column, "the rater")
    if raters is not None:
        twice = identity.duplicated()
        if twice.any():
            raise raters.refuse(column, twice, "one row a rater", "remove the duplicate")
        lost = ~known.isin(identity)
        if lost.any():
            advice = f"add the rater to {raters.name}, or remove the choices"
            raise choices.refuse(column, lost, f"raters that {raters.name} describes", advice)
    else:
        _refuse_two_answers(book, choices, identity)
    rows = ~identity.duplicated() & identity.isin(known)
    table = replace(table, frame=table.frame[rows])
    made = {"rater": identity[rows]}
    for name, factor in book.demographics.items():
        level = recode(table, name, factor).level
        found = list(level.cat.categories)
        if factor.reference is not None and factor.reference not in found:
            raise InputError(
                f"{table.name}: column '{factor.column or name}': the reference level of '{name}' "
                f"does not occur; {one_of('it', factor.reference, found)}"
            )
        made[name] = level
    return pd.DataFrame(made).reset_index(drop=True)


def _refuse_two_answers(book: ChoiceBook, table: RawTable, identity: pd.Series) -> None:
    for name, factor in book.demographics.items():
        column = factor.column or name
        raw = table.answers(column, f"'{name}'", factor).fillna("")
        differs = raw != raw.groupby(identity).transform("first")
        if differs.any():
            advice = f"rater '{identity[differs].iloc[0]}' has two different answers; keep one"
            raise table.refuse(column, differs, "one answer a rater", advice)
