"""A report's pages in a real browser: sizes, colours, screen readers, keyboard."""

import re
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from reports.notebook import find_notebooks

pytest.importorskip("selenium")
pytest.importorskip("axe_core_python")

from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.axe import found_by_axe
from tests.browser.laboratory import PATIENCE

PAGES = ("index", *(notebook.path.stem for notebook in find_notebooks()))
DESKTOP, PHONE = (1280, 900), (375, 812)
GENERIC = re.compile(
    r"(figure|image|picture|plot|graph|chart)\b\W*\d*(; the text around .*)?", re.I
)

#: Folded parts are read too; axe cannot measure contrast on the shades beside wide tables.
UNFOLD = """
for (const details of document.querySelectorAll('details')) details.open = true;
for (const frame of document.querySelectorAll('.table-frame')) frame.style.background = 'none';
"""
#: Rows of tables and parts of code that have the same elements, attributes and lack of text as one
#: before them are taken out: of each kind axe looks at the first, which is most of its work.
FIRST_OF_EACH_KIND = """
const told = ['class', 'style', 'role', 'scope'];
const kind = (element) => [
  element.tagName,
  ...[...element.attributes].map(one => one.name + (told.includes(one.name) ? one.value : '')),
  element.textContent.trim() !== '',
  '(', ...[...element.children].map(kind), ')',
].join(' ');
for (const part of document.querySelectorAll('tbody, pre')) {
  const known = new Set();
  for (const child of [...part.children]) {
    if (known.has(kind(child))) child.remove();
    known.add(kind(child));
  }
}
"""
HEADINGS = "return [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1])"
WIDTH = "return document.scrollingElement.scrollWidth"
#: Pictures of the cards are left out: they only adorn a title.
PICTURES = """
const ground = (element) => {
  const colour = getComputedStyle(element).backgroundColor;
  return colour.endsWith(', 0)') ? ground(element.parentElement) : colour;
};
return [...document.querySelectorAll('main img')].map(image => ({
  alt: image.alt,
  card: image.closest('.cards') !== null,
  figure: image.closest('figure') !== null,
  drawn: image.complete && image.naturalWidth > 0,
  ground: ground(image),
}));
"""
FOCUS = """
const element = document.activeElement;
const style = getComputedStyle(element), box = element.getBoundingClientRect();
return {
  element: element.outerHTML.slice(0, 120),
  inside: element.closest('main') !== null && element.id !== 'content',
  folded: element.tagName === 'SUMMARY' && !element.parentElement.open,
  seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
    && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
};
"""
SCROLLABLE = """
return [...document.querySelectorAll('.table-frame, figure')].filter(
  element => element.checkVisibility() && element.scrollWidth > element.clientWidth);
"""

pytestmark = pytest.mark.extended


@pytest.fixture
def site(browser: Any, executed: Any) -> Path:
    """The executed report; it is asked for only where there is a browser."""
    return executed.report


def show(browser: Any, page: Path, size: tuple[int, int], colours: str = "light") -> None:
    width, height = size
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == PHONE},
    )
    feature = {"name": "prefers-color-scheme", "value": colours}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    browser.get(page.as_uri())


def press(browser: Any, key: str) -> dict[str, Any]:
    """Press a key; return what is told of the element that then has the focus."""
    ActionChains(browser).send_keys(key).perform()
    return browser.execute_script(FOCUS)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_pages_fit_and_are_read_aloud(
    browser: Any, site: Path, size: tuple[int, int], subtests: pytest.Subtests
) -> None:
    for name in PAGES:
        with subtests.test(name):
            show(browser, site / f"{name}.html", size)
            assert browser.execute_script(WIDTH) <= size[0]
            browser.execute_script(UNFOLD)
            assert browser.execute_script(WIDTH) <= size[0]
            levels = browser.execute_script(HEADINGS)
            assert levels[0] == 1
            assert levels.count(1) == 1
            assert all(after <= before + 1 for before, after in pairwise(levels)), levels
            pictures = browser.execute_script(PICTURES)
            assert all(picture["drawn"] for picture in pictures)
            told = [picture["alt"].strip() for picture in pictures if not picture["card"]]
            assert not [alt for alt in told if not alt or GENERIC.fullmatch(alt)]
            inside = [picture["alt"] for picture in pictures if picture["figure"]]
            assert len(set(inside)) == len(inside)
            assert all(len(alt.split()) > 5 for alt in inside), inside
            browser.execute_script(FIRST_OF_EACH_KIND)
            assert found_by_axe(browser) == []
            assert browser.get_log("browser") == []


def test_dark_pages_can_be_read(browser: Any, site: Path, subtests: pytest.Subtests) -> None:
    for name in PAGES:
        with subtests.test(name):
            show(browser, site / f"{name}.html", DESKTOP, "dark")
            paper = browser.execute_script(
                "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g)"
            )
            assert max(map(int, paper)) < 60
            browser.execute_script(UNFOLD)
            browser.execute_script(FIRST_OF_EACH_KIND)
            assert found_by_axe(browser, "color-contrast") == []
            grounds = {picture["ground"] for picture in browser.execute_script(PICTURES)}
            assert grounds <= {"rgb(255, 255, 255)"}


def test_pages_are_used_by_keyboard(browser: Any, site: Path, subtests: pytest.Subtests) -> None:
    for name in PAGES:
        with subtests.test(name):
            show(browser, site / f"{name}.html", DESKTOP)
            first = press(browser, Keys.TAB)
            assert "Skip to the content" in first["element"]
            assert first["seen"]
            press(browser, Keys.ENTER)
            assert browser.execute_script("return document.activeElement.id") == "content"
            stops = list(_stops(browser))
            assert stops
            assert not [stop["element"] for stop in stops if not stop["seen"]]
            assert not browser.execute_script(
                "return document.querySelector('details:not([open])')"
            )


def _stops(browser: Any) -> Iterator[dict[str, Any]]:
    """Go by tab through the content, unfold what is folded, and tell of each stop."""
    while (stop := press(browser, Keys.TAB))["inside"]:
        yield stop
        if stop["folded"]:
            press(browser, Keys.ENTER)


def test_wide_figures_and_tables_scroll_by_keyboard(browser: Any, site: Path) -> None:
    show(browser, site / "10_rating_scales.html", PHONE)
    wide = browser.execute_script(SCROLLABLE)
    assert {element.tag_name for element in wide} == {"div", "figure"}
    for element in wide:
        browser.execute_script("arguments[0].focus()", element)
        press(browser, Keys.ARROW_RIGHT)
        moved = partial(_is_moved, element)
        WebDriverWait(browser, PATIENCE).until(moved, "did not scroll")


def _is_moved(element: Any, driver: Any) -> bool:
    return driver.execute_script("return arguments[0].scrollLeft > 0", element)
