"""From raw answers to the levels of a factor, keeping apart declined and missing answers."""

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.errors import listing
from pluralign_stats.study.questions import Factor, Multiple
from pluralign_stats.study.tables import RawTable, plain_number
from pluralign_stats.study.text import folded, joined, nfc

#: Stands for a declined answer until it is told apart from the levels; no file can hold it.
DECLINED = "\0declined"


@dataclass(frozen=True)
class Recoded:
    """A factor's values by row of its file.

    Attributes
    ----------
    level
        Categorical; its first category is the reference level, levels that do not occur are left
        out, and missing stands for every kind of nonresponse.
    reason
        ``"declined"``, ``"missing"`` or missing where a level was given.
    selected
        For questions with several answers: all of them, sorted and joined with ``"; "``.
    """

    level: pd.Series
    reason: pd.Series
    selected: pd.Series | None = None


def recode(table: RawTable, name: str, factor: Factor) -> Recoded:
    """Recode one column of `table` as the codebook says.

    Raises
    ------
    InputError
        If the column is absent or a value is no level of the factor.
    """
    column = factor.column or name
    raw = table.answers(column, f"'{name}'", factor)
    if factor.multiple:
        answers, selected = _several(raw, factor, factor.multiple, table.codes(factor))
    else:
        answers, selected = _single(raw, factor), None
    declined = answers == DECLINED
    levels = answers.mask(declined)
    _refuse_strangers(table, column, levels, factor)
    reason = pd.Series(pd.NA, raw.index, dtype="str").mask(levels.isna(), "missing")
    values = _categorical(levels, factor)
    return Recoded(values, reason.mask(declined, "declined"), selected)


def _single(raw: pd.Series, factor: Factor) -> pd.Series:
    """Levels as text, with a mark for declined answers."""
    meaning = _meanings(factor)
    lookup = {cell: _level(_alone(cell), factor, meaning) for cell in raw.dropna().unique()}
    return raw.map(lookup, na_action="ignore").astype("str")


@dataclass(frozen=True)
class _Meanings:
    """What each value that the codebook knows stands for: as written, and in any case.

    Where spellings that differ in case only stand for different levels, only these are known.
    """

    exact: dict[str, str | None]
    loose: dict[str, str | None]


def _meanings(factor: Factor) -> _Meanings:
    exact: dict[str, str | None] = {level: level for level in factor.known_levels or ()}
    exact |= factor.recode | dict.fromkeys(factor.declined, DECLINED)
    loose: dict[str, str | None] = {}
    unsure = set()
    for value, level in exact.items():
        if loose.setdefault(folded(value), level) != level:
            unsure.add(folded(value))
    return _Meanings(exact, {k: level for k, level in loose.items() if k not in unsure})


def _level(value: str, factor: Factor, meanings: _Meanings) -> str | None:
    """Level of a value; the value itself where the codebook does not know it."""
    if value in meanings.exact:
        return meanings.exact[value]
    if folded(value) in meanings.loose:
        return meanings.loose[folded(value)]
    return _band(value, factor) if factor.bands else value


def _band(value: str, factor: Factor) -> str:
    """Band that a number falls in; the value itself, a stranger, where there is none."""
    try:
        number = float(value)
    except ValueError:
        return value
    inside = [level for level, (low, high) in factor.bands.items() if low <= number <= high]
    return inside[0] if inside else value


def _several(
    raw: pd.Series, factor: Factor, multiple: Multiple, codes: Collection[str]
) -> tuple[pd.Series, pd.Series]:
    """Level of a cell with several answers, and all the answers given."""
    pattern = _between(multiple.separator, factor.known)
    meaning = _meanings(factor)
    single, together = {}, {}
    for cell in raw.dropna().unique():
        parts = _listed(cell) or [match["part"] for match in pattern.finditer(cell)]
        parts = [part for part in parts if part and plain_number(part) not in codes]
        levels = {_level(part, factor, meaning) for part in parts}
        given = sorted(level for level in levels if level not in (None, DECLINED))
        strange = [g for g in given if factor.levels is not None and g not in factor.levels]
        if not given:
            single[cell] = DECLINED if DECLINED in levels else None
        else:
            single[cell] = (strange or given)[0] if strange or len(given) == 1 else multiple.level
        together[cell] = joined(given, "; ") or None
    return (
        raw.map(single, na_action="ignore").astype("str"),
        raw.map(together, na_action="ignore").astype("str"),
    )


def _between(separators: tuple[str, ...], known: Iterable[str]) -> re.Pattern[str]:
    """Pattern of the answers between separators; known values that hold one go first, whole."""
    mark = "|".join(map(re.escape, separators))
    whole = [value for value in known if any(separator in value for separator in separators)]
    own = "|".join(re.escape(value) for value in sorted(whole, key=len, reverse=True))
    part = rf"(?i:{own})|.*?" if own else ".*?"
    return re.compile(rf"\s*(?P<part>{part})\s*(?:{mark}|$)", re.DOTALL)


def _listed(cell: str) -> list[str] | None:
    """Answers of a cell that holds a JSON array; None of another cell."""
    if not cell.startswith("["):
        return None
    try:
        answers = json.loads(cell)
    except json.JSONDecodeError:
        return None
    return [nfc(str(answer)).strip() for answer in answers if answer is not None]


def _alone(cell: str) -> str:
    """The answer of a cell; the only one of a JSON array."""
    listed = _listed(cell)
    return listed[0] if listed and len(listed) == 1 else cell


def _refuse_strangers(table: RawTable, column: str, levels: pd.Series, factor: Factor) -> None:
    known = factor.known_levels
    if known is None:
        return
    strange = levels.notna() & ~levels.isin(known)
    if strange.any():
        bands = [f"{low:g} to {high:g}" for low, high in factor.bands.values()]
        allowed = "numbers " + ", ".join(bands) if bands else listing(known, 20)
        advice = "add the level to the codebook, or lead the value to a level with 'recode'"
        raise table.refuse(column, strange, allowed, advice)


def _categorical(levels: pd.Series, factor: Factor) -> pd.Series:
    """Categories in the codebook's order but for the reference, which comes first."""
    found = set(levels.dropna().unique())
    order = factor.known_levels or sorted(found, key=_natural)
    present = [level for level in order if level in found]
    if factor.reference in present:
        present.remove(factor.reference)
        present.insert(0, factor.reference)
    return levels.astype(pd.CategoricalDtype(present))


def _natural(level: str) -> tuple[float, str]:
    """Sort key that puts numbers in numerical order before words."""
    try:
        return float(level), level
    except ValueError:
        return np.inf, level
