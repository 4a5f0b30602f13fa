"""Bayesian fits: a mixed-model fit with the draws of its posterior."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, one_of
from pluralign_stats.models.fit import Fit
from pluralign_stats.models.linear import LinearFit
from pluralign_stats.models.ordinal import OrdinalFit
from pluralign_stats.models.parts import Averaging, Kind
from pluralign_stats.results import Metadata, Result
from pluralign_stats.settings import CONF_LEVEL

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

    from pluralign_stats.models.bayes.convergence import Convergence
    from pluralign_stats.models.bayes.layout import Layout
    from pluralign_stats.models.bayes.posterior import Draws
    from pluralign_stats.models.bayes.priors import Priors


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
        from pluralign_stats.models.bayes.summary import posterior_summary

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
