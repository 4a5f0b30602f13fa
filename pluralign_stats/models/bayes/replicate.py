"""Ratings that a posterior says might have been given instead of those that were."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import numpy as np

from pluralign_stats.models.bayes.log_densities import GAUSSIAN, LOGIT

if TYPE_CHECKING:
    from pluralign_stats.models.bayes.fit import PosteriorEstimates


def replicate(
    fit: "PosteriorEstimates", draws: np.ndarray, redrawn: Collection[int], rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Draw ratings for the rows of the data.

    Parameters
    ----------
    fit
        A Bayesian fit.
    draws
        (B,) numbers of posterior draws, each for one set of ratings.
    redrawn
        Numbers of the random terms whose effects are drawn anew from their distribution; those of
        others are the posterior's for the rows' own levels.
    rng
        Source of random numbers.

    Yields
    ------
    ndarray
        (n,) category numbers, or responses of a Gaussian family.
    """
    layout, data = fit.layout, fit.layout.data
    columns = data.X + layout.centre
    for s in draws:
        eta = (columns @ fit.draws.coefficients[s])[data.cell]
        for t, k in enumerate(layout.terms):
            effects = _new_effects(fit, k, s, rng) if k in redrawn else fit.draws.effects[k][s]
            eta += (data.Z[t, :, : data.q[t]] * effects[data.codes[t]]).sum(axis=1)
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


def _new_effects(
    fit: "PosteriorEstimates", term: int, draw: int, rng: np.random.Generator
) -> np.ndarray:
    """Effects (L, q) of new levels."""
    covariance = fit.draws.covariances[term][draw]
    L, q = len(fit.random[term].design.levels), len(covariance)
    return rng.multivariate_normal(np.zeros(q), covariance, L, method="eigh")


def _noise(fit: "PosteriorEstimates", rng: np.random.Generator) -> np.ndarray:
    """Standard residuals (n,) in the order of the layout."""
    data = fit.layout.data
    n = len(data.y)
    if data.family == GAUSSIAN:
        return rng.normal(size=n) / np.sqrt(data.weight)
    return rng.logistic(size=n) if data.family == LOGIT else rng.normal(size=n)
