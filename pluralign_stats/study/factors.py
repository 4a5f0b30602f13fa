"""From raw answers to the levels of a factor, keeping apart declined and missing answers."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.errors import listing
from pluralign_stats.study.codebook import Factor, Multiple
from pluralign_stats.study.tables import RawTable

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
    raw = table.require(column, f"'{name}'")
    if factor.multiple:
        answers, selected = _several(raw, factor, factor.multiple)
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
    lookup = {value: _level(value, factor, meaning) for value in raw.dropna().unique()}
    return raw.map(lookup, na_action="ignore").astype("str")


def _meanings(factor: Factor) -> dict[str, str | None]:
    """What each value that the codebook knows stands for, as written and in lower case."""
    meaning: dict[str, str | None] = {level: level for level in factor.known_levels or ()}
    meaning |= factor.recode | dict.fromkeys(factor.declined, DECLINED)
    return {value.casefold(): level for value, level in meaning.items()} | meaning


def _level(value: str, factor: Factor, meaning: dict[str, str | None]) -> str | None:
    """Level of a value; the value itself where the codebook does not know it."""
    for known in (value, value.casefold()):
        if known in meaning:
            return meaning[known]
    return _band(value, factor) if factor.bands else value


def _band(value: str, factor: Factor) -> str:
    """Band that a number falls in; the value itself, a stranger, where there is none."""
    try:
        number = float(value)
    except ValueError:
        return value
    inside = [level for level, (low, high) in factor.bands.items() if low <= number <= high]
    return inside[0] if inside else value


def _several(raw: pd.Series, factor: Factor, multiple: Multiple) -> tuple[pd.Series, pd.Series]:
    """Level of a cell with several answers, and all the answers given."""
    split = re.compile("|".join(re.escape(mark) for mark in multiple.separator))
    meaning = _meanings(factor)
    single, together = {}, {}
    for cell in raw.dropna().unique():
        parts = [part.strip() for part in split.split(cell) if part.strip()]
        levels = {_level(part, factor, meaning) for part in parts}
        given = sorted(level for level in levels if level not in (None, DECLINED))
        strange = [g for g in given if factor.levels is not None and g not in factor.levels]
        if not given:
            single[cell] = DECLINED if DECLINED in levels else None
        else:
            single[cell] = (strange or given)[0] if strange or len(given) == 1 else multiple.level
        together[cell] = "; ".join(given) or None
    return (
        raw.map(single, na_action="ignore").astype("str"),
        raw.map(together, na_action="ignore").astype("str"),
    )


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
