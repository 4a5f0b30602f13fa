"""Words of sentences: counts with their nouns, lists as they are said, levels of factors."""

import re
from collections.abc import Iterable, Mapping, Sequence

from pluralign_stats.settings import SIGNIFICANCE

#: Plurals that follow no rule.
_PLURALS = {"kind of model": "kinds of model", "analysis": "analyses", "person": "people"}

#: Grouping factors that are called by these names in sentences; others are a user's columns.
_NOUNS = frozenset({"rater", "item", "prompt", "response", "rating", "run"})


def plural(noun: str) -> str:
    """The plural of a noun, of its last word where there are several."""
    if noun in _PLURALS:
        return _PLURALS[noun]
    first, space, last = noun.rpartition(" ")
    return first + space + (_PLURALS.get(last) or _regular(last))


def _regular(noun: str) -> str:
    if re.search("[^aeiou]y$", noun):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if re.search("(s|x|z|ch|sh)$", noun) else f"{noun}s"


def counted(n: float, noun: str) -> str:
    """Write a whole number with its noun: ``1 rater``, ``1,095 raters``, ``no raters``."""
    return f"{n:,.0f} {noun if n == 1 else plural(noun)}" if n else f"no {plural(noun)}"


def is_are(n: float) -> str:
    """``is`` or ``are`` after a count."""
    return "is" if n == 1 else "are"


def has(n: float) -> str:
    """``has`` or ``have`` after a count."""
    return "has" if n == 1 else "have"


def joined(words: Iterable[str]) -> str:
    """Write a list as it is said: ``a``, ``a and b``, ``a, b and c``."""
    *first, last = list(words) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def p_told(p: float) -> str:
    """Write a p-value: ``p = 0.14``, ``p = 0.012``, ``p < 0.001``, ``p = 0.0499``."""
    return "p < 0.001" if p < 0.001 else f"p = {p_number(p, 2 if p >= 0.1 else 3)}"


def p_number(p: float, places: int) -> str:
    """Write a number with so many decimals, or more, that it shows whether it is significant."""
    exact = (k for k in range(places, 16) if round(p, k) != SIGNIFICANCE)
    return f"{p:.{places if p == SIGNIFICANCE else next(exact, places)}f}"


def alike(a: float, b: float, form: str = ".2f") -> bool:
    """Whether two numbers are written alike, so that no sentence can call one the higher."""
    return format(a, form) == format(b, form)


def extremes(values: Mapping[str, float], form: str = ".2f") -> tuple[str, str]:
    """Names of the lowest and of the highest value, with all that are written like these."""
    ends = min(values.values()), max(values.values())
    low, high = (joined(n for n, v in values.items() if alike(v, end, form)) for end in ends)
    return low, high


def some(words: Iterable[str], most: int = 4) -> str:
    """The first few of several, told apart by semicolons, and that there are others."""
    items = list(words)
    return "; ".join(items[:most]) + ("; and others" if len(items) > most else "")


def levels_of(group: str | Sequence[str], n: float = 2) -> str:
    """The n levels of a grouping factor, or several: ``raters and items``, ``level of x``."""
    names = [group] if isinstance(group, str) else list(group)
    told = names if _NOUNS & {*names} else [" and ".join(names)]
    return " and ".join(_levels_of(name, n) for name in told)


def _levels_of(group: str, n: float) -> str:
    if group in _NOUNS:
        return group if n == 1 else plural(group)
    return f"level of {group}" if n == 1 else f"levels of {group}"


def counted_levels(n: float, group: str | Sequence[str]) -> str:
    """Write how many levels a grouping factor has: ``8 raters``, ``1 item``, ``2 levels of x``."""
    return f"{n:,.0f} {levels_of(group, n)}"


def ordinal(rank: int) -> str:
    """Write a rank as ``1st`` or ``2nd``."""
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{rank}{'th' if rank % 100 in (11, 12, 13) else ends.get(rank % 10, 'th')}"


def first_up(text: str) -> str:
    """A text that begins with a capital."""
    return text[:1].upper() + text[1:]
