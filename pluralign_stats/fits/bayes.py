"""Bayesian mixed models of ratings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import numpy as np
import pandas as pd

from pluralign_stats.checks.leave_one_out import loo
from pluralign_stats.documentation import documented_by
from pluralign_stats.errors import check_one_of
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.fits.fit import Fit, made_of
from pluralign_stats.fits.linear import LinearFit
from pluralign_stats.fits.ordered_beta import OrderedBetaFit
from pluralign_stats.fits.ordinal import OrdinalFit
from pluralign_stats.models.bayes.bayes import METHODS, estimate_bayes, starting_fit
from pluralign_stats.models.bayes.fit import (
    BayesLinearEstimates,
    BayesOrderedBetaEstimates,
    BayesOrdinalEstimates,
    PosteriorEstimates,
)
from pluralign_stats.models.bayes.options import Sampling
from pluralign_stats.models.bayes.predictive import simulate_ratings
from pluralign_stats.models.in_statsmodels import no_equivalent
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL

if TYPE_CHECKING:
    import pymc as pm


@dataclass(frozen=True, eq=False, repr=False)
class Posterior(Fit, PosteriorEstimates):
    """What a Bayesian fit has besides what every fit has; see `PosteriorEstimates`."""

    def loo(self, by: str = "rating") -> Result:
        """How well ratings, or raters, that are left out are predicted; see `pluralign_stats.loo`.

        Parameters
        ----------
        by
            ``"rating"`` or ``"rater"``.
        """
        return loo(self, by)

    simulate = simulate_ratings

    def priors(self) -> Result:
        """The prior of every parameter, and whether it was given or is the default."""
        notes = (
            "Coefficients are on the latent scale, per unit of the column; priors of thresholds, "
            "and of a Gaussian model's constant, hold at the means of the covariates.",
        )
        return Result.of(
            self,
            self.chosen.table(),
            "Change a prior by its name: priors={...}.",
            "Priors",
            conf_level=CONF_LEVEL,
            interval="of each prior, about its median",
            notes=notes,
            warnings=(),
            figure=FOREST,
        )

    def prior_predictive(
        self, draws: int = 500, seed: int = 1, conf_level: float = CONF_LEVEL
    ) -> Result:
        """Ratings that the priors alone expect; see `pluralign_stats.prior_predictive`."""
        from pluralign_stats.models.bayes.prior_predictive import prior_predictive_of

        return prior_predictive_of(self, self.layout, self.chosen, draws, seed, conf_level)

    def pymc_model(self) -> "pm.Model":
        """The same model in PyMC; see `pluralign_stats.models.bayes.pymc_model`."""
        from pluralign_stats.models.bayes.pymc_model import pymc_model

        return pymc_model(self)

    def to_statsmodels(self) -> NoReturn:
        """Refuse: statsmodels has no model with these priors.

        Raises
        ------
        InputError
            Always.
        """
        raise no_equivalent("it has none with these priors; pymc_model() states it in PyMC")

    def summary(self, conf_level: float = CONF_LEVEL, interval: str = "credible") -> Result:
        """Posterior of the fixed effects, thresholds and standard deviations.

        Parameters
        ----------
        conf_level
            Level of the intervals.
        interval
            ``"credible"``, with equal tails.
        """
        from pluralign_stats.models.bayes.summary import posterior_summary

        check_one_of("'interval'", interval, ("credible",))
        return posterior_summary(self, conf_level)


@dataclass(frozen=True, eq=False, repr=False)
class BayesOrdinalFit(Posterior, OrdinalFit, BayesOrdinalEstimates):
    """A Bayesian ordinal or binary mixed model; see `Posterior`."""


@dataclass(frozen=True, eq=False, repr=False)
class BayesLinearFit(Posterior, LinearFit, BayesLinearEstimates):
    """A Bayesian Gaussian mixed model; see `Posterior`."""


@dataclass(frozen=True, eq=False, repr=False)
class BayesOrderedBetaFit(Posterior, OrderedBetaFit, BayesOrderedBetaEstimates):
    """A Bayesian ordered beta mixed model; see `Posterior`."""


BayesFit = BayesOrdinalFit | BayesLinearFit | BayesOrderedBetaFit


@documented_by(Sampling)
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
    draws: int | None = None,
    tune: int = 300,
    chains: int | None = None,
    seed: int = 1,
    target_accept: float = 0.8,
    progress: bool | None = None,
    attempts: int = 4,
    rater: str | Sequence[str] | None = None,
    bounds: tuple[float, float] | None = None,
    positive_from: float | None = None,
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
        numbers, ``"ordered_beta"`` for numbers between two ends (`fit_ordered_beta`).
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
    rater
        As for `fit_linear`.
    bounds, positive_from
        As for `fit_ordered_beta`, of whose family they are.

    Returns
    -------
    BayesOrdinalFit, BayesLinearFit or BayesOrderedBetaFit
        With posterior means and SDs where other fits have estimates and standard errors, and
        ``idata``, an ArviZ object.

    Raises
    ------
    InputError
        If the formula, the data, a prior or an option cannot be used.

    Notes
    -----
    A column of formats, such as of five options and of three, is a term like any other here: it
    moves all thresholds alike. Thresholds of their own for each format, and none beyond the options
    offered, are for `fit_ordinal` (``formats``).

    Sampled by nutpie's No-U-Turn sampler in coordinates that the Laplace fit of the same model
    chooses; see `models.bayes.density`. An interrupted run (Ctrl-C) returns the draws made so far,
    with a warning, if there are at least 100 of each chain.

    References
    ----------
    Bürkner & Vuorre (2019), Advances in Methods and Practices in Psychological Science 2,
    77-101.
    Hoffman & Gelman (2014), Journal of Machine Learning Research 15, 1593-1623.

    Examples
    --------
    >>> laplace = pls.fit_bayes("rating ~ gender + (1|rater)", toxicity, method="laplace")
    >>> laplace.params.index.tolist()
    ['gender[T.Male]', 'gender[T.Non-binary]']
    """
    check_one_of("'method'", method, METHODS)
    how = Sampling(
        draws=draws, tune=tune, chains=chains, seed=seed, target_accept=target_accept,
        progress=progress, attempts=attempts,
    )  # fmt: skip
    start = starting_fit(
        formula, data, family, link, nominal, scale, weights, rater, bounds, positive_from
    )
    found = estimate_bayes(start, priors, method, how)
    if isinstance(found, BayesOrdinalEstimates):
        return made_of(BayesOrdinalFit, found)
    if isinstance(found, BayesOrderedBetaEstimates):
        return made_of(BayesOrderedBetaFit, found)
    return made_of(BayesLinearFit, found)
