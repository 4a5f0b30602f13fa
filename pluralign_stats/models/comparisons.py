"""Comparisons of two options as arrays: merged where they are alike, and whether they connect."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

#: Outcomes of a comparison.
SECOND, TIE, FIRST = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Comparisons:
    """n comparisons of two options.

    Attributes
    ----------
    first, second
        (n,) number of the option that was shown first, and of the other.
    outcome
        (n,) 2 where the first is preferred, 0 where the second is, 1 where neither.
    weight
        (n,) weights.
    covariates
        (n, c) covariates of the raters, the first of them 1.
    rater
        (n,) number of the rater.
    responses
        (n, 2) numbers of the single responses that were compared, where these have strengths of
        their own beside those of the options; else of no column.
    """

    first: np.ndarray
    second: np.ndarray
    outcome: np.ndarray
    weight: np.ndarray
    covariates: np.ndarray
    rater: np.ndarray
    responses: np.ndarray

    @property
    def ties(self) -> bool:
        """Whether there are ties."""
        return bool((self.outcome == TIE).any())

    def one_way(self) -> "Comparisons":
        """The same with the option of the lower number first, which loses who was shown first."""
        flip = self.first > self.second
        responses = np.where(flip[:, None], self.responses[:, ::-1], self.responses)
        return replace(
            self,
            first=np.where(flip, self.second, self.first),
            second=np.where(flip, self.first, self.second),
            outcome=np.where(flip, 2 - self.outcome, self.outcome),
            responses=responses,
        )

    def merged(self, *, raters: bool, responses: bool) -> "Comparisons":
        """Alike comparisons as one, with their summed weight; the likelihood stays the same.

        Whether raters, and single responses, count in what is alike.
        """
        own = np.unique(self.covariates, axis=0, return_inverse=True)[1].ravel()
        parts = [self.first, self.second, self.outcome, own]
        parts += [self.rater] if raters else []
        parts += [*self.responses.T] if responses else []
        rows, code = first_of_each(parts)
        return Comparisons(
            self.first[rows],
            self.second[rows],
            self.outcome[rows],
            np.bincount(code, self.weight, len(rows)),
            self.covariates[rows],
            self.rater[rows] if raters else np.zeros(len(rows), dtype=int),
            self.responses[rows] if responses else np.zeros((len(rows), 0), dtype=int),
        )


def first_of_each(parts: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """First row of each combination of numbers (n,), and the combination of each row."""
    code = np.zeros(len(parts[0]), dtype=np.int64)
    for part in parts:
        code = code * (int(part.max(initial=0)) + 1) + part
        code = np.unique(code, return_inverse=True)[1]
    rows = np.unique(code, return_index=True)[1]
    return rows, code


def components(first: np.ndarray, second: np.ndarray, n_options: int) -> np.ndarray:
    """(n_options,) number of the connected part that each option is in; comparisons connect."""
    graph = coo_array((np.ones(len(first)), (first, second)), (n_options, n_options))
    return connected_components(graph, directed=False)[1]
