"""Writes the pages of a report: one per chapter, and the index."""

import shutil
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from reports.contents import Contents
from reports.parameters import show_value

TEMPLATES = Path(__file__).parent / "templates"


def write_pages(folder: Path, contents: Contents) -> None:
    """Write every page and the stylesheet into a report folder."""
    chapters = contents.chapters
    for number, chapter in enumerate(chapters):
        page = render(
            "chapter.html.j2",
            contents,
            chapter=chapter,
            previous=chapters[number - 1] if number else None,
            following=chapters[number + 1] if number + 1 < len(chapters) else None,
        )
        (folder / chapter.page).write_text(page, "utf-8")
    (folder / "index.html").write_text(render("index.html.j2", contents), "utf-8")
    shutil.copyfile(TEMPLATES / "style.css", folder / "style.css")


def render(template: str, contents: Contents, **further: object) -> str:
    """Fill in a template with what a report holds."""
    shown: dict[str, Any] = {
        "contents": contents,
        "chapters": contents.chapters,
        "provenance": contents.provenance,
    }
    return _environment().get_template(template).render(**shown, **further)


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": lambda number: f"{number:,}",
        "duration": _duration,
        "sentence": lambda text: f"{text[:1].upper()}{text[1:].rstrip('.')}.",
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
