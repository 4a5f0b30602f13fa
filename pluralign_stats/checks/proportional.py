"""Tests of proportional odds: whether a variable moves all thresholds alike, and no scale.

Raters differ in how they use a scale, whatever their group. A likelihood ratio takes each rating
for a new witness to that and finds effects where raters were divided by lot; so the tests rest on
how much the scores of raters (or items) differ.
"""

from dataclasses import asdict

import numpy as np
import pandas as pd

from pluralign_stats.backing import of_model
from pluralign_stats.effects.adjust import holm
from pluralign_stats.errors import InputError, NotApplicableError
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.models.engine.clusters import score_test
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.ordinal import OrdinalEstimates
from pluralign_stats.models.scores import efficient_scores
from pluralign_stats.models.units import ALONE, units_of
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.significance import significant

#: What a variable may change besides the level of ratings.
THRESHOLDS, SCALE = "thresholds", "scale"


def proportional_odds(fit: ModelEstimates) -> Result:
    """Test each variable of an ordinal model against effects of its own on thresholds and scale.

    A score test of these effects, whose variance is that between independent units: raters where
    the variable is one of raters (the same in all ratings of each), items where it is one of
    items, both ways at once where it varies within both.

    Parameters
    ----------
    fit
        An ordinal fit without such effects.

    Returns
    -------
    Result
        Columns term, against (``"thresholds"``, ``"scale"``), statistic (F), df, df_residual,
        p_value, p_adjusted (Holm, over the table), units, n_units (of the unit with fewest),
        n_ratings, method. A test is missing where the model did not converge or units are too few.

    Raises
    ------
    InputError
        If the fit is not ordinal, is Bayesian, has two categories only, no variable, or such
        effects already.

    References
    ----------
    Boos (1992), American Statistician 46, 327-333, for score tests whose variance does not rest on
    the model; F with small numbers of units as Hotelling's.

    Examples
    --------
    >>> pls.checks.proportional_odds(fit).table.columns[:4].tolist()
    ['term', 'p_value', 'p_adjusted', 'n_ratings']
    """
    if fit.bayesian:
        raise InputError(
            "a Bayesian fit has no score test; test proportional odds on a fit by "
            "fit_ordinal, or compare by `fit.loo()` with a fit_bayes that has nominal= or scale="
        )
    if not isinstance(fit, OrdinalEstimates):
        raise NotApplicableError(
            "proportional odds are an assumption of ordinal models; use fit_ordinal"
        )
    if fit.design.nominal is not None or fit.design.scale is not None:
        raise InputError("the model has effects on thresholds or scale already; test one without")
    if len(fit.family.labels) < 3:
        raise NotApplicableError("with two categories there is one threshold, and nothing to test")
    if not fit.design.fixed_variables:
        raise NotApplicableError(
            f"the model '{fit.formula}' has no variable whose effects could be tested"
        )
    table = pd.DataFrame(_rows(fit))
    table["p_adjusted"] = holm(table["p_value"].to_numpy())
    table = table.assign(n_ratings=fit.nobs, method=str(fit.method))
    return Result.of(
        fit,
        table[ordered_columns(table)],
        _sentence(table),
        "Tests of proportional odds",
        notes=_notes(table),
        warnings=(*fit.warnings, *_doubts(table)),
        backing=of_model(fit.design.left_out, len(table)),
        figure=FOREST,
    )


def _rows(fit: OrdinalEstimates) -> list[dict[str, object]]:
    columns = {name: _columns(fit, name) for name in fit.design.fixed_variables}
    every = np.hstack([np.zeros((fit.nobs, 0)), *columns.values()])
    scores = efficient_scores(fit, every)
    found, first = [], 0
    for name, own in columns.items():
        place = slice(first, first + own.shape[1])
        first += own.shape[1]
        units = units_of(fit, name)
        for against, each in (
            (THRESHOLDS, scores.thresholds[:, place].reshape(fit.nobs, -1)),
            (SCALE, scores.scale[:, place]),
        ):
            made = score_test(each, units.codes)
            row = {"term": name, "against": against, **asdict(made)}
            row |= {} if fit.converged else {"statistic": np.nan, "p_value": np.nan}
            found.append(row | {"units": units.name, "n_units": units.fewest})
    return found


def _columns(fit: OrdinalEstimates, variable: str) -> np.ndarray:
    """Columns (n, c) of a variable alone, or, if it has none, of its products with others."""
    fixed = fit.design.fixed
    alone = np.flatnonzero([c.variables == (variable,) for c in fixed.coefficients])
    return fixed.columns[:, alone if len(alone) else fixed.places(variable)]


def _notes(table: pd.DataFrame) -> tuple[str, ...]:
    notes = [
        "Each row tests the model against one in which the variable moves every threshold by an "
        "amount of its own, or changes the scale (score test). What chance makes is told from how "
        "much units differ, not single ratings, as raters use a scale in ways of their own "
        "whatever their group. p adjusted: Holm."
    ]
    if table["p_value"].isna().any():
        notes.append(
            "A missing test is of a model that did not converge, or rests on too few units for so "
            "many thresholds."
        )
    return tuple(notes)


def _doubts(table: pd.DataFrame) -> tuple[str, ...]:
    if not (table["units"] == ALONE).any():
        return ()
    return (
        "the model tells no raters apart, so that ratings of one rater pass for independent ones "
        "and tests may find too much; name the raters in the formula, as in (1|rater)",
    )


def _sentence(table: pd.DataFrame) -> str:
    known = table[table["p_adjusted"].notna()]
    if known.empty:
        return "No variable could be tested for effects on single thresholds or the scale."
    clear = known[significant(known)]
    if clear.empty:
        return "No variable clearly moves single thresholds or the scale."
    told = ", ".join(f"{row.term} ({row.against})" for row in clear.itertuples())
    return f"Proportional odds do not hold for {told}."
