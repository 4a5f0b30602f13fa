"""Who stands behind the rows of a fit's table, and which of them may leave the program."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from pluralign_stats.notes import Code, Note, tells
from pluralign_stats.suppression import few, rounded, suppressed

#: Columns of shares of ratings as they were given.
SHARES = ("share", "observed")

#: What `Backing.readjust` may be: p-values (k,) of one family to adjusted ones.
Readjust = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Backing:
    """Who stands behind the m rows of a table.

    Attributes
    ----------
    raters
        (m,) raters of the smallest group that each row is about; 0 where no group is.
    unknown
        Why raters are not known, if they are not; then no row may be shown.
    counts, place
        (P, L) raters of the cells of P partitions, and (m,) which of these cells, counted through,
        a row's own counts are of; empty where rows show no counts.
    withheld
        (P, L) which of these cells are not counted for the sake of other tables.
    family, readjust
        (m,) family within which p is adjusted, and how; without `readjust` nothing that was
        adjusted together with a withheld row can be shown.
    retell
        The sentence of a table of some of the rows.
    coarse
        (m,) ratings of which a row's share is a share, where the share in full would tell how many
        they are though that is withheld; else 0.
    apart
        (m,) by how many raters a row's counts differ from those of another table, at the least.
    fractions
        Columns of what is divided by a number of ratings, so that it would tell this number.
    whole
        The table of these rows, by whose words rows are known again in another order or number.
    """

    raters: np.ndarray
    unknown: str = ""
    counts: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), dtype=int))
    place: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))
    withheld: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), dtype=bool))
    family: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))
    readjust: Readjust | None = None
    retell: Callable[[pd.DataFrame], str] | None = None
    coarse: np.ndarray = field(default_factory=lambda: np.zeros(0))
    apart: np.ndarray = field(default_factory=lambda: np.zeros(0))
    fractions: tuple[str, ...] = SHARES
    whole: pd.DataFrame | None = None

    def about(self, what: str) -> "Backing":
        """The same with a sentence that says what it is about."""
        retell = self.retell
        return replace(self, retell=retell and (lambda table: f"{what}: {retell(table)}"))

    def labelled(
        self, relabel: Callable[[pd.DataFrame], pd.DataFrame], told: Callable[[str], str]
    ) -> "Backing":
        """The same of a table, and with a sentence, under other words."""
        retell = self.retell
        again = None if retell is None else (lambda table: told(retell(table)))
        whole = None if self.whole is None else relabel(self.whole)
        return replace(self, retell=again, whole=whole)

    def shown(
        self, table: pd.DataFrame, sentence: str, min_cell: int
    ) -> tuple[pd.DataFrame, str, tuple[str, ...]]:
        """The rows of a table about groups of `min_cell` raters or more, their sentence, and notes.

        p-values are adjusted anew among the rows shown, so that they do not tell of others, and
        counts are left out that a total would turn into a small group's.
        """
        if self.unknown:
            told = (
                f"All rows are withheld, as any might be about a group of fewer than {min_cell} "
                f"raters. {self.unknown} Whoever may show them all the same says min_cell=1."
            )
            return table.iloc[:0], told, (told,)
        at = self._places(table)
        small = few(self.raters, min_cell)
        hidden = (at < 0) | small[at]
        notes = []
        if self.coarse.any() and min_cell > 1:
            table = _rounded(table, np.where(at < 0, 0, self.coarse[at]), self.fractions)
            notes.append(ROUNDED)
        if small.any():
            table = self._adjusted(table, at, small)
        kept = table[~hidden].reset_index(drop=True)
        if hidden.any():
            told = (
                f"Rows withheld, about groups of fewer than {min_cell} raters: {hidden.sum()} of "
                f"{len(table)}. Whoever may show them says min_cell=1."
            )
            notes.append(told)
        if len(self.counts):
            cells = np.array([suppressed(line, min_cell) for line in self.counts])
            cells |= self.withheld & (min_cell > 1) if self.withheld.size else False
            blank = cells.ravel()[self.place][at][~hidden]
            if blank.any():
                names = [c for c in ("n_raters", "n_ratings") if c in kept]
                kept = kept.assign(**{c: kept[c].mask(blank) for c in names})
                notes.append(COUNT_WITHHELD)
        if self.apart.any():
            blank = few(self.apart, min_cell)[at][~hidden]
            names = [c for c in OF_COUNTS if c in kept and (c != "statistic" or "n_units" in kept)]
            kept = kept.assign(**{c: kept[c].mask(blank) for c in names})
            known = tells(notes, Code.COUNT_WITHHELD)
            notes += [COUNT_WITHHELD] if blank.any() and not known else []
        if hidden.any():
            alone = "p_adjusted" in kept and self.readjust is None
            again, sentence = not (kept.empty or alone), told
        else:
            again = bool(few(self.apart, min_cell).any())
        return kept, self.retell(kept) if again and self.retell else sentence, tuple(notes)

    def _places(self, table: pd.DataFrame) -> np.ndarray:
        """Which of the m rows each row of a table is, known by its words; -1 for none of them."""
        if self.whole is None or table is self.whole:
            return np.arange(len(table))
        names = [c for c in self.whole if c in table and _is_label(self.whole[c])]
        known, own = (t[names].astype(str).agg("\0".join, axis=1) for t in (self.whole, table))
        if known.is_unique:
            return pd.Index(known).get_indexer(own)
        same = len(known) == len(own) and (known.to_numpy() == own.to_numpy()).all()
        return np.arange(len(table)) if same else np.full(len(table), -1)

    def _adjusted(self, table: pd.DataFrame, at: np.ndarray, small: np.ndarray) -> pd.DataFrame:
        """The table with p adjusted among those of the m rows that are not small."""
        if "p_adjusted" not in table or self.whole is None:
            return table
        if self.readjust is None:
            lost = ["p_adjusted", "conf_low", "conf_high"]
            return table.assign(**dict.fromkeys(lost, np.nan))
        p, adjusted = self.whole["p_value"].to_numpy(), np.full(len(small), np.nan)
        for number in np.unique(self.family):
            among = ~small & (self.family == number)
            adjusted[among] = self.readjust(p[among])
        return table.assign(p_adjusted=np.where(at < 0, np.nan, adjusted[at]))


def of_model(left_out: int, m: int, retell: Callable[[pd.DataFrame], str] | None = None) -> Backing:
    """Who stands behind m rows about a whole model, which is without some raters of its study.

    Where these are few the sentence is told anew, without their number.
    """
    return Backing(np.zeros(m), apart=np.full(m, left_out), retell=retell)


def beside(
    table: pd.DataFrame,
    published: Mapping[str, Mapping[str, int]],
    min_cell: int,
    fractions: Sequence[str] = SHARES,
) -> tuple[pd.DataFrame, bool]:
    """A table without counts that differ by few raters from those of other tables.

    Where any level of a variable does so in a block of rows (of one dimension), no level that
    differs there is counted, as the total could tell of one.

    Parameters
    ----------
    table
        With columns n_raters, n_ratings, and group or level; and perhaps term, dimension.
    published
        Raters of levels, and of everyone, as other tables count them, by variable.
    min_cell
        Fewest raters that may be told apart.
    fractions
        As of a `Backing`.

    Returns
    -------
    tuple
        The table, with shares rounded where counts are left out, and whether any are.
    """
    if "n_raters" not in table or table.empty:
        return table, False
    apart = np.zeros(len(table))
    for name, counts in published.items():
        whole = _whole(table, name, counts)
        own = (whole - table["n_raters"].astype(float)).abs().fillna(0)
        blocks = table["dimension"] if "dimension" in table else pd.Series("", table.index)
        away = pd.Series(few(own.to_numpy(), min_cell), table.index).groupby(blocks.to_numpy())
        apart = np.where((own > 0) & away.transform("any"), 1, apart)
    hidden = apart > 0
    if "n_ratings" in table:
        n = np.where(hidden, table["n_ratings"].astype(float).fillna(0), 0)
        table = _rounded(table, n, fractions)
    blank = [c for c in ("n_raters", "n_ratings", "raters_share", "ratings_share") if c in table]
    return table.assign(**{c: table[c].mask(hidden) for c in blank}), bool(hidden.any())


def _whole(table: pd.DataFrame, name: str, counts: Mapping[str, int]) -> pd.Series:
    """Raters that another table counts for the level of each row; missing for none of these."""
    if name == EVERYONE and not {"group", "level"} & set(table):
        return pd.Series(float(counts[EVERYONE]), table.index)
    if "group" in table:
        level = table["group"].astype(str)
    elif "level" in table:
        level = table["level"]
    else:
        return pd.Series(np.nan, table.index)
    whole = level.map(counts).astype(float)
    return whole.where(table["term"] == name) if "term" in table and name != EVERYONE else whole


def _is_label(column: pd.Series) -> bool:
    return column.name != "method" and (
        not pd.api.types.is_numeric_dtype(column) or column.name in ("rating", "part")
    )


def _rounded(table: pd.DataFrame, n: np.ndarray, fractions: Sequence[str]) -> pd.DataFrame:
    """The table with what is divided by n ratings rounded, where n is not 0."""
    names = [name for name in fractions if name in table]
    coarse = {c: rounded(table[c].to_numpy(dtype=float), n) for c in names}
    return table.assign(**{c: np.where(n > 0, coarse[c], table[c]) for c in names})


#: Columns that tell how many raters a table is about; beside a p-value and its number of units,
#: a statistic would tell that number.
OF_COUNTS = ("n_raters", "n_ratings", "n_units", "df_residual", "statistic", "bic", "per_rating")

#: What the group of all raters is called.
EVERYONE = "All raters"

#: What a table says whose shares are rounded in part.
ROUNDED = "Shares of groups without counts are rounded: in full they would tell the counts."

#: What a table says whose counts are left out in part.
COUNT_WITHHELD = Note(
    Code.COUNT_WITHHELD,
    "A group without counts is large enough; its size would give away a small group's.",
)


def stacked(
    backings: Sequence[Backing], retell: Callable[[pd.DataFrame], str] | None = None
) -> Backing:
    """Who stands behind the rows of several tables one below the other."""
    first = backings[0]
    width = max(b.counts.shape[1] for b in backings)
    starts, families, at, top = [], [], 0, 0
    for b in backings:
        old = b.counts.shape[1] or 1
        starts.append((at + b.place // old) * width + b.place % old)
        families.append(b.family + top)
        at += len(b.counts)
        top += int(b.family.max(initial=-1)) + 1
    counts, withheld = (
        np.concatenate([np.pad(c, ((0, 0), (0, width - c.shape[1]))) for c in cells])
        for cells in (
            [b.counts for b in backings],
            [b.withheld if b.withheld.size else b.counts > np.inf for b in backings],
        )
    )
    return Backing(
        np.concatenate([b.raters for b in backings]),
        first.unknown,
        counts,
        np.concatenate(starts),
        withheld,
        np.concatenate(families),
        first.readjust,
        retell,
        apart=np.concatenate([b.apart if len(b.apart) else 0 * b.raters for b in backings]),
    )
