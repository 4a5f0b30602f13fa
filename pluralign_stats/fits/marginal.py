"""Marginal models of ratings, with all the verbs of a fit."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from pluralign_stats.fits.fit import made_of
from pluralign_stats.fits.linear import LinearFit
from pluralign_stats.fits.ordinal import OrdinalFit
from pluralign_stats.models.marginal import Marginal, MarginalLinearEstimates, estimate_marginal
from pluralign_stats.models.ordinal import OrdinalEstimates


@dataclass(frozen=True, eq=False, repr=False)
class MarginalLinearFit(LinearFit, MarginalLinearEstimates):
    """A fitted linear marginal model; see `fit_marginal`."""


def fit_marginal(
    formula: str,
    data: pd.DataFrame,
    kind: Marginal,
    *,
    weights: str | None = None,
    rater: str | Sequence[str] | None = None,
) -> MarginalLinearFit | OrdinalFit:
    """Fit a model without random effects whose errors are robust to raters who rate often.

    What a variable does is averaged over raters and items, as by a mixed model averaged over the
    population; that items differ is not allowed for in the errors.

    Parameters
    ----------
    formula
        As for `fit_linear`; its random terms are left out.
    data
        One row per rating. Rows with a missing variable are left out and counted.
    kind
        ``"ordinal GEE"``: equations of a cumulative logit model with one global odds ratio for all
        pairs of a rater's ratings; ``"linear GEE"``: of a linear model with one correlation for
        them; ``"OLS"``: least squares.
    weights
        Of ``"OLS"``: a column of survey weights, above 0. Raters count by them, and errors are
        those of a survey whose raters were drawn with them; scale them as you like.
    rater
        As for `fit_linear`.

    Returns
    -------
    MarginalLinearFit or OrdinalFit
        There is no likelihood, and so no `loglik`.

    Raises
    ------
    InputError
        If the formula or the data cannot be used, or raters are not known.
    """
    found = estimate_marginal(formula, data, kind, weights=weights, rater=rater)
    if isinstance(found, OrdinalEstimates):
        return made_of(OrdinalFit, found)
    return made_of(MarginalLinearFit, found)
