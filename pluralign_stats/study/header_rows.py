"""Rows below a header that hold no answers: wordings of questions, ids of a survey program."""

from dataclasses import replace

import pandas as pd

from pluralign_stats.errors import InputError
from pluralign_stats.study.contents import Contents
from pluralign_stats.study.entries import as_column
from pluralign_stats.study.files import File

_IMPORT = '{"ImportId"'
#: Columns of a Qualtrics export, in the row below which their names stand again, more or less.
_QUALTRICS = ("responseid", "startdate", "enddate", "recordeddate")


def below_headers(contents: Contents, spec: File, name: str) -> Contents:
    """Take rows that belong to the header out of a table.

    So many as `spec.header_rows` states, or those by which Qualtrics is known: wordings and, in its
    newer exports, import ids. The first of them becomes the wordings of questions.

    Raises
    ------
    InputError
        If nothing is left.
    """
    frame = contents.frame
    stated = spec.header_rows
    extra = _qualtrics(frame) if stated is None else stated - 1
    if not extra:
        return contents
    if len(frame) <= extra:
        raise InputError(
            f"{name}: {extra + 1} rows of header and no row of data; "
            + spec.advise("header_rows: 1")
        )
    first = frame.iloc[0]
    pairs = zip(frame.columns, first.fillna(""), strict=True)
    wordings = {as_column(c): " ".join(str(text).split()) for c, text in pairs if c is not None}
    notes = contents.notes
    if stated is None:
        last, what = frame.index[extra - 1], " and import ids" if extra > 1 else ""
        rows = f"rows {frame.index[0]} and {last} are" if extra > 1 else f"row {last} is"
        notes += (f"{name}: {rows} read as Qualtrics' wordings of questions{what}, not as answers",)
    return replace(contents, frame=frame.iloc[extra:], notes=notes, wordings=wordings)


def _qualtrics(frame: pd.DataFrame) -> int:
    """How many rows of a Qualtrics export stand between the names of columns and the answers."""
    for row in range(min(2, len(frame))):
        cells = [str(cell).strip() for cell in frame.iloc[row].dropna()]
        if _IMPORT in "".join(cells) and all(c.startswith(_IMPORT) for c in cells if c):
            return row + 1
    if frame.empty:
        return 0
    names = [_plain(name) for name in frame.columns]
    below = [_plain(cell) for cell in frame.iloc[0].fillna("")]
    known = [cell for name, cell in zip(names, below, strict=True) if name in _QUALTRICS]
    again = [cell for cell in known if cell in _QUALTRICS]
    old = ("v1", "responseid") in zip(names, below, strict=True)
    return int(old or (len(again) == len(known) and bool(known)))


def _plain(text: object) -> str:
    return "".join(str(text).split()).casefold()
