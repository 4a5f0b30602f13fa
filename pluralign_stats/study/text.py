"""Text that is compared, names of several parts that stay apart, and the tags of languages."""

from collections.abc import Iterable, Mapping, Sequence
from unicodedata import category, normalize

import pandas as pd

from pluralign_stats.errors import listing

#: From so many levels on, a factor whose levels are all numbers is remarked upon.
MANY_NUMBERS = 8


def nfc(text: str) -> str:
    """Text in Unicode's composed form (NFC), so that what looks the same is the same."""
    return text if text.isascii() else normalize("NFC", text)


def nfc_column(column: pd.Series) -> pd.Series:
    """Text column in Unicode's composed form; other values, and gaps, stay."""
    values = column.unique()
    texts = {value for value in values if isinstance(value, str) and not value.isascii()}
    changed = {value: nfc(value) for value in texts if nfc(value) != value}
    return column.map(lambda v: changed.get(v, v), na_action="ignore") if changed else column


def folded(text: str) -> str:
    """What texts that differ in case or Unicode form only have in common."""
    return nfc(nfc(text).casefold())


def joined(parts: Iterable[str], mark: str = ":") -> str:
    r"""One name of several parts, different for different parts: a mark inside becomes ``\:``."""
    return mark.join(part.replace("\\", "\\\\").replace(mark, f"\\{mark}") for part in parts)


def parted(name: str, mark: str = ":") -> list[str]:
    """The parts of what `joined` made of them."""
    parts, at = [""], 0
    while at < len(name):
        if name.startswith(mark, at):
            parts.append("")
            at += len(mark)
            continue
        at += name[at] == "\\"
        whole = mark if name.startswith(mark, at) else name[at : at + 1]
        parts[-1] += whole
        at += max(len(whole), 1)
    return parts


def labels_of(names: Sequence[tuple[str, ...]], mark: str) -> list[str]:
    """Label names of several parts, as plainly as keeps different names apart."""
    plain = [mark.join(parts) for parts in names]
    if len(set(plain)) == len(set(names)):
        return plain
    return [joined(parts, mark) for parts in names]


def contrast_labels(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """What tables call differences between two levels, the one named first less the other."""
    return labels_of(pairs, " vs ")


def contrast_label(level: str, reference: str) -> str:
    """What tables call one such difference."""
    return contrast_labels([(level, reference)])[0]


def look_alikes(levels: Iterable[object]) -> list[list[str]]:
    """Levels that differ only in case, space, or in how Unicode or a program writes them."""
    groups: dict[str, list[str]] = {}
    for level in levels:
        groups.setdefault(bare(str(level)), []).append(str(level))
    return [group for group in groups.values() if len(group) > 1]


def alike_notes(name: str, levels: Iterable[object], *, named: bool = True) -> list[str]:
    """Say in one sentence which levels of a factor look alike, or, not named, how many do."""
    groups = look_alikes(levels)
    if not groups:
        return []
    if named:
        told = " and ".join(listing(group) for group in groups[:3])
        told += f" and {len(groups) - 3} more such groups" if len(groups) > 3 else ""
        return [
            f"{told} are different levels of '{name}'; where one is meant, give it one spelling"
        ]
    n = sum(map(len, groups))
    return [
        f"{n:,} names of '{name}' differ from another in case, space or type only, and count as "
        "different; where one is meant, give it one spelling"
    ]


def bare(text: str) -> str:
    """What is left of a text without case, extra space, and the forms that Unicode has for it."""
    shown = "".join(mark for mark in normalize("NFKC", text) if category(mark) != "Cf")
    return " ".join(normalize("NFKC", shown.casefold()).split())


def is_number(text: str) -> bool:
    """Whether text is a number, as data files write them."""
    return bool(pd.notna(pd.to_numeric(text, errors="coerce")))


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
