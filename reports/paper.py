"""Makes of what a page shows what a sheet of paper can show."""

from collections.abc import Callable, Mapping
from pathlib import Path

from bs4 import BeautifulSoup, Tag

from pluralign_stats.results import LONG_TABLE

#: How tables are set, by class, the best first: from large letters to small ones with many lines.
_SIZES = ("large", "middle", "small", "tight")

#: Texts of so many letters are kept in one line, but in tight tables.
_SHORT = 20


def on_paper(
    html: str, folder: Path, places: Mapping[str, str], fits: Callable[[str], bool]
) -> str:
    """Return a page's content without code and folding, with drawn figures and fitting tables.

    Parameters
    ----------
    html : str
        The content.
    folder : Path
        The report, with the figures and tables that exhibits in it are about.
    places : mapping of str to str
        The place in the document by the link of a page.
    fits : callable
        Whether some HTML is no wider than the paper.
    """
    soup = BeautifulSoup(html, "html.parser")
    for element in soup.select("details.code, summary, .exhibit > .downloads"):
        element.decompose()
    for image in soup.select(".exhibit figure img"):
        drawing = f"figures/{_exhibit(image)}.svg"
        if (folder / drawing).is_file():
            image["src"] = drawing
            del image["width"]
    for table in soup.select("table:not(.origin)"):
        _fit(soup, table, folder, fits)
    for details in soup.select("details"):
        details.unwrap()
    for link in soup.select("a[href]"):
        _point(link, places)
    for element in soup.select("[id]:not(h1)"):
        del element["id"]
    return str(soup)


def _exhibit(element: Tag) -> str:
    """The name of the exhibit that an element belongs to, or an empty text."""
    around = element.find_parent(class_="exhibit")
    return str(around["id"]).partition(":")[2] if around else ""


def _point(link: Tag, places: Mapping[str, str]) -> None:
    """Let a link lead to a place in the document or to another site; of any other keep the text."""
    target = str(link["href"])
    if place := places.get(target):
        link["href"] = f"#{place}"
    elif not target.startswith(("#", "http:", "https:", "mailto:")):
        link.unwrap()


def _fit(soup: BeautifulSoup, table: Tag, folder: Path, fits: Callable[[str], bool]) -> None:
    """Leave the columns that fit, and few rows of what pages fold; say what was left out."""
    lacks = []
    body = table.select("tbody tr")
    if table.find_parent("details") and len(body) > LONG_TABLE:
        lacks.append(f"the first {LONG_TABLE} of {len(body)} rows")
        for row in body[LONG_TABLE:]:
            row.decompose()
    if caption := table.find("caption"):
        caption.name = "p"
        caption["class"] = "caption"
        table.insert_before(caption.extract())
    columns = _columns(table)
    if not _set_largest(table, fits):
        shown = len(columns)
        while shown > 1 and not fits(str(table)):
            shown -= 1
            for cell in columns[shown]:
                cell.decompose()
        if shown < len(columns):
            lacks.append(f"the first {shown} of {len(columns)} columns")
    if lacks:
        file = f"tables/{_exhibit(table)}.csv"
        where = file if (folder / file).is_file() else "the chapter's page"
        note = soup.new_tag("p", attrs={"class": "cut"})
        note.string = f"Shown are {' and '.join(lacks)}; all stand in {where}."
        table.insert_after(note)


def _set_largest(table: Tag, fits: Callable[[str], bool]) -> bool:
    """Give a table the largest letters in which it fits, and return whether it does in any."""
    for cell in table.find_all("td"):
        if len(cell.get_text().strip()) <= _SHORT:
            cell["class"] = " ".join([*cell.get_attribute_list("class"), "short"])
    classes = table.get_attribute_list("class")
    for size in _SIZES:
        table["class"] = " ".join([*classes, size])
        if fits(str(table)):
            return True
    return False


def _columns(table: Tag) -> list[list[Tag]]:
    """The cells of a table by column; none where cells span several."""
    rows = [row.find_all(["th", "td"]) for row in table.find_all("tr")]
    if len(set(map(len, rows))) != 1 or table.select("[colspan], [rowspan]"):
        return []
    return [list(column) for column in zip(*rows, strict=True)]
