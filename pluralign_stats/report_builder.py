"""ReportBuilder: results shown in a notebook and, on request, left as files to download."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from pluralign_stats.arguments import checked
from pluralign_stats.errors import InputError, NotApplicableError
from pluralign_stats.results import Result
from pluralign_stats.settings import MIN_CELL

if TYPE_CHECKING:
    from pluralign_stats.figures.plot import Plot


@dataclass(frozen=True)
class ReportBuilder:
    """Shows results in a notebook; with a folder, also writes them there.

    Attributes
    ----------
    out
        Folder for ``figures/`` and ``tables/``; empty to write nothing.
    min_cell
        Fewest raters of a group in a table of a fit that is shown; see `Result.released`.

    Examples
    --------
    >>> report = pls.ReportBuilder(out="report")
    >>> report.show("who_rates_how", effects.differences)
    <IPython.core.display.HTML object>
    """

    out: str | Path = ""
    min_cell: int = MIN_CELL
    _names: set[str] = field(default_factory=set, repr=False)

    @checked
    def show(
        self,
        name: str,
        result: Result,
        picture: "Plot | None" = None,
        *,
        finding: bool = False,
        front: bool = False,
    ) -> None:
        """Display a result with its picture, and write both; of an empty table no picture.

        Parameters
        ----------
        name
            File name without ending: lower-case letters, digits and underscores.
        result
            The table, its sentence and metadata.
        picture
            Its figure.
        finding
            Whether the sentence belongs among the findings on a report's first page.
        front
            Whether the table itself belongs there, too.

        Raises
        ------
        InputError
            If the name is malformed or was used before, or a file cannot be written.
        """
        from IPython.display import HTML, display

        if not re.fullmatch(r"[a-z0-9_]+", name):
            raise InputError(f"the name '{name}' must be of lower-case letters, digits and _ only")
        if name in self._names:
            raise InputError(f"the name '{name}' was used before; give each exhibit its own")
        self._names.add(name)
        result = result.released(self.min_cell)
        if result.table.empty:
            picture = None
        about = {"finding": finding, "front": front, **result.describe()}
        links = self._write(name, result, picture, about) if self.out else ""
        shown = picture._repr_html_() if picture else ""
        figure = f"<figure>{shown}<figcaption>{escape(result.caption())}</figcaption></figure>"
        parts = (figure if picture else "") + result._repr_html_() + links
        display(HTML(f"<div class='exhibit' id='exhibit:{name}'>{parts}</div>"))

    @contextmanager
    def where_possible(self) -> Iterator[None]:
        """Show what can be asked of a study; of what cannot, print why, and go on behind it."""
        try:
            yield
        except NotApplicableError as error:
            print(f"This study cannot show it: {error}.")

    def _write(
        self, name: str, result: Result, picture: "Plot | None", about: dict[str, object]
    ) -> str:
        """Write the files and return links to them."""
        folder = Path(self.out)
        tables = folder / "tables"
        try:
            tables.mkdir(parents=True, exist_ok=True)
            (tables / f"{name}.csv").write_text(result.to_csv_text(), "utf-8")
            text = json.dumps(about, indent=2, ensure_ascii=False)
            (tables / f"{name}.json").write_text(text + "\n", "utf-8")
        except OSError as error:
            raise InputError(f"{folder}: cannot be written ({error.strerror})") from None
        drawn = picture.save(folder / "figures" / name) if picture else []
        figures = [f"figures/{path.name}" for path in drawn]
        title = escape(result.meta.title)
        links = [
            f"<a href='{link}' download aria-label='{kind}: {title}'>{kind}</a>"
            for link in (*figures, f"tables/{name}.csv")
            for kind in [Path(link).suffix[1:].upper()]
        ]
        return f"<p class='downloads'>Download: {', '.join(links)}</p>"
