"""Utilities of responses: what each rater says of one, or one value for all who rated it."""

from dataclasses import dataclass

import numpy as np

from pluralign_stats.feedback.preferences import dispersion_of, runs_of
from pluralign_stats.feedback.scales import dimension_conversion, middle
from pluralign_stats.feedback.selection import Selection

#: Utilities are rounded to this many decimals, so that equal ones are equal whatever the order in
#: which they were added up.
DECIMALS = 9

#: Second number of the seed that draws one rater for each response.
_DRAW = 1


@dataclass(frozen=True, eq=False)
class Scored:
    """Converted ratings of the selected rows.

    Attributes
    ----------
    selection
        The rows.
    ratings
        (n, d) converted ratings of the d dimensions of the recipe; missing ones NaN.
    signed_weights
        (d,) weight times valence.
    middles
        (d,) middle of each converted scale.
    """

    selection: Selection
    ratings: np.ndarray
    signed_weights: np.ndarray
    middles: np.ndarray

    @property
    def neutral(self) -> float:
        """Utility of the middle of every scale."""
        return round(float(self.signed_weights @ self.middles), DECIMALS)

    def utility(self, ratings: np.ndarray) -> np.ndarray:
        """(m,) weighted sums over the dimensions of (m, d) ratings; NaN where one is missing."""
        return np.round(ratings @ self.signed_weights, DECIMALS)


@dataclass(frozen=True, eq=False)
class RaterUtilities:
    """What every rater says.

    Attributes
    ----------
    position
        (m,) which rows of the selection; raters who skipped a dimension are not among them.
    cell, weight, utility
        (m,) of what, with what weight, and what each says.
    """

    position: np.ndarray
    cell: np.ndarray
    weight: np.ndarray
    utility: np.ndarray


@dataclass(frozen=True, eq=False)
class AggregatedUtilities:
    """One value for each response.

    Attributes
    ----------
    utility
        (cells,) utility of each response; NaN where nothing is said.
    ratings
        (cells, d) the converted ratings behind it.
    position
        (m,) rows of the selection that were drawn; all rows unless one rater speaks for all.
    """

    utility: np.ndarray
    ratings: np.ndarray
    position: np.ndarray


def score(selection: Selection) -> Scored:
    """Convert the ratings that a recipe uses."""
    recipe, book = selection.recipe, selection.study.codebook.dimensions
    signs = selection.study.codebook.signs(recipe.dimensions, "preferences")
    given = selection.responses.ratings[np.ix_(selection.rows, selection.columns)]
    converted = [
        dimension_conversion(name, book[name], recipe.scale)(given[:, k])
        for k, name in enumerate(recipe.dimensions)
    ]
    return Scored(
        selection,
        np.column_stack(converted),
        np.array([signs[name] * recipe.weights[name] for name in recipe.dimensions]),
        np.array([middle(book[name], recipe.scale) for name in recipe.dimensions]),
    )


def rater_utilities(scored: Scored) -> RaterUtilities:
    """Every rater's own utility: the weighted sum over dimensions, which needs all of them."""
    selection, utility = scored.selection, scored.utility(scored.ratings)
    whole = ~np.isnan(utility)
    selection.excluded.add("rated responses that skip one of several dimensions", (~whole).sum())
    of_row = selection.cell[whole], selection.weight[whole], utility[whole]
    return RaterUtilities(np.flatnonzero(whole), *of_row)


def aggregated_utilities(scored: Scored) -> AggregatedUtilities:
    """One utility for each response, as the recipe's strategy has it."""
    selection = scored.selection
    if selection.recipe.treatment.voices == "drawn":
        return _drawn(scored)
    n_cells, each = selection.responses.n_cells, range(scored.ratings.shape[1])
    ratings = np.column_stack([_aggregate(scored, dimension) for dimension in each])
    utility = scored.utility(ratings)
    rated = np.zeros((n_cells, len(each)), bool)
    for dimension in each:
        rated[selection.cell[~np.isnan(scored.ratings[:, dimension])], dimension] = True
    partly = rated.any(axis=1) & ~rated.all(axis=1)
    selection.excluded.add("responses without a rating on one of several dimensions", partly.sum())
    silent = rated.all(axis=1) & np.isnan(utility)
    selection.excluded.add(selection.recipe.treatment.silent, silent.sum())
    return AggregatedUtilities(utility, ratings, np.arange(len(selection.rows)))


def _aggregate(scored: Scored, dimension: int) -> np.ndarray:
    """(cells,) one rating for each response."""
    selection = scored.selection
    aggregate = selection.recipe.treatment.aggregate
    assert aggregate is not None  # noqa: S101
    rating = scored.ratings[:, dimension]
    given = ~np.isnan(rating)
    cell, weight, rating = selection.cell[given], selection.weight[given], rating[given]
    made = np.full(selection.responses.n_cells, np.nan)
    for run in runs_of(cell):
        cells, row = np.unique(cell[run], return_inverse=True)
        found = dispersion_of(rating[run], row, weight[run], len(cells))
        made[cells] = aggregate(found.weights, found.values, float(scored.middles[dimension]))
    return made


def _drawn(scored: Scored) -> AggregatedUtilities:
    """One rater of each response, drawn with probabilities in proportion to the weights.

    Every row of the study has a draw of its own, so that the same raters are drawn where others
    are left out.
    """
    selection, own = scored.selection, rater_utilities(scored)
    seed, n_rows = [selection.recipe.seed, _DRAW], len(selection.responses.item)
    clock = np.random.default_rng(seed).standard_exponential(n_rows)
    keys = clock[selection.rows[own.position]] / own.weight
    chosen = own.position[first_drawn(own.cell, keys)]
    ratings = np.full((selection.responses.n_cells, scored.ratings.shape[1]), np.nan)
    ratings[selection.cell[chosen]] = scored.ratings[chosen]
    return AggregatedUtilities(scored.utility(ratings), ratings, chosen)


def first_drawn(cell: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """For each cell that occurs the position of its smallest key, by rising cell."""
    order = np.lexsort((keys, cell))
    first = np.ones(len(order), bool)
    first[1:] = np.diff(cell[order]) > 0
    return order[first]
