"""Draws as ArviZ knows them."""

import numpy as np
import xarray as xr

from pluralign_stats.models.bayes.layout import Layout
from pluralign_stats.models.bayes.posterior import Draws
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.ordered_beta import OrderedBetaEstimates

#: Names and draws (S, m) of the parameters of each class.
NamedDraws = dict[str, tuple[list[str], np.ndarray]]


def correlations_of(covariance: np.ndarray) -> tuple[list[tuple[int, int]], np.ndarray]:
    """Pairs of effects, and (S, pairs) correlations of covariances (S, D, D)."""
    sd = np.sqrt(np.einsum("sdd->sd", covariance))
    pairs = [(i, j) for j in range(covariance.shape[1]) for i in range(j)]
    i, j = np.array(pairs, dtype=int).reshape(-1, 2).T
    return pairs, covariance[:, i, j] / (sd[:, i] * sd[:, j])


def parameter_draws(fit: ModelEstimates, layout: Layout, draws: Draws) -> NamedDraws:
    """Names and draws (S, m) of all parameters but the effects of single levels, by class.

    Classes are coefficients, thresholds, changes (of thresholds, by group), scale, residual or
    precision, sd and cor.
    """
    found: NamedDraws = {}
    if draws.coefficients.shape[1]:
        found["coefficients"] = (list(fit.design.fixed.names), draws.coefficients)
    if layout.data.n_cuts:
        labels = list(fit.thresholds.index)
        G = len(layout.sections)
        inverse = np.linalg.inv(np.hstack([np.ones((G, 1)), layout.sections]))
        apart = np.einsum("hg,sgc->shc", inverse, draws.cuts)
        found["thresholds"] = (labels, apart[:, 0])
        if fit.design.nominal is not None and G > 1:
            names = [f"{cut}: {name}" for name in fit.design.nominal.names for cut in labels]
            found["changes"] = (names, apart[:, 1:].reshape(len(apart), -1))
    if isinstance(fit, OrderedBetaEstimates):
        found["precision"] = (["precision"], np.exp(draws.log_scale))
    elif not fit.family.ordered:
        found["residual"] = (["residual"], np.exp(draws.log_scale))
    elif fit.design.scale is not None:
        found["scale"] = ([f"scale: {name}" for name in fit.design.scale.names], draws.log_scale)
    names, sds, pairs, correlations = [], [], [], []
    for part, covariance in zip(fit.random, draws.covariances, strict=True):
        sd = np.sqrt(np.einsum("see->se", covariance))
        labels = list(part.design.labels)
        names += labels
        sds.append(sd)
        if part.design.term.correlated:
            both, drawn = correlations_of(covariance)
            pairs += [f"{labels[i]}, {labels[j]}" for i, j in both]
            correlations.append(drawn)
    if names:
        found["sd"] = (names, np.hstack(sds))
    if pairs:
        found["cor"] = (pairs, np.hstack(correlations))
    return found


def inference_data(
    fit: ModelEstimates, layout: Layout, draws: Draws, stats: xr.Dataset
) -> xr.DataTree:
    """All draws as an ArviZ object: groups posterior, sample_stats and observed_data.

    The posterior has a variable for each class of parameters, with the parameters' names as
    coordinates, and ``effects of GROUP`` for each random term.
    """
    import arviz as az

    values, dims, coords = {}, {}, {}
    for name, (labels, drawn) in parameter_draws(fit, layout, draws).items():
        values[name] = draws.by_chain(drawn)
        dims[name], coords[f"{name}_name"] = [f"{name}_name"], labels
    for k, (part, drawn) in enumerate(zip(fit.random, draws.effects, strict=True)):
        group = part.design.term.group
        name = f"effects of {group}"
        name = name if name not in values else f"{name} ({k + 1})"
        values[name] = draws.by_chain(drawn)
        dims[name] = [f"{name} level", f"{name} effect"]
        coords[dims[name][0]] = part.design.levels.astype(str).to_numpy()
        coords[dims[name][1]] = list(part.design.effects)
    response = fit.design.formula.outcome
    tree = az.from_dict(
        {
            "posterior": values,
            "observed_data": {response: np.asarray(fit.design.y)},
        },
        coords=coords,
        dims=dims,
    )
    tree["sample_stats"] = xr.DataTree(stats)
    return tree
