"""Tables in words, set for notebooks, and by great-tables for web pages and LaTeX."""

import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pluralign_stats.errors import MissingExtraError
from pluralign_stats.formatting import decimals, displayed, format_number, heading
from pluralign_stats.metadata import Metadata
from pluralign_stats.storage.files import write_files

if TYPE_CHECKING:
    from great_tables import GT

#: What stands for a value that is withheld or could not be computed.
WITHHELD = "–"

#: As wide as a notebook's page in a window of ordinary size.
_CAPTION_WIDTH = "60em"

#: Tables of more rows may break across pages in LaTeX.
ONE_PAGE = 40

#: Signs that LaTeX has in formulas only, whichever program reads the file.
_MATHS = {
    "−": "-", "±": r"\pm", "×": r"\times", "≤": r"\leq", "≥": r"\geq", "≠": r"\neq",
    "≈": r"\approx", "→": r"\rightarrow", "∞": r"\infty", "√": r"\surd", "²": "^2", "α": r"\alpha",
    "β": r"\beta", "θ": r"\theta", "κ": r"\kappa", "λ": r"\lambda", "μ": r"\mu", "ρ": r"\rho",
    "σ": r"\sigma", "τ": r"\tau", "χ": r"\chi", "Δ": r"\Delta",
}  # fmt: skip
_LATEX = str.maketrans(
    {sign: f"${command}$" for sign, command in _MATHS.items()} | {"…": r"\dots{}", '"': "''"}
)

#: Themes of JupyterLab colour the ground of rows, but not the dark ink of these tables. Numbers and
#: intervals stay on one line.
_CSS = """
.gt_table .gt_row { background-color: #FFFFFF; }
.gt_table .gt_right { white-space: nowrap; }
"""


def set_table(table: pd.DataFrame, meta: Metadata) -> "GT":
    """A table with title, unit, interval and notes.

    Numbers are written as in notebooks. Ends of intervals share one column.

    Raises
    ------
    MissingExtraError
        If great-tables is not installed.
    """
    try:
        from great_tables import GT
    except ImportError:
        raise MissingExtraError("setting tables", "report") from None
    shown, told = displayed(table)
    cells = _with_intervals(_in_words(shown))
    labels: dict[str, Any] = {column: heading(column) for column in cells}
    if "conf_high" not in cells and "conf_high" in shown:
        level = meta.conf_level
        labels["conf_low"] = f"{level:.0%} interval" if level else "interval"
    right = [column for column in shown.select_dtypes("number") if column in cells]
    made = GT(cells).cols_label(labels).cols_align("left").cols_align("right", right)
    made = made.opt_css(_CSS)
    if headings := [_line(text) for text in (meta.title, meta.measure) if text]:
        made = made.tab_header(*headings)
    for note in _notes(meta, told):
        made = made.tab_source_note(_line(note))
    return made


def _with_intervals(cells: pd.DataFrame) -> pd.DataFrame:
    """Both ends of intervals in the column of the lower one."""
    if not {"conf_low", "conf_high"} <= set(cells):
        return cells
    low, high = cells["conf_low"], cells["conf_high"]
    known = (low != WITHHELD) | (high != WITHHELD)
    both = ("[" + low + ", " + high + "]").where(known, WITHHELD)
    return cells.assign(conf_low=both).drop(columns="conf_high")


def _in_words(shown: pd.DataFrame) -> pd.DataFrame:
    """Every cell as it is written."""
    places = decimals(shown)

    def written(column: str, value: Any) -> str:
        if isinstance(value, str):
            return _line(value)
        return WITHHELD if pd.isna(value) else format_number(column, value, places.get(column))

    return pd.DataFrame({c: [written(c, value) for value in shown[c]] for c in shown}, dtype=object)


def _line(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split())


def _notes(meta: Metadata, told: list[str]) -> list[str]:
    """What stands below a table: its data first, then what to know and what to doubt."""
    about = meta.about_data
    once = "; ".join(told)
    notes = [f"Data: {about}."] if about else []
    notes += [f"{once[0].upper()}{once[1:]}."] if once else []
    return [*notes, *meta.notes, *(f"Warning: {text}" for text in meta.warnings)]


def table_html(table: pd.DataFrame, caption: str) -> str:
    """HTML of a table for notebooks, whose theme colours it; what is told once stands on top."""
    shown, told = displayed(table)
    cells = _in_words(shown)
    head = "".join(f"<th scope='col'>{escape(heading(c))}</th>" for c in cells)
    rows = zip(cells.itertuples(index=False), shown.itertuples(index=False), strict=True)
    body = "".join(f"<tr>{''.join(map(_cell, words, values))}</tr>" for words, values in rows)
    # A caption stays within the page where the table is wider.
    return (
        f"<table class='data'><caption style='text-align: left'>"
        f"<div style='max-width: {_CAPTION_WIDTH}'>{escape('; '.join([caption, *told]))}</div>"
        f"</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cell(words: str, value: Any) -> str:
    if isinstance(value, str):
        return f"<td>{escape(words).replace('+', '+<wbr>')}</td>"
    return f"<td class='number'>{escape(words)}</td>"


def table_page(table: pd.DataFrame, meta: Metadata) -> str:
    """A page of HTML with the table."""
    made = set_table(table, meta).with_id("table").as_raw_html()
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(meta.title)}</title>\n</head>\n<body>\n{made}\n</body>\n</html>\n"
    )


def table_latex(table: pd.DataFrame, meta: Metadata) -> str:
    """LaTeX of the table, in the type size of the document that it is put into."""
    long = len(table) > ONE_PAGE
    text = set_table(table, meta).as_latex(use_longtable=long).translate(_LATEX)
    text = re.sub(r"^\\fontsize.*\n+", "", text, flags=re.MULTILINE)
    # After the end of a row a star would be taken for a part of the command.
    text = re.sub(r"^\*", "{}*", text, flags=re.MULTILINE)
    packages = "booktabs, caption, longtable" if long else "booktabs, caption"
    return f"% The preamble needs: \\usepackage{{{packages}}}\n{text}"


def save_table(table: pd.DataFrame, meta: Metadata, csv: str, stem: str | Path) -> list[Path]:
    """Write a table as HTML, LaTeX and the CSV given; see `Result.save`."""
    contents = {
        "html": table_page(table, meta),
        "tex": table_latex(table, meta),
        "csv": csv,
    }
    return write_files(stem, {end: text.encode() for end, text in contents.items()}, "table")
