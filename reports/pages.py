"""Writes the pages of a report: one per chapter, and the index."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from reports.downloads import Downloads
from reports.notebook import Notebook
from reports.parameters import show_value
from reports.provenance import Provenance

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Chapter:
    """A notebook that has run.

    Parameters
    ----------
    notebook : Notebook
        What ran.
    node : nbformat.NotebookNode
        Its executed copy, without machine paths.
    downloads : Downloads
        What it wrote.
    """

    notebook: Notebook
    node: Any
    downloads: Downloads

    @property
    def title(self) -> str:
        """The notebook's title."""
        return self.notebook.title

    @property
    def question(self) -> str:
        """The notebook's question."""
        return self.notebook.question

    @property
    def page(self) -> str:
        """The link of its page."""
        return f"{self.notebook.name}.html"

    @property
    def copy(self) -> str:
        """The link of its executed copy."""
        return f"notebooks/{self.notebook.path.name}"


def write_pages(folder: Path, chapters: Sequence[Chapter], provenance: Provenance) -> None:
    """Write every page and the stylesheet into a report folder.

    Parameters
    ----------
    folder : Path
        The report's root.
    chapters : sequence of Chapter
        In reading order.
    provenance : Provenance
        Where the report comes from.
    """
    from reports.cells import chapter_body

    templates = _environment()
    common = {"chapters": chapters, "provenance": provenance}
    for number, chapter in enumerate(chapters):
        page = templates.get_template("chapter.html.j2").render(
            **common,
            chapter=chapter,
            body=chapter_body(chapter.node),
            previous=chapters[number - 1] if number else None,
            following=chapters[number + 1] if number + 1 < len(chapters) else None,
        )
        (folder / chapter.page).write_text(page, "utf-8")
    warned: dict[str, list[Chapter]] = {}
    for chapter in chapters:
        for warning in chapter.downloads.warnings:
            warned.setdefault(warning, []).append(chapter)
    index = templates.get_template("index.html.j2").render(**common, warned=warned)
    (folder / "index.html").write_text(index, "utf-8")
    shutil.copyfile(_TEMPLATES / "style.css", folder / "style.css")


def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": lambda number: f"{number:,}",
        "duration": _duration,
        "shown": show_value,
        "utc": _utc,
        "words": lambda name: name.replace("_", " "),
    }
    return environment


def _duration(seconds: float) -> str:
    minutes, rest = divmod(max(round(seconds), 1), 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s"


def _utc(moment: str) -> str:
    return datetime.fromisoformat(moment).strftime("%-d %B %Y, %H:%M:%S UTC")
