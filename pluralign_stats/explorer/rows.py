"""Some rows of a table of differences, with a sentence of their own."""

from dataclasses import replace

import pandas as pd

from pluralign_stats.errors import InputError, one_of
from pluralign_stats.formatting import with_interval
from pluralign_stats.results import Result
from pluralign_stats.significance import significant
from pluralign_stats.words import is_are


def only_rows(result: Result, **conditions: str) -> Result:
    """Keep the rows of a table of differences that meet all conditions.

    Parameters
    ----------
    result
        Differences between groups, such as those of `demographic_effects`.
    **conditions
        Column to value, such as ``only_rows(effects.percents, term="Gender", reading="odds")``.

    Returns
    -------
    Result
        With the numbers as they were, and a sentence about the rows left; where there are none,
        the sentence says so.

    Raises
    ------
    InputError
        If the table has no such column.

    Examples
    --------
    >>> odds = pls.only_rows(effects.percents, reading="odds")
    >>> odds.table["reading"].unique().tolist()
    ['odds']
    """
    keep = pd.Series(True, result.table.index)
    for column, value in conditions.items():
        if column not in result.table:
            raise InputError(one_of("the column", column, result.table.columns))
        keep &= result.table[column] == value
    table = result.table[keep].reset_index(drop=True)
    told = " and ".join(f"{column} {value}" for column, value in conditions.items())
    if table.empty or table["estimate"].isna().all():
        why = "; ".join(result.warnings) or ("" if table.empty else "the notes tell why")
        return replace(
            result,
            table=table.iloc[:0],
            sentence=f"No difference can be shown for {told}" + (f": {why}." if why else "."),
        )
    return replace(result, table=table, sentence=_sentence(table, result.meta.unit))


def _sentence(table: pd.DataFrame, unit: str) -> str:
    """How many differences are clear, and the largest of these, or of all where none is."""
    table = table.dropna(subset="estimate")
    clear = table[significant(table)]
    some = table if clear.empty else clear
    top = some.loc[some["estimate"].abs().idxmax()]
    form, written = (".1f", "%") if unit == "percent" else (".2f", unit)
    reading = {"mean": " of the mean rating", "odds": " of the odds of a higher rating"}
    of_what = reading.get(top.get("reading", ""), "")
    where = f"{top['dimension']} by {top['term']}"
    size = with_interval(top, form, written + of_what)
    if len(table) == 1:
        verdict = "not clear" if clear.empty else "clear"
        return f"{where}: {top['contrast']} {size}; the difference is {verdict}."
    found = f"{len(clear)} of {len(table)} differences {is_are(len(clear))} clear"
    which = {0: "the largest is", 1: "it is"}.get(len(clear), "the largest of these is")
    return f"{where}: {found}; {which} {top['contrast']}, {size}."
