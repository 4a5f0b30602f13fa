"""From rows of a file to options of choices with their ranks."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.choices.codebook import ChoiceColumns
from pluralign_stats.errors import listing
from pluralign_stats.study.keys import complete
from pluralign_stats.study.tables import RawTable
from pluralign_stats.study.text import folded, joined

#: Cells of a long file's `chosen` that mean yes, and no.
YES, NO = ("true", "1", "yes", "chosen"), ("false", "0", "no", "rejected")


@dataclass(frozen=True, eq=False)
class Offered:
    """Options of choices.

    Attributes
    ----------
    options
        One row for each option: choice (number), row (of the file), option, rank (missing where it
        has none), position (missing where it is not known), and system and text where they are.
    choices
        One row for each choice, by number: row (of the file, its first), rater, prompt, and set,
        language and weight where they are.
    """

    options: pd.DataFrame
    choices: pd.DataFrame


def read_wide(table: RawTable, columns: ChoiceColumns) -> Offered:
    """Options of a file in which a row is a choice."""
    names = [table.answers(c, "an option") for c in columns.offered]
    rank = _wide_ranks(table, columns, names)
    n, k = len(table.frame), len(names)
    row = table.frame.index.to_numpy()
    frame = {
        "choice": np.repeat(np.arange(n), k),
        "row": np.repeat(row, k),
        "option": _by_row(names),
        "rank": rank.ravel(),
        "position": np.tile(np.arange(1.0, k + 1), n) if columns.shown_in_order else np.nan,
    }
    for name, stated in (("system", columns.systems), ("text", columns.texts)):
        if stated:
            frame[name] = _by_row([table.answers(c, f"the {name}") for c in stated])
    options = pd.DataFrame(frame)
    given = options["option"].notna()
    stray = (~given & options["rank"].notna()).to_numpy().reshape(n, k)
    for place in np.flatnonzero(stray.any(axis=0)):
        column = columns.offered[place]
        bad = pd.Series(stray[:, place], table.frame.index)
        raise table.refuse(column, bad, "the name of an option that was chosen", "fill in the cell")
    return Offered(options[given].reset_index(drop=True), _choices(table, columns))


def _by_row(columns: list[pd.Series]) -> np.ndarray:
    """(n k,) cells, those of a row one after the other."""
    return np.column_stack([c.astype(object).to_numpy() for c in columns]).ravel()


def _choices(table: RawTable, columns: ChoiceColumns) -> pd.DataFrame:
    """Rater, prompt and what else is known of the choice that each row belongs to."""
    frame = {
        "row": table.frame.index,
        "rater": complete(table, columns.rater, "the rater"),
        "prompt": _several(table, columns.prompt, "the prompt"),
    }
    if columns.set:
        frame["set"] = _several(table, columns.set, "what tells choices apart")
    if columns.prompt_text:
        frame["prompt_text"] = table.answers(columns.prompt_text, "the prompt's text")
    if columns.language:
        frame["language"] = table.answers(columns.language, "the language")
    if columns.weight:
        frame["weight"] = _weights(table, columns.weight)
    return pd.DataFrame(frame).reset_index(drop=True)


def _several(table: RawTable, columns: tuple[str, ...], role: str) -> pd.Series:
    """One name of several columns."""
    parts = [complete(table, column, role) for column in columns]
    if len(parts) == 1:
        return parts[0]
    return pd.Series([joined(row) for row in zip(*parts, strict=True)], table.frame.index, "str")


def _weights(table: RawTable, column: str) -> pd.Series:
    weight = numbers(table, column, "the weight")
    bad = ~(np.isfinite(weight) & (weight > 0))
    if bad.any():
        raise table.refuse(column, bad, "numbers above 0", "leave out rows without weight")
    return weight


def numbers(table: RawTable, column: str, role: str) -> pd.Series:
    """Cells as numbers; missing where they are empty."""
    raw = table.answers(column, role)
    found = pd.to_numeric(raw, errors="coerce").astype(float)
    strange = raw.notna() & ~np.isfinite(found)
    if strange.any():
        raise table.refuse(column, strange, f"numbers, or nothing, for {role}", "correct the cell")
    return found


def _wide_ranks(table: RawTable, columns: ChoiceColumns, names: list[pd.Series]) -> np.ndarray:
    """(n, k) ranks of the options in each row."""
    if columns.ranks:
        return np.column_stack([numbers(table, c, "the rank") for c in columns.ranks])
    if columns.scores:
        return -np.column_stack([numbers(table, c, "the score") for c in columns.scores])
    rank = np.full((len(table.frame), len(names)), np.nan)
    if columns.rejected:
        rank[names[0].notna().to_numpy(), 0] = 1
        return rank
    place, tied = _chosen(table, columns, names)
    rows = np.flatnonzero(place >= 0)
    rank[rows, place[rows]] = 1
    rank[tied] = np.where(np.column_stack([c.notna() for c in names])[tied], 1, np.nan)
    return rank


def _chosen(
    table: RawTable, columns: ChoiceColumns, names: list[pd.Series]
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) which option is the best, -1 for none, and (n,) whether all are as good."""
    column = str(columns.chosen)
    said = table.answers(column, "what was chosen")
    ties = set(map(folded, columns.ties))
    words = {folded(word): columns.options.index(c) for word, c in columns.words.items()}
    words = {folded(c): k for k, c in enumerate(columns.options)} | words
    cells = {value: folded(value) for value in said.dropna().unique()}
    plain = said.map(cells, na_action="ignore")
    tied = plain.isin(ties).to_numpy()
    place = plain.map(words).fillna(-1).to_numpy().astype(int)
    for k, own in enumerate(names):
        hit = (said == own).fillna(False).to_numpy(dtype=bool) & (place < 0) & ~tied
        place[hit] = k
    strange = said.notna() & (place < 0) & ~tied
    if strange.any():
        raise table.refuse(
            column,
            strange,
            f"an option that was offered in the row, {listing(columns.options)}"
            + (f", or {listing(columns.ties)} for a tie" if columns.ties else ""),
            "correct the cell, or say what it means under 'words' or 'ties' of 'choices'",
        )
    return place, tied


def read_long(table: RawTable, columns: ChoiceColumns) -> Offered:
    """Options of a file in which a row is an option; rows of one rater and set are one choice."""
    rows = _choices(table, columns)
    told = [rows["rater"], rows["set"] if columns.set else rows["prompt"]]
    number = pd.MultiIndex.from_arrays(told).factorize()[0]
    frame = {
        "choice": number,
        "row": rows["row"],
        "option": complete(table, str(columns.option), "the option").to_numpy(),
        "rank": _long_ranks(table, columns).to_numpy(),
        "position": np.nan,
    }
    if columns.position:
        frame["position"] = numbers(table, columns.position, "the position").to_numpy()
    for name, stated in (("system", columns.system), ("text", columns.text)):
        if stated:
            frame[name] = table.answers(stated, f"the {name}").to_numpy()
    first = ~pd.Series(number).duplicated().to_numpy()
    _refuse_two(table, columns, rows, number, first)
    options = pd.DataFrame(frame).sort_values("choice", kind="stable").reset_index(drop=True)
    return Offered(options, rows[first].reset_index(drop=True))


def _refuse_two(
    table: RawTable,
    columns: ChoiceColumns,
    rows: pd.DataFrame,
    number: np.ndarray,
    first: np.ndarray,
) -> None:
    """Refuse choices with two prompts, languages or weights."""
    of_first = np.flatnonzero(first)[number]
    stated = {"prompt": columns.prompt[-1], "language": columns.language, "weight": columns.weight}
    for name, column in stated.items():
        if column and name in rows:
            own = rows[name].fillna("")
            differs = own.to_numpy() != own.to_numpy()[of_first]
            if differs.any():
                bad = pd.Series(differs, table.frame.index)
                raise table.refuse(
                    column, bad, f"one {name} a choice", "correct 'set' of 'choices', or the file"
                )


def _long_ranks(table: RawTable, columns: ChoiceColumns) -> pd.Series:
    """Ranks of the option of each row."""
    if columns.rank:
        return numbers(table, columns.rank, "the rank")
    if columns.score:
        return -numbers(table, columns.score, "the score")
    column = str(columns.chosen)
    said = table.answers(column, "whether it was chosen")
    plain = said.map(folded, na_action="ignore")
    strange = said.notna() & ~plain.isin((*YES, *NO))
    if strange.any():
        raise table.refuse(column, strange, f"{listing(YES)}, or {listing(NO)}", "correct the cell")
    return pd.Series(np.where(plain.isin(YES), 1.0, np.nan), said.index)
