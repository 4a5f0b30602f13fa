"""What a report holds: its chapters, and what of them stands on the first page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pluralign_stats.words import joined
from reports.downloads import Download, Downloads
from reports.model import Notebook
from reports.provenance import Provenance

if TYPE_CHECKING:
    from markupsafe import Markup

    from reports.cells import Body


@dataclass(frozen=True)
class Chapter:
    """A notebook that has run.

    Parameters
    ----------
    notebook : Notebook
        What ran.
    body : Body
        What it shows.
    downloads : Downloads
        What it wrote.
    """

    notebook: Notebook
    body: "Body"
    downloads: Downloads

    @property
    def name(self) -> str:
        """The notebook's name, by which the chapter is linked."""
        return self.notebook.name

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
        return f"{self.name}.html"

    @property
    def copy(self) -> str:
        """The link of its executed copy."""
        return f"notebooks/{self.notebook.path.name}"


@dataclass(frozen=True)
class FrontTable:
    """A table that stands on the first page.

    Parameters
    ----------
    chapter : Chapter
        Where its numbers come from.
    entry : Download
        The table as a file.
    html : Markup
        What is shown of it.
    """

    chapter: Chapter
    entry: Download
    html: "Markup"


@dataclass(frozen=True)
class Contents:
    """Everything that the pages and the PDF of a report show.

    Parameters
    ----------
    chapters : sequence of Chapter
        In reading order.
    provenance : Provenance
        Where the report comes from.
    """

    chapters: Sequence[Chapter]
    provenance: Provenance

    @property
    def finding(self) -> list[Chapter]:
        """The chapters with findings for the first page."""
        return [chapter for chapter in self.chapters if chapter.downloads.findings]

    @property
    def fronts(self) -> list[FrontTable]:
        """The tables for the first page."""
        return [
            FrontTable(chapter, entry, chapter.body.exhibit(entry.name, not entry.finding))
            for chapter in self.chapters
            for entry in chapter.downloads.tables
            if entry.front
        ]

    @property
    def failed(self) -> dict[str, list[Chapter]]:
        """The checks that failed, each once, with the chapters that rest on what failed."""
        failed: dict[str, list[Chapter]] = {}
        for chapter in self.chapters:
            for warning in chapter.downloads.failed:
                failed.setdefault(warning, []).append(chapter)
        return failed

    @property
    def passed(self) -> str:
        """The checks that models passed, in words; empty where none was made or passed."""
        names = (name for chapter in self.chapters for name in chapter.downloads.passed)
        return joined(dict.fromkeys(names))

    @property
    def checked(self) -> bool:
        """Whether models were checked at all."""
        tables = (table for chapter in self.chapters for table in chapter.downloads.tables)
        return any(table.checked for table in tables)

    @property
    def n_tables(self) -> int:
        """How many tables the chapters have."""
        return sum(len(chapter.downloads.tables) for chapter in self.chapters)
