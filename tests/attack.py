"""What an attacker makes of tables: how many raters a group has, and how many differ between two.

What tables show becomes linear constraints on whole numbers of raters: of each cell (level or kind
of nonresponse) in the study, among those who rated a dimension, and in a model; and of groups by
two demographics. Mixed integer programming finds the smallest and the largest size that a small
cell, or a small difference, can have. The attacker knows the total of raters, how many ratings each
gave, and which cells are small.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise, product

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

import pluralign_stats as pls
from pluralign_stats.study.plan import SILENT

MIN_CELL = 10


@dataclass
class Attack:
    """Whole-number unknowns by name, and what is known of them."""

    names: dict[str, int] = field(default_factory=dict)
    rows: list[tuple[dict[str, float], float, float]] = field(default_factory=list)

    def learn(self, weights: dict[str, float], low: float, high: float | None = None) -> None:
        for name in weights:
            self.names.setdefault(name, len(self.names))
        self.rows.append((weights, low, low if high is None else high))

    def range(self, weights: dict[str, float]) -> tuple[int, int]:
        """Smallest and largest value of a sum of unknowns."""
        matrix = np.zeros((len(self.rows), len(self.names)))
        for k, (known, _, _) in enumerate(self.rows):
            for name, weight in known.items():
                matrix[k, self.names[name]] = weight
        limits = LinearConstraint(matrix, [r[1] for r in self.rows], [r[2] for r in self.rows])
        cost = np.zeros(len(self.names))
        for name, weight in weights.items():
            cost[self.names[name]] = weight
        ends = [
            milp(
                sign * cost,
                constraints=limits,
                integrality=np.ones(len(cost)),
                bounds=Bounds(0, np.inf),
            )
            for sign in (1, -1)
        ]
        assert all(end.success for end in ends), "what tables tell contradicts itself"
        return tuple(round(float(sign * end.fun)) for sign, end in zip((1, -1), ends, strict=True))


def open_sizes(found: Attack, weights: dict[str, float]) -> int:
    """How many sizes from 1 to 9 remain possible."""
    low, high = found.range(weights)
    return max(0, min(high, MIN_CELL - 1) - max(low, 1) + 1)


def known(study: pls.Study, names: Sequence[str]) -> Attack:
    """What is known before any table: that parts make up the whole, and which cells are small."""
    found = Attack()
    cells = {name: list(study.answers[name].cat.categories) for name in names}
    for name in names:
        found.learn({f"{name}={c}": 1 for c in cells[name]}, len(study.raters))
        sizes = study.answers[name].value_counts()
        for c, d in product(cells[name], study.dimensions):
            found.learn({f"{name}={c}": 1, f"{name}={c}|{d}": -1}, 0, np.inf)
            if c not in SILENT.values():
                found.learn({f"{name}={c}|{d}": 1, f"{name}={c}|{d}|model": -1}, 0, np.inf)
        for c in sizes.index[(sizes > 0) & (sizes < MIN_CELL)]:
            found.learn({f"{name}={c}": 1}, 1, MIN_CELL - 1)
    for a, b in combinations(names, 2):
        crossed = [[f"{a}={x}&{b}={y}" for y in cells[b]] for x in cells[a]]
        for x, row in zip(cells[a], crossed, strict=True):
            found.learn({f"{a}={x}": -1, **dict.fromkeys(row, 1)}, 0)
        for y, column in zip(cells[b], zip(*crossed, strict=True), strict=True):
            found.learn({f"{b}={y}": -1, **dict.fromkeys(column, 1)}, 0)
    return found


def level_rows(study: pls.Study, table: pd.DataFrame, name: str) -> pd.Series:
    """Level of a demographic that each row of a table is about; missing for none."""
    if not {"group", "contrast"} & set(table):
        return pd.Series(None, table.index, dtype=object)
    of_contrast = "contrast" in table and not table["contrast"].isin(["All"]).all()
    level = table["contrast"].str.rpartition(" vs ")[0] if of_contrast else table["group"]
    level = level.where(level.isin(list(study.answers[name].cat.categories)))
    own = (study.codebook.label(name), name)
    return level.where(table["term"].isin(own)) if "term" in table else level


def learn_levels(
    found: Attack, study: pls.Study, table: pd.DataFrame, name: str, each: int, about: str, kind=""
) -> None:
    """Counts of a table's rows about levels: of the study, a dimension or a model."""
    level = level_rows(study, table, name)
    labels = {study.codebook.label(d): d for d in study.dimensions}
    dims = table["dimension"].map(labels) if "dimension" in table else pd.Series(about, table.index)
    for k in table.index[level.notna()]:
        key = f"{name}={level[k]}" + (f"|{dims[k]}{kind}" if dims[k] else "")
        if pd.notna(table["n_raters"][k]):
            found.learn({key: 1}, table["n_raters"][k])
        if dims[k] and "n_ratings" in table and pd.notna(table["n_ratings"][k]):
            found.learn({key: each}, table["n_ratings"][k], np.inf)


def few_left(study: pls.Study, name: str) -> Iterator[tuple[str, str, int]]:
    """Cells of which few raters did not rate a dimension."""
    given = study.ratings.dropna(subset="rating")
    sizes = study.answers[name].value_counts()
    for d in study.dimensions:
        there = given.loc[given["dimension"] == d, "rater"].unique().astype(str)
        n = study.answers[name].reindex(there).value_counts().reindex(sizes.index, fill_value=0)
        yield from ((c, d, left) for c, left in (sizes - n).items() if 0 < left < MIN_CELL)


def assert_open(found: Attack, study: pls.Study, name: str) -> None:
    """The sizes of small cells, and of few who left a dimension out, stay open."""
    sizes = study.answers[name].value_counts()
    small = (sizes > 0) & (sizes < MIN_CELL)
    # Where even what is withheld together is small the total itself says so.
    spare = sizes.sum() - MIN_CELL * (~small & (sizes > 0)).sum()
    least = (MIN_CELL - 1) // 2 if spare > 2 * MIN_CELL else 2
    for cell in sizes.index[small]:
        own = {f"{name}={cell}": 1}
        assert open_sizes(found, own) >= least, (name, cell, found.range(own))
    for cell, d, _ in few_left(study, name):
        low, high = found.range({f"{name}={cell}": 1, f"{name}={cell}|{d}": -1})
        assert low < high, (name, cell, d, low)


def assert_apart(counts: Iterable[tuple[float, str]]) -> None:
    """No two numbers of raters of one group, wherever they stand, differ by few."""
    ordered = sorted({(round(n, 6), where) for n, where in counts})
    for (low, first), (high, second) in pairwise(ordered):
        assert not 0 < high - low < MIN_CELL, (low, first, high, second)


def tells(values: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Which numbers are fractions of n ratings in full, from which n could be read."""
    whole = np.abs(values * n - np.round(values * n)) < 1e-7 * n
    return whole & (np.abs(values - np.round(values, 2)) > 1e-12)
