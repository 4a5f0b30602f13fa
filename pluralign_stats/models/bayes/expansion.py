"""The approximation by which the density's coordinates are chosen, from a mixed-model fit."""

import numpy as np

from pluralign_stats.models.bayes.curvature import group_terms, row_terms, term_columns
from pluralign_stats.models.bayes.density import ExpansionPoint, Prior
from pluralign_stats.models.bayes.layout import Layout, Natural, phi_of
from pluralign_stats.models.bayes.log_densities import CORRELATION, NORMAL, SEPARATE
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.ordered_beta import OrderedBetaEstimates
from pluralign_stats.models.ordinal import OrdinalEstimates

#: Smallest standard deviation of random effects at which to place coordinates, in latent ones.
SMALLEST = 0.03

#: Correlations of random effects are taken for this much smaller, away from 1.
SHRINK = 0.9

#: Largest standard deviations of log standard deviations and of partial correlations.
LOOSE = 1.0

#: Largest standard deviation of other parameters.
WIDEST = 10.0

#: Information about the log of a standard deviation from which on it surely is not 0.
CLEAR = 4.0

#: Largest effect of a covariate on ratings between two ends, in log odds.
BOUND = 6.0

#: Smallest and largest gap between thresholds, in latent standard deviations.
GAPS = (0.01, 10.0)


def linearize(fit: ModelEstimates, layout: Layout, prior: Prior) -> ExpansionPoint:
    """Choose coordinates from the estimates of a fit, regularized where these are extreme."""
    modes = [fit.random[k].modes for k in layout.terms]
    return linearize_at(layout, prior, regularize(fit, layout), modes)


def linearize_at(
    layout: Layout, prior: Prior, values: Natural, modes: list[np.ndarray]
) -> ExpansionPoint:
    """Choose coordinates at given parameters and effects (L, q) of the terms in layout's order."""
    data = layout.data
    phi = phi_of(layout, values)
    cuts = values.cuts - layout.shift_of_cuts(values.coefficients)
    fixed = (data.X @ phi[: layout.sizes[0]])[data.cell]
    parts = [term_columns(layout, t) @ mode.ravel() for t, mode in enumerate(modes)]
    coarse = fixed + np.sum(parts[:-1], axis=0) if len(parts) > 1 else fixed
    rows = row_terms(layout, phi, cuts, coarse + parts[-1] if parts else fixed)
    groups = group_terms(layout, rows, modes, values)
    W = groups.W
    return ExpansionPoint(
        centre=phi,
        root=_root(groups.information, layout, prior),
        warped=_warped(groups.information, layout),
        cuts=cuts,
        eta=coarse,
        W=np.concatenate([np.zeros(0), *(w.ravel() for w in W)]),
        W_first=np.concatenate([[0], np.cumsum([w.size for w in W])])[: len(W)].astype(np.int64),
        b=groups.b,
        by_phi=np.ascontiguousarray(groups.by_phi),
        h=rows.h,
        h_a=rows.h_a,
        h_b=rows.h_b,
    )


def regularize(fit: ModelEstimates, layout: Layout) -> Natural:
    """The fit's estimates, moved away from the edges of their ranges."""
    if isinstance(fit, OrderedBetaEstimates):
        return _regularize_between(fit)
    family = fit.family
    unit = family.latent_sd if family.ordered else fit.latent_sd
    span = np.ptp(fit.design.fixed.columns, axis=0)
    beta = fit.params.to_numpy()[: len(span)]
    if isinstance(fit, OrdinalEstimates):
        bound = 3 * unit / np.where(span > 0, span, 1.0)
        log_scale = fit.params.to_numpy()[len(beta) : len(beta) + layout.sizes[2]]
        log_scale = np.clip(np.nan_to_num(log_scale), -2.0, 2.0)
        cuts = fit.row_cuts
        gaps = np.clip(np.nan_to_num(np.diff(cuts, axis=1)), *(np.array(GAPS) * unit))
        cuts = np.cumsum(np.hstack([cuts[:, :1], gaps]), axis=1)
        beta = np.clip(np.nan_to_num(beta), -bound, bound)
    else:
        log_scale, cuts = np.log([family.latent_sd]), np.zeros((1, 0))
    covariances = tuple(regularize_covariance(part.covariance, unit) for part in fit.random)
    return Natural(beta, cuts, log_scale, covariances)


def _regularize_between(fit: OrderedBetaEstimates) -> Natural:
    """The same of ratings between two ends."""
    span = np.ptp(fit.design.fixed.columns, axis=0)
    bound = BOUND / np.where(span > 0, span, 1.0)
    beta = np.clip(np.nan_to_num(fit.params.to_numpy()), -bound, bound)
    cuts = fit.thresholds.to_numpy()
    gaps = np.clip(np.nan_to_num(np.diff(cuts)), *GAPS)
    cuts = np.cumsum(np.concatenate([cuts[:1], gaps]))
    log_phi = np.clip(fit.joint.parts[1], -2.0, 6.0)
    covariances = tuple(regularize_covariance(part.covariance, 1.0) for part in fit.random)
    return Natural(beta, cuts[None], log_phi, covariances)


def regularize_covariance(covariance: np.ndarray, unit: float) -> np.ndarray:
    """A covariance (q, q) with no variance near 0 and no correlation near 1 or -1."""
    sd = np.sqrt(np.diag(covariance))
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = SHRINK * np.nan_to_num(covariance / np.outer(sd, sd))
    np.fill_diagonal(correlation, 1.0)
    sd = np.maximum(sd, SMALLEST * unit)
    return correlation * np.outer(sd, sd)


def _warped(information: np.ndarray, layout: Layout) -> np.ndarray:
    """(P,) the standard deviations whose logs have less than `CLEAR` information."""
    warped = np.zeros(len(information), dtype=bool)
    for sizes, _ in layout.blocks():
        warped[sizes] = np.diag(information)[sizes] < CLEAR
    return warped


def _root(information: np.ndarray, layout: Layout, prior: Prior) -> np.ndarray:
    """Lower-triangular factor (P, P) of the covariance of phi, data and prior taken together."""
    P, (p, m, s) = len(information), layout.sizes
    known = np.full(P, WIDEST**-2)
    known[p + m + s :] = LOOSE**-2
    informed = (prior.kind == NORMAL) & ~prior.positive
    if prior.cuts != SEPARATE:
        informed[p : p + m] = False
        known[p : p + m] = 0.25
    known[informed] = prior.values[informed, 1] ** -2.0
    correlations = prior.kind == CORRELATION
    known[correlations] = np.maximum(2 * prior.values[correlations, 0], LOOSE**-2)
    total = 0.5 * (information + information.T) + np.diag(known)
    values, vectors = np.linalg.eigh(total)
    covariance = (vectors / np.maximum(values, known.min())) @ vectors.T
    return np.linalg.cholesky(0.5 * (covariance + covariance.T))
