"""New ratings that a posterior predicts."""

from dataclasses import replace

import numpy as np
import pandas as pd

from pluralign_stats.models.bayes.fit import BayesLinearEstimates, PosteriorEstimates
from pluralign_stats.models.draw import draw_ratings


def simulate_ratings(fit: PosteriorEstimates, seed: int) -> pd.Series:
    """New ratings for the rows of the data: from one draw of the parameters, new random effects."""
    rng = np.random.default_rng(seed)
    drawn = fit_at(fit, int(rng.integers(len(fit.draws.joint))))
    inner = int(rng.integers(2**32))
    return draw_ratings(drawn, inner)


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
