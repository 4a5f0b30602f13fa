"""What a codebook says of columns that hold one item each: a pattern of their names, or a list."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from pydantic import model_validator

from pluralign_stats.errors import listing
from pluralign_stats.study.entries import Column, ColumnNames, Part, Text, as_column
from pluralign_stats.study.text import folded

#: The part of a pattern that is the name of a column of ratings.
DIMENSION = "dimension"
_PART = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Sought:
    """Columns that a codebook names.

    Attributes
    ----------
    ratings
        Those of ratings.
    others
        All others: they are no columns of items, whatever they are called.
    """

    ratings: tuple[str, ...] = ()
    others: frozenset[str] = frozenset()


#: Of files of which the codebook names nothing.
NOTHING = Sought()


class Wide(Part):
    """Columns that hold one item each, or one item and dimension: each item becomes a row.

    Attributes
    ----------
    pattern
        How the columns are called, with named parts, such as ``{dimension}_{item}``; several where
        they are called in several ways. `dimension` is the column of a dimension; every other part
        becomes a column of its own name.
    columns
        The columns that are read so; unless stated, all that fit the pattern and that the codebook
        names nowhere else.
    parts
        By column its parts, where no pattern tells them.
    also
        What stands in such columns beside the ratings, such as the time that a rating took.
    leave_out
        Columns that fit the pattern, or seem to, and are none.
    """

    pattern: ColumnNames = ()
    columns: ColumnNames = ()
    parts: dict[Column, dict[Column, Text]] = {}
    also: ColumnNames = ()
    leave_out: ColumnNames = ()

    @model_validator(mode="before")
    @classmethod
    def _pattern_alone(cls, content: object) -> object:
        return {"pattern": content} if isinstance(content, str | list | tuple) else content

    @model_validator(mode="after")
    def _told(self) -> Self:
        if not self.pattern and not self.parts:
            raise ValueError("state a 'pattern', such as '{dimension}_{item}', or 'parts'")
        if self.columns and not self.pattern:
            raise ValueError("'columns' needs a 'pattern'; 'parts' names its columns itself")
        for pattern in self.pattern:
            _check(pattern, listed=bool(self.columns))
        named = {self._key(parts): parts for parts in self._each()}
        if len(named) > 1:
            one, other = list(named)[:2]
            raise ValueError(
                f"some columns have the parts {listing(one)} and others {listing(other)}; give all "
                "the same, besides 'dimension'"
            )
        if not next(iter(named)):
            raise ValueError("name a part besides 'dimension', such as '{item}'")
        return self

    def _each(self) -> Iterable[Iterable[str]]:
        yield from (_PART.findall(pattern) for pattern in self.pattern)
        yield from self.parts.values()

    @staticmethod
    def _key(parts: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(set(parts) - {DIMENSION}))

    @cached_property
    def made(self) -> tuple[str, ...]:
        """Columns that the parts become, in the order of the first pattern."""
        first = next(iter(self._each()))
        return tuple(part for part in first if part != DIMENSION)


def _check(pattern: str, *, listed: bool) -> None:
    """Refuse a pattern that does not say which part is what."""
    parts, plain = _PART.findall(pattern), _PART.sub("", pattern)
    example = "such as '{dimension}_{item}'"
    if not parts or "{" in plain or "}" in plain:
        raise ValueError(f"'{pattern}' has no part in braces, or a brace alone; write it {example}")
    if any(part != as_column(part) or not part for part in parts):
        raise ValueError(f"'{pattern}': name each part by a word without spaces around, {example}")
    if len(set(parts)) < len(parts):
        raise ValueError(f"'{pattern}' names one part twice; give each a name of its own")
    free = [part for part in parts if part != DIMENSION]
    if re.search(r"\}\{", re.sub(r"\{dimension\}", "\0", pattern)):
        raise ValueError(f"'{pattern}': put something between {listing(free)}, {example}")
    if not plain and DIMENSION not in parts and not listed:
        raise ValueError(
            f"'{pattern}' fits every column; name the columns that it is about under 'columns'"
        )


def readings(column: str, pattern: str, names: Iterable[str]) -> list[dict[str, str]]:
    """What the parts of a column's name can be.

    Parameters
    ----------
    column
        Its name.
    pattern
        With parts in braces.
    names
        What the part `dimension` can be; of several that fit, the longest is meant.

    Returns
    -------
    list of dict
        By part its text; none where the column does not fit, two where it fits in two ways.
    """
    for name in sorted(names, key=len, reverse=True):
        found: list[dict[str, str]] = []
        for free in (".+?", ".+"):
            match = re.fullmatch(_regex(pattern, name, free), column)
            parts = {} if match is None else _parts(pattern, match, name)
            found += [parts] if parts and parts not in found else []
        if found:
            return found
    return []


def _regex(pattern: str, name: str, free: str) -> str:
    """The pattern as a regular expression, one group for each free part in their order."""
    pieces = _PART.split(pattern)  # text, part, text, part, …, text
    texts, parts = pieces[::2], pieces[1::2]
    middle = [re.escape(name) if part == DIMENSION else f"({free})" for part in parts]
    joined = [f"{re.escape(text)}{own}" for text, own in zip(texts, [*middle, ""], strict=True)]
    return "".join(joined)


def _parts(pattern: str, match: re.Match[str], name: str) -> dict[str, str]:
    free = [part for part in _PART.findall(pattern) if part != DIMENSION]
    found = dict(zip(free, map(str.strip, match.groups()), strict=True))
    return {**found, DIMENSION: name} if all(found.values()) else {}


def strays(
    columns: Iterable[Any], spec: Wide, known: Collection[str], sought: Sought
) -> Iterator[tuple[str, str]]:
    """Columns that hold a name of `dimension` and fit no pattern, each with that name.

    Those that are `known` to fit, and those that the codebook names elsewhere, are none.
    """
    if spec.columns or not spec.pattern:
        return
    apart = {*known, *spec.leave_out, *sought.others}
    for column in map(str, columns):
        like = [n for n in (*sought.ratings, *spec.also) if column not in apart and _in(n, column)]
        if like:
            yield column, like[0]


def _in(name: str, column: str) -> bool:
    """Whether a column's name holds another name by itself, in any case."""
    before, after = (
        r"[^\W\d_]" if edge.isalpha() else r"\d" if edge.isdigit() else r"\A\Z"
        for edge in (folded(name)[0], folded(name)[-1])
    )
    alone = rf"(?<!{before}){re.escape(folded(name))}(?!{after})"
    return re.search(alone, folded(column)) is not None


def told(parts: Mapping[str, Any]) -> str:
    """Write ``dimension 'toxicity', item '17'``."""
    return ", ".join(f"{part} '{text}'" for part, text in parts.items())
