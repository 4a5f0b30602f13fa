"""A finished figure with its text alternative, and what figures ask and tell of their tables."""

import base64
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from html import escape
from pathlib import Path
from typing import Any, Concatenate

import pandas as pd
from matplotlib.figure import Figure

from pluralign_stats.arguments import checked
from pluralign_stats.documentation import documented_by
from pluralign_stats.errors import InputError, check_one_of, listing
from pluralign_stats.figures.room import settle
from pluralign_stats.figures.style import CONTEXTS, blank_figure, context_of, theme
from pluralign_stats.results import Result
from pluralign_stats.settings import SIGNIFICANCE
from pluralign_stats.storage.files import write_files
from pluralign_stats.words import counted as in_number

#: Formats of downloads, and the settings that keep equal figures equal byte for byte.
FORMATS: dict[str, dict[str, Any]] = {
    "svg": {"metadata": {"Date": None}},
    "pdf": {"metadata": {"CreationDate": None, "ModDate": None}},
    "png": {"dpi": 200},
}


@dataclass(frozen=True, eq=False, repr=False)
class Plot:
    """A matplotlib figure and its text alternative; shows itself in Jupyter.

    Attributes
    ----------
    figure
        The figure.
    alt
        What it shows, for readers who cannot see it.

    Examples
    --------
    >>> plot = pls.figures.forest(effects.differences)
    >>> [path.name for path in plot.save("forest")]
    ['forest.svg', 'forest.pdf', 'forest.png']
    """

    figure: Figure
    alt: str

    def __post_init__(self) -> None:
        """Settle the layout, which else moves a little with every rendering."""
        with theme(context_of(self.figure)):
            settle(self.figure)
        self.figure.set_layout_engine("none")

    @checked
    def save(self, stem: str | Path) -> list[Path]:
        """Write ``STEM.svg``, ``STEM.pdf`` and ``STEM.png``, or none, and return their paths.

        Raises
        ------
        InputError
            If the files cannot be written.
        """
        return write_files(stem, {kind: self.render(kind) for kind in FORMATS}, "figure")

    def render(self, kind: str) -> bytes:
        """The figure as SVG, PDF or PNG."""
        content = io.BytesIO()
        with theme(context_of(self.figure)):
            self.figure.savefig(content, format=kind, **FORMATS[kind])
        return content.getvalue()

    def __repr__(self) -> str:
        return f"<Plot: {self.alt}>"

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.render("png")).decode()
        width = int(self.figure.get_figwidth() * 100)
        return (
            f'<img src="data:image/png;base64,{data}" width="{width}" '
            f'alt="{escape(self.alt, quote=True)}">'
        )


def drawing[**P](
    draw: Callable[Concatenate[Result, P], Plot],
) -> Callable[Concatenate[Result, P], Plot]:
    """Make a function draw in the theme of a context, refuse others, and explain empty tables.

    Only what may leave the program is drawn: `Result.released` with a `min_cell` opens more.
    """

    @wraps(draw)
    def styled(result: Result, *args: P.args, **kwargs: P.kwargs) -> Plot:
        result = result.released()
        context: Any = kwargs.get("context", "two-column")
        check_one_of("'context'", context, CONTEXTS)
        with theme(context):
            if result.table.empty:
                return Plot(blank_figure(result, context), result.sentence)
            return draw(result, *args, **kwargs)

    if styled.__doc__:  # there is none under python -OO
        styled.__doc__ = _told(styled.__doc__)
    return documented_by(_Look)(styled)


#: What every function that draws gives, and refuses.
_GIVES = """
    Returns
    -------
    Plot
        The figure with its text alternative.
"""
_REFUSES = """
    Raises
    ------
    InputError
        If the table belongs to another figure, or `context` is unknown.
"""


def _told(text: str) -> str:
    """Add to a docstring what every function that draws gives, and refuses."""
    added = _GIVES if "Raises\n" in text else _GIVES + _REFUSES
    return re.sub(r"(?=\n +(Raises|Examples)\n +---)", added, text, count=1)


class _Look:
    """What every function that draws takes.

    Attributes
    ----------
    context
        What the figure is made for: ``"one-column"``, ``"two-column"`` (of print) or ``"screen"``.
    """


def need(result: Result, *columns: str) -> None:
    """Refuse tables of another kind."""
    missing = [c for c in columns if c not in result.table]
    if missing:
        raise InputError(
            f"this table has no column {listing(missing)}; it belongs to another figure"
        )


def counted(table: pd.DataFrame, what: str = "raters") -> list[str]:
    """What the numbers in brackets are, where the table counts raters."""
    return [f"{what} in brackets"] if "n_raters" in table and table["n_raters"].any() else []


def raters_of(table: pd.DataFrame) -> list[str]:
    """How many raters stand behind a table, from the fewest of its rows to the most."""
    low, high = table["n_raters"].min(), table["n_raters"].max()
    if pd.isna(low):
        return []
    return [in_number(high, "rater") if low == high else f"{low:,.0f} to {high:,.0f} raters"]


def filled_where(table: pd.DataFrame) -> str:
    """What it means that a point is filled."""
    tested = "p_adjusted" in table
    return f"adjusted p < {SIGNIFICANCE}" if tested else "interval leaves out 0"
