"""A finished figure with the words that stand in for it where it cannot be seen."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from html import escape
from pathlib import Path
from typing import Any, Concatenate

from matplotlib.figure import Figure

from pluralign_stats.errors import check_one_of
from pluralign_stats.figures.room import settle
from pluralign_stats.figures.style import CONTEXTS, blank_figure, context_of, theme
from pluralign_stats.results import Result
from pluralign_stats.storage.files import write_files

#: Formats of downloads, and the settings that keep equal figures equal byte for byte.
FORMATS: dict[str, dict[str, Any]] = {
    "svg": {"metadata": {"Date": None}},
    "pdf": {"metadata": {"CreationDate": None, "ModDate": None}},
    "png": {"dpi": 200},
}


@dataclass(frozen=True, eq=False, repr=False)
class Picture:
    """A matplotlib figure and its text alternative; shows itself in Jupyter.

    Attributes
    ----------
    figure
        The figure.
    alt
        What it shows, for readers who cannot see it.
    """

    figure: Figure
    alt: str

    def __post_init__(self) -> None:
        """Settle the layout, which else moves a little with every rendering."""
        with theme(context_of(self.figure)):
            settle(self.figure)
        self.figure.set_layout_engine("none")

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
        return f"<Picture: {self.alt}>"

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.render("png")).decode()
        width = int(self.figure.get_figwidth() * 100)
        return (
            f'<img src="data:image/png;base64,{data}" width="{width}" '
            f'alt="{escape(self.alt, quote=True)}">'
        )


def drawing[**P](
    draw: Callable[Concatenate[Result, P], Picture],
) -> Callable[Concatenate[Result, P], Picture]:
    """Make a function draw in the theme of a context, refuse others, and explain empty tables.

    Only what may leave the program is drawn: `Result.released` with a `min_cell` opens more.
    """

    @wraps(draw)
    def styled(result: Result, *args: P.args, **kwargs: P.kwargs) -> Picture:
        result = result.released()
        context: Any = kwargs.get("context", "two-column")
        check_one_of("'context'", context, CONTEXTS)
        with theme(context):
            if result.table.empty:
                return Picture(blank_figure(result, context), result.sentence)
            return draw(result, *args, **kwargs)

    return styled
