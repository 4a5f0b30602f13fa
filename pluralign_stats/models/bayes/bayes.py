"""Bayesian mixed models of ratings."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, MissingExtraError, one_of
from pluralign_stats.models.bayes.fit import BayesEstimates
from pluralign_stats.models.bayes.options import Sampling
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.linear import estimate_linear
from pluralign_stats.models.ordinal import estimate_ordinal

METHODS = ("nuts", "laplace")

FAMILIES = ("cumulative", "gaussian", "bernoulli")


def estimate_bayes(
    formula: str,
    data: pd.DataFrame,
    *,
    family: str = "cumulative",
    link: str = "logit",
    nominal: str | None = None,
    scale: str | None = None,
    weights: str | Sequence[float] | np.ndarray | None = None,
    priors: Mapping[str, str] | None = None,
    method: str = "nuts",
    draws: int = 1000,
    tune: int = 300,
    chains: int | None = None,
    seed: int = 1,
    target_accept: float = 0.8,
    progress: bool | None = None,
    rater: str | Sequence[str] | None = None,
) -> BayesEstimates:
    """Sample the posterior of a mixed model; see `fit_bayes`."""
    check_family(family, link)
    how = Sampling(
        draws=draws, tune=tune, chains=chains, seed=seed, target_accept=target_accept,
        progress=progress,
    )  # fmt: skip
    if method not in METHODS:
        raise InputError(one_of("'method'", method, METHODS))
    start = starting_fit(formula, data, family, link, nominal, scale, weights, rater)
    try:
        import nutpie  # noqa: F401

        from pluralign_stats.models.bayes.approximate import approximate_posterior
        from pluralign_stats.models.bayes.fitting import sample_posterior
    except ImportError as error:
        if error.name and error.name.partition(".")[0] in ("arviz", "nutpie", "xarray"):
            raise MissingExtraError("A Bayesian model", "bayes") from None
        raise
    if method == "laplace":
        return approximate_posterior(start, priors, draws, seed)
    return sample_posterior(start, priors, how)


def check_family(family: str, link: str) -> None:
    """Refuse a family or link that there is not."""
    if family not in FAMILIES:
        raise InputError(one_of("'family'", family, FAMILIES))
    if link not in ("logit", "probit"):
        raise InputError(one_of("'link'", link, ("logit", "probit")))


def starting_fit(
    formula: str,
    data: pd.DataFrame,
    family: str,
    link: str,
    nominal: str | None,
    scale: str | None,
    weights: str | Sequence[float] | np.ndarray | None,
    rater: str | Sequence[str] | None = None,
) -> ModelEstimates:
    """The mixed-model fit at which sampling starts."""
    if family == "gaussian":
        if nominal is not None or scale is not None:
            raise InputError("'nominal' and 'scale' are for ordered categories, not for 'gaussian'")
        return estimate_linear(formula, data, weights=weights, rater=rater)
    fit = estimate_ordinal(
        formula, data, link=link, nominal=nominal, scale=scale, weights=weights, rater=rater
    )
    if family == "bernoulli" and len(fit.family.labels) != 2:
        raise InputError(
            "family 'bernoulli' needs two categories, and the response has "
            f"{len(fit.family.labels)}; use family='cumulative'"
        )
    return fit
