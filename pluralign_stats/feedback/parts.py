"""What part each rater has in the preferences that a recipe makes."""

from dataclasses import dataclass

import numpy as np

from pluralign_stats.feedback.pairs import compare
from pluralign_stats.feedback.preferences import Preferences, Spread, below, runs_of, spread_of
from pluralign_stats.feedback.recipe import Recipe
from pluralign_stats.feedback.responses import Responses
from pluralign_stats.feedback.selection import Exclusions, Selection
from pluralign_stats.feedback.voices import OneVoice, Scored, individuals, one_voice, score
from pluralign_stats.study.study import Study


@dataclass(frozen=True, eq=False)
class Parts:
    """Preferences, and who stands behind them.

    Attributes
    ----------
    preferences
        All of them.
    part
        (n,) part of each selected row. Every preference is shared out in full: half of it to each
        response, and there among the raters who speak for it. Those are the rater whose own
        preference it is (`preserve`), the rater drawn (`random`), the raters of the modal rating
        (`majority`), or all raters of the response (`mean`, `median`, `consensus`), in proportion
        to their weights.
    """

    preferences: Preferences
    part: np.ndarray


def parts_of(study: Study, responses: Responses, recipe: Recipe, selection: Selection) -> Parts:
    """Share out the preferences of a recipe among its raters."""
    scored = score(study, responses, recipe, selection)
    found = compare(study, responses, recipe, selection)
    if recipe.treatment.voices == "every":
        return Parts(found, _of_individuals(responses, recipe, selection, scored))
    voice = one_voice(responses, recipe, selection, scored, Exclusions())
    both = np.r_[found.chosen, found.rejected]
    mass = np.bincount(both, minlength=responses.n_strata) / 2
    return Parts(found, mass[selection.stratum] * _behind(recipe, selection, scored, voice))


def _of_individuals(
    responses: Responses, recipe: Recipe, selection: Selection, scored: Scored
) -> np.ndarray:
    """Half of all preferences in which each rater's own rating takes part."""
    own = individuals(scored, Exclusions())
    stratum, weight = selection.stratum[own.position], selection.weight[own.position]
    asked, part = responses.asked, np.zeros(len(selection.rows))
    for run in runs_of(asked[stratum]):
        strata, row = np.unique(stratum[run], return_inverse=True)
        spread = spread_of(own.utility[run], row, weight[run], len(strata))
        differing = _differing(spread, recipe.min_margin)
        prompts, of = np.unique(asked[strata], return_inverse=True)
        together = np.zeros((len(prompts), differing.shape[1]))
        np.add.at(together, of, differing)
        value = np.searchsorted(spread.values, own.utility[run])
        others = together[of[row], value] - differing[row, value]
        part[own.position[run]] = weight[run] * others / 2
    return part


def _differing(spread: Spread, min_margin: float) -> np.ndarray:
    """(strata, v) weight of the raters whose utility differs from each value far enough."""
    sums = np.zeros((spread.weights.shape[0], len(spread.values) + 1))
    np.cumsum(spread.weights, axis=1, out=sums[:, 1:])
    total = sums[:, -1:]
    under = sums[:, below(spread.values, min_margin)]
    beyond = below(-spread.values[::-1], min_margin)[::-1]
    return under + total - sums[:, len(spread.values) - beyond]


def _behind(recipe: Recipe, selection: Selection, scored: Scored, voice: OneVoice) -> np.ndarray:
    """(n,) share of each row in its response, by who speaks for it; dimensions by their weight."""
    n, d = scored.ratings.shape
    if recipe.treatment.voices == "drawn":
        share = np.zeros(n)
        share[voice.position] = 1
        return share
    importance = np.abs(scored.signed_weights) / np.abs(scored.signed_weights).sum()
    share = np.zeros(n)
    for dimension in range(d):
        given = scored.ratings[:, dimension]
        speaks = recipe.treatment.speakers(given, voice.ratings[selection.stratum, dimension])
        weight = selection.weight * speaks
        total = np.bincount(selection.stratum, weights=weight, minlength=len(voice.utility))
        total = np.where(total > 0, total, 1)
        share += importance[dimension] * weight / total[selection.stratum]
    return share


def effective_number(part: np.ndarray) -> float:
    """Kish's effective sample size: as many equal parts would be as uneven.

    References
    ----------
    Kish (1965), Survey Sampling, section 11.7.
    """
    squares = float(part @ part)
    return float(part.sum()) ** 2 / squares if squares else 0.0
