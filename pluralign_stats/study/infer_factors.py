"""The levels of a factor that no codebook describes, told from its cells."""

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.errors import listing
from pluralign_stats.study.bands import OLDEST, age_bands, decade_bands, equal_bands
from pluralign_stats.study.inference import Taken, words_of_name
from pluralign_stats.study.known_answers import is_declined, is_no_answer, known_order
from pluralign_stats.study.number_codes import outside_of_others, set_apart, told_of
from pluralign_stats.study.text import MANY_NUMBERS, folded, is_number

#: From so many levels on, a codebook does not list them.
MANY_LEVELS = 50

_AGE = {"age", "ages", "alter", "edad", "âge", "età", "idade", "lebensalter", "leeftijd", "jahre"}
_BIRTH = {"birth", "born", "yob", "geburtsjahr", "birthyear", "geburt"}
_YEARS = (1900, 2100)
_RANGE = re.compile(
    r"(?P<below>under|below|less than|unter|<=?|up to|bis)?\s*(?P<first>\d+)\s*"
    r"(?:(?:[-–—]|to|bis)\s*\d+|(?P<above>\+|<|or (?:more|older|above)|and (?:over|above|older)"
    r"|(?:und|oder) (?:älter|mehr|darüber)))?(?:\s*(?:years?|jahre?)(?: old)?)?",
    re.IGNORECASE,
)
_OVER = re.compile(
    r"(?:over|above|more than|older than|über|mehr als|>=?)\s*(\d+).*", re.IGNORECASE
)


def infer_factor(name: str, cells: pd.Series, order: Sequence[str] = ()) -> Taken:
    """Levels, bands or an order of a column of answers.

    Parameters
    ----------
    name
        Of the column; says whether numbers are ages or years.
    cells
        One a rater, or a row, as text.
    order
        Levels in the order in which the data have them, if they have one.
    """
    counts = Counter(cells.dropna())
    silent = [word for word in counts if is_declined(word) or is_no_answer(word)]
    order = [level for level in order if level not in silent]
    given = {word: n for word, n in counts.items() if word not in silent}
    if order:
        taken = Taken(
            {"levels": list(order)}, _levels_told(order), "categories of the data, in their order"
        )
    elif given and all(map(is_number, given)):
        codes = _codes(name, given)
        taken = _numeric_factor(name, {word: n for word, n in given.items() if word not in codes})
        taken = replace(taken, why=taken.why + (f"; {told_of(listing(codes))}" if codes else ""))
        silent += codes
    else:
        taken = _several(given) or _worded_factor(given)
    return _with_silent(taken, silent)


def infer_covariate(name: str, cells: pd.Series, order: Sequence[str] = ()) -> Taken:
    """The same of a covariate whose effect is asked for: many different numbers stay numbers."""
    counts = Counter(cells.dropna())
    silent = [word for word in counts if is_declined(word) or is_no_answer(word)]
    given = [word for word in counts if word not in silent]
    numbers = not order and all(map(is_number, given))
    if not numbers or len(set(map(float, given))) < MANY_NUMBERS:
        return infer_factor(name, cells, order)
    why = f"{len(given)} different numbers"
    return _with_silent(Taken({"per": "SD"}, "a number, by its standard deviation", why), silent)


def _with_silent(taken: Taken, silent: Sequence[str]) -> Taken:
    """The same, where these words are no level."""
    content, told = dict(taken.content), taken.told
    declined = [word for word in silent if is_declined(word)]
    missing = [word for word in silent if word not in declined]
    if declined:
        content["declined"] = declined
        told += f"; declined: {listing(declined)}"
    if missing:
        content["missing"] = missing
        told += f"; no answer: {listing(missing)}"
    return replace(taken, content=content, told=told)


def _levels_told(levels: Sequence[str]) -> str:
    return f"levels {listing(levels, 12)}"


def _codes(name: str, words: Collection[str]) -> list[str]:
    """Numbers that stand for no answer: beside ages and years of birth, or by their size alone."""
    numbers = np.array([float(word) for word in words])
    named = set(words_of_name(name))
    code = outside_of_others(numbers)
    for usual, ends in ((_AGE, (0, OLDEST)), (_BIRTH, _YEARS)):
        apart = set_apart(numbers, *ends)
        rest = numbers[~apart]
        if named & usual and ((ends[0] <= rest) & (rest <= ends[1])).all():
            code |= apart
    return [word for word, is_code in zip(words, code, strict=True) if is_code]


def _numeric_factor(name: str, counts: Mapping[str, int]) -> Taken:
    """Bands of ages, years of birth or other numbers; levels where there are few numbers."""
    numbers = np.repeat([float(word) for word in counts], list(counts.values()))
    words = set(words_of_name(name))
    different = len(np.unique(numbers))
    if (
        words & _AGE
        and different > 1
        and (numbers == np.round(numbers)).all()
        and numbers.max() > 12
    ):
        bands, why = age_bands(numbers), "ages in years by the name; bands as surveys have them"
    elif words & _BIRTH and ((numbers > _YEARS[0]) & (numbers < _YEARS[1])).all():
        bands, why = decade_bands(numbers), "years of birth by name and range; one band a decade"
    elif different < MANY_NUMBERS:
        levels = sorted(counts, key=float)
        return Taken(
            {"levels": levels} | ({"ordered": True} if different > 2 else {}),
            _levels_told(levels),
            "few different numbers, in their order",
        )
    else:
        bands = equal_bands(numbers)
        why = f"{different} different numbers of no known meaning; parts of equal size"
    content = {"bands": {level: list(ends) for level, ends in bands.items()}, "ordered": True}
    return Taken(content, f"bands {listing(bands, 12)}", why)


def _worded_factor(counts: Mapping[str, int]) -> Taken:
    """Levels of words: one spelling of each, in an order where they have one."""
    chosen: dict[str, str] = {}
    for word in sorted(counts, key=lambda w: (-counts[w], w)):
        chosen.setdefault(folded(word), word)
    levels = list(chosen.values())
    merged = len(counts) - len(levels)
    note = "; spellings that differ in case only are one level" if merged else ""
    if len(levels) > MANY_LEVELS:
        return Taken({}, f"{len(levels)} levels, as found", f"words{note}")
    ranges = {level: _start(level) for level in levels}
    if len(levels) > 1 and None not in ranges.values():
        levels.sort(key=lambda level: ranges[level] or (0.0, 0))
        return Taken(
            {"levels": levels, "ordered": True},
            _levels_told(levels),
            f"ranges of numbers, in their order{note}",
        )
    known = known_order(levels) if len(levels) > 2 else None
    if known:
        places = {word: k for k, step in enumerate(known) for word in step}
        levels.sort(key=lambda level: places[level])
        return Taken(
            {"levels": levels, "ordered": True},
            _levels_told(levels),
            f"words of a known set of answers, in its order{note}",
        )
    reference = levels[0] if levels else None
    content: dict[str, Any] = {"levels": sorted(levels)}
    content |= {"reference": reference} if reference is not None else {}
    told = f"{_levels_told(sorted(levels))}; compared with '{reference}'"
    return Taken(content, told, f"words without an order; the largest group is the reference{note}")


def _start(level: str) -> tuple[float, int] | None:
    """Where a range such as ``18-30``, ``under 18`` or ``60+`` stands among others."""
    over = _OVER.fullmatch(level.strip())
    if over:
        return float(over[1]), 1
    found = _RANGE.fullmatch(level.strip())
    if found is None:
        return None
    return float(found["first"]), -1 if found["below"] else 1 if found["above"] else 0


def _several(counts: Mapping[str, int]) -> Taken | None:
    """Several answers in one cell: JSON arrays, or a separator between answers that occur alone."""
    parts, separator = _parts(counts)
    if parts is None:
        return None
    levels = sorted(part for part in parts if not is_declined(part) and not is_no_answer(part))
    content: dict[str, Any] = {"levels": levels, "multiple": {"separator": [separator]}}
    declined = sorted(set(parts) - set(levels))
    content |= {"declined": declined} if declined else {}
    return Taken(
        content,
        f"several answers a cell; {_levels_told(levels)}",
        f"cells such as '{_longest(counts)[:60]}'",
    )


def _longest(counts: Mapping[str, int]) -> str:
    return max(counts, key=len)


def _parts(counts: Mapping[str, int]) -> tuple[set[str] | None, str]:
    """Answers of cells that hold several, and what stands between them; None where none does."""
    if counts and all(word.startswith("[") and word.endswith("]") for word in counts):
        try:
            listed = [json.loads(word) for word in counts]
        except json.JSONDecodeError:
            return None, ""
        return {str(answer).strip() for answers in listed for answer in answers}, ";"
    for separator in (";", "|"):
        whole = [word for word in counts if separator in word]
        parts = {part.strip() for word in counts for part in word.split(separator)} - {""}
        if whole and len(parts) < len(counts) + len(whole) and len(parts) <= MANY_LEVELS:
            return parts, separator
    return None, ""
