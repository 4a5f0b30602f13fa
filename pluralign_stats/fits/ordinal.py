"""Ordinal mixed models of ratings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pluralign_stats.fits.fit import Fit, made_of
from pluralign_stats.models.in_statsmodels import ordinal_model
from pluralign_stats.models.ordinal import OrdinalEstimates, estimate_ordinal

if TYPE_CHECKING:
    from statsmodels.miscmodels.ordinal_model import OrderedModel


@dataclass(frozen=True, eq=False, repr=False)
class OrdinalFit(Fit, OrdinalEstimates):
    """A fitted ordinal mixed model; see `Fit` for what all fits have.

    Examples
    --------
    >>> fit.thresholds.round(1).tolist()
    [0.3, 1.4, 2.3, 3.9]
    >>> fit.predict(toxicity.head(2)).round(1).tolist()
    [1.8, 1.8]
    """

    def to_statsmodels(self) -> "OrderedModel":
        """The same model in statsmodels, to be fitted there by ``.fit()``.

        Returns
        -------
        OrderedModel
            With the fit's rows, columns and categories.

        Raises
        ------
        InputError
            If statsmodels has no equivalent: it knows no random effects, no effects on thresholds
            or scale, no other than flexible thresholds and no weights.
        """
        return ordinal_model(self)


def fit_ordinal(
    formula: str,
    data: pd.DataFrame,
    *,
    link: str = "logit",
    thresholds: str = "flexible",
    nominal: str | None = None,
    formats: str | None = None,
    scale: str | None = None,
    weights: str | Sequence[float] | np.ndarray | None = None,
    n_nodes: int = 1,
    rater: str | Sequence[str] | None = None,
) -> OrdinalFit:
    """Fit a cumulative link mixed model.

    A rating is at most j with probability ``F((threshold_j - effects) / scale)``, so a positive
    effect means higher ratings. With two categories this is the binary mixed model.

    Parameters
    ----------
    formula
        As for `fit_linear`; thresholds take the place of the intercept.
    data
        One row per rating. Rows with a missing variable are left out and counted. The response is
        numbers or an ordered categorical.
    link
        ``"logit"``, ``"probit"`` or ``"cloglog"``.
    thresholds
        ``"flexible"``, ``"symmetric"`` about a centre, or ``"equidistant"``.
    nominal
        Right-hand side, such as ``"country"``, of effects that every threshold has for itself:
        groups that use the scale differently.
    formats
        Column of the form in which a row's rater was asked, such as on five options or on three
        of them. Each form has thresholds of its own, and none beyond the lowest and the highest
        option that anybody chose in it; effects are common to all forms.
    scale
        Right-hand side of effects on the log of the latent standard deviation: groups that spread
        their ratings more.
    weights
        A column, or one number per row, by which the row's log-likelihood is multiplied.
    n_nodes
        1 for the Laplace approximation; more nodes of adaptive Gauss-Hermite quadrature for a
        single random intercept or slope.
    rater
        As for `fit_linear`.

    Returns
    -------
    OrdinalFit
        Estimates on the latent scale of the link (log odds for a logit).

    Raises
    ------
    InputError
        If the formula, the data or an option cannot be used.

    Notes
    -----
    The marginal likelihood is approximated at the mode of the random effects and maximized with
    its exact gradient; standard errors are from the observed information of all parameters.

    Thresholds stay in order: where nobody (of a group with thresholds of its own) chose what lies
    between two of them, they coincide, and standard errors are given that they do. Categories of
    the scale that nobody chose change no score of the others.

    References
    ----------
    McCullagh (1980), Journal of the Royal Statistical Society B 42, 109-142, for the model;
    Tutz & Hennevogl (1996), Computational Statistics & Data Analysis 22, 537-557, for its
    random effects.
    Pinheiro & Bates (1995), Journal of Computational and Graphical Statistics 4, 12-35, for the
    approximations.
    Agresti (2010), Analysis of Ordinal Categorical Data, 2nd edition, Wiley.

    Examples
    --------
    >>> ordinal = pls.fit_ordinal("rating ~ gender + (1|rater)", toxicity)
    >>> ordinal.converged, len(ordinal.thresholds)
    (True, 4)
    """
    return made_of(
        OrdinalFit,
        estimate_ordinal(
            formula,
            data,
            link=link,
            thresholds=thresholds,
            nominal=nominal,
            formats=formats,
            scale=scale,
            weights=weights,
            n_nodes=n_nodes,
            rater=rater,
        ),
    )
