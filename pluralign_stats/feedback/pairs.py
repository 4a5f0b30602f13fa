"""Preference pairs: which of two responses to one prompt a group prefers."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from pluralign_stats.choices.choices import Choices
from pluralign_stats.errors import InputError
from pluralign_stats.feedback.choice_pairs import choice_pairs
from pluralign_stats.feedback.choice_recipe import ChoiceRecipe
from pluralign_stats.feedback.feedback import Feedback
from pluralign_stats.feedback.preferences import (
    Preferences,
    all_preferences,
    dispersion_of,
    joined,
    one_preference,
    runs_of,
    within_groups,
)
from pluralign_stats.feedback.recipe import Recipe
from pluralign_stats.feedback.selection import Selection, cell_names, recipe_notes, select
from pluralign_stats.feedback.utilities import (
    RaterUtilities,
    aggregated_utilities,
    rater_utilities,
    score,
)
from pluralign_stats.study.study import Study


def preference_pairs(
    study: Study | Choices,
    recipe: Recipe | ChoiceRecipe,
    prompts: Collection[str] | None = None,
) -> Feedback:
    """Preferences between responses to one prompt, as a recipe makes them of ratings or choices.

    Parameters
    ----------
    study
        The study, or the choices.
    recipe
        How they become feedback: a `Recipe` of ratings, a `ChoiceRecipe` of choices.
    prompts
        Names of the prompts to use, such as those to train on; all of them unless stated.

    Returns
    -------
    Feedback
        Of kind ``"pairs"``.

    Raises
    ------
    InputError
        If the recipe names what the study does not have, or there is no pair.

    References
    ----------
    Rafailov et al. (2023), arXiv 2305.18290, for what tunes on such pairs (DPO).

    Examples
    --------
    >>> feedback = pls.preference_pairs(study, recipe)
    >>> feedback.size
    34
    """
    if isinstance(study, Choices):
        return choice_pairs(study, _of_choices(recipe), prompts)
    if isinstance(recipe, ChoiceRecipe):
        raise InputError(
            "this recipe is for choices, and the study holds ratings; make it a Recipe, with the "
            "dimensions that count as its 'weights'"
        )
    selection = select(study, recipe, prompts)
    found = compare(selection)
    if not len(found.n):
        raise InputError(
            f"{recipe.name} gives no preference pairs: {_why(selection)}; choose another strategy, "
            "scale or group, or more prompts"
        )
    notes = recipe_notes(study, recipe)
    return Feedback("pairs", recipe, _table(selection, found), selection.excluded.table(), notes)


def _of_choices(recipe: Recipe | ChoiceRecipe) -> ChoiceRecipe:
    """Refuse recipes of ratings, which choices have none of."""
    if isinstance(recipe, ChoiceRecipe):
        return recipe
    raise InputError(
        f"the recipe '{recipe.name}' is for ratings, and these are choices; make it a "
        "ChoiceRecipe, without weights and scale"
    )


def compare(selection: Selection) -> Preferences:
    """All preferences of the selected ratings, sorted; what gives none is counted as excluded."""
    scored, responses, recipe = score(selection), selection.responses, selection.recipe
    if recipe.treatment.voices == "every":
        own = rater_utilities(scored)
        total = np.bincount(own.cell, minlength=responses.n_cells)
        left, right = _pairs(selection, total > 0)
        found = _between_raters(selection, own, left, right)
        what, compared = "comparisons of two ratings", int(total[left] @ total[right])
    else:
        utility = aggregated_utilities(scored).utility
        left, right = _pairs(selection, ~np.isnan(utility))
        found = one_preference(utility, left, right, recipe.min_margin)
        what, compared = "pairs of responses", len(left)
    least = f" or differ by less than {recipe.min_margin:g}" if recipe.min_margin else ""
    selection.excluded.add(f"{what} that tie{least}", compared - found.n.sum())
    item, language = np.divmod(found.chosen, len(responses.languages))
    prompt = responses.prompt_of[item]
    return found.sorted(np.lexsort((found.rejected, found.chosen, language, prompt)))


def _between_raters(
    selection: Selection, own: RaterUtilities, left: np.ndarray, right: np.ndarray
) -> Preferences:
    """Preferences between single raters, prompt by prompt, in (q,) pairs of cells."""
    asked, least, found = selection.responses.asked, selection.recipe.min_margin, []
    number = np.full(asked.max() + 1, -1)
    for k, run in enumerate(runs_of(asked[own.cell])):
        number[asked[own.cell[run]]] = k
        cells, row = np.unique(own.cell[run], return_inverse=True)
        dispersion = dispersion_of(own.utility[run], row, own.weight[run], len(cells))
        here = number[asked[left]] == k
        one, other = (np.searchsorted(cells, side[here]) for side in (left, right))
        found.append(all_preferences(dispersion, one, other, least).of(cells))
    return joined(found) if found else one_preference(own.utility, left, right, least)


def _pairs(selection: Selection, present: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cells of all two responses to one prompt in one language; counts responses on their own."""
    cells = np.flatnonzero(present)
    group = selection.responses.asked[cells]
    order = np.argsort(group, kind="stable")
    cells, group = cells[order], group[order]
    left, right = within_groups(group)
    alone = np.bincount(group) == 1 if len(group) else np.zeros(0, bool)
    several = len(selection.responses.languages) > 1 and selection.recipe.languages == "separate"
    within = " in a language" if several else ""
    selection.excluded.add(f"prompts with one response left{within}", alone.sum())
    return cells[left], cells[right]


def _table(selection: Selection, found: Preferences) -> pd.DataFrame:
    chosen = cell_names(selection, found.chosen)
    return pd.DataFrame(
        {
            "prompt": chosen["prompt"],
            "language": chosen["language"],
            "chosen": chosen["item"],
            "rejected": cell_names(selection, found.rejected)["item"],
            "utility_chosen": found.utility_chosen,
            "utility_rejected": found.utility_rejected,
            "margin": found.utility_chosen - found.utility_rejected,
            "n": found.n,
            "weight": found.weight,
            "p": found.share,
        }
    )


def _why(selection: Selection) -> str:
    rated = len(np.unique(selection.cell))
    told = f"{len(selection.rows):,} ratings of {rated:,} responses were used"
    left_out = selection.excluded.describe()
    return f"{told} ({left_out})" if left_out else told
