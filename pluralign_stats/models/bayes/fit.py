"""Bayesian fits: a mixed-model fit with the draws of its posterior."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.linear import LinearEstimates
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


@dataclass(frozen=True, eq=False, repr=False)
class BayesOrdinalEstimates(PosteriorEstimates, OrdinalEstimates):
    """A Bayesian ordinal or binary mixed model; see `Posterior`."""


@dataclass(frozen=True, eq=False, repr=False)
class BayesLinearEstimates(PosteriorEstimates, LinearEstimates):
    """A Bayesian Gaussian mixed model; see `Posterior`."""


def need_posterior(fit: ModelEstimates, otherwise: str) -> PosteriorEstimates:
    """The fit, if it is Bayesian.

    Raises
    ------
    InputError
        If it is not, saying what to do otherwise.
    """
    if not isinstance(fit, PosteriorEstimates):
        raise InputError(otherwise)
    return fit


BayesEstimates = BayesOrdinalEstimates | BayesLinearEstimates
