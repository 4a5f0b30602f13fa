"""Bayesian fits: a mixed-model fit with the draws of its posterior."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.linear import LinearEstimates
from pluralign_stats.models.ordered_beta import OrderedBetaEstimates
from pluralign_stats.models.ordinal import OrdinalEstimates
from pluralign_stats.models.parts import ParameterDraws

if TYPE_CHECKING:
    import xarray as xr

    from pluralign_stats.models.bayes.convergence import Convergence
    from pluralign_stats.models.bayes.layout import Layout
    from pluralign_stats.models.bayes.posterior import Draws
    from pluralign_stats.models.bayes.priors import Priors


@dataclass(frozen=True, eq=False, repr=False)
class PosteriorEstimates(ModelEstimates):
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
    def points(self) -> ParameterDraws:
        """All draws, with the effects of each."""
        return ParameterDraws(self.draws.joint, self.draws.effects)

    @property
    def asymptotic(self) -> bool:
        """No: draws are over what is not known of variances, too."""
        return False

    @property
    def sampling(self) -> str:
        """How it was sampled; see `Metadata`."""
        attempt = self.convergence.attempt
        return str(attempt) if attempt else ""

    @property
    def interval(self) -> str:
        """Kind of interval that tables of this model hold."""
        return "credible intervals (equal tails)"

    @property
    def random_sd(self) -> pd.Series:
        """Posterior means of the standard deviations."""
        return pd.concat([self._means("sd"), self._means("residual")])

    @property
    def random_corr(self) -> pd.DataFrame:
        """Posterior means of the correlations: columns group, first, second, estimate."""
        return super().random_corr.assign(estimate=self._means("cor").to_numpy())

    def random_effects(self) -> pd.DataFrame:
        """Posterior of the random effects: columns group, effect, level, estimate, sd."""
        return super().random_effects().rename(columns={"std_error": "sd"})

    def _means(self, kind: str) -> pd.Series:
        """Posterior means of one class of parameters."""
        from pluralign_stats.models.bayes.arviz_data import parameter_draws

        names, drawn = parameter_draws(self, self.layout, self.draws).get(
            kind, ([], np.empty((1, 0)))
        )
        return pd.Series(drawn.mean(axis=0), names, dtype=float)

    @property
    def aic(self) -> float:
        """Not defined for a Bayesian fit."""
        raise InputError("a Bayesian fit has no AIC; compare models by `fit.loo()`")

    @property
    def bic(self) -> float:
        """Not defined for a Bayesian fit."""
        raise InputError("a Bayesian fit has no BIC; compare models by `fit.loo()`")


@dataclass(frozen=True, eq=False, repr=False)
class BayesOrdinalEstimates(PosteriorEstimates, OrdinalEstimates):
    """A Bayesian ordinal or binary mixed model; see `Posterior`."""


@dataclass(frozen=True, eq=False, repr=False)
class BayesLinearEstimates(PosteriorEstimates, LinearEstimates):
    """A Bayesian Gaussian mixed model; see `Posterior`."""


@dataclass(frozen=True, eq=False, repr=False)
class BayesOrderedBetaEstimates(PosteriorEstimates, OrderedBetaEstimates):
    """A Bayesian ordered beta mixed model; see `Posterior`."""

    @property
    def phi(self) -> float:
        """Posterior mean of the precision."""
        return float(np.exp(self.draws.log_scale).mean())

    @property
    def phi_se(self) -> float:
        """Posterior standard deviation of the precision."""
        return float(np.exp(self.draws.log_scale).std(ddof=1))


def need_posterior(fit: ModelEstimates, otherwise: str) -> PosteriorEstimates:
    """The fit, if it is Bayesian."""
    if not isinstance(fit, PosteriorEstimates):
        raise InputError(otherwise)
    return fit


BayesEstimates = BayesOrdinalEstimates | BayesLinearEstimates | BayesOrderedBetaEstimates
