"""What a posterior predicts: the mean prediction of each row, and new ratings."""

from dataclasses import replace
from typing import cast

import numpy as np
import pandas as pd

from pluralign_stats.models.bayes.fit import BayesLinearEstimates, PosteriorEstimates
from pluralign_stats.models.draw import draw_categories, draw_numbers
from pluralign_stats.models.linear import LinearEstimates
from pluralign_stats.models.ordinal import OrdinalEstimates
from pluralign_stats.models.parts import Averaging, Kind
from pluralign_stats.models.predict import (
    Points,
    as_predicted,
    check_kind,
    number_rows,
    predicted_rows,
)


def predict_mean(
    fit: PosteriorEstimates, newdata: pd.DataFrame | None, kind: Kind, averaging: Averaging
) -> pd.Series | pd.DataFrame:
    """Posterior mean of each row's prediction; see `Fit.predict`.

    Each draw predicts with its own parameters and effects, and rows that are alike are predicted
    once; no more than one draw of one block of rows is in memory at a time.
    """
    check_kind(fit, kind)
    data = fit.design.data if newdata is None else newdata
    number = number_rows(fit, data, averaging)
    _, first = np.unique(number, return_index=True)
    draws = fit.draws
    points = Points(draws.joint, draws.effects)
    if not isinstance(fit, OrdinalEstimates) or kind == "linear":
        # What is linear in the parameters has its mean at their means.
        effects = tuple(each.mean(axis=0)[None] for each in draws.effects)
        points = Points(draws.joint.mean(axis=0)[None], effects)
    made = predicted_rows(fit, data.iloc[first], kind, averaging, points)
    return as_predicted(fit, made[number], data.index, kind)


def simulate_ratings(fit: PosteriorEstimates, seed: int) -> pd.Series:
    """New ratings for the rows of the data: from one draw of the parameters, new random effects."""
    rng = np.random.default_rng(seed)
    drawn = fit_at(fit, int(rng.integers(len(fit.draws.joint))))
    inner = int(rng.integers(2**32))
    if isinstance(drawn, OrdinalEstimates):
        return draw_categories(drawn, inner)
    return draw_numbers(cast("LinearEstimates", drawn), inner)


def fit_at(fit: PosteriorEstimates, draw: int) -> PosteriorEstimates:
    """The fit with the parameters of one draw for its estimates."""
    draws = fit.draws
    values = draws.joint[draw]
    moved = replace(
        fit,
        joint=replace(fit.joint, estimates=values),
        random=tuple(
            replace(part, covariance=covariance[draw], modes=effects[draw])
            for part, covariance, effects in zip(
                fit.random, draws.covariances, draws.effects, strict=True
            )
        ),
    )
    if not isinstance(moved, BayesLinearEstimates):
        return moved
    return replace(
        moved,
        params=pd.Series(values, fit.params.index, name="estimate"),
        sigma=float(np.exp(draws.log_scale[draw, 0])),
    )
