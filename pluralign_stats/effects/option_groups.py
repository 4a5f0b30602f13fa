"""What all tables of a model of choices need: groups of raters, notes and what is withheld."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from pluralign_stats.backing import Backing
from pluralign_stats.errors import NotApplicableError
from pluralign_stats.models.choice_estimates import ChoiceEstimates
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.significance import check_level
from pluralign_stats.words import counted

#: The sentence of a table of some of the rows.
Retell = Callable[[pd.DataFrame], str]

#: What the group of all raters is called.
ALL = "All raters"


@dataclass(frozen=True, eq=False)
class OptionGroups:
    """Groups of raters: names, covariates (g, c), and how many raters each has.

    `behind` (g, S) are those of them who judged each option.
    """

    term: str
    names: tuple[str, ...]
    covariates: np.ndarray
    raters: np.ndarray
    behind: np.ndarray


def option_groups(fit: ChoiceEstimates, by: str | None) -> OptionGroups:
    """Groups of raters by a demographic of the model; all raters as one where there is none."""
    covariates = fit.covariates_at(by)
    behind = fit.raters_who_compared(by)
    if by is None:
        return OptionGroups("", (ALL,), covariates, np.array([fit.n_raters]), behind)
    return OptionGroups(by, fit.rows.levels[by], covariates, fit.raters_of[by].to_numpy(), behind)


def need_options(fit: ChoiceEstimates) -> None:
    """Refuse a model that has strengths of single responses only."""
    if not fit.options:
        raise NotApplicableError(
            "the model has strengths of single responses only, and none of options; see "
            "response_strengths()"
        )


def quantile(conf_level: float) -> float:
    """The standard normal quantile of a two-sided interval."""
    check_level(conf_level)
    return float(norm.ppf((1 + conf_level) / 2))


def about_choices(fit: ChoiceEstimates) -> list[str]:
    """What is said of every table of a model of choices."""
    notes = [f"{counted(fit.n_choices, 'comparison' if fit.pairs else 'choice')} were used."]
    if fit.rows.n_dropped and len(fit.rows.choices.raters) - fit.n_raters >= MIN_CELL:
        lacking = " or ".join(fit.rows.levels)
        notes.append(
            f"{counted(fit.rows.n_dropped, 'choice')} of raters without an answer on {lacking} "
            "were left out."
        )
    if "rater" in fit.structure.terms:
        notes.append(
            "Strengths are those of a typical rater of the group, given raters' deviations."
        )
    return notes


def backing_of_groups(
    fit: ChoiceEstimates, by: str | None, raters: np.ndarray, told: Retell, **more: Any
) -> Backing:
    """Rows about groups of few raters are withheld, with the counts that would tell of them."""
    if by is None:
        return Backing(raters, retell=told, **more)
    counts = fit.raters_of[by].to_numpy()
    place = more.pop("place", np.arange(len(raters)) % len(counts))
    lacking = len(fit.rows.choices.raters) - fit.n_raters
    apart = np.full(len(raters), lacking)
    return Backing(raters, counts=counts[None], place=place, retell=told, apart=apart, **more)
