"""Log-likelihood of single ratings at every draw of the posterior."""

import math
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import numpy as np

from pluralign_stats.models.bayes.log_densities import (
    BETWEEN,
    GAUSSIAN,
    LOGIT,
    between,
    logit_category,
    probit_category,
)
from pluralign_stats.models.engine.compiled import compiled

if TYPE_CHECKING:
    from pluralign_stats.models.bayes.fit import PosteriorEstimates

#: Numbers of a block that are held in memory at once (16 MB).
BLOCK = 2_000_000


def row_blocks(n_rows: int, n_draws: int) -> Iterator[np.ndarray]:
    """Numbers of rows in blocks small enough for all draws at once."""
    step = max(BLOCK // n_draws, 1)
    for first in range(0, n_rows, step):
        yield np.arange(first, min(first + step, n_rows))


def log_likelihood(fit: "PosteriorEstimates", rows: np.ndarray) -> np.ndarray:
    """Log-likelihood (S, m) of rows (m,) of the data at every draw, given all random effects.

    Weights count as in the posterior: they multiply a rating's log-likelihood, and a Gaussian
    response's precision.
    """
    data, place = fit.layout.data, places(fit)[rows]
    eta, shrink = predictors(fit, rows), inverse_scales(fit, rows)
    weight = data.weight[place]
    if data.family == GAUSSIAN:
        return gaussian_log_density(data.response[place], weight, eta, shrink)
    made = np.empty_like(eta)
    if data.family == BETWEEN:
        cuts = fit.draws.cuts.reshape(len(eta), -1)
        between_log_p(data.y[place], data.response[place], weight, cuts, eta, shrink, made)
        return made
    ordinal_log_p(
        data.family, data.y[place], weight, data.section[place], fit.draws.cuts, eta, shrink, made
    )
    return made


def total_log_likelihood(fit: "PosteriorEstimates") -> np.ndarray:
    """Log-likelihood (S,) of all ratings at every draw, given all random effects."""
    n_draws = len(fit.draws.joint)
    blocks = row_blocks(fit.nobs, n_draws)
    return sum((log_likelihood(fit, rows).sum(axis=1) for rows in blocks), np.zeros(n_draws))


def places(fit: "PosteriorEstimates") -> np.ndarray:
    """Where (n,) each row of the data stands in the order of the layout."""
    return np.argsort(fit.layout.order)


def predictors(
    fit: "PosteriorEstimates", rows: np.ndarray, leave_out: Collection[int] = ()
) -> np.ndarray:
    """Linear predictors (S, m) of rows (m,), without the random terms of some numbers."""
    data, place = fit.layout.data, places(fit)[rows]
    eta = fit.draws.coefficients @ (data.X + fit.layout.centre)[data.cell[place]].T
    for t, k in enumerate(fit.layout.terms):
        if k not in leave_out:
            add_effects(
                eta, fit.draws.effects[k], data.codes[t, place], data.Z[t, place, : data.q[t]]
            )
    return eta


def inverse_scales(fit: "PosteriorEstimates", rows: np.ndarray) -> np.ndarray:
    """Inverse latent standard deviations of rows (m,): (S, m), or (S, 0) where all are 1."""
    data = fit.layout.data
    if not data.S.shape[1]:
        return np.zeros((len(fit.draws.joint), 0))
    return np.exp(-fit.draws.log_scale @ data.S[data.cell[places(fit)[rows]]].T)


@compiled
def add_effects(eta: np.ndarray, effects: np.ndarray, codes: np.ndarray, z: np.ndarray) -> None:
    """Add effects (S, L, q) of the rows' levels (m,), times covariates (m, q), to (S, m)."""
    for s in range(eta.shape[0]):
        for i in range(eta.shape[1]):
            for e in range(z.shape[1]):
                eta[s, i] += z[i, e] * effects[s, codes[i], e]


def gaussian_log_density(
    y: np.ndarray, weight: np.ndarray, mean: np.ndarray, shrink: np.ndarray
) -> np.ndarray:
    """Normal log densities (S, m) of responses (m,); weights multiply the precision."""
    scaled = shrink * np.sqrt(weight)
    return np.log(scaled) - 0.5 * math.log(2 * math.pi) - 0.5 * (scaled * (y - mean)) ** 2


@compiled
def ordinal_log_p(
    family: int,
    y: np.ndarray,
    weight: np.ndarray,
    section: np.ndarray,
    cuts: np.ndarray,
    eta: np.ndarray,
    shrink: np.ndarray,
    out: np.ndarray,
) -> None:
    """Put weighted log-probabilities (S, m) of categories into `out`.

    Parameters
    ----------
    family
        `log_densities.LOGIT` or `log_densities.PROBIT`.
    y, weight, section
        (m,) categories, weights, and sets of thresholds.
    cuts, eta, shrink
        (S, G, C) thresholds, (S, m) predictors, and (S, m) or (S, 0) inverse scales.
    """
    C, scaled = cuts.shape[2], shrink.shape[1] > 0
    for s in range(eta.shape[0]):
        for i in range(eta.shape[1]):
            k = shrink[s, i] if scaled else 1.0
            g = section[i]
            a = (cuts[s, g, y[i] - 1] - eta[s, i]) * k if y[i] > 0 else -math.inf
            b = (cuts[s, g, y[i]] - eta[s, i]) * k if y[i] < C else math.inf
            if family == LOGIT:
                out[s, i] = weight[i] * logit_category(a, b)[0]
            else:
                out[s, i] = weight[i] * probit_category(a, b)[0]


@compiled
def between_log_p(
    y: np.ndarray,
    response: np.ndarray,
    weight: np.ndarray,
    cuts: np.ndarray,
    eta: np.ndarray,
    shrink: np.ndarray,
    out: np.ndarray,
) -> None:
    """Put weighted log densities (S, m) of ratings between two ends into `out`.

    Parameters
    ----------
    y, response, weight
        (m,) parts of the scale, logits of ratings between the ends, and weights.
    cuts, eta, shrink
        (S, C) cuts, (S, m) predictors and inverse precisions.
    """
    for s in range(eta.shape[0]):
        for i in range(eta.shape[1]):
            value = between(y[i], response[i], cuts[s], eta[s, i], 1 / shrink[s, i])[0]
            out[s, i] = weight[i] * value
