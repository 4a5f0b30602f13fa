"""The built documentation: complete, whole in itself, and loading nothing from elsewhere."""

import json
import re
import shutil
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from pluralign_stats.cli import COMMANDS
from pluralign_stats.results import VOCABULARY
from tests.public_names import public_names

pytestmark = pytest.mark.extended

ROOT = Path(__file__).resolve().parents[2]

#: What a page may be fetched from, by tag and attribute.
LOADING = {
    ("script", "src"),
    ("img", "src"),
    ("iframe", "src"),
    ("source", "src"),
    ("link", "href"),
}


class Page(HTMLParser):
    """What a page links to, loads, and can be linked at."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.unnamed_images = 0
        self.headings: list[int] = []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self.anchors |= {told[name] for name in ("id", "name") if name in told}
        for name, value in told.items():
            if (tag, name) in LOADING:
                self.loaded.append(value)
        if tag == "a" and "href" in told:
            self.links.append(told["href"])
        self.unnamed_images += tag == "img" and not told.get("alt")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))


@cache
def pages(site: Path) -> dict[Path, Page]:
    # The theme leaves a template of its own among its files.
    found = [path for path in site.rglob("*.html") if "_static" not in path.parts]
    return {path.resolve(): Page(path) for path in found}


def every_public_name_has_a_page(site: Path) -> None:
    folder = site / "reference" / "api"
    for name in public_names():
        files = [folder / f"pluralign_stats.{name}{kind}.html" for kind in ("", "-class")]
        texts = [file.read_text("utf-8") for file in files if file.exists()]
        assert any(f'id="pluralign_stats.{name}"' in text for text in texts), name


def every_command_has_a_page(site: Path) -> None:
    for name in COMMANDS:
        text = (site / "reference" / "commands" / f"{name}.html").read_text("utf-8")
        assert f"Usage: pluralign {name}" in text


def every_module_is_in_the_index(site: Path) -> None:
    text = (site / "reference" / "modules.html").read_text("utf-8")
    for package in ("pluralign_stats", "training", "reports"):
        for path in (ROOT / package).rglob("*.py"):
            assert path.relative_to(ROOT).as_posix() in text, path


def every_notebook_has_a_page(site: Path) -> None:
    listed = (site / "notebooks" / "index.html").read_text("utf-8")
    for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        assert (site / "notebooks" / f"{path.stem}.html").exists()
        assert f'href="{path.stem}.html"' in listed


def every_page_of_the_sources_is_in_the_site(site: Path) -> None:
    for path in (ROOT / "docs").rglob("*.md"):
        place = path.relative_to(ROOT / "docs").with_suffix(".html")
        assert place.parts[0] in ("_build", "site") or (site / place).exists(), place


def links_within_the_site_lead_somewhere(site: Path) -> None:
    broken = []
    found = pages(site)
    for path, page in found.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                broken.append(f"{path.relative_to(site.resolve())}: {link}")
            elif parts.fragment and target in found:
                fragment = unquote(parts.fragment)
                if fragment not in found[target].anchors:
                    broken.append(f"{path.relative_to(site.resolve())}: {link}")
    assert broken == []


def nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for path, page in pages(site).items():
        for address in page.loaded:
            parts = urlsplit(address)
            assert parts.scheme in ("", "data"), f"{path}: {address}"
            assert not parts.netloc, f"{path}: {address}"
            assert parts.scheme or (path.parent / unquote(parts.path)).exists(), address
        assert not re.search(r"jsdelivr|unpkg|cdnjs|googleapis", path.read_text("utf-8")), path
    for sheet in site.rglob("*.css"):
        text = sheet.read_text("utf-8")
        assert not re.search(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//", text), sheet


def pages_can_be_searched(site: Path) -> None:
    index = (site / "searchindex.js").read_text("utf-8")
    for word in ("reference/api/pluralign_stats.percent", "howto/percent", "notebooks/03_"):
        assert word in index
    assert "searchindex.js" in (site / "search.html").read_text("utf-8")


def pages_can_be_read_by_all(site: Path) -> None:
    for path, page in pages(site).items():
        assert page.unnamed_images == 0, path
        assert page.headings.count(1) == 1, path


def no_page_names_a_place_of_this_machine(site: Path) -> None:
    for path in [*site.rglob("*.html"), *site.rglob("*.js")]:
        text = path.read_text("utf-8")
        assert str(ROOT) not in text, path
        assert str(Path.home()) + "/" not in text, path


CHECKS = (
    every_public_name_has_a_page,
    every_module_is_in_the_index,
    every_command_has_a_page,
    every_notebook_has_a_page,
    every_page_of_the_sources_is_in_the_site,
    links_within_the_site_lead_somewhere,
    nothing_is_loaded_from_elsewhere,
    pages_can_be_searched,
    pages_can_be_read_by_all,
    no_page_names_a_place_of_this_machine,
)


@pytest.mark.extended
def test_the_site(tmp_path: Path, subtests: pytest.Subtests) -> None:
    command = [sys.executable, str(ROOT / "docs" / "site" / "build.py"), "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    # Warnings are errors, so that a success is one without any.
    assert done.returncode == 0, done.stderr
    for check in CHECKS:
        with subtests.test(check.__name__):
            check(tmp_path / "html")


@pytest.mark.extended
def test_notebooks_can_be_shown_as_they_were_executed(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "docs" / "site")
    from chapter_pages import chapter_pages, execute

    name = "01_overview_and_raters.ipynb"
    folder = tmp_path / "notebooks"
    folder.mkdir()
    shutil.copy(ROOT / "notebooks" / name, folder)
    copies = execute(folder, tmp_path / "executed")
    page = chapter_pages(folder, copies)[f"notebooks/{name}"]
    cells = json.loads(page)["cells"]
    assert any("<img" in json.dumps(cell.get("outputs")) for cell in cells)
    assert str(tmp_path) not in page
    assert "injected-parameters" not in page


def test_the_page_on_columns_names_all_in_their_order() -> None:
    text = (ROOT / "docs" / "reference" / "columns.md").read_text("utf-8")
    rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert tuple(named) == VOCABULARY


def test_notebooks_are_called_by_the_number_that_they_have() -> None:
    for path in (ROOT / "docs").rglob("*.md"):
        text = path.read_text("utf-8")
        for told, linked in re.findall(r"\[[Nn]otebook (\d+)\]\(\S*?(\d+)_", text):
            assert told == linked, path
