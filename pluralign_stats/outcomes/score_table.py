"""The scores behind a table of differences, to be modelled again elsewhere."""

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd

from pluralign_stats.figures.charts import SCORES
from pluralign_stats.outcomes.experiments import CONDITION, Experiment
from pluralign_stats.outcomes.models import model_formula
from pluralign_stats.results import Result

_COLUMNS = ["dimension", "design", "tuned", "run", *CONDITION, "seed", "base_model", "prompt"]
_COLUMNS += ["language", "sample", "score"]

_MEANING = (
    "One row for each generation and dimension with a score; tuned is 0 for the control and 1 for "
    "all others. No text of models is among the columns."
)


def scores(experiments: Experiment | Sequence[Experiment]) -> Result:
    """Give the scores that the models of an experiment are fitted to, with how to do so in R.

    Parameters
    ----------
    experiments
        What `select_experiment` chose; of several, what they share is given once.

    Returns
    -------
    Result
        Columns dimension, design, tuned, run, the factors of the condition, seed, base_model,
        prompt, language, sample, score. The notes tell the call of R's lme4 that gives the same
        differences from the control and standard errors.

    Examples
    --------
    >>> pls.outcomes.scores(experiment).table["design"].unique().tolist()
    ['control', 'preserve', 'majority']
    """
    several = [experiments] if isinstance(experiments, Experiment) else list(experiments)
    tables = [
        e.table.assign(design=e.table["design"].astype(str), dimension=_labels(e)) for e in several
    ]
    keys = [column for column in _COLUMNS if column != "score"]
    table = pd.concat(tables, ignore_index=True)[_COLUMNS].drop_duplicates(keys)
    first = several[0]
    tuned = table["tuned"] == 1
    n = {name: table.loc[rows, "run"].nunique() for name, rows in
         {"tuned": tuned, "untuned": ~tuned}.items()}  # fmt: skip
    sentence = (
        f"{len(table):,} scores of what {n['tuned']} tuned and {n['untuned']} untuned models say."
    )
    return Result.of(
        first,
        table.reset_index(drop=True),
        sentence,
        f"Scores of what models say, by {first.factor}",
        notes=(_MEANING, in_r(first), *first.notes),
        figure=SCORES,
    )


def in_r(experiment: Experiment) -> str:
    """The calls of R that model one dimension of an experiment by lme4."""
    dimension = experiment.dimensions[0]
    formula = model_formula(experiment.of(dimension)).replace("|", " | ")
    label, control = json.dumps(experiment.meaning.label(dimension)), experiment.control_label
    return (
        f'In R: d <- read.csv(FILE); d$design <- relevel(factor(d$design), "{control}"); '
        f"lme4::lmer({formula}, subset(d, dimension == {label}))"
    )


def _labels(experiment: Experiment) -> np.ndarray:
    names = {name: experiment.meaning.label(name) for name in experiment.dimensions}
    return experiment.table["dimension"].map(names).to_numpy()
