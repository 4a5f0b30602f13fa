"""Ordered beta mixed models of ratings on a slider."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.fits.fit import Fit, made_of
from pluralign_stats.models.ordered_beta import OrderedBetaEstimates, estimate_ordered_beta


@dataclass(frozen=True, eq=False, repr=False)
class OrderedBetaFit(Fit, OrderedBetaEstimates):
    """A fitted ordered beta mixed model; see `Fit` for what all fits have.

    Examples
    --------
    >>> slider.thresholds.index.tolist()
    ['0|between', 'between|100']
    >>> bool(slider.phi > 0)
    True
    """


def fit_ordered_beta(
    formula: str,
    data: pd.DataFrame,
    *,
    bounds: tuple[float, float] | None = None,
    positive_from: float | None = None,
    weights: str | Sequence[float] | np.ndarray | None = None,
    rater: str | Sequence[str] | None = None,
) -> OrderedBetaFit:
    """Fit an ordered beta mixed model to ratings on a slider.

    Ratings may be at either end of the scale or anywhere between. With the predictor ``eta`` (log
    odds), two cuts and the logistic distribution function F, a rating is at the lowest end with
    probability ``F(cut - eta)``, at the highest with ``F(eta - cut)``, and else has a beta
    distribution with mean ``F(eta)``: one effect moves all three, up if it is positive.

    Parameters
    ----------
    formula
        As for `fit_linear`.
    data
        One row per rating. Rows with a missing variable are left out and counted.
    bounds
        The two ends of the scale, such as ``(0, 100)``; they have to be stated, as the ratings do
        not tell them.
    positive_from
        Lowest rating that counts as positive, for shares of positive ratings
        (``kind="positive"``); by default those above the middle of the scale.
    weights
        A column, or one number per row, by which the row's log-likelihood is multiplied.
    rater
        As for `fit_linear`.

    Returns
    -------
    OrderedBetaFit
        Estimates in log odds; effects in rating points. `phi` is the precision of ratings between
        the ends.

    Raises
    ------
    InputError
        If the formula, the data or an option cannot be used; if a rating is outside the scale, or
        none is between its ends.

    Notes
    -----
    The marginal likelihood is approximated at the mode of the random effects (Laplace) and
    maximized with its exact gradient; standard errors are from the observed information of all
    parameters. Ratings count on a scale from 0 to 1 in the log-likelihood. At an end that nobody
    chose there is no cut, and predictions put no ratings there.

    References
    ----------
    Kubinec (2023), Ordered Beta Regression: A Parsimonious, Well-Fitting Model for Continuous Data
    with Lower and Upper Bounds, Political Analysis 31, 519-536.

    Examples
    --------
    >>> slider = pls.fit_ordered_beta(
    ...     "rating ~ gender + (1|rater) + (1|item)", sliders, bounds=(0, 100)
    ... )
    >>> slider.converged, slider.params.index.tolist()[:2]
    (True, ['Intercept', 'gender[T.Male]'])
    """
    return made_of(
        OrderedBetaFit,
        estimate_ordered_beta(
            formula, data, bounds=bounds, positive_from=positive_from, weights=weights, rater=rater
        ),
    )
