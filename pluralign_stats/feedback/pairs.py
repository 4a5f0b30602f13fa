"""Preference pairs: which of two responses to one prompt a group prefers."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError
from pluralign_stats.feedback.feedback import Feedback
from pluralign_stats.feedback.preferences import (
    Preferences,
    all_preferences,
    joined,
    one_preference,
    runs_of,
    spread_of,
    within_groups,
)
from pluralign_stats.feedback.recipe import Recipe
from pluralign_stats.feedback.responses import Responses, responses_of
from pluralign_stats.feedback.selection import (
    Exclusions,
    Selection,
    recipe_notes,
    select,
    stratum_names,
)
from pluralign_stats.feedback.voices import individuals, one_voice, score
from pluralign_stats.study.study import Study


def preference_pairs(
    study: Study, recipe: Recipe, prompts: Collection[str] | None = None
) -> Feedback:
    """Preferences between responses to the same prompt, as a recipe makes them from ratings.

    Parameters
    ----------
    study
        The study.
    recipe
        How ratings become feedback.
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
    """
    responses = responses_of(study)
    selection = select(study, responses, recipe, prompts)
    found = compare(study, responses, recipe, selection)
    if not len(found.n):
        raise InputError(
            f"{recipe.name} gives no preference pairs: {_why(selection)}; choose another strategy, "
            "scale or group, or more prompts"
        )
    table = _table(responses, recipe, found)
    notes = recipe_notes(study, recipe)
    return Feedback("pairs", recipe, table, selection.excluded.table(), notes)


def compare(
    study: Study, responses: Responses, recipe: Recipe, selection: Selection
) -> Preferences:
    """All preferences of the selected ratings, sorted; what gives none is counted as excluded."""
    scored = score(study, responses, recipe, selection)
    excluded = selection.excluded
    if recipe.treatment.voices == "every":
        own = individuals(scored, excluded)
        stratum, weight = selection.stratum[own.position], selection.weight[own.position]
        total = np.bincount(stratum, minlength=responses.n_strata)
        left, right = _pairs(responses, recipe, total > 0, excluded)
        found = _between_raters(responses, recipe, own.utility, stratum, weight, left, right)
        compared = int(total[left] @ total[right])
        excluded.add(_tied("comparisons of two ratings", recipe), compared - found.n.sum())
    else:
        utility = one_voice(responses, recipe, selection, scored, excluded).utility
        left, right = _pairs(responses, recipe, ~np.isnan(utility), excluded)
        found = one_preference(utility, left, right, recipe.min_margin)
        excluded.add(_tied("pairs of responses", recipe), len(left) - len(found.n))
    order = _order(responses, found)
    return found.sorted(order)


def _between_raters(
    responses: Responses,
    recipe: Recipe,
    utility: np.ndarray,
    stratum: np.ndarray,
    weight: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
) -> Preferences:
    """Preferences between single raters, prompt by prompt; (m,) raters and (q,) pairs of strata."""
    asked, found = responses.asked, []
    number = np.full(asked.max() + 1, -1)
    for k, run in enumerate(runs_of(asked[stratum])):
        number[asked[stratum[run]]] = k
        strata, row = np.unique(stratum[run], return_inverse=True)
        spread = spread_of(utility[run], row, weight[run], len(strata))
        own = number[asked[left]] == k
        one, other = (np.searchsorted(strata, side[own]) for side in (left, right))
        found.append(all_preferences(spread, one, other, recipe.min_margin).of(strata))
    return joined(found) if found else one_preference(utility, left, right, recipe.min_margin)


def _tied(what: str, recipe: Recipe) -> str:
    least = f" or differ by less than {recipe.min_margin:g}" if recipe.min_margin else ""
    return f"{what} that tie{least}"


def _pairs(
    responses: Responses, recipe: Recipe, present: np.ndarray, excluded: Exclusions
) -> tuple[np.ndarray, np.ndarray]:
    """Strata of all two responses to one prompt in one language; counts responses on their own."""
    strata = np.flatnonzero(present)
    group = responses.asked[strata]
    order = np.argsort(group, kind="stable")
    strata, group = strata[order], group[order]
    left, right = within_groups(group)
    alone = np.bincount(group) == 1 if len(group) else np.zeros(0, bool)
    several = len(responses.languages) > 1 and recipe.languages == "separate"
    within = " in a language" if several else ""
    excluded.add(f"prompts with one response left{within}", alone.sum())
    return strata[left], strata[right]


def _order(responses: Responses, found: Preferences) -> np.ndarray:
    item, language = np.divmod(found.chosen, len(responses.languages))
    return np.lexsort((found.rejected, found.chosen, language, responses.prompt_of[item]))


def _table(responses: Responses, recipe: Recipe, found: Preferences) -> pd.DataFrame:
    chosen = stratum_names(responses, recipe, found.chosen)
    return pd.DataFrame(
        {
            "prompt": chosen["prompt"],
            "language": chosen["language"],
            "chosen": chosen["item"],
            "rejected": stratum_names(responses, recipe, found.rejected)["item"],
            "utility_chosen": found.utility_chosen,
            "utility_rejected": found.utility_rejected,
            "margin": found.utility_chosen - found.utility_rejected,
            "n": found.n,
            "weight": found.weight,
            "p": found.share,
        }
    )


def _why(selection: Selection) -> str:
    rated = len(np.unique(selection.stratum))
    told = f"{len(selection.rows):,} ratings of {rated:,} responses were used"
    left_out = selection.excluded.told()
    return f"{told} ({left_out})" if left_out else told
