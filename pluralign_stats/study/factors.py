"""From raw answers to the levels of a factor, keeping apart declined and missing answers."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, one_of
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.study.questions import Factor, Multiple
from pluralign_stats.study.tables import RawTable, plain_number
from pluralign_stats.study.text import folded, joined, nfc, parted
from pluralign_stats.study.unknown import Part, Unknown, refuse_unknown
from pluralign_stats.suppression import few

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
    gathered
        Answers that the codebook does not name, which became the level `Factor.other`.
    unknown
        Answers that the codebook does not name, where there is no such level.
    """

    level: pd.Series
    reason: pd.Series
    selected: pd.Series | None = None
    gathered: tuple[str, ...] = ()
    unknown: tuple[Unknown, ...] = ()


def recode(table: RawTable, name: str, factor: Factor) -> Recoded:
    """Recode one column of `table` as the codebook says.

    Raises
    ------
    InputError
        If the column is absent or a value is no level of the factor.
    """
    found = read_answers(table, name, factor, "demographics")
    refuse_unknown(found.unknown)
    return found


def read_answers(table: RawTable, name: str, factor: Factor, part: Part) -> Recoded:
    """The same, with the values that are no level of the factor as missing and in `unknown`.

    `part` is the part of the codebook in which the factor stands.
    """
    if factor.named is not None:
        return _indicated(read_answers(table, factor.question or name, factor.asked, part), factor)
    column = factor.column or name
    raw = table.answers(column, f"'{name}'", factor)
    if factor.multiple:
        codes = table.codes(factor, column)
        answers, selected, unnamed = _several(raw, factor, factor.multiple, codes)
    else:
        answers, selected, unnamed = _single(raw, factor), None, {}
    declined = answers == DECLINED
    levels = answers.mask(declined)
    strange = _strange(levels, factor)
    gathered: tuple[str, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    if factor.other is not None:
        gathered = tuple(levels[strange].unique())
        levels = levels.mask(strange, factor.other)
    elif strange.any():
        counts: Counter[str] = Counter()
        for answer, n in (raw if unnamed else levels)[strange].value_counts().items():
            counts.update(dict.fromkeys(unnamed.get(str(answer), [str(answer)]), int(n)))
        unknown = (Unknown(table, column, part, name, factor, strange, counts),)
        levels = levels.mask(strange)
    reason = pd.Series(pd.NA, raw.index, dtype="str").mask(levels.isna(), "missing")
    values = _categorical(levels, factor)
    return Recoded(values, reason.mask(declined, "declined"), selected, gathered, unknown)


def _indicated(whole: Recoded, factor: Factor) -> Recoded:
    """Who named one answer among those to a question, and who did not."""
    not_named, named = factor.known_levels or ("", "")
    selected = whole.selected if whole.selected is not None else whole.level.astype("str")
    told = {
        cell: named if named in parted(cell, "; ") else not_named
        for cell in selected.dropna().unique()
    }
    level = selected.map(told, na_action="ignore").astype("str").mask(whole.reason.notna())
    return replace(whole, level=_categorical(level, factor))


def gather_small(level: pd.Series, rater: pd.Series, factor: Factor) -> Recoded:
    """Lead levels of too few raters to the level that the codebook has for them.

    Parameters
    ----------
    level, rater
        (n,) levels as of `recode`, and whose they are.
    factor
        Its entry in the codebook, which names `other`.
    """
    known = level.notna()
    pairs = pd.DataFrame({"level": level[known], "rater": rater[known]}).drop_duplicates()
    counts = pairs["level"].value_counts()
    small = [str(name) for name in counts.index[few(counts.to_numpy(), MIN_CELL)]]
    kept = (factor.other, factor.reference, *(factor.known_levels or () if factor.named else ()))
    gone = tuple(name for name in small if name not in kept)
    text = level.astype("str")
    values = _categorical(text.mask(text.isin(gone), factor.other), factor)
    return Recoded(values, pd.Series(pd.NA, level.index, dtype="str"), gathered=gone)


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
) -> tuple[pd.Series, pd.Series, dict[str, list[str]]]:
    """Level of a cell with several answers, all the answers given, and the unknown ones by cell."""
    pattern = _between(multiple.separator, factor.known)
    meaning = _meanings(factor)
    single, together, unnamed = {}, {}, {}
    for cell in raw.dropna().unique():
        parts = _listed(cell) or [match["part"] for match in pattern.finditer(cell)]
        parts = [part for part in parts if part and plain_number(part) not in codes]
        levels = {_level(part, factor, meaning) for part in parts}
        given = sorted(level for level in levels if level not in (None, DECLINED))
        strange = [] if factor.other else _unnamed(given, factor)
        if strange:
            unnamed[cell] = strange
        if not given:
            single[cell] = DECLINED if DECLINED in levels else None
        else:
            single[cell] = (strange or given)[0] if strange or len(given) == 1 else multiple.level
        together[cell] = joined(given, "; ") or None
    return (
        raw.map(single, na_action="ignore").astype("str"),
        raw.map(together, na_action="ignore").astype("str"),
        unnamed,
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


def _unnamed(answers: list[str], factor: Factor) -> list[str]:
    known = factor.known_levels
    return [answer for answer in answers if known is not None and answer not in known]


def check_reference(table: RawTable, name: str, factor: Factor, values: pd.Series) -> None:
    """Refuse a stated reference level that no row has."""
    found = list(values.cat.categories)
    if factor.reference is not None and factor.reference not in found:
        raise InputError(
            f"{table.name}: column '{factor.column or name}': the reference level "
            f"'{factor.reference}' of '{name}' does not occur; "
            f"{one_of('it', factor.reference, found)}; state another 'reference' in the codebook"
        )


def _strange(levels: pd.Series, factor: Factor) -> pd.Series:
    """Whether each is a level that the codebook does not know, where it knows any."""
    known = factor.known_levels
    return levels.notna() & (known is not None) & ~levels.isin(known or ())


def _categorical(levels: pd.Series, factor: Factor) -> pd.Series:
    """Categories in the codebook's order but for the reference, which comes first."""
    found = set(levels.dropna().unique())
    order = factor.known_levels or sorted(found, key=_natural)
    present = sorted((level for level in order if level in found), key=lambda x: x == factor.other)
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
