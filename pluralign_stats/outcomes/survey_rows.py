"""The difference of two groups on one dimension: in their ratings, and in models tuned on them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.describe.disclosure import hide_counts
from pluralign_stats.designs import parse_objective
from pluralign_stats.effects.contrasts import contrasts
from pluralign_stats.effects.counts import level_counts
from pluralign_stats.errors import InputError
from pluralign_stats.feedback.pairs import preference_pairs
from pluralign_stats.feedback.recipe import Recipe, group_name
from pluralign_stats.fits.fit import Fit
from pluralign_stats.notes import Code, is_about
from pluralign_stats.outcomes.contrasts import compare
from pluralign_stats.outcomes.experiments import Experiment
from pluralign_stats.outcomes.models import Kind, ScoreModel
from pluralign_stats.outcomes.read import Outcomes
from pluralign_stats.outcomes.select import select_experiment
from pluralign_stats.study.study import Study
from pluralign_stats.study.text import contrast_label

RATINGS, TUNED = "ratings", "models"


@dataclass(frozen=True)
class Pair:
    """Two groups of one demographic."""

    term: str
    first: str
    second: str

    @property
    def contrast(self) -> str:
        """What tables call their difference."""
        return contrast_label(self.first, self.second)

    def group(self, level: str) -> str:
        """What the outcome table calls one of them."""
        return group_name({self.term: [level]})


@dataclass
class Notes:
    """What is to be doubted and to be noted, as it is found."""

    doubts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Asked:
    """What is asked of every pair of groups on every dimension.

    Attributes
    ----------
    study, outcomes
        The study, and scores of models that were tuned on its groups.
    fits
        Models of the ratings by dimension and demographic.
    kind, fixed
        As for `fit_outcomes` and `select_experiment`.
    min_cell, conf_level
        Fewest raters of a group, and the level of the intervals.
    remarks
        What is found on the way.
    """

    study: Study
    outcomes: Outcomes
    fits: Mapping[tuple[str, str], Fit]
    kind: Kind
    fixed: Mapping[str, Any]
    min_cell: int
    conf_level: float
    remarks: Notes

    def rows(self, pair: Pair, dimension: str) -> list[pd.DataFrame]:
        """The row of the ratings and that of the models, as far as there are any."""
        label = self.study.codebook.label
        about = f"{pair.contrast} on {label(dimension)}"
        found, strength = self._of_ratings(pair, dimension, about), {}
        try:
            experiment = pair_experiment(self.outcomes, pair, dimension, self.fixed)
            found.append(self._of_models(experiment, pair, dimension))
            strength = feedback_strength(self.study, self.outcomes, experiment, pair)
        except InputError as error:
            self.remarks.doubts.append(f"{about}: no models to compare: {error}")
        told = {"dimension": label(dimension), "term": label(pair.term), "contrast": pair.contrast}
        told |= {"level": pair.first, "reference": pair.second}
        return [row.assign(**told, **strength) for row in found]

    def _of_ratings(self, pair: Pair, dimension: str, about: str) -> list[pd.DataFrame]:
        """Difference of the groups' own ratings, if it can be shown."""
        fit = self.fits.get((dimension, pair.term))
        if fit is None:
            self.remarks.doubts.append(f"{about}: no model of the ratings")
            return []
        counts = level_counts(fit, pair.term).reindex([pair.first, pair.second]).fillna(0)
        if counts.min() < self.min_cell:
            self.remarks.doubts.append(
                f"{about}: a group has fewer than {self.min_cell} raters there"
            )
            return []
        made = difference_of_ratings(fit, pair, self.conf_level)
        return [hide_counts(self.study, pair.term, made, pd.Series([pair.first]), self.min_cell)]

    def _of_models(self, experiment: Experiment, pair: Pair, dimension: str) -> pd.DataFrame:
        """Difference of the scores of models tuned on the groups."""
        designs = [(pair.group(pair.first), pair.group(pair.second))]
        result = compare(
            experiment,
            designs,
            "",
            [dimension],
            ScoreModel(kind=self.kind),
            self.conf_level,
            "none",
        )
        self.remarks.doubts += result.warnings
        self.remarks.notes += [
            n for n in result.meta.notes if not is_about(n, Code.COUNTED_IN, Code.ADJUSTMENT)
        ]
        kept = ["estimate", "std_error", "sd", "conf_low", "conf_high", "n_runs", "n_prompts"]
        kept += ["n_generations", "method"]
        return result.table[[c for c in kept if c in result.table]].assign(source=TUNED)


def difference_of_ratings(fit: Fit, pair: Pair, conf_level: float) -> pd.DataFrame:
    """Difference of the groups' own ratings."""
    made = contrasts(fit, pair.term, pairs="all", conf_level=conf_level, adjust="none")
    table = made.table.set_index(["level", "reference"])
    if (pair.first, pair.second) in table.index:
        row = table.loc[(pair.first, pair.second)].copy()
    else:
        row = table.loc[(pair.second, pair.first)].copy()
        row["estimate"] = -row["estimate"]
        row["conf_low"], row["conf_high"] = -row["conf_high"], -row["conf_low"]
    kept = ("estimate", "std_error", "sd", "conf_low", "conf_high", "method")
    own = {c: [row[c]] for c in kept if c in row}
    of_first = fit.design.data[fit.design.data[pair.term] == pair.first]
    counts = {"n_raters": of_first["rater"].nunique(), "n_ratings": len(of_first)}
    return pd.DataFrame({"source": [RATINGS], **own, **counts})


def pair_experiment(
    outcomes: Outcomes, pair: Pair, dimension: str, fixed: Mapping[str, Any]
) -> Experiment:
    """Models tuned on all groups under one setting: all of them tell how much runs differ."""
    tuned = outcomes.table
    aims = [
        set(tuned.loc[tuned["group"] == pair.group(level), "objective"])
        for level in (pair.first, pair.second)
    ]
    own = {} if dimension not in aims[0] & aims[1] else {"objective": dimension}
    experiment = select_experiment(outcomes, "group", fixed={**own, **fixed})
    for level in (pair.first, pair.second):
        experiment.check_design("group", pair.group(level))
    return experiment


def feedback_strength(
    study: Study, outcomes: Outcomes, experiment: Experiment, pair: Pair
) -> dict[str, Any]:
    """Number of pairs and mean margin of each group's feedback."""
    setting = experiment.fixed
    asked = set(outcomes.table["prompt"])
    prompts = [p for p in study.items["prompt"].astype(str).unique() if p not in asked]
    told: dict[str, Any] = {"objective": setting["objective"]}
    for which, level in (("first", pair.first), ("second", pair.second)):
        same = ("scale", "strategy", "labels", "languages")
        recipe = Recipe.model_validate(
            {
                **{name: setting[name] for name in same},
                "weights": parse_objective(setting["objective"]),
                "group": {pair.term: level},
                "min_margin": float(setting["min_margin"]),
            }
        )
        made = preference_pairs(study, recipe, prompts or None).table
        told[f"n_pairs_{which}"] = int(made["n"].sum())
        told[f"margin_{which}"] = float(np.average(made["margin"], weights=made["n"]))
    return told
