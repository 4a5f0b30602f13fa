"""Cleans the HTML that notebooks show: none of it may run or load anything from elsewhere."""

import re

import bleach
from bleach.css_sanitizer import CSSSanitizer
from bs4 import BeautifulSoup

#: Elements that go with all they hold; other unknown ones go and leave their text.
_REMOVED = ["iframe", "noscript", "object", "script", "style", "template", "title"]

_INLINE = {"a", "abbr", "b", "br", "cite", "code", "del", "dfn", "em", "i", "ins", "kbd", "mark"}
_INLINE |= {"q", "s", "samp", "small", "span", "strong", "sub", "sup", "u", "var"}
_BLOCKS = {"blockquote", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "hr", "img"}
_BLOCKS |= {"li", "ol", "p", "pre", "section", "summary", "ul", "h1", "h2", "h3", "h4", "h5", "h6"}
_TABLES = {"caption", "col", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"}

_ATTRIBUTES = {"alt", "class", "colspan", "dir", "download", "headers", "height", "id", "lang"}
_ATTRIBUTES |= {"open", "role", "rowspan", "scope", "span", "style", "tabindex", "title", "width"}
_STYLES = ["font-weight", "max-width", "min-width", "text-align", "white-space", "width"]

_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp|svg\+xml)[;,]", re.IGNORECASE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|[/\\]", re.IGNORECASE)


def safe_html(html: str) -> str:
    """Return HTML that can neither run anything nor load anything from elsewhere.

    Parameters
    ----------
    html : str
        Any HTML. Links to other sites stay, since only a reader's click follows them; pictures
        must lie in the report or be part of the page.
    """
    soup = BeautifulSoup(html, "html.parser")
    for element in soup(_REMOVED):
        element.decompose()
    return bleach.clean(
        str(soup),
        tags=_INLINE | _BLOCKS | _TABLES,
        attributes=_allowed,
        protocols={"http", "https", "mailto", "data"},
        strip=True,
        css_sanitizer=CSSSanitizer(allowed_css_properties=_STYLES),
    )


def _allowed(tag: str, name: str, value: str) -> bool:
    plain = "".join(value.split())
    if name == "src":
        return bool(_PICTURE.match(plain)) or not _ELSEWHERE.match(plain)
    if name == "href":
        return tag == "a" and not plain.lower().startswith("data:")
    return name in _ATTRIBUTES or name.startswith("aria-")
