"""Who speaks for a response, and with what utility: single raters, or one value for all."""

from dataclasses import dataclass

import numpy as np

from pluralign_stats.feedback.preferences import runs_of, spread_of
from pluralign_stats.feedback.recipe import Recipe
from pluralign_stats.feedback.responses import Responses
from pluralign_stats.feedback.scales import dimension_conversion, middle
from pluralign_stats.feedback.selection import Exclusions, Selection
from pluralign_stats.study.study import Study

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
    ratings
        (n, d) converted ratings of the d dimensions of the recipe; missing ones NaN.
    signed_weights
        (d,) weight times valence.
    middles
        (d,) middle of each converted scale.
    """

    ratings: np.ndarray
    signed_weights: np.ndarray
    middles: np.ndarray

    @property
    def neutral(self) -> float:
        """Utility of the middle of every scale."""
        return round(float(self.signed_weights @ self.middles), DECIMALS)


@dataclass(frozen=True, eq=False)
class Individuals:
    """Every rater speaks.

    Attributes
    ----------
    position
        (m,) which rows of the selection; raters who skipped a dimension are not among them.
    utility
        (m,) what each says.
    """

    position: np.ndarray
    utility: np.ndarray


@dataclass(frozen=True, eq=False)
class OneVoice:
    """One value speaks for each response.

    Attributes
    ----------
    utility
        (strata,) utility of each response; NaN where nothing is said.
    ratings
        (strata, d) the converted ratings behind it.
    position
        (m,) rows of the selection that were drawn; all rows unless one rater speaks for all.
    """

    utility: np.ndarray
    ratings: np.ndarray
    position: np.ndarray


def score(study: Study, responses: Responses, recipe: Recipe, selection: Selection) -> Scored:
    """Convert the ratings that a recipe uses."""
    book, names = study.codebook.dimensions, recipe.dimensions
    columns = [responses.dimensions.index(name) for name in names]
    conversions = [dimension_conversion(name, book[name], recipe.scale) for name in names]
    given = responses.ratings[np.ix_(selection.rows, columns)]
    return Scored(
        np.column_stack([convert(given[:, k]) for k, convert in enumerate(conversions)]),
        np.array([book[name].valence * recipe.weights[name] for name in names]),
        np.array([middle(book[name], recipe.scale) for name in names]),
    )


def individuals(scored: Scored, excluded: Exclusions) -> Individuals:
    """Every rater's own utility: the weighted sum over dimensions, which needs all of them."""
    utility = np.round(scored.ratings @ scored.signed_weights, DECIMALS)
    whole = ~np.isnan(utility)
    excluded.add("rated responses that skip one of several dimensions", (~whole).sum())
    return Individuals(np.flatnonzero(whole), utility[whole])


def one_voice(
    responses: Responses, recipe: Recipe, selection: Selection, scored: Scored, excluded: Exclusions
) -> OneVoice:
    """One utility for each response, as the recipe's strategy has it."""
    if recipe.treatment.voices == "drawn":
        return _drawn(responses, recipe, selection, scored, excluded)
    ratings = np.column_stack(
        [
            _aggregate(responses, recipe, selection, scored, dimension)
            for dimension in range(scored.ratings.shape[1])
        ]
    )
    return _said(responses, recipe, selection, scored, ratings, excluded)


def _aggregate(
    responses: Responses, recipe: Recipe, selection: Selection, scored: Scored, dimension: int
) -> np.ndarray:
    """(strata,) one rating for each response."""
    aggregate = recipe.treatment.aggregate
    assert aggregate is not None  # noqa: S101
    rating = scored.ratings[:, dimension]
    given = ~np.isnan(rating)
    stratum, weight, rating = selection.stratum[given], selection.weight[given], rating[given]
    made = np.full(responses.n_strata, np.nan)
    for run in runs_of(stratum):
        strata, row = np.unique(stratum[run], return_inverse=True)
        spread = spread_of(rating[run], row, weight[run], len(strata))
        made[strata] = aggregate(spread.weights, spread.values, float(scored.middles[dimension]))
    return made


def _said(
    responses: Responses,
    recipe: Recipe,
    selection: Selection,
    scored: Scored,
    ratings: np.ndarray,
    excluded: Exclusions,
) -> OneVoice:
    """Utilities of aggregated ratings; counts the responses that have none, and why."""
    utility = np.round(ratings @ scored.signed_weights, DECIMALS)
    rated = np.zeros((responses.n_strata, ratings.shape[1]), bool)
    for dimension in range(ratings.shape[1]):
        rated[selection.stratum[~np.isnan(scored.ratings[:, dimension])], dimension] = True
    partly = rated.any(axis=1) & ~rated.all(axis=1)
    excluded.add("responses without a rating on one of several dimensions", partly.sum())
    silent = rated.all(axis=1) & np.isnan(utility)
    excluded.add(recipe.treatment.silent, silent.sum())
    return OneVoice(utility, ratings, np.arange(len(selection.rows)))


def _drawn(
    responses: Responses, recipe: Recipe, selection: Selection, scored: Scored, excluded: Exclusions
) -> OneVoice:
    """One rater of each response, drawn with probabilities in proportion to the weights.

    Every row of the study has a draw of its own, so that the same raters are drawn where others
    are left out.
    """
    own = individuals(scored, excluded)
    clock = np.random.default_rng([recipe.seed, _DRAW]).standard_exponential(len(responses.item))
    keys = clock[selection.rows[own.position]] / selection.weight[own.position]
    chosen = own.position[first_drawn(selection.stratum[own.position], keys)]
    ratings = np.full((responses.n_strata, scored.ratings.shape[1]), np.nan)
    ratings[selection.stratum[chosen]] = scored.ratings[chosen]
    utility = np.round(ratings @ scored.signed_weights, DECIMALS)
    return OneVoice(utility, ratings, chosen)


def first_drawn(stratum: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """For each stratum that occurs the position of its smallest key, by rising stratum."""
    order = np.lexsort((keys, stratum))
    first = np.ones(len(order), bool)
    first[1:] = np.diff(stratum[order]) > 0
    return order[first]
