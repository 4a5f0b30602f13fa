"""What choices say of each two options."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

#: What is said of a comparison of two options.
OUTCOMES = ("second", "tie", "first")


@dataclass(frozen=True, eq=False)
class Compared:
    """Rows of two options (n,), and the outcome: 2 for the first, 1 for a tie, 0 for the second."""

    first: np.ndarray
    second: np.ndarray
    outcome: np.ndarray


def compared(options: pd.DataFrame) -> Compared:
    """All two options of one choice of which it says which is better, or that neither is.

    Where it is known in which order options were shown, the earlier is the first.
    """
    choice, rank = options["choice"].to_numpy(), options["rank"].to_numpy(dtype=float)
    place = options["position"].to_numpy(dtype=float)
    order = np.lexsort((np.nan_to_num(place), choice))
    sizes = np.bincount(choice)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    pairs: list[np.ndarray] = []
    for k in np.unique(sizes):
        at = starts[sizes == k]
        i, j = np.triu_indices(int(k), 1)
        pairs.append(np.stack([at[:, None] + i, at[:, None] + j]).reshape(2, -1))
    first, second = order[np.hstack(pairs)]
    one, two = np.nan_to_num(rank[first], nan=np.inf), np.nan_to_num(rank[second], nan=np.inf)
    known = np.isfinite(one) | np.isfinite(two)
    outcome = 1 + (one < two).astype(int) - (one > two).astype(int)
    found = np.lexsort((second[known], first[known]))
    return Compared(first[known][found], second[known][found], outcome[known][found])
