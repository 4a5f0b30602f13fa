"""Cleans the HTML that notebooks show: none of it may run or load anything from elsewhere."""

import re

import nh3

#: Elements that go with all they hold; other unknown ones go and leave their text.
_REMOVED = {"iframe", "noscript", "object", "script", "style", "template", "title"}

_INLINE = {"a", "abbr", "b", "br", "cite", "code", "del", "dfn", "em", "i", "ins", "kbd", "mark"}
_INLINE |= {"q", "s", "samp", "small", "span", "strong", "sub", "sup", "u", "var"}
_BLOCKS = {"blockquote", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "hr", "img"}
_BLOCKS |= {"li", "ol", "p", "pre", "section", "summary", "ul", "h1", "h2", "h3", "h4", "h5", "h6"}
_TABLES = {"caption", "col", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"}

_ATTRIBUTES = {"alt", "class", "colspan", "dir", "download", "headers", "height", "id", "lang"}
_ATTRIBUTES |= {"open", "role", "rowspan", "scope", "span", "style", "tabindex", "title", "width"}
_STYLES = {"font-weight", "max-width", "min-width", "text-align", "white-space", "width"}

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
    return nh3.clean(
        html,
        tags=_INLINE | _BLOCKS | _TABLES,
        clean_content_tags=_REMOVED,
        attributes={"*": _ATTRIBUTES, "a": {"href"}, "img": {"src"}},
        generic_attribute_prefixes={"aria-"},
        attribute_filter=_kept,
        filter_style_properties=_STYLES,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel=None,
    )


def _kept(tag: str, name: str, value: str) -> str | None:
    """The value of an attribute, or None where it leads to what must not be loaded."""
    plain = "".join(value.split())
    bad = name == "href" and plain.lower().startswith("data:")
    bad |= name == "src" and not _PICTURE.match(plain) and bool(_ELSEWHERE.match(plain))
    return None if bad else value
