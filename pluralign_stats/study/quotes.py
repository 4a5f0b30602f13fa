"""Quotes of a CSV file: which one breaks a row, and which quoted text holds rows of the table."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

_LINE_END = re.compile(r"\r\n|\r|\n")
_SAMPLE = 20_000


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written: as RFC 4180 says, with its separator, and escapes if stated.

    Spaces around a quoted field are no part of it; a quote inside of a field that does not open
    with one is a character like others.
    """

    separator: str
    escape: str | None = None

    @property
    def skips_space(self) -> bool:
        """Whether spaces before a field go."""
        return self.separator != " "

    @cached_property
    def quoted(self) -> re.Pattern[str]:
        """A quoted field."""
        inside = r'[^"\\]|\\.' if self.escape else '[^"]'
        space = " *+" if self.skips_space else ""
        return re.compile(rf'{space}"(?:{inside}|"")*+"{space}', re.DOTALL)

    @cached_property
    def field(self) -> re.Pattern[str]:
        """A field with the separator or the line end that closes it."""
        mark, space = re.escape(self.separator), " *+" if self.skips_space else ""
        plain = rf"[^{mark}\r\n\\]|\\." if self.escape else rf"[^{mark}\r\n]"
        return re.compile(
            rf'(?:{self.quoted.pattern}|(?!{space}")(?:{plain})*+)(?:{mark}|\r\n?|\n|\Z)', re.DOTALL
        )

    @cached_property
    def record(self) -> re.Pattern[str]:
        """A whole row."""
        return re.compile(f"(?:{self.field.pattern})+", re.DOTALL)


def fault(raw: str, n_fields: int, dialect: Dialect) -> tuple[int, str] | None:
    """Place (from 0) of the first field whose quotes do not fit, and what is wrong with them.

    Parameters
    ----------
    raw
        One row as it stands in the file, with its line end.
    n_fields
        How many fields a reader found in it.
    dialect
        How the file is written.
    """
    if dialect.record.fullmatch(raw):
        return None
    position = 0
    for place in range(n_fields):
        found = dialect.field.match(raw, position)
        if found is None:
            return place, _reason(raw[position:], dialect)
        position = found.end()
    return None


def _reason(rest: str, dialect: Dialect) -> str:
    closed = dialect.quoted.match(rest)
    if closed is None:
        return "a quote opens there and never closes, so that all rows after it would be lost"
    after = _LINE_END.split(rest[closed.end() :], maxsplit=1)[0]
    lines = len(_LINE_END.findall(closed[0]))
    where = f", {lines} line{'s' if lines > 1 else ''} below," if lines else ""
    return f"the quote that opens there closes{where} before '{after[:20]}'"


class Forms:
    """What the cells of each column look like, digits aside, where they look alike.

    Parameters
    ----------
    table
        The file's rows as text.
    spaced
        Whether a space follows the separators of the file.
    """

    def __init__(self, table: pd.DataFrame, *, spaced: bool) -> None:
        self.spaced = spaced
        self._table = table.iloc[:_SAMPLE]
        self._known: dict[int, frozenset[str]] = {}

    def of(self, column: int) -> frozenset[str]:
        """Forms of a column's cells; none where more than half of the cells have their own."""
        if column not in self._known:
            cells = self._table.iloc[:, column]
            cells = cells[(cells.str.strip() != "") & ~cells.str.contains("\n", regex=False)]
            forms = frozenset(map(_form, cells))
            repeat = len(forms) <= max(1, len(cells) // 2)
            self._known[column] = forms if repeat else frozenset()
        return self._known[column]


def _form(cell: str) -> str:
    return re.sub(r"\d+", "0", cell.strip())


def rows_within(
    fields: list[str], dialect: Dialect, forms: Forms, *, header: bool = False
) -> int | None:
    """Place (from 0) of a quoted field that seems to hold rows of the table; None without one.

    Two stray quotes make one text of all that stands between, and break no rule. Such a text is
    told by its lines: each has as many separators as a row would have there, they are followed by
    no space (as in prose) where those of the file are not, and most cells look like others of
    their columns, in the columns whose cells look alike. The first line of a `header` has names.
    """
    for place, text in enumerate(fields):
        if "\n" not in text:
            continue
        cells = list(_cells(text, place, len(fields), dialect.separator, header=header))
        after = [cell for column, cell in cells if column > 0]
        if not forms.spaced and sum(cell.startswith(" ") for cell in after) > len(after) / 2:
            continue
        fits = [
            _form(cell) in forms.of(column)
            for column, cell in cells
            if cell.strip() and forms.of(column)
        ]
        if fits and sum(fits) > len(fits) / 2:
            return place
    return None


def lone_quote(fields: list[str], forms: Forms) -> int | None:
    """Place (from 0) of a field with half a pair of quotes that looks like others without it.

    In text such a quote may be meant (5" of snow); in an id or a level it makes a new one.
    """
    for place, text in enumerate(fields):
        if text.count('"') % 2 and _form(text.replace('"', "")) in forms.of(place):
            return place
    return None


def _cells(
    text: str, place: int, n: int, separator: str, *, header: bool
) -> Iterator[tuple[int, str]]:
    """Column and cell of what would be whole cells if the lines of a field were rows.

    None where they can't be: the first line starts in the column `place` of `n`, the last ends
    there, and all between are whole rows.
    """
    first, *between, last = (line.split(separator) for line in _LINE_END.split(text))
    between = [cells for cells in between if cells != [""]]
    if len(first) != n - place or len(last) != place + 1 or any(len(c) != n for c in between):
        return
    if not header:
        yield from enumerate(first[1:], place + 1)
    for cells in between:
        yield from enumerate(cells)
    yield from enumerate(last[:-1])
