"""Words measured and broken into lines, which can be joined and broken anew without a loss."""

import re
from collections.abc import Iterator
from functools import cache
from math import ceil

from matplotlib import rcParams
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.transforms import Bbox

#: Ends a line after which a paragraph begins; the space in it has next to no width.
PARAGRAPH = "\u200a\n"

#: Ends a line within a word: a hyphen that is not the word's own, or nothing after its own hyphen.
_CUT, _AFTER_HYPHEN = "\u2010", "\u200b"

#: Where words have hyphens of their own, but not numbers (18-30).
_HYPHENS = re.compile(r"(?<=[^\W\d_]-)(?=\w)|(?<=\w-)(?=[^\W\d_])")


@cache
def _measure(dpi: float) -> RendererAgg:
    """What knows the sizes of letters; without a canvas, which takes time and memory."""
    return RendererAgg(1, 1, dpi)


def extent(artist: Artist) -> Bbox:
    """The box that words of a figure fill, in pixels."""
    figure = artist.get_figure(root=True)
    return artist.get_window_extent(_measure(figure.dpi if figure else rcParams["figure.dpi"]))


def broken(text: str, width: int) -> str:
    """Break a text into lines of at most `width` characters; long words are cut with a hyphen.

    Lines into which it was broken before are joined first; paragraphs (`PARAGRAPH`) stay.
    """
    return PARAGRAPH.join("\n".join(_lines(part, width)) for part in joined(text).split(PARAGRAPH))


def joined(text: str) -> str:
    """A broken text with each paragraph on one line."""
    paragraphs = text.split(PARAGRAPH)
    for end in (f"{_CUT}\n", f"{_AFTER_HYPHEN}\n"):
        paragraphs = [part.replace(end, "") for part in paragraphs]
    return PARAGRAPH.join(part.replace("\n", " ") for part in paragraphs)


def _lines(paragraph: str, width: int) -> list[str]:
    lines, between = [""], ""
    for piece, end in _pieces(paragraph, width):
        # Only the end of a word takes a space; a hyphen is written where a word is cut.
        longer = lines[-1] + between * (between == " ") + piece
        if lines[-1] and len(longer) > width:
            lines[-1] += between.strip(" ")
            lines.append(piece)
        else:
            lines[-1] = longer
        between = end
    return lines


def _pieces(paragraph: str, width: int) -> Iterator[tuple[str, str]]:
    """Pieces of words that may not be broken further, with what ends a line after each."""
    for word in paragraph.split():
        parts = _HYPHENS.split(word)
        for k, part in enumerate(parts, 1):
            size = ceil(len(part) / max(ceil(len(part) / max(width - 1, 1)), 1))
            size = len(part) if len(part) <= width else size
            cut = [part[at : at + size] for at in range(0, len(part), size)]
            yield from ((piece, _CUT) for piece in cut[:-1])
            yield cut[-1], " " if k == len(parts) else _AFTER_HYPHEN
