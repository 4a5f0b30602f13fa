"""One simulated study: its ratings are drawn, and the model of the analysis is fitted to them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError
from pluralign_stats.fits.fit import Fit
from pluralign_stats.fits.linear import fit_linear
from pluralign_stats.fits.ordinal import fit_ordinal
from pluralign_stats.planning.design import StudyDesign
from pluralign_stats.simulate.design import draw_design
from pluralign_stats.storage.digest import seed_of

Model = Literal["ordinal", "linear"]

#: What fits each kind of model.
MODELS: dict[str, Callable[[str, pd.DataFrame], Fit]] = {
    "ordinal": fit_ordinal,
    "linear": fit_linear,
}

_FORMULA = "rating ~ group + (1|rater) + (1|item)"


class Replicate(NamedTuple):
    """What the analysis of one simulated study found.

    Attributes
    ----------
    estimate, std_error, p_value
        Of the group's effect; all missing where the fit failed.
    covered
        Whether the interval holds the truth.
    """

    estimate: float
    std_error: float
    p_value: float
    covered: bool


FAILED = Replicate(float("nan"), float("nan"), float("nan"), False)


def replicate(design: StudyDesign, model: Model, seed: int, number: int) -> Replicate:
    """Draw one study and test the group's effect in it.

    Parameters
    ----------
    design
        The planned study.
    model
        Which model is fitted, with raters and items as random effects.
    seed, number
        Seed of all, and which one this is; with a design they determine the ratings, whatever the
        model.

    Returns
    -------
    Replicate
        `FAILED` where the model cannot be fitted or has not converged.
    """
    try:
        fit = MODELS[model](_FORMULA, draw_study(design, seed, number))
    except InputError:
        return FAILED
    if not fit.converged or not fit.se.get("group", 0.0) > 0:
        return FAILED
    tested = fit.summary().table.set_index("term").loc["group"]
    truth = true_effect(design, model)
    covered = bool(tested["conf_low"] <= truth <= tested["conf_high"])
    estimate, std_error, p_value = map(float, tested[["estimate", "std_error", "p_value"]])
    return Replicate(estimate, std_error, p_value, covered)


@dataclass(frozen=True)
class Task:
    """Some replicates of one design.

    Attributes
    ----------
    design, model, seed
        As for `replicate`.
    numbers
        Which replicates.
    """

    design: StudyDesign
    model: Model
    seed: int
    numbers: tuple[int, ...]


def do_task(task: Task, _: object) -> list[Replicate]:
    """Make the replicates of a task, in a worker."""
    return [replicate(task.design, task.model, task.seed, number) for number in task.numbers]


def true_effect(design: StudyDesign, model: Model) -> float:
    """What a model estimates: the effect in logits, or the difference of mean ratings."""
    return design.effect if model == "ordinal" else design.mean_difference


def draw_study(design: StudyDesign, seed: int, number: int) -> pd.DataFrame:
    """Draw the ratings of one study.

    Returns
    -------
    DataFrame
        One row per rating: columns rating (from 1), group (1 in the group, else 0), rater, item.
    """
    told = json.dumps(design.numbers(), sort_keys=True)
    entropy = seed_of(told, 16)
    rng = np.random.default_rng([seed, entropy, number])
    shown = draw_design(design.raters, design.items, design.ratings_per_rater, rng)
    group = np.zeros(design.raters)
    group[: design.group_raters] = 1.0
    leaning = design.effect * group + design.rater_sd * rng.standard_normal(design.raters)
    pull = design.item_sd * rng.standard_normal(design.items)
    latent = leaning[:, None] + pull[shown] + rng.logistic(size=shown.shape)
    rater = np.repeat(np.arange(design.raters), design.ratings_per_rater)
    return pd.DataFrame(
        {
            "rating": 1 + (design.points or 1) * np.searchsorted(design.thresholds, latent.ravel()),
            "group": group[rater],
            "rater": rater,
            "item": shown.ravel(),
        }
    )
