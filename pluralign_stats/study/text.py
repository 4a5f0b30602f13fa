"""Text that is compared: Unicode forms made one, and names of several parts that stay apart."""

from collections.abc import Iterable, Sequence
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
    texts = {value for value in column if isinstance(value, str) and not value.isascii()}
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
    parts, marks = [""], iter(name)
    for each in marks:
        if each == mark:
            parts.append("")
        else:
            parts[-1] += next(marks, each) if each == "\\" else each
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
