"""Bayesian mixed models of ratings."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, MissingExtraError, one_of
from pluralign_stats.models.bayes.fit import BayesFit
from pluralign_stats.models.bayes.options import Sampling
from pluralign_stats.models.fit import Fit
from pluralign_stats.models.linear import fit_linear
from pluralign_stats.models.ordinal import fit_ordinal

METHODS = ("nuts", "laplace")

FAMILIES = ("cumulative", "gaussian", "bernoulli")


def fit_bayes(
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
) -> BayesFit:
    """Sample the posterior of a mixed model.

    Parameters
    ----------
    formula
        As for `fit_linear`; thresholds take the place of the intercept for ordinal ratings.
    data
        One row per rating. Rows with a missing variable are left out and counted.
    family
        ``"cumulative"`` for ordered categories, ``"bernoulli"`` for two, ``"gaussian"`` for
        numbers.
    link
        ``"logit"`` or ``"probit"``; of no meaning for a Gaussian family.
    nominal
        A factor by whose levels all thresholds differ: groups that use the scale differently.
    scale
        Right-hand side of effects on the log of the latent standard deviation.
    weights
        A column, or one number per row, by which the row's log-likelihood is multiplied (of a
        Gaussian family, its precision).
    priors
        Such as ``{"coefficients": "normal(0, 1)", "sd(rater)": "exponential(2)"}``; names and
        defaults are those that ``fit.priors()`` shows.
    method
        ``"nuts"``, or ``"laplace"`` for a fast approximation with importance weights, which is
        refused where it does not hold; then `tune`, `chains` and `target_accept` have no meaning.
    draws, tune
        Draws of each chain that are kept, and those before them that tune the sampler.
    chains
        Number of chains; by default four where there are as many cores, else two.
    seed
        Of the random numbers.
    target_accept
        Acceptance rate that the sampler aims at; nearer to 1 for fewer divergences.
    progress
        Show a progress bar; by default where somebody watches.
    rater
        As for `fit_linear`.

    Raises
    ------
    InputError
        If the formula, the data, a prior or an option cannot be used.

    Notes
    -----
    Sampled by nutpie's No-U-Turn sampler in coordinates that the Laplace fit of the same model
    chooses; see `models.bayes.density`. An interrupted run (Ctrl-C) returns the draws made so far,
    with a warning, if there are at least 100 of each chain.
    """
    check_family(family, link)
    how = Sampling(draws, tune, chains, seed, target_accept, progress)
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
) -> Fit:
    """The mixed-model fit at which sampling starts."""
    if family == "gaussian":
        if nominal is not None or scale is not None:
            raise InputError("'nominal' and 'scale' are for ordered categories, not for 'gaussian'")
        return fit_linear(formula, data, weights=weights, rater=rater)
    fit = fit_ordinal(
        formula, data, link=link, nominal=nominal, scale=scale, weights=weights, rater=rater
    )
    if family == "bernoulli" and len(fit.labels) != 2:
        raise InputError(
            f"family 'bernoulli' needs two categories, and the response has {len(fit.labels)}; use "
            "family='cumulative'"
        )
    return fit
