"""From a mixed-model fit to the posterior of the same model."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from functools import partial
from typing import Any, cast

import numpy as np
import xarray as xr

from pluralign_stats.errors import InputError
from pluralign_stats.models.bayes.adapt import sample_well
from pluralign_stats.models.bayes.arviz_data import NamedDraws, inference_data, parameter_draws
from pluralign_stats.models.bayes.convergence import Convergence, diagnose, effects_rhat_and_ess
from pluralign_stats.models.bayes.expansion import linearize
from pluralign_stats.models.bayes.fit import (
    BayesEstimates,
    BayesLinearEstimates,
    BayesOrderedBetaEstimates,
    BayesOrdinalEstimates,
)
from pluralign_stats.models.bayes.layout import Layout, build_layout
from pluralign_stats.models.bayes.options import Attempt, Sampling
from pluralign_stats.models.bayes.pointwise import total_log_likelihood
from pluralign_stats.models.bayes.posterior import Draws, unpack
from pluralign_stats.models.bayes.priors import Priors, choose_priors
from pluralign_stats.models.bayes.sampler import IMPOSSIBLE, sample
from pluralign_stats.models.diagnose import lasting_notes
from pluralign_stats.models.family import BAYESIAN
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.linear import LinearEstimates
from pluralign_stats.models.ordered_beta import OrderedBetaEstimates, end_notes
from pluralign_stats.models.ordinal import OrdinalEstimates
from pluralign_stats.models.parts import Parameters, RandomPart

#: Draws over which the log-likelihood is averaged.
SAMPLED = 100


def sample_posterior(
    start: ModelEstimates, priors: Mapping[str, str] | None, how: Sampling
) -> BayesEstimates:
    """Sample the posterior of the model of a fit; see `fit_bayes`."""
    layout = build_layout(start)
    chosen = choose_priors(start, layout, priors)
    prior = chosen.numbers(layout)
    try:
        point = linearize(start, layout, prior)
    except np.linalg.LinAlgError:
        raise InputError(IMPOSSIBLE) from None

    def once(attempt: Attempt) -> BayesEstimates:
        sampled = sample(layout.data, point, prior, attempt)
        drawn = unpack(start, layout, point, sampled.z)
        judge = partial(diagnose, sampled=sampled)
        return as_posterior(start, drawn, chosen, judge, sampled.stats)

    return sample_well(how, once)


def as_posterior(
    start: ModelEstimates,
    drawn: Draws,
    chosen: Priors,
    judge: Callable[[NamedDraws], Convergence],
    stats: xr.Dataset,
    how: str = "NUTS",
) -> BayesEstimates:
    """Draws of the parameters of a fit's model as a Bayesian fit.

    Parameters
    ----------
    judge
        What tells of the parameters' draws whether to trust them.
    """
    layout = build_layout(start)
    base = summarise(start, layout, drawn, how)
    words = {c.name: c.words for c in base.coefficients}
    convergence = replace(judge(parameter_draws(base, layout, drawn)), words=words)
    if not convergence.approximate:
        convergence = replace(convergence, effects=effects_rhat_and_ess(base.random, drawn))
    notes = convergence.notes()
    coded = start.coded if isinstance(start, OrdinalEstimates) else None
    lasting = lasting_notes(start.design, coded)
    if isinstance(start, OrderedBetaEstimates):
        lasting += end_notes(start)
    known = {f.name: getattr(base, f.name) for f in fields(base)}
    known |= {
        "idata": inference_data(base, layout, drawn, stats),
        "draws": drawn,
        "convergence": convergence,
        "chosen": chosen,
        "layout": layout,
        "warnings": (*notes, *lasting),
        "converged": not notes,
    }
    fit = _kind(base)(**known)
    some = replace(fit, draws=drawn.thin(SAMPLED))
    return replace(fit, loglik=float(total_log_likelihood(some).mean()))


def _kind(fit: ModelEstimates) -> type[BayesEstimates]:
    """The kind of Bayesian fit that a mixed-model fit becomes."""
    if isinstance(fit, OrderedBetaEstimates):
        return BayesOrderedBetaEstimates
    return BayesOrdinalEstimates if isinstance(fit, OrdinalEstimates) else BayesLinearEstimates


def summarise(
    start: ModelEstimates, layout: Layout, drawn: Draws, how: str
) -> OrdinalEstimates | LinearEstimates | OrderedBetaEstimates:
    """The fit with posterior means for estimates and posterior covariances for uncertainty."""
    joint, k = drawn.joint, drawn.joint.shape[1]
    mean, vcov = joint.mean(axis=0), np.cov(joint, rowvar=False).reshape(k, k)
    random = tuple(
        RandomPart(part.design, covariance.mean(axis=0), effects.mean(axis=0), _scatter(effects))
        for part, covariance, effects in zip(
            start.random, drawn.covariances, drawn.effects, strict=True
        )
    )
    common: dict[str, Any] = {
        "random": random,
        "joint": Parameters(mean, vcov, start.joint.sizes),
        "n_parameters": len(layout.names),
        "method": replace(start.method, estimation=how, inference=BAYESIAN),
    }
    if isinstance(start, OrdinalEstimates | OrderedBetaEstimates):
        return replace(start, **common)
    sigma = float(np.exp(drawn.log_scale).mean())
    return replace(cast("LinearEstimates", start), sigma=sigma, **common)


def _scatter(effects: np.ndarray) -> np.ndarray:
    """Covariances (L, q, q) over draws (S, L, q)."""
    apart = effects - effects.mean(axis=0)
    return np.einsum("sle,slf->lef", apart, apart) / (len(effects) - 1)
