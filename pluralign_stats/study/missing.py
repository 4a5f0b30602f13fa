"""Missing-value codes in the files of a study: where they stand, and as what they were read."""

from collections.abc import Iterator, Sequence

import pandas as pd

from pluralign_stats.study.codebook import Codebook
from pluralign_stats.study.questions import Answer
from pluralign_stats.study.tables import RawTable, Tables, plain_number, plain_numbers

#: What a code was read as.
MISSING, ANSWER, NAME = "missing", "an answer", "a name"

COLUMNS = ["file", "column", "read", "code", "cells", "read_as"]

_Use = tuple[RawTable, str, str, Answer | None, pd.Series]


def found_codes(codebook: Codebook, tables: Tables) -> pd.DataFrame:
    """Count the cells that hold a missing-value code, or nothing, by column and code.

    Returns
    -------
    DataFrame
        Columns file, column, read (what the column was read for), code (empty for an empty cell),
        cells, and read_as: ``"missing"``; ``"an answer"`` where the codebook states that the code
        is one; ``"a name"`` in columns that identify something. One row where there is any.
    """
    rows = [
        (table.name, column, use, code, count, read_as)
        for table, column, use, answer, cells in _uses(codebook, tables)
        for code, count, read_as in _counted(table, column, answer, use, cells)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _counted(
    table: RawTable, column: str, answer: Answer | None, use: str, cells: pd.Series
) -> Iterator[tuple[str, int, str]]:
    if cells.isna().any():
        yield "", int(cells.isna().sum()), MISSING
    gone = [] if use in _NAMES else table.codes(answer, column)
    own = answer.missing if answer is not None else ()
    declared = table.declared.get(column, ())
    found = plain_numbers(cells)
    for code in dict.fromkeys(map(plain_number, (*table.missing, *declared, *own))):
        count = int((found == code).sum())
        if code and count:
            told = NAME if use in _NAMES else MISSING if code in gone else ANSWER
            yield code, count, told


_NAMES = ("rater", "item", "prompt")


def _uses(codebook: Codebook, tables: Tables) -> Iterator[_Use]:
    """Every column that is read, with what for, and its cells."""
    present = [t for t in (tables.ratings, tables.raters, tables.items) if t is not None]
    columns = codebook.columns
    names = [("rater", columns.rater), *(("item", c) for c in columns.item)]
    names += [("prompt", columns.prompt)] if columns.prompt else []
    for table in present:
        yield from _in(table, [(column, use, None) for use, column in names])
    yield from _ratings(codebook, tables.ratings)
    if columns.language:
        yield from _in(tables.ratings, [(columns.language, "language", codebook.spoken)])
    raters = tables.raters or tables.ratings
    yield from _in(raters, [(f.column or n, n, f) for n, f in codebook.demographics.items()])
    if columns.weight:
        yield from _in(raters, [(columns.weight, "weight", None)])
    for name, factor in codebook.covariates.items():
        column = factor.column or name
        own = column in tables.ratings.frame or tables.items is None
        table = tables.ratings if own or tables.items is None else tables.items
        yield from _in(table, [(column, name, factor)])
    parts = {"prompt text": codebook.texts.prompt, "response text": codebook.texts.response}
    texts = [(c, f"{part}, {tag}", None) for part, by in parts.items() for tag, c in by.items()]
    yield from _in(tables.items or tables.ratings, texts)


def _in(table: RawTable, wanted: Sequence[tuple[str, str, Answer | None]]) -> Iterator[_Use]:
    for column, use, answer in wanted:
        if column in table.frame:
            yield table, column, use, answer, table.frame[column]


def _ratings(codebook: Codebook, table: RawTable) -> Iterator[_Use]:
    for name, dimension in codebook.dimensions.items():
        wanted = dimension.column or name
        if not codebook.long:
            yield from _in(table, [(wanted, name, dimension)])
        else:
            column = str(codebook.columns.rating)
            rows = table.frame[str(codebook.columns.dimension)] == wanted
            yield table, column, name, dimension, table.frame.loc[rows, column]
