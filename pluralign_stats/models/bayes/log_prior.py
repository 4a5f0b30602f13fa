"""Log prior densities of the draws of a posterior."""

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_expit

from pluralign_stats.models.bayes.log_densities import PROBIT, concentrations
from pluralign_stats.models.bayes.priors import DISTRIBUTIONS, Distribution, PriorSlot, frozen

if TYPE_CHECKING:
    from pluralign_stats.models.bayes.fit import PosteriorEstimates


def log_prior_draws(fit: "PosteriorEstimates") -> dict[str, np.ndarray]:
    """Log prior densities (S,) by class of parameters, each up to a constant.

    Classes are those of `priors.ALLOWED`: coefficients, thresholds, scale, residual, precision, sd,
    correlations. Densities are those of the parameters as users see them: of standard deviations
    themselves, of correlation matrices, and of thresholds at the means of the covariates, also
    where the prior is stated for the probabilities of categories. The distribution of effects of
    single raters or items is no prior in this sense.
    """
    found: dict[str, np.ndarray] = {}
    for slot, distribution, _ in fit.chosen:
        value = _slot(fit, slot, distribution)
        found[slot.group] = found.get(slot.group, 0.0) + value
    return found


def _slot(fit: "PosteriorEstimates", slot: PriorSlot, prior: Distribution) -> np.ndarray:
    """Log density (S,) of the parameters of one slot."""
    layout, draws = fit.layout, fit.draws
    p, m, _ = layout.sizes
    first = slot.where[0]
    if slot.group == "coefficients":
        shift = draws.coefficients @ layout.centre
        return _log_density(draws.coefficients[:, first] + shift * layout.constant[first], prior)
    if slot.group == "thresholds":
        cuts = draws.cuts - layout.shift_of_cuts(draws.coefficients)[:, None, None]
        if prior.name == "dirichlet":
            family, n = layout.data.family, layout.data.n_cuts
            shares = concentrations(family, n, prior.arguments[0])
            return _dirichlet(cuts, shares, logit=family != PROBIT)
        return _log_density(cuts, prior).sum(axis=(1, 2))
    if slot.group in ("scale", "residual", "precision"):
        values = draws.log_scale[:, first - p - m]
        return _log_density(values if slot.group == "scale" else np.exp(values), prior)
    for k, (sizes, partials) in zip(layout.terms, layout.blocks(), strict=True):
        covariance = draws.covariances[k]
        sd = np.sqrt(np.einsum("see->se", covariance))
        if sizes.start <= first < sizes.stop:
            return _log_density(sd[:, first - sizes.start], prior)
        if partials.start <= first < partials.stop:
            correlation = covariance / (sd[:, :, None] * sd[:, None, :])
            return (prior.arguments[0] - 1) * np.linalg.slogdet(correlation)[1]
    raise ValueError(f"no parameter has the prior '{slot.name}'")


def _log_density(x: np.ndarray, prior: Distribution) -> np.ndarray:
    return frozen(DISTRIBUTIONS[prior.name][0], prior.arguments).logpdf(x)


def _dirichlet(cuts: np.ndarray, concentration: np.ndarray, *, logit: bool) -> np.ndarray:
    """Log density (S,) of thresholds (S, G, C) whose probabilities have a Dirichlet density."""
    from pluralign_stats.models.engine.links import cut_terms

    slopes = log_expit(cuts) + log_expit(-cuts) if logit else -0.5 * cuts**2
    made = slopes.sum(axis=(1, 2))
    if (concentration == 1).all():
        return made
    ends = np.full((*cuts.shape[:2], 1), np.inf)
    bounds = np.concatenate([-ends, cuts, ends], axis=2)
    low, high = bounds[..., :-1].ravel(), bounds[..., 1:].ravel()
    log_p = cut_terms(low, high, "logit" if logit else "probit").log_p
    by_share = log_p.reshape(len(cuts), -1, len(concentration))
    return made + (by_share * (concentration - 1)).sum(axis=(1, 2))
