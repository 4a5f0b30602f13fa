"""Files with one row for each respondent: which columns hold which item of which dimension."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from pluralign_stats.drafting.facts import Facts, facts_of
from pluralign_stats.drafting.names import identifies, is_key, says
from pluralign_stats.drafting.roles import Guess
from pluralign_stats.errors import listing
from pluralign_stats.study.wide_columns import Sought, Wide, readings, strays

#: Asks one question, given what it may be answered with and a guess.
Ask = Callable[[str, Sequence[str], str], str]

#: How survey programs call columns, and what of the name the two parts may be.
_FORMS = {
    "{dimension}[{item}]": r"(?P<d>.+)\[(?P<i>[^\[\]]+)\]",
    "{dimension} [{item}]": r"(?P<d>.+) \[(?P<i>[^\[\]]+)\]",
    **{f"{{dimension}}{s}{{item}}": rf"(?P<d>.+)\{s}(?P<i>[^{s}]+)" for s in "_.- "},
    **{f"{{item}}{s}{{dimension}}": rf"(?P<i>[^{s}]+)\{s}(?P<d>.+)" for s in "_.- "},
    "{dimension}{item}": r"(?P<d>.*[^\W\d_])(?P<i>\d+)",
    "{item}{dimension}": r"(?P<i>\d+)(?P<d>[^\W\d_].*)",
}
#: Fewest columns and items, and share of the items that dimensions have in common.
_FEWEST, _ITEMS, _COMMON = 4, 2, 0.5
#: Rows of one respondent, on average, of files that have one row for each.
_ROWS = 1.3


@dataclass(frozen=True)
class Grid:
    """Columns that fit one form.

    Attributes
    ----------
    pattern
        The form.
    columns
        By dimension the column of each item.
    also
        What else is there once for each item, in the same way.
    sure
        Whether it is plain which part is the item.
    """

    pattern: str
    columns: Mapping[str, Mapping[str, str]]
    also: tuple[str, ...] = ()
    sure: bool = True

    @property
    def items(self) -> tuple[str, ...]:
        """Items of all dimensions."""
        return tuple(dict.fromkeys(item for own in self.columns.values() for item in own))

    @property
    def used(self) -> list[str]:
        """All columns of ratings."""
        return [column for own in self.columns.values() for column in own.values()]


@dataclass(frozen=True)
class WideGuess:
    """How a wide file is read, and what its columns then are.

    Attributes
    ----------
    entry
        Of `wide`.
    sought
        Columns of ratings.
    roles
        What is known of columns of the long table.
    why
        What was seen, in a sentence.
    n_columns
        How many columns of ratings there are.
    undecided
        What the user has to decide, if anything.
    """

    entry: Any
    sought: Sought
    roles: tuple[Guess, ...]
    why: str
    n_columns: int
    undecided: str = ""


def guess_wide(
    frame: pd.DataFrame, wordings: Mapping[str, str], ask: Ask | None
) -> WideGuess | None:
    """Find columns that hold one item each.

    Parameters
    ----------
    frame
        Cells as text.
    wordings
        Questions by column, where the file has them.
    ask
        Asks which part of a name is the item where that cannot be told; None to guess.

    Returns
    -------
    WideGuess or None
        None where no column differs in every row, or no columns are called alike.
    """
    facts = {str(column): facts_of(str(column), frame[column]) for column in frame}
    who = _who(facts)
    if who is None:
        return None
    grids = _grids({c: f for c, f in facts.items() if c != who.column})
    if not grids:
        return None
    grid = _chosen(grids, wordings, ask)
    part = "item" if "item" not in frame else "rated_item"
    if len(grid.columns) == 1 and identifies(next(iter(grid.columns))) == {"rater"}:
        return _by_rater(grid, replace(who, role="item"))
    return _by_item(grid, part, who, frame)


def is_long(frame: pd.DataFrame) -> bool:
    """Whether a column named so names respondents of several rows each."""
    best = _named(facts_of(str(column), frame[column]) for column in frame)
    return best is not None and bool((best.code >= 0).sum() > _ROWS * best.n_values)


def _named(facts: Iterable[Facts]) -> Facts | None:
    """Of columns that are named like raters, or like keys, the one with most names."""
    names = [
        f for f in facts
        if f.n_values > 1 and not f.long_text and (identifies(f.name) & {"rater"} or is_key(f.name))
    ]  # fmt: skip
    return max(names, key=lambda f: (f.n_values, "rater" in identifies(f.name)), default=None)


def _who(facts: Mapping[str, Facts]) -> Guess | None:
    """The column that has another name in (nearly) every row."""
    best = _named(facts.values())
    if best is not None:
        return Guess(best.name, "rater", f"named so; {best.n_values:,} different ones")
    single = [f for f in facts.values() if f.unique and f.n_values > 1 and not f.rated]
    if not single:
        return None
    best = max(single, key=lambda f: (f.n_values, not f.long_text))
    return Guess(best.name, "rater", "of all columns this one differs in every row", sure=False)


def _grids(facts: Mapping[str, Facts]) -> list[Grid]:
    """Columns that fit each form, of forms that the most columns fit."""
    grids = [grid for form in _FORMS if (grid := _grid(form, facts)) is not None]
    most = max((len(grid.used) for grid in grids), default=0)
    return [grid for grid in grids if len(grid.used) == most]


def _grid(form: str, facts: Mapping[str, Facts]) -> Grid | None:
    """Dimensions with common items, of columns that fit a form."""
    found: dict[str, dict[str, str]] = {}
    for column in facts:
        match = re.fullmatch(_FORMS[form], column)
        if match and all(part == part.strip() and part for part in match.groups()):
            found.setdefault(match["d"], {})[match["i"]] = column
    named = [item for own in found.values() for item in own]
    if sum(map(_numbered, named)) > len(named) / 2:  # "total" beside 1, 2, … is no item
        found = {d: {i: c for i, c in own.items() if _numbered(i)} for d, own in found.items()}
    several = {d: own for d, own in found.items() if len(own) >= _ITEMS}
    rated = {d: own for d, own in several.items() if not says(d) and _rated(own, facts)}
    if not rated:
        return None
    main = max(rated.values(), key=len)
    alike = {d: own for d, own in rated.items() if _common(own, main) >= _COMMON}
    more = [d for d, own in several.items() if d not in rated and _common(own, main) >= _COMMON]
    also = tuple(d for d in more if any(facts[c].n_values for c in several[d].values()))
    grid = Grid(form, alike, also, _plain(form, list(alike), list(main)))
    numbered = all(map(_numbered, main)) or "[" in form
    enough = len(grid.used) >= _FEWEST if len(alike) > 1 else len(main) > _ITEMS and numbered
    return grid if enough else None


def _common(one: Mapping[str, str], other: Mapping[str, str]) -> float:
    return len(one.keys() & other) / len(one.keys() | other)


def _rated(columns: Mapping[str, str], facts: Mapping[str, Facts]) -> bool:
    """Whether the cells of several columns together could be ratings."""
    values = dict.fromkeys(v for c in columns.values() for v in facts[c].looked_at)
    together = Facts("", pd.factorize(pd.Series(list(values)))[0], tuple(values))
    return together.rated


def _plain(form: str, dimensions: Sequence[str], items: Sequence[str]) -> bool:
    """Whether the names say which of two parts is the item: a number, beside words or behind it."""
    if "[" in form or form in ("{dimension}{item}", "{item}{dimension}"):
        return True
    numbers = all(re.fullmatch(r"\d+", item) for item in items)
    if form.startswith("{item}"):
        return numbers and not all(re.fullmatch(r"\d+", d) for d in dimensions)
    return not any(map(_numbered, dimensions)) and all(map(_numbered, items))


def _numbered(name: str) -> bool:
    return any(sign.isdigit() for sign in name)


def _chosen(grids: Sequence[Grid], wordings: Mapping[str, str], ask: Ask | None) -> Grid:
    """The grid that is meant, asked for where two parts of a name may be the item."""
    plain = [grid for grid in grids if grid.sure]
    if plain:
        return plain[0]
    best = max(grids, key=lambda grid: (_worded(grid, wordings), len(grid.items)))
    column = best.used[0]
    other = next((g for g in grids if g is not best and column in g.used), None)
    if ask is None or other is None:
        return best
    by_item = {_item_of(column, grid): grid for grid in (best, other)}
    answer = ask(
        f"In columns such as '{column}', which part of the name says what was rated?",
        list(by_item), next(iter(by_item)),
    )  # fmt: skip
    return replace(by_item.get(answer, best), sure=True)


def _item_of(column: str, grid: Grid) -> str:
    return next(i for own in grid.columns.values() for i, c in own.items() if c == column)


def _worded(grid: Grid, wordings: Mapping[str, str]) -> int:
    """How much longer wordings of items are than those of dimensions: items are texts."""
    tails = {column: text.rpartition(" - ")[2] for column, text in wordings.items()}
    heads = {column: text.rpartition(" - ")[0] for column, text in wordings.items()}
    by_item: dict[str, set[str]] = {}
    for own in grid.columns.values():
        for item, column in own.items():
            by_item.setdefault(item, set()).add(tails.get(column, ""))
    tails_of_items = all(len(texts) == 1 for texts in by_item.values())
    differ = len({min(texts) for texts in by_item.values()}) == len(by_item)
    known = [column for column in grid.used if tails.get(column) and heads.get(column)]
    if not known or not (tails_of_items and differ):
        return 0
    return sum(len(tails[c]) for c in known) - sum(len(heads[c]) for c in known)


def _by_item(grid: Grid, part: str, who: Guess, frame: pd.DataFrame) -> WideGuess:
    """Items in columns: the rows are respondents."""
    pattern = grid.pattern.replace("{item}", f"{{{part}}}")
    ratings = tuple(grid.columns)
    entry: dict[str, Any] = {"pattern": pattern}
    entry |= {"also": list(grid.also)} if grid.also else {}
    out = list(_others(grid, pattern, frame))
    entry |= {"leave_out": out} if out else {}
    seen = f"{len(grid.used)} columns such as '{grid.used[0]}' hold {len(grid.items):,} items"
    roles = [who, Guess(part, "item", "a part of the columns' names")]
    roles += [Guess(name, "rating", "the other part of the columns' names") for name in ratings]
    column = grid.used[0]
    undecided = (
        f"which part of names such as '{column}' says what was rated: "
        f"'{_item_of(column, grid)}' was taken for it, the other may be it ('wide')"
    )
    return WideGuess(
        pattern if list(entry) == ["pattern"] else entry,
        Sought(ratings),
        tuple(roles),
        seen,
        len(grid.used),
        "" if grid.sure else undecided,
    )


def _others(grid: Grid, pattern: str, frame: pd.DataFrame) -> Iterator[str]:
    """Columns that fit the pattern, or seem to, and are none of its items."""
    names, items = [*grid.columns, *grid.also], set(grid.items)
    for column in map(str, frame):
        found = readings(column, pattern, names)
        if found and next(v for k, v in found[0].items() if k != "dimension") not in items:
            yield column
    spec = Wide(pattern=(pattern,), also=grid.also)
    known = {c for c in map(str, frame) if readings(c, pattern, names)}
    yield from (column for column, _ in strays(frame, spec, known, Sought(tuple(grid.columns))))


def _by_rater(grid: Grid, what: Guess) -> WideGuess:
    """Raters in columns: the rows are items."""
    stem = next(iter(grid.columns))
    pattern = grid.pattern.replace("{dimension}", stem).replace("{item}", "{rater}")
    roles = (
        what,
        Guess("rater", "rater", "a part of the columns' names"),
        Guess("rating", "rating", f"the cells of {listing(grid.used, 3)}"),
    )
    seen = f"{len(grid.used)} columns such as '{grid.used[0]}' hold a rater each"
    return WideGuess(pattern, Sought(("rating",)), roles, seen, len(grid.used))
