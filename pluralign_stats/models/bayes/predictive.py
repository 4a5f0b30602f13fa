"""New ratings that a posterior predicts."""

from collections.abc import Collection, Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from pluralign_stats.models.bayes.fit import (
    BayesLinearEstimates,
    BayesOrderedBetaEstimates,
    PosteriorEstimates,
)
from pluralign_stats.models.bayes.log_densities import GAUSSIAN, LOGIT
from pluralign_stats.models.ordered_beta import OrderedBetaEstimates
from pluralign_stats.models.predict import draw_between, draw_ratings


def simulate_ratings(fit: PosteriorEstimates, seed: int) -> pd.Series:
    """New ratings for the rows of the data: from one draw of the parameters, new random effects."""
    rng = np.random.default_rng(seed)
    drawn = fit_at(fit, int(rng.integers(len(fit.draws.joint))))
    inner = int(rng.integers(2**32))
    return draw_ratings(drawn, inner)


def fit_at(fit: PosteriorEstimates, draw: int) -> PosteriorEstimates:
    """The fit with the parameters of one draw for its estimates."""
    draws = fit.draws
    moved = replace(
        fit,
        joint=replace(fit.joint, estimates=draws.joint[draw]),
        random=tuple(
            replace(part, covariance=covariance[draw], modes=effects[draw])
            for part, covariance, effects in zip(
                fit.random, draws.covariances, draws.effects, strict=True
            )
        ),
    )
    if isinstance(moved, BayesOrderedBetaEstimates):
        return replace(moved, draws=draws.only(draw))
    if not isinstance(moved, BayesLinearEstimates):
        return moved
    return replace(moved, sigma=float(np.exp(draws.log_scale[draw, 0])))


def replicate(
    fit: PosteriorEstimates, draws: np.ndarray, redrawn: Collection[int], rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Draw ratings for the rows of the data.

    Parameters
    ----------
    draws
        (B,) numbers of posterior draws, each for one set of ratings.
    redrawn
        Numbers of the random terms whose effects are drawn anew from their distribution; those of
        others are the posterior's for the rows' own levels.

    Yields
    ------
    ndarray
        (n,) category numbers, or responses that are numbers.
    """
    layout, data = fit.layout, fit.layout.data
    columns = data.X + layout.centre
    for s in draws:
        eta = (columns @ fit.draws.coefficients[s])[data.cell]
        for t, k in enumerate(layout.terms):
            effects = fit.draws.effects[k][s]
            if k in redrawn:
                covariance, none = fit.draws.covariances[k][s], np.zeros(effects.shape[1])
                effects = rng.multivariate_normal(none, covariance, len(effects), method="eigh")
            eta += (data.Z[t, :, : data.q[t]] * effects[data.codes[t]]).sum(axis=1)
        if isinstance(fit, OrderedBetaEstimates):
            made = np.empty(len(eta))
            made[layout.order] = draw_between(
                fit, eta, rng, fit.draws.cuts[s].ravel(), float(np.exp(fit.draws.log_scale[s, 0]))
            )
            yield made
            continue
        if data.S.shape[1]:
            eta += np.exp(data.S @ fit.draws.log_scale[s])[data.cell] * _noise(fit, rng)
        else:
            eta += _noise(fit, rng)
        made = np.empty(len(eta))
        if data.family == GAUSSIAN:
            made[layout.order] = eta
        else:
            made[layout.order] = (eta[:, None] > fit.draws.cuts[s][data.section]).sum(axis=1)
        yield made


def _noise(fit: PosteriorEstimates, rng: np.random.Generator) -> np.ndarray:
    """Standard residuals (n,) in the order of the layout."""
    data = fit.layout.data
    n = len(data.y)
    if data.family == GAUSSIAN:
        return rng.normal(size=n) / np.sqrt(data.weight)
    return rng.logistic(size=n) if data.family == LOGIT else rng.normal(size=n)
