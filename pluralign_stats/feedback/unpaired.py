"""Unpaired feedback: which responses a group finds desirable, each on its own."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError
from pluralign_stats.feedback.feedback import Feedback
from pluralign_stats.feedback.recipe import Recipe
from pluralign_stats.feedback.selection import cell_names, recipe_notes, select
from pluralign_stats.feedback.utilities import aggregated_utilities, rater_utilities, score
from pluralign_stats.study.study import Study


def unpaired_feedback(
    study: Study, recipe: Recipe, prompts: Collection[str] | None = None
) -> Feedback:
    """Responses that are desirable or not: those with a utility above or below the scale's middle.

    Prompts with a single response count here, which give no pairs. Where every rater speaks, a
    response can be both, as often as raters find it so.

    Parameters
    ----------
    study, recipe, prompts
        As for `preference_pairs`. The recipe's `min_margin` is the smallest distance from the
        middle.

    Returns
    -------
    Feedback
        Of kind ``"unpaired"``.

    Raises
    ------
    InputError
        If the recipe names what the study does not have or asks for soft labels, or no response
        is on either side.

    References
    ----------
    Ethayarajh, Xu, Muennighoff, Jurafsky & Kiela (2024), arXiv 2402.01306, for what tunes on
    such responses (KTO).

    Examples
    --------
    >>> pls.feedback.unpaired_feedback(study, recipe).kind
    'unpaired'
    """
    if recipe.labels == "soft":
        raise InputError("unpaired feedback has no soft labels; set labels to 'hard'")
    selection = select(study, recipe, prompts)
    scored = score(selection)
    if recipe.treatment.voices == "every":
        own = rater_utilities(scored)
        utility, cell, weight = own.utility, own.cell, own.weight
    else:
        utility = aggregated_utilities(scored).utility
        cell = np.flatnonzero(~np.isnan(utility))
        utility, weight = utility[cell], np.ones(len(cell))
    distance = utility - scored.neutral
    sided = (np.abs(distance) >= recipe.min_margin * (1 - 1e-9)) & (distance != 0)
    what = "ratings" if recipe.treatment.voices == "every" else "responses"
    near = f" or closer to it than {recipe.min_margin:g}" if recipe.min_margin else ""
    selection.excluded.add(f"{what} in the middle of the scale{near}", (~sided).sum())
    if not sided.any():
        raise InputError(
            f"{recipe.name} gives no unpaired feedback: {selection.excluded.describe()}; choose "
            "another strategy, scale or group, or more prompts"
        )
    verdict = cell[sided] * 2 + (distance[sided] > 0)
    table = _counted(verdict, utility[sided], weight[sided])
    named = cell_names(selection, table["verdict"].to_numpy() // 2)
    table = table.assign(**named, desirable=table["verdict"] % 2 == 1)
    table = table.sort_values(["prompt", "language", "item", "desirable"], ignore_index=True)
    columns = ["prompt", "language", "item", "utility", "desirable", "n", "weight"]
    notes = recipe_notes(study, recipe)
    return Feedback("unpaired", recipe, table[columns], selection.excluded.table(), notes)


def _counted(verdict: np.ndarray, utility: np.ndarray, weight: np.ndarray) -> pd.DataFrame:
    """Mean utility, number and weight of each verdict that occurs."""
    found, code = np.unique(verdict, return_inverse=True)
    total = np.bincount(code, weights=weight)
    return pd.DataFrame(
        {
            "verdict": found,
            "utility": np.bincount(code, weights=utility * weight) / total,
            "n": np.bincount(code),
            "weight": total,
        }
    )
