"""Likelihood-ratio tests between nested fits."""

import pandas as pd
from scipy.stats import chi2

from pluralign_stats.errors import InputError
from pluralign_stats.models.bayes.bayes import Posterior
from pluralign_stats.models.fit import Fit
from pluralign_stats.models.linear import LinearFit
from pluralign_stats.results import Metadata, Result
from pluralign_stats.settings import SIGNIFICANCE


def likelihood_ratio(*fits: Fit) -> Result:
    """Compare nested fits of the same ratings, each with the next smaller one.

    Parameters
    ----------
    fits
        Two or more fits; they are sorted by their number of parameters. That each holds the one
        before it as a special case is for the caller to know.

    Returns
    -------
    Result
        One row per fit: columns term (its formula), n_parameters, loglik, aic, bic, statistic
        (twice the gain in log-likelihood over the row before), df, p_value, n_ratings, method.

    Raises
    ------
    InputError
        If a fit is Bayesian, fits differ in their ratings or kind, or linear fits with different
        fixed effects are by REML, whose likelihoods do not compare.
    """
    if len(fits) < 2:
        raise InputError("a likelihood-ratio test needs two fits or more")
    if any(isinstance(fit, Posterior) for fit in fits):
        raise InputError(
            "a Bayesian fit has no likelihood-ratio test; compare models by `fit.loo()`"
        )
    ordered = sorted(fits, key=lambda fit: fit.n_parameters)
    _check_comparable(ordered)
    rows = []
    for k, fit in enumerate(ordered):
        gain = 2 * (fit.loglik - ordered[k - 1].loglik) if k else float("nan")
        df = fit.n_parameters - ordered[k - 1].n_parameters if k else 0
        rows.append(
            {
                "term": fit.formula,
                "n_parameters": fit.n_parameters,
                "loglik": fit.loglik,
                "aic": fit.aic,
                "bic": fit.bic,
                "statistic": gain,
                "df": df,
                "p_value": chi2.sf(max(gain, 0.0), df) if df else float("nan"),
                "n_ratings": fit.nobs,
                "method": fit.method,
            }
        )
    table = pd.DataFrame(rows)
    meta = Metadata(
        "Likelihood-ratio tests",
        ordered[0].design.data_kind,
        conf_level=None,
        notes=(
            "Each model is compared with the one in the row before. Where a variance is tested, "
            "which cannot be below 0, the p-value is too large, at most by a factor of two.",
        ),
        warnings=tuple(dict.fromkeys(text for fit in ordered for text in fit.warnings)),
    )
    return Result(table, _sentence(table), meta)


def _check_comparable(fits: list[Fit]) -> None:
    first = fits[0]
    for fit in fits[1:]:
        same = fit.nobs == first.nobs and fit.design.data.index.equals(first.design.data.index)
        if not same or not (fit.design.y == first.design.y).all():
            raise InputError(
                f"the fits use different ratings ({first.nobs:,} and {fit.nobs:,} rows); fit all "
                "to the rows that have every variable"
            )
        if type(fit) is not type(first) or fit.method.split(",")[1] != first.method.split(",")[1]:
            raise InputError(
                f"the fits are of different kinds ('{first.method}' and '{fit.method}'); compare "
                "fits made by the same function with the same options"
            )
        if isinstance(fit, LinearFit) and fit.reml:
            fixed = set(fit.params.index) ^ set(first.params.index)
            if fixed:
                raise InputError(
                    "linear fits by REML with different fixed effects do not compare; fit them "
                    "with reml=False"
                )


def _sentence(table: pd.DataFrame) -> str:
    last = table.iloc[-1]
    verdict = "clearly" if last["p_value"] < SIGNIFICANCE else "not clearly"
    return (
        f"'{last['term']}' fits {verdict} better than '{table.iloc[-2]['term']}' (chi-squared "
        f"{last['statistic']:.2f} on {last['df']} degrees of freedom, p {last['p_value']:.3g})."
    )
