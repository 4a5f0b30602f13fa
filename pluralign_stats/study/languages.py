"""Language tags: ``de-DE`` is read where the texts are under ``de``, and the other way round."""

from collections.abc import Iterable, Mapping

import pandas as pd

#: Heads of the columns of items that hold texts, by part; the tag of the language follows.
TEXTS = {"prompt": "prompt_text_", "response": "response_text_"}


def lookup(tag: str, available: Iterable[str]) -> str | None:
    """Find the tag among `available` under which the texts for a language tag stand.

    Case, ``_`` for ``-``, and an encoding (``de_DE.UTF-8``) make no difference. The tag is
    shortened from its end until it is found (RFC 4647, section 3.4: ``zh-Hant-TW``, ``zh-Hant``,
    ``zh``). What is not found so may be the only one that goes on from it (section 3.3.1:
    ``de`` finds ``de-DE``, unless there is ``de-AT`` too).

    Returns
    -------
    str or None
        As it stands in `available`; None where nothing matches, or two do.
    """
    known: dict[str, str] = {}
    for each in available:
        if each == tag:
            return tag
        known.setdefault(_plain(each), each)
    whole = _plain(tag)
    parts = whole.split("-")
    while parts:
        found = known.get("-".join(parts))
        if found is not None:
            return found
        parts.pop()
        if parts and len(parts[-1]) == 1:
            parts.pop()
    longer = [each for plain, each in known.items() if plain.startswith(f"{whole}-")]
    return longer[0] if len(longer) == 1 else None


def looked_up[Value](by_language: Mapping[str, Value], tag: str, *others: str) -> Value | None:
    """The entry for a language, or for the first of some others that there is one for."""
    for wanted in (tag, *others):
        found = lookup(wanted, by_language)
        if found is not None:
            return by_language[found]
    return None


def text_languages(items: pd.DataFrame, part: str = "response") -> list[str]:
    """Tags of the languages in which a study's items have texts of prompts or responses."""
    head = TEXTS[part]
    return [str(column).removeprefix(head) for column in items if str(column).startswith(head)]


def _plain(tag: str) -> str:
    return tag.strip().partition(".")[0].partition("@")[0].replace("_", "-").casefold()
