"""How much of a difference between groups is level, and how much their use of the scale.

Groups that use a scale differently, one keeping to the middle and another to the ends, can differ
in their mean ratings without perceiving anything differently (response style; Liu & West 2018,
Structural Equation Modeling 25; Bürkner & Vuorre 2019, AMPPS 2, 77-101). A model in which a group
has thresholds, or a spread, of its own tells the two apart up to one convention: a shift of all
thresholds by the same amount cannot be told from a shift of what is perceived, and counts as such.

Raters of one group use the scale differently, too, and a model in which only groups do takes each
rating for a new witness. So draws are spread until they vary as much as the scores of raters say
(the sandwich covariance in the place of the posterior's: Müller 2013, Econometrica 81, 1805-1849).
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from pluralign_stats.effects.comparisons import (
    averaged_settings,
    contrast_backing,
    contrast_groups,
)
from pluralign_stats.effects.options import EffectOptions, with_options
from pluralign_stats.effects.predictions import notes
from pluralign_stats.errors import InputError, check_one_of
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.formatting import with_interval
from pluralign_stats.models.bayes.fit import BayesOrdinalEstimates
from pluralign_stats.models.bayes.summarize import summarize
from pluralign_stats.models.engine.clusters import cluster_covariance, spread_draws
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.parts import Averaging
from pluralign_stats.models.scores import scores
from pluralign_stats.models.units import units_of
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.settings import CONF_LEVEL
from pluralign_stats.words import levels_of

#: Parts of a difference, as tables name them.
RATED, LEVEL, STYLE = "as rated", "level", "use of the scale"


@with_options
def response_style(
    fit: ModelEstimates,
    group: str,
    *,
    averaging: Averaging = "marginal",
    conf_level: float = CONF_LEVEL,
) -> Result:
    """Split differences between groups into level and use of the scale.

    Parameters
    ----------
    fit
        A Bayesian ordinal fit with ``nominal=group`` or ``scale=group``.
    group
        The factor whose levels are compared with the first.

    Returns
    -------
    Result
        Three rows per contrast, in rating points: part ``"as rated"``, the difference of mean
        ratings; ``"level"``, what is left of it if the group used the scale as the first group
        does; ``"use of the scale"``, the rest. Columns term, contrast, part, estimate, sd,
        conf_low, conf_high, prob_positive, n_raters, n_ratings, method.

    Raises
    ------
    InputError
        If the fit is of another kind, or no thresholds and no spread vary by the group.

    References
    ----------
    Bürkner & Vuorre (2019), Advances in Methods and Practices in Psychological Science 2,
    77-101.

    Examples
    --------
    >>> varying = pls.fit_bayes("rating ~ gender + (1|rater)", toxicity, scale="gender", **few)
    >>> pls.response_style(varying, "gender").table["contrast"].unique().tolist()
    ['Male vs Female', 'Non-binary vs Female']
    """
    if not isinstance(fit, BayesOrdinalEstimates):
        raise InputError("response style is read off a model of fit_bayes with family='cumulative'")
    check_one_of("the group", group, fit.design.factors)
    points = fit.points
    alike = replace(points, parameters=_alike(fit, group, points.parameters))
    options = EffectOptions(averaging=averaging, conf_level=conf_level)
    rows, compared, made = averaged_settings(fit, group, options)
    differences = contrast_groups(fit, rows, compared, made)
    rated, level = differences.at(points), differences.at(alike)
    units = units_of(fit, group)
    meat = cluster_covariance(scores(fit), units.codes)
    tables = [
        differences.labels.assign(part=part).join(
            summarize(spread_draws(points.parameters, drawn, meat), conf_level)
        )
        for part, drawn in ((RATED, rated), (LEVEL, level), (STYLE, rated - level))
    ]
    table = pd.concat(tables).sort_index(kind="stable").reset_index(drop=True)
    table = table.assign(method=str(fit.method))
    pairs = contrast_backing(fit, rows, compared, differences, "none")
    n = len(table) // len(pairs.raters)
    place = np.repeat(pairs.place, n)
    backing = replace(pairs, raters=np.repeat(pairs.raters, n), place=place, retell=_sentence)
    return Result.of(
        fit,
        table[ordered_columns(table)],
        _sentence(table),
        f"Level and use of the scale by {group}",
        unit="rating points",
        conf_level=conf_level,
        notes=(
            "Level: what is left of a difference if both groups used the scale as the first one "
            "does. A shift of all thresholds by the same amount counts as level: no ratings could "
            "tell it from a difference in what is perceived.",
            f"Intervals are as wide as differences between {levels_of(units.names)} in their use "
            "of the scale make them, which the model itself leaves out.",
            *notes(fit, rows.n_dropped, options),
        ),
        backing=backing,
        figure=FOREST,
    )


def _alike(fit: BayesOrdinalEstimates, group: str, parameters: np.ndarray) -> np.ndarray:
    """Parameters (S, k) with which all groups use the scale as the first does."""
    made = parameters.copy()
    design, b = fit.design, fit.basis.shape[1]
    found = False
    if design.nominal is not None:
        for k in design.nominal.places(group):
            block = slice(b + k * b, b + (k + 1) * b)
            made[:, block] = parameters[:, block].mean(axis=1, keepdims=True)
            found = True
    if design.scale is not None:
        f = fit.joint.sizes[0]
        for k in design.scale.places(group):
            made[:, f + k] = 0.0
            found = True
    if not found:
        raise InputError(
            f"neither thresholds nor spread of this model vary by '{group}'; fit it with "
            f"nominal='{group}' or scale='{group}'"
        )
    return made


def _sentence(table: pd.DataFrame) -> str:
    parts = {part: each.set_index("contrast") for part, each in table.groupby("part")}
    known = parts[RATED]["estimate"].dropna()
    if known.empty:
        return "The data do not tell the groups apart from other terms of the model."
    contrast = known.abs().idxmax()
    rated, level, style = (parts[part].loc[contrast] for part in (RATED, LEVEL, STYLE))
    return (
        f"{contrast} is {with_interval(rated, '.2f', 'rating points')} as rated; "
        f"{with_interval(level, '.2f', 'points')} of it are level, and "
        f"{with_interval(style, '.2f', 'points')} the use of the scale."
    )
