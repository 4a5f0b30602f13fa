"""Words of sentences: counts with their nouns, lists as they are said, names of coefficients."""

from collections.abc import Iterable, Mapping

#: Plurals that do not end in s alone.
_PLURALS = {
    "kind of model": "kinds of model",
    "study": "studies",
    "analysis": "analyses",
    "person": "people",
    "strategy": "strategies",
}


def plural(noun: str) -> str:
    """The plural of a noun, of its last word where there are several."""
    if noun in _PLURALS:
        return _PLURALS[noun]
    first, space, last = noun.rpartition(" ")
    return first + space + _PLURALS.get(last, f"{last}s")


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
    """Write a p-value: ``p = 0.04``, ``p = 0.012``, ``p < 0.001``."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.{2 if p >= 0.1 else 3}f}"


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


def plain_coefficient(name: str) -> str:
    """A coefficient in words: ``a: x × b: y`` for ``a[T.x]:b[T.y]``."""
    parts = [part.replace("[T.", ": ", 1) for part in name.removesuffix("]").split("]:")]
    return " × ".join(parts)


def levels_of(group: str) -> str:
    """The levels of a grouping factor in words: ``raters``, ``items``, or ``levels of x``."""
    return f"{group}s" if group in {"rater", "item", "prompt", "response"} else f"levels of {group}"


def ordinal(rank: int) -> str:
    """Write a rank as ``1st`` or ``2nd``."""
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{rank}{'th' if rank % 100 in (11, 12, 13) else ends.get(rank % 10, 'th')}"


def first_up(text: str) -> str:
    """A text that begins with a capital."""
    return text[:1].upper() + text[1:]
