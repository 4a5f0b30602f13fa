"""Likelihood-ratio tests between nested fits."""

from itertools import pairwise

import pandas as pd
from scipy.stats import chi2

from pluralign_stats.backing import of_model
from pluralign_stats.errors import InputError
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.nesting import refuse_incomparable, refuse_unnested
from pluralign_stats.results import Result
from pluralign_stats.settings import SIGNIFICANCE

#: A larger model whose log-likelihood is lower by more than this has not reached its maximum.
BELOW = 1e-3


def likelihood_ratio(*fits: ModelEstimates) -> Result:
    """Compare nested fits of the same ratings, each with the next smaller one.

    Parameters
    ----------
    *fits
        Two or more fits; they are sorted by their number of parameters. Each must hold the one
        before it as a special case: further effects on the rating, on thresholds or on the scale,
        or further random effects; a model without any will do.

    Returns
    -------
    Result
        One row per fit: columns term (its formula, and what thresholds and scale vary by),
        n_parameters, loglik, aic, bic, statistic (twice the gain in log-likelihood over the row
        before), df, p_value, n_ratings, method.

    Raises
    ------
    InputError
        If something is no fit, or a fit is Bayesian; fits differ in their rows, response, weights,
        link, structure of thresholds or estimation; linear fits with different fixed effects are
        by REML, whose likelihoods do not compare; it is not established that a model holds the
        smaller one; or its search did not reach its maximum.

    References
    ----------
    Stram & Lee (1994), Biometrics 50, 1171-1177, for tests of variances.

    Examples
    --------
    >>> smaller = pls.fit_ordinal("rating ~ gender + (1|rater) + (1|item)", toxicity)
    >>> pls.checks.likelihood_ratio(smaller, fit).table["df"].tolist()
    [0, 2]
    """
    if len(fits) < 2:
        raise InputError("a likelihood-ratio test needs two fits or more")
    if any(fit.bayesian for fit in fits):
        raise InputError(
            "a Bayesian fit has no likelihood-ratio test; compare models by `fit.loo()`"
        )
    ordered = sorted(fits, key=lambda fit: fit.n_parameters)
    for small, large in pairwise(ordered):
        refuse_incomparable(small, large)
        refuse_unnested(small, large)
    gains = [(float("nan"), 0), *map(_gain, ordered[:-1], ordered[1:])]
    table = pd.DataFrame(
        [
            {
                "term": _model(fit),
                "n_parameters": fit.n_parameters,
                "loglik": fit.loglik,
                "aic": fit.aic,
                "bic": fit.bic,
                "statistic": gain,
                "df": df,
                "p_value": chi2.sf(gain, df) if df else float("nan"),
                "n_ratings": fit.nobs,
                "method": str(fit.method),
            }
            for fit, (gain, df) in zip(ordered, gains, strict=True)
        ]
    )
    return Result.of(
        ordered[0],
        table,
        _sentence(table),
        "Likelihood-ratio tests",
        notes=("Each model is compared with the one in the row before.", *_variances(ordered)),
        warnings=(text for fit in ordered for text in fit.warnings),
        backing=of_model(ordered[0].design.left_out, len(table)),
        figure=FOREST,
    )


def _gain(small: ModelEstimates, large: ModelEstimates) -> tuple[float, int]:
    """Twice the gain in log-likelihood, and by how many parameters."""
    gain = large.loglik - small.loglik
    if gain < -BELOW:
        raise InputError(
            f"'{_model(large)}' has a lower log-likelihood ({large.loglik:.3f}) than "
            f"'{_model(small)}' ({small.loglik:.3f}), which it holds as a special case: its search "
            "did not reach the maximum; rescale its variables or simplify it"
        )
    return max(2 * gain, 0.0), large.n_parameters - small.n_parameters


def _model(fit: ModelEstimates) -> str:
    """A fit's formula, with what its thresholds and its scale vary by."""
    parts = {"thresholds": fit.design.nominal, "scale": fit.design.scale}
    told = [
        f"{what} by {', '.join(sorted(map(str, matrix.spec.required_variables)))}"
        for what, matrix in parts.items()
        if matrix is not None
    ]
    return "; ".join([fit.formula, *told])


def _variances(fits: list[ModelEstimates]) -> tuple[str, ...]:
    """What to know of the p-values of variances, if any is tested."""
    n_effects = [sum(len(part.sd) for part in fit.random) for fit in fits]
    added = [after - before for before, after in pairwise(n_effects)]
    if max(added) < 1:
        return ()
    bound = ", at most by a factor of two" if max(added) == 1 else ""
    return (
        f"Where a variance is tested, which cannot be below 0, the p-value is too large{bound}.",
    )


def _sentence(table: pd.DataFrame) -> str:
    told = []
    for k in range(1, len(table)):
        row = table.iloc[k]
        verdict = "clearly" if row["p_value"] < SIGNIFICANCE else "not clearly"
        told.append(
            f"'{row['term']}' fits {verdict} better than '{table['term'].iloc[k - 1]}' "
            f"(chi-squared {row['statistic']:.2f} on {row['df']} degrees of freedom, "
            f"p {row['p_value']:.3g})"
        )
    return "; ".join(told) + "."
