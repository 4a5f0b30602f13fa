"""Bayesian effects of demographics on one dimension, with the draws behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pluralign_stats.demographics.effects import (
    DemographicEffects,
    demographic_effects,
    one_dimension,
)
from pluralign_stats.demographics.references import nothing_compared
from pluralign_stats.effects.comparisons import averaged_settings, contrast_groups
from pluralign_stats.effects.options import EffectOptions
from pluralign_stats.errors import MissingExtraError
from pluralign_stats.figures.charts import FOREST, RIDGES
from pluralign_stats.fits.bayes import Posterior
from pluralign_stats.models.bayes.options import SAMPLING, Sampling
from pluralign_stats.models.parts import ParameterDraws
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL
from pluralign_stats.study.study import Study

#: Draws from which the shape of a posterior is drawn.
MOST_DRAWN = 400

#: Columns of a table of draws.
_DRAWN = ["dimension", "contrast", "estimate"]


@dataclass(frozen=True)
class BayesianEffects:
    """Bayesian effects of demographics on one dimension.

    Attributes
    ----------
    effects
        Differences and percentages, and the models behind them.
    drawn
        Draws of each difference, for `ridge`: columns dimension, contrast, estimate.
    fit
        The model of most demographics; None where there is none.
    summary
        The model and its variables in words, or why there is none.

    Examples
    --------
    >>> bayes = pls.demographics.bayesian_effects(study, "toxicity", ["gender"], sampling=sampling)
    >>> len(bayes.drawn.table) > 0
    True
    """

    effects: DemographicEffects
    drawn: Result
    fit: Posterior | None
    summary: str


def bayesian_effects(
    study: Study,
    dimension: str = "",
    demographics: Sequence[str] = (),
    *,
    min_cell: int = MIN_CELL,
    conf_level: float = CONF_LEVEL,
    priors: Mapping[str, str] | None = None,
    sampling: Sampling = SAMPLING,
) -> BayesianEffects:
    """Estimate by Bayesian models what each demographic does to ratings on one dimension.

    Parameters
    ----------
    study
        The study.
    dimension
        Which to look at; empty for the first.
    demographics, min_cell
        As for `demographic_effects`.
    conf_level
        Level of the intervals.
    priors
        As for `fit_bayes`.
    sampling
        How the posterior is sampled.

    Returns
    -------
    BayesianEffects
        Without a model, and saying why, where no demographic has two levels to compare, none could
        be fitted, or the packages of Bayesian models are not installed.

    Raises
    ------
    InputError
        If a demographic or the dimension is not in the study.

    References
    ----------
    Bürkner & Vuorre (2019), Advances in Methods and Practices in Psychological Science 2,
    77-101.

    Examples
    --------
    >>> bayes = pls.demographics.bayesian_effects(study, "toxicity", ["gender"], sampling=sampling)
    >>> bayes.effects.differences.table["contrast"].tolist()
    ['Male vs Female', 'Non-binary vs Female']
    """
    target = one_dimension(study, dimension)
    try:
        effects = demographic_effects(
            study,
            demographics,
            [target],
            model="bayes",
            min_cell=min_cell,
            conf_level=conf_level,
            priors=priors,
            sampling=sampling,
        )
    except MissingExtraError as error:
        why = nothing_compared([str(error)])
        nothing = Result.of(
            study, pd.DataFrame(columns=_DRAWN), why, "Differences between groups", figure=FOREST
        )
        return BayesianEffects(DemographicEffects(nothing, nothing, {}), nothing, None, why)
    effects = _about(study.codebook.label(target), effects)
    fits = {factor: fit for (_, factor), fit in effects.fits.items() if isinstance(fit, Posterior)}
    fit = next(iter(fits.values()), None)
    drawn = _drawn(study, target, effects.differences, fits)
    return BayesianEffects(effects, drawn, fit, _summary(study, target, fit, effects))


def _about(label: str, effects: DemographicEffects) -> DemographicEffects:
    """Effects whose titles and sentences begin with the dimension."""
    if effects.differences.table.empty:
        return effects
    made = []
    for result in (effects.differences, effects.percents):
        plain = result.sentence.replace(f"on {label}, ", "")
        told = replace(result, sentence=plain).about(label)
        # Warnings name the dimension already.
        made.append(replace(told, meta=replace(told.meta, warnings=result.warnings)))
    return replace(effects, differences=made[0], percents=made[1])


def _summary(
    study: Study, dimension: str, fit: Posterior | None, effects: DemographicEffects
) -> str:
    label = study.codebook.label
    if fit is None:
        return f"{label(dimension)}: {effects.differences.sentence}"
    lines = [f"{label(dimension)}: {fit.formula}"]
    return "\n".join([*lines, *(f"{v}: {label(v)}" for v in fit.design.fixed_variables)])


def _drawn(study: Study, dimension: str, differences: Result, fits: dict[str, Posterior]) -> Result:
    """Draws of every difference that is shown, some of them where there are many."""
    label, shown = study.codebook.label, differences.table
    tables = [pd.DataFrame(columns=_DRAWN)]
    for factor, fit in fits.items():
        own = set(shown.loc[shown["term"] == label(factor), "contrast"])
        rows, compared, made = averaged_settings(fit, factor, EffectOptions())
        contrasted = contrast_groups(fit, rows, compared, made)
        values = contrasted.at(some_points(fit))
        for contrast, each in zip(contrasted.labels["contrast"], values.T, strict=True):
            if contrast in own:
                named = f"{label(factor)}: {contrast}"
                columns = {"dimension": label(dimension), "contrast": named, "estimate": each}
                tables.append(pd.DataFrame(columns))
    made_of = [t for t in tables if len(t)] or tables
    return Result(
        pd.concat(made_of, ignore_index=True), differences.sentence, differences.meta, figure=RIDGES
    )


def some_points(fit: Posterior) -> ParameterDraws:
    """Some of a fit's draws, evenly spread, as sets of parameters at which to predict."""
    S = len(fit.draws.joint)
    kept = np.linspace(0, S - 1, min(S, MOST_DRAWN)).round().astype(int)
    return ParameterDraws(fit.draws.joint[kept], tuple(u[kept] for u in fit.draws.effects))
