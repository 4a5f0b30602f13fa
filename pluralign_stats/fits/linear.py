"""Linear mixed models of ratings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pluralign_stats.fits.fit import Fit, made_of
from pluralign_stats.models.in_statsmodels import linear_model
from pluralign_stats.models.linear import LinearEstimates, estimate_linear

if TYPE_CHECKING:
    from statsmodels.regression.linear_model import WLS
    from statsmodels.regression.mixed_linear_model import MixedLM


@dataclass(frozen=True, eq=False, repr=False)
class LinearFit(Fit, LinearEstimates):
    """A fitted linear mixed model; see `Fit` for what all fits have.

    Examples
    --------
    >>> linear = pls.fit_linear(formula, toxicity)
    >>> round(float(linear.sigma), 1)
    1.0
    >>> linear.summary().table["term"].tolist()[:2]
    ['Intercept', 'gender[T.Male]']
    """

    def to_statsmodels(self) -> "MixedLM | WLS":
        """The same model in statsmodels, to be fitted there by ``.fit(reml=fit.reml)``.

        Returns
        -------
        MixedLM or WLS
            With the fit's rows and columns; WLS where there are no random effects. Crossed random
            effects are variance components of one group of all rows: right, and slow.

        Raises
        ------
        InputError
            If statsmodels has no equivalent: weights beside random effects, no fixed effect, or
            correlated random effects that are not of the outermost grouping factor.
        """
        return linear_model(self)


def fit_linear(
    formula: str,
    data: pd.DataFrame,
    *,
    reml: bool = True,
    weights: str | Sequence[float] | np.ndarray | None = None,
    rater: str | Sequence[str] | None = None,
) -> LinearFit:
    """Fit a linear mixed model.

    Parameters
    ----------
    formula
        Such as ``"rating ~ gender + politics + (1|rater) + (1|item)"``. The fixed part is as
        formulaic reads it, the first level of a categorical being its reference. Random terms:
        ``(1|g)``, ``(1 + x|g)`` with correlated effects, ``(1 + x||g)`` with uncorrelated ones,
        ``(0 + x|g)``, ``(1|a:b)`` by combination, ``(1|a/b)`` for b within a.
    data
        One row per rating. Rows with a missing variable are left out and counted.
    reml
        Restricted maximum likelihood, or maximum likelihood.
    weights
        A column, or one number per row: the residual variance of a row is ``sigma^2 / weight``.
    rater
        The column that tells raters apart, for counts of raters and for keeping small groups from
        being shown: such as ``"user_id"``, or ``["country", "id"]`` where ids begin anew in each
        country. By default a column `rater`, else the one grouping factor that is called as people
        are (`user_id`, `participant`) if no other might be they; else raters are not counted.

    Returns
    -------
    LinearFit
        Estimates in rating points.

    Raises
    ------
    InputError
        If the formula or the data cannot be used.

    Notes
    -----
    Penalized least squares in blocks, with the exact gradient of the profiled criterion; p-values
    and intervals from t with Satterthwaite's degrees of freedom.

    References
    ----------
    Bates, Mächler, Bolker & Walker (2015), Journal of Statistical Software 67(1), sections 3
    and 5.4, for the criterion; Kuznetsova, Brockhoff & Christensen (2017), Journal of
    Statistical Software 82(13), section 2, for degrees of freedom.

    Examples
    --------
    >>> linear = pls.fit_linear("rating ~ gender + (1|rater) + (1|item)", toxicity)
    >>> linear.params.index.tolist()
    ['Intercept', 'gender[T.Male]', 'gender[T.Non-binary]']
    >>> linear.summary().table.shape
    (3, 8)
    """
    return made_of(
        LinearFit, estimate_linear(formula, data, reml=reml, weights=weights, rater=rater)
    )
