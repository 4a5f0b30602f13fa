"""What part each rater has in the preferences that a recipe makes."""

from dataclasses import dataclass

import numpy as np

from pluralign_stats.feedback.pairs import compare
from pluralign_stats.feedback.preferences import (
    Dispersion,
    Preferences,
    below,
    cumulated,
    dispersion_of,
    runs_of,
)
from pluralign_stats.feedback.selection import Selection
from pluralign_stats.feedback.utilities import (
    AggregatedUtilities,
    Scored,
    aggregated_utilities,
    rater_utilities,
    score,
)


@dataclass(frozen=True, eq=False)
class Parts:
    """Preferences, and who stands behind them.

    Attributes
    ----------
    selection
        The ratings.
    preferences
        All of them.
    part
        (n,) part of each selected row. Every preference is shared out in full: half of it to each
        response, and there among the raters who speak for it. Those are the rater whose own
        preference it is (`preserve`), the rater drawn (`random`), the raters of the modal rating
        (`majority`), or all raters of the response (`mean`, `median`, `consensus`), in proportion
        to their weights.
    """

    selection: Selection
    preferences: Preferences
    part: np.ndarray

    @property
    def speaking(self) -> np.ndarray:
        """Numbers of the raters who have a part."""
        rows = self.selection.rows[self.part > 0]
        return np.unique(self.selection.responses.rater[rows])


def parts_of(selection: Selection) -> Parts:
    """Share out the preferences of a recipe among its raters."""
    found, scored = compare(selection), score(selection.counted_anew())
    if selection.recipe.treatment.voices == "every":
        return Parts(selection, found, _of_raters(scored))
    made = aggregated_utilities(scored)
    both = np.r_[found.chosen, found.rejected]
    mass = np.bincount(both, minlength=len(made.utility)) / 2
    return Parts(selection, found, mass[selection.cell] * _behind(scored, made))


def _of_raters(scored: Scored) -> np.ndarray:
    """Half of all preferences in which each rater's own rating takes part."""
    selection, own = scored.selection, rater_utilities(scored)
    asked, part = selection.responses.asked, np.zeros(len(selection.rows))
    for run in runs_of(asked[own.cell]):
        cells, row = np.unique(own.cell[run], return_inverse=True)
        found = dispersion_of(own.utility[run], row, own.weight[run], len(cells))
        differing = _differing(found, selection.recipe.min_margin)
        prompts, of = np.unique(asked[cells], return_inverse=True)
        together = np.zeros((len(prompts), differing.shape[1]))
        np.add.at(together, of, differing)
        value = np.searchsorted(found.values, own.utility[run])
        others = together[of[row], value] - differing[row, value]
        part[own.position[run]] = own.weight[run] * others / 2
    return part


def _differing(found: Dispersion, min_margin: float) -> np.ndarray:
    """(cells, v) weight of the raters whose utility differs from each value far enough."""
    sums, values = cumulated(found.weights), found.values
    beyond = below(-values[::-1], min_margin)[::-1]
    return sums[:, below(values, min_margin)] + sums[:, -1:] - sums[:, len(values) - beyond]


def _behind(scored: Scored, made: AggregatedUtilities) -> np.ndarray:
    """(n,) share of each row in its response, by who speaks for it; dimensions by their weight."""
    selection, treatment = scored.selection, scored.selection.recipe.treatment
    share = np.zeros(len(selection.rows))
    if treatment.voices == "drawn":
        share[made.position] = 1
        return share
    importance = np.abs(scored.signed_weights) / np.abs(scored.signed_weights).sum()
    for dimension, given in enumerate(scored.ratings.T):
        speaks = treatment.speakers(given, made.ratings[selection.cell, dimension])
        weight = selection.weight * speaks
        total = np.bincount(selection.cell, weights=weight, minlength=len(made.utility))
        total = np.where(total > 0, total, 1)
        share += importance[dimension] * weight / total[selection.cell]
    return share


def effective_number(part: np.ndarray) -> float:
    """Kish's effective sample size: as many equal parts would be as uneven.

    References
    ----------
    Kish (1965), Survey Sampling, section 11.7.
    """
    squares = float(part @ part)
    return float(part.sum()) ** 2 / squares if squares else 0.0
