"""Bayesian mixed models of ratings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, MissingExtraError, one_of
from pluralign_stats.models.bayes.options import Sampling
from pluralign_stats.models.fit import Averaging, Fit, Kind
from pluralign_stats.models.linear import LinearFit, fit_linear
from pluralign_stats.models.ordinal import OrdinalFit, fit_ordinal
from pluralign_stats.results import Metadata, Result
from pluralign_stats.settings import CONF_LEVEL

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

    from pluralign_stats.models.bayes.convergence import Convergence
    from pluralign_stats.models.bayes.layout import Layout
    from pluralign_stats.models.bayes.posterior import Draws
    from pluralign_stats.models.bayes.priors import Priors

METHODS = ("nuts", "laplace")

FAMILIES = ("cumulative", "gaussian", "bernoulli")


@dataclass(frozen=True, eq=False, repr=False)
class Posterior(Fit):
    """What a Bayesian fit has besides what every fit has.

    `params`, `thresholds` and `random_sd` are posterior means, `se` and `thresholds_se` posterior
    standard deviations; `loglik` is that given all random effects, averaged over draws.

    Attributes
    ----------
    idata
        The draws as an ArviZ object.
    draws
        The draws as arrays.
    convergence
        Of each parameter R-hat and effective sample sizes, and what the sampler met with.
    chosen
        The priors.
    layout
        What stands where in the density.
    """

    idata: "xr.DataTree"
    draws: "Draws"
    convergence: "Convergence"
    chosen: "Priors"
    layout: "Layout"

    @property
    def asymptotic(self) -> bool:
        """No: draws are over what is not known of variances, too."""
        return False

    @property
    def interval(self) -> str:
        """Kind of interval that tables of this model hold."""
        return "credible intervals (equal tails)"

    @property
    def random_sd(self) -> pd.Series:
        """Posterior means of the standard deviations."""
        return pd.concat(
            [
                pd.Series(self._draws_of(name).mean(axis=0), self._names_of(name), dtype=float)
                for name in ("sd", "residual")
            ]
        )

    @property
    def random_corr(self) -> pd.DataFrame:
        """Posterior means of the correlations: columns group, first, second, estimate."""
        made = super().random_corr
        return made.assign(estimate=self._draws_of("cor").mean(axis=0) if len(made) else [])

    def random_effects(self) -> pd.DataFrame:
        """Posterior of the random effects: columns group, effect, level, estimate, sd."""
        return super().random_effects().rename(columns={"std_error": "sd"})

    def _draws_of(self, name: str) -> np.ndarray:
        if name not in self.idata.posterior:
            return np.zeros((len(self.draws.joint), 0))
        values = self.idata.posterior[name].to_numpy()
        return values.reshape(-1, values.shape[-1])

    def _names_of(self, name: str) -> list[str]:
        known = name in self.idata.posterior
        return [str(v) for v in self.idata.posterior[f"{name}_name"].to_numpy()] if known else []

    @property
    def aic(self) -> float:
        """Not defined for a Bayesian fit."""
        raise InputError("a Bayesian fit has no AIC; compare models by `fit.loo()`")

    @property
    def bic(self) -> float:
        """Not defined for a Bayesian fit."""
        raise InputError("a Bayesian fit has no BIC; compare models by `fit.loo()`")

    def loo(self, by: str = "rating") -> Result:
        """How well ratings, or raters, that are left out are predicted; see `pluralign_stats.loo`.

        Parameters
        ----------
        by
            ``"rating"`` or ``"rater"``.
        """
        import pluralign_stats

        return pluralign_stats.loo(self, by)

    def priors(self) -> Result:
        """The prior of every parameter, and whether it was given or is the default."""
        notes = (
            "Coefficients are on the latent scale, per unit of the column; priors of thresholds, "
            "and of a Gaussian model's constant, hold at the means of the covariates.",
        )
        meta = Metadata("Priors", self.design.data_kind, "", None, "", notes)
        return Result(self.chosen.table(), "Change a prior by its name: priors={...}.", meta)

    def prior_predictive(
        self, draws: int = 500, seed: int = 1, conf_level: float = CONF_LEVEL
    ) -> Result:
        """Ratings that the priors alone expect; see `pluralign_stats.prior_predictive`."""
        from pluralign_stats.models.bayes.prior_predictive import foretell

        return foretell(self, self.layout, self.chosen, draws, seed, conf_level)

    def pymc_model(self) -> "pm.Model":
        """The same model in PyMC; see `pluralign_stats.models.bayes.pymc_model`."""
        from pluralign_stats.models.bayes.pymc_model import pymc_model

        return pymc_model(self)

    def summary(self, conf_level: float = CONF_LEVEL, interval: str = "credible") -> Result:
        """Posterior of the fixed effects, thresholds and standard deviations.

        Parameters
        ----------
        conf_level
            Level of the intervals.
        interval
            ``"credible"``, with equal tails.
        """
        from pluralign_stats.models.bayes.convergence import posterior_summary

        if interval != "credible":
            raise InputError(one_of("'interval'", interval, ("credible",)))
        return posterior_summary(self, conf_level)

    def predict(
        self,
        newdata: pd.DataFrame | None = None,
        kind: Kind = "mean",
        averaging: Averaging = "population",
    ) -> pd.Series | pd.DataFrame:
        """Posterior mean of the prediction of each row; see `Fit.predict`."""
        from pluralign_stats.models.bayes.predictive import predict_mean

        return predict_mean(self, newdata, kind, averaging)

    def simulate(self, seed: int) -> pd.Series:
        """New ratings for the rows of the data: from one draw, with new random effects."""
        from pluralign_stats.models.bayes.predictive import simulate_ratings

        return simulate_ratings(self, seed)


@dataclass(frozen=True, eq=False, repr=False)
class BayesOrdinalFit(Posterior, OrdinalFit):
    """A Bayesian ordinal or binary mixed model; see `Posterior`."""


@dataclass(frozen=True, eq=False, repr=False)
class BayesLinearFit(Posterior, LinearFit):
    """A Bayesian Gaussian mixed model; see `Posterior`."""


BayesFit = BayesOrdinalFit | BayesLinearFit


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
