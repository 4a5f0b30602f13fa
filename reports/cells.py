"""Turns an executed notebook into the body of a page."""

import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag
from jinja2 import FileSystemLoader
from markupsafe import Markup
from traitlets.config import Config

from reports.model import code_cells
from reports.safe import safe_html

TEMPLATES = Path(__file__).parent / "templates"

#: Cells with one of these tags are not shown.
_HIDDEN_TAGS = {"parameters", "injected-parameters", "hide-cell"}

#: Text with this tag is shown only if a cell of code between it and the next text shows something.
NEEDS_OUTPUT = "needs-output"

#: What may stand in an output, from the best form to the plainest; nothing that runs.
_SHOWN_TYPES = [
    "text/html",
    "text/markdown",
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "text/plain",
]

#: Anchors that the page around the notebook uses itself.
_PAGE_ANCHORS = ("", "chapter-files", "content", "warnings")

#: Texts of more letters than this need room in a table.
_LONG = 30

_NUMBER = re.compile(r"[<>≤≥~]?\s*[-+−–]?\s*[\d.,]*\d[\d.,]*(e[-+−]?\d+)?\s*[%*]*")


@dataclass(frozen=True)
class Body:
    """The body of a chapter's page.

    Parameters
    ----------
    question : Markup
        The paragraph under the title, as HTML.
    html : Markup
        Everything after it.
    sections : tuple of (str, str)
        Anchor and text of the second-level headings.
    """

    question: Markup
    html: Markup
    sections: tuple[tuple[str, str], ...]

    def exhibit(self, name: str, with_sentence: bool) -> Markup:
        """Return table and notes of an exhibit, without figure and folding.

        Empty where the chapter shows no exhibit of this name.
        """
        shown = BeautifulSoup(self.html, "html.parser").find(id=f"exhibit:{name}")
        if shown is None:
            return Markup()
        left_out = "figure, .downloads, .warning, summary" + (
            "" if with_sentence else ", .sentence"
        )
        for element in shown.select(left_out):
            element.decompose()
        for details in shown.select("details"):
            details.unwrap()
        return Markup(str(shown))  # noqa: S704 - a part of what was cleaned


def chapter_body(node: Any) -> Body:
    """Convert an executed notebook; its title and question are taken out, for the page's head."""
    html, _ = _exporter().from_notebook_node(_shown(node))
    soup = BeautifulSoup(safe_html(html), "html.parser")
    question = _take_head(soup)
    _order_headings(soup)
    _warn_once(soup)
    for table in soup.find_all("table"):
        _arrange_table(soup, table)
    for figure in soup.find_all("figure"):
        figure["tabindex"] = "0"  # on a phone it scrolls
    sections = tuple((str(h["id"]), h.get_text().strip()) for h in soup.select("h2[id]"))
    return Body(Markup(question), Markup(str(soup)), sections)  # noqa: S704 - cleaned above


def _exporter() -> Any:
    from nbconvert import HTMLExporter

    return HTMLExporter(
        config=Config({"NbConvertBase": {"display_data_priority": _SHOWN_TYPES}}),
        template_name="base",
        template_file="cells.html.j2",
        extra_template_basedirs=[str(TEMPLATES)],
        extra_loaders=[FileSystemLoader(TEMPLATES)],
        exclude_anchor_links=True,
    )


def _shown(node: Any) -> Any:
    """Return a copy of the notebook with what a reader sees, results as plain displays."""
    copy = deepcopy(node)
    copy.cells = [c for c in copy.cells if not _HIDDEN_TAGS & _tags(c)]
    for cell in code_cells(copy):
        cell.outputs = [output for output in cell.outputs if _can_show(output)]
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.output_type = "display_data"
    copy.cells = [cell for section in _sections(copy.cells) for cell in section]
    return copy


def _tags(cell: Any) -> set[str]:
    return set(cell.metadata.get("tags", []))


def _sections(cells: Sequence[Any]) -> Iterator[list[Any]]:
    """Each text with the code below it, without the texts that wait for output in vain."""
    begins = [n for n, cell in enumerate(cells) if n == 0 or cell.cell_type == "markdown"]
    for start, stop in zip(begins, [*begins[1:], len(cells)], strict=True):
        section = list(cells[start:stop])
        shows = any(cell.get("outputs") for cell in section)
        if shows or NEEDS_OUTPUT not in _tags(section[0]):
            yield section


def _can_show(output: Any) -> bool:
    return output.get("name") == "stdout" or bool(set(_SHOWN_TYPES) & set(output.get("data", {})))


def _take_head(soup: BeautifulSoup) -> str:
    """Take the title and the paragraph after it out of the page; return the paragraph's HTML."""
    heading = soup.find(["h1", "h2", "h3"])
    if heading is None:
        return ""
    paragraph = heading.find_next("p")
    heading.decompose()
    if paragraph is None:
        return ""
    return paragraph.extract().decode_contents()


def _order_headings(soup: BeautifulSoup) -> None:
    """Leave the first level to the page's title, and give every heading an anchor of its own."""
    taken = set(_PAGE_ANCHORS)
    for heading in soup.find_all(["h1", "h2", "h3", "h4"]):
        if heading.name == "h1":
            heading.name = "h2"
        words = re.findall(r"\w+", heading.get_text().lower())
        heading["id"] = next(name for name in _numbered("-".join(words)) if name not in taken)
        taken.add(str(heading["id"]))


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}-{number}" for number in count(2))


def _warn_once(soup: BeautifulSoup) -> None:
    """Leave each warning where it comes first; the page's head has all of them as well."""
    seen: set[str] = set()
    for paragraph in soup.select("p.warning"):
        text = paragraph.get_text()
        if text in seen:
            paragraph.decompose()
        seen.add(text)


def _arrange_table(soup: BeautifulSoup, table: Tag) -> None:
    """Let a wide table scroll in its own frame, and tell columns of numbers and of words."""
    for name in ("border", "style"):
        table.attrs.pop(name, None)
    rows = [row.find_all(["th", "td"]) for row in table.find_all("tr")]
    body = [row for row in rows if any(cell.name == "td" for cell in row)]
    width = max(map(len, body), default=0)
    for column in range(width):
        cells = [row[column] for row in body if len(row) == width and row[column].name == "td"]
        texts = [text for cell in cells if (text := cell.get_text().strip()) not in ("", "–", "—")]
        numbers = bool(texts) and all(_NUMBER.fullmatch(text) for text in texts)
        words = not numbers and max(map(len, texts), default=0) > _LONG
        if numbers or words:
            for row in rows:
                if len(row) == width:
                    row[column]["class"] = "number" if numbers else "words"
    caption = table.find("caption")
    frame = soup.new_tag("div", attrs={"class": "table-frame", "role": "group", "tabindex": "0"})
    frame["aria-label"] = caption.get_text().strip() if caption else "Table"
    table.wrap(frame)
