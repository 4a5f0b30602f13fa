"""Writes the whole report as one PDF, for printing and keeping."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.sax.saxutils import escape

from reports.contents import Contents
from reports.pages import TEMPLATES, render

#: What it is called in the report folder.
NAME = "report.pdf"

#: Width of the text in CSS pixels, as the stylesheet sets it: 174 mm.
_WIDTH = 174 / 25.4 * 96

#: The parts of the document before and after the chapters.
_TITLE, _FOUND, _ORIGIN = "title", "found", "origin"


def write_pdf(folder: Path, contents: Contents) -> None:
    """Write ``report.pdf`` into a report folder: what the pages show, without code.

    Nothing but Python packages is needed: letters are those that matplotlib brings along.
    """
    from markupsafe import Markup

    from reports.paper import on_paper

    places = {chapter.page: chapter.name for chapter in contents.chapters}

    style = f"<style>{(TEMPLATES / 'print.css').read_text('utf-8')}</style>"

    def book(html: str) -> Any:
        made = plutoprint.Book(plutoprint.PAGE_SIZE_A4)
        made.load_html(html, base_url=f"{folder.as_uri()}/")
        return made

    def fits(html: str) -> bool:
        return book(style + html).get_document_width() <= _WIDTH

    def part(name: str, begins: Mapping[str, int]) -> Markup:
        html = render("print_part.html.j2", contents, part=name, begins=begins)
        return Markup(on_paper(html, folder, places, fits))  # noqa: S704 - of what was cleaned

    def document(parts: Mapping[str, Markup]) -> Any:
        return book(render("print.html.j2", contents, parts=parts))

    with _own_letters():
        import plutoprint

        names = [_TITLE, _FOUND, *places.values(), _ORIGIN]
        parts = {name: part(name, dict.fromkeys(names, 0)) for name in names}
        # Each part begins on a new page: the lengths of all before it tell on which.
        begins, page = {}, 1
        for name, html in parts.items():
            begins[name] = page
            page += document({name: html}).get_page_count()
        made = BytesIO()
        document(parts | {_TITLE: part(_TITLE, begins)}).write_to_pdf_stream(made)
    (folder / NAME).write_bytes(made.getvalue())


@contextmanager
def _own_letters() -> Iterator[None]:
    """Let text be set in matplotlib's fonts alone, so that it looks the same on every machine."""
    import matplotlib

    fonts = Path(matplotlib.get_data_path(), "fonts", "ttf")
    former = os.environ.get("FONTCONFIG_FILE")
    with TemporaryDirectory() as place:
        config = Path(place, "fonts.conf")
        listed = f"<dir>{escape(str(fonts))}</dir><cachedir>{escape(place)}</cachedir>"
        config.write_text(f"<?xml version='1.0'?><fontconfig>{listed}</fontconfig>", "utf-8")
        os.environ["FONTCONFIG_FILE"] = str(config)
        try:
            yield
        finally:
            del os.environ["FONTCONFIG_FILE"]
            if former is not None:
                os.environ["FONTCONFIG_FILE"] = former
