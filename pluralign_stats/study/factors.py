"""From raw answers to the levels of a factor, keeping apart declined and missing answers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.errors import listing
from pluralign_stats.study.codebook import Factor
from pluralign_stats.study.tables import RawTable


@dataclass(frozen=True)
class Recoded:
    """A factor's values by row of its file.

    Attributes
    ----------
    values
        Categorical; its first category is the reference level, levels that do not occur are left
        out, and missing stands for every kind of nonresponse.
    reason
        ``"declined"``, ``"missing"`` or missing where a level was given.
    selected
        For questions with several answers: all of them, sorted and joined with ``"; "``.
    """

    values: pd.Series
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
        answers, selected = _several(raw, factor)
    else:
        answers, selected = _single(raw, factor), None
    declined = answers.isin(["\0declined"])
    levels = answers.mask(declined)
    _refuse_strangers(table, column, levels, factor)
    reason = pd.Series(pd.NA, raw.index, dtype="str").mask(levels.isna(), "missing")
    values = _categorical(levels, factor)
    return Recoded(values, reason.mask(declined, "declined"), selected)


def _single(raw: pd.Series, factor: Factor) -> pd.Series:
    """Levels as text, with a mark for declined answers."""
    unique = raw.dropna().unique()
    lookup = {value: _level(value, factor) for value in unique}
    return raw.map(lookup, na_action="ignore").astype("str")


def _level(value: str, factor: Factor) -> str | None:
    if value in factor.declined:
        return "\0declined"
    if value in factor.recode:
        return factor.recode[value]
    if factor.bands and value not in factor.bands:
        return _band(value, factor)
    return value


def _band(value: str, factor: Factor) -> str:
    """Band that a number falls in; the value itself, a stranger, where there is none."""
    try:
        number = float(value)
    except ValueError:
        return value
    inside = [level for level, (low, high) in factor.bands.items() if low <= number <= high]
    return inside[0] if inside else value


def _several(raw: pd.Series, factor: Factor) -> tuple[pd.Series, pd.Series]:
    """Level of a cell with several answers, and all the answers given."""
    assert factor.multiple is not None  # noqa: S101 - narrows the type; the caller checked
    single, together = {}, {}
    for cell in raw.dropna().unique():
        parts = [p.strip() for p in cell.split(factor.multiple.separator) if p.strip()]
        levels = [_level(part, factor) for part in parts]
        given = sorted({level for level in levels if level not in (None, "\0declined")})
        stranger = [g for g in given if factor.levels is not None and g not in factor.levels]
        if given:
            single[cell] = (stranger or given)[0] if stranger or len(given) == 1 else factor.multiple.level
        else:
            single[cell] = "\0declined" if "\0declined" in levels else None
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
