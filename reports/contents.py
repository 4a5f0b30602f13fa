"""What a report holds: its chapters, and what of them stands on the first page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pluralign_stats.effects.adjust import holm
from pluralign_stats.settings import CONF_LEVEL, SIGNIFICANCE
from pluralign_stats.words import counted, has, joined
from reports.downloads import Download, Downloads
from reports.model import Notebook
from reports.needs import LeftOut
from reports.provenance import Provenance

if TYPE_CHECKING:
    from markupsafe import Markup

    from reports.cells import Body


@dataclass(frozen=True)
class Chapter:
    """A notebook that has run, what it shows, and what it wrote."""

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
    """A table that stands on the first page: where its numbers come from, its file, its HTML."""

    chapter: Chapter
    entry: Download
    html: "Markup"


def judged(chapters: Sequence[Chapter]) -> list[Chapter]:
    """The chapters with checks by a test judged together.

    Of many tests some reject a right model by chance: such a check fails where its p, adjusted by
    Holm among those of the report, is below the level.
    """
    tested = [t for c in chapters for t in c.downloads.tables if t.p_value is not None]
    adjusted = holm(np.array([t.p_value for t in tested], dtype=float))
    passed = {id(t): bool(p >= SIGNIFICANCE) for t, p in zip(tested, adjusted, strict=True)}

    def of(downloads: Downloads) -> Downloads:
        tables = (replace(t, passed=passed.get(id(t), t.passed)) for t in downloads.tables)
        return replace(downloads, tables=tuple(tables))

    return [replace(chapter, downloads=of(chapter.downloads)) for chapter in chapters]


@dataclass(frozen=True)
class Contents:
    """Everything that the pages and the PDF of a report show."""

    chapters: Sequence[Chapter]
    provenance: Provenance
    left_out: Sequence[LeftOut] = ()

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
    def reading(self) -> str:
        """How the findings are to be read, for somebody who has read nothing else."""
        return (
            "Raters are the people who rated, items are what they rated, and dimensions are what "
            "they were asked of each. A point is one step of the rating scale. Numbers in square "
            f"brackets are {CONF_LEVEL:.0%} intervals: values inside agree with the data, values "
            "outside hardly do. A p says how often chance alone would do as much; where many "
            "differences are looked at, it is adjusted for their number. Groups of few raters are "
            "not shown."
        )

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
    def checked(self) -> list[Download]:
        """The tables of checks of models."""
        tables = (table for chapter in self.chapters for table in chapter.downloads.tables)
        return [table for table in tables if table.checked]

    @property
    def checks_summary(self) -> str:
        """How many checks were made, and how those by a test were judged; empty without any."""
        n, tests = len(self.checked), [t for t in self.checked if t.p_value is not None]
        told = f"{counted(n, 'check')} of models {'was' if n == 1 else 'were'} made"
        if len(tests) < 2:
            return f"{told}." if n else ""
        low = sum(t.p_value < SIGNIFICANCE for t in tests if t.p_value is not None and t.passed)
        more = "" if all(t.passed for t in tests) else " more"
        return (
            f"{told}, {len(tests)} of them by a test. As about one in {1 / SIGNIFICANCE:.0f} tests "
            "rejects a right model by chance, such a check counts as failed where its p, adjusted "
            f"for their number (Holm), is below {SIGNIFICANCE:g}"
            + (
                f"; {low}{more} {has(low)} a p below {SIGNIFICANCE:g} only before that."
                if low
                else "."
            )
        )

    @property
    def n_tables(self) -> int:
        """How many tables the chapters have."""
        return sum(len(chapter.downloads.tables) for chapter in self.chapters)
