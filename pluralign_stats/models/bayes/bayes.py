"""Bayesian mixed models of ratings."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, MissingExtraError, check_one_of
from pluralign_stats.models.bayes.fit import BayesEstimates
from pluralign_stats.models.bayes.options import DRAWS, Sampling
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.linear import estimate_linear
from pluralign_stats.models.ordered_beta import estimate_ordered_beta
from pluralign_stats.models.ordinal import estimate_ordinal

METHODS = ("nuts", "laplace")

FAMILIES = ("cumulative", "gaussian", "bernoulli", "ordered_beta")


def estimate_bayes(
    start: ModelEstimates, priors: Mapping[str, str] | None, method: str, how: Sampling
) -> BayesEstimates:
    """Sample the posterior of the model of a fit, or approximate it; see `fit_bayes`."""
    try:
        import nutpie  # noqa: F401

        from pluralign_stats.models.bayes.approximate import approximate_posterior
        from pluralign_stats.models.bayes.fitting import sample_posterior
    except ImportError as error:
        if error.name and error.name.partition(".")[0] in ("arviz", "nutpie", "xarray"):
            raise MissingExtraError("A Bayesian model", "bayes") from None
        raise
    if method == "laplace":
        return approximate_posterior(start, priors, how.draws or DRAWS, how.seed)
    return sample_posterior(start, priors, how)


def starting_fit(
    formula: str,
    data: pd.DataFrame,
    family: str,
    link: str = "logit",
    nominal: str | None = None,
    scale: str | None = None,
    weights: str | Sequence[float] | np.ndarray | None = None,
    rater: str | Sequence[str] | None = None,
    bounds: tuple[float, float] | None = None,
    positive_from: float | None = None,
) -> ModelEstimates:
    """The mixed-model fit at which sampling starts."""
    check_one_of("'family'", family, FAMILIES)
    check_one_of("'link'", link, ("logit", "probit"))
    numbers = family in ("gaussian", "ordered_beta")
    if numbers and (nominal is not None or scale is not None):
        raise InputError(f"'nominal' and 'scale' are for ordered categories, not for '{family}'")
    if family == "ordered_beta":
        if link != "logit":
            raise InputError("family 'ordered_beta' has the link 'logit' only; leave 'link' out")
        return estimate_ordered_beta(
            formula, data, bounds=bounds, positive_from=positive_from, weights=weights,
            rater=rater, whole=True,
        )  # fmt: skip
    if bounds is not None or positive_from is not None:
        raise InputError("'bounds' and 'positive_from' are for family='ordered_beta'")
    if family == "gaussian":
        return estimate_linear(formula, data, weights=weights, rater=rater)
    fit = estimate_ordinal(
        formula, data, link=link, nominal=nominal, scale=scale, weights=weights, rater=rater,
        whole=True,
    )  # fmt: skip
    if family == "bernoulli" and len(fit.family.labels) != 2:
        raise InputError(
            "family 'bernoulli' needs two categories, and the response has "
            f"{len(fit.family.labels)}; use family='cumulative'"
        )
    return fit
