"""What every model returns."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from pluralign_stats.models.design import Design
from pluralign_stats.models.estimates import Joint, RandomPart
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL

#: What stands for the random effects: their whole distribution, the predicted effects of the rows'
#: own groups, or zero.
Averaging = Literal["population", "conditional", "typical"]

#: What is predicted: category probabilities, mean rating, or the linear predictor.
Kind = Literal["probability", "mean", "linear"]


@dataclass(frozen=True, eq=False, repr=False)
class Fit(ABC):
    """A fitted mixed model; `LinearFit` and `OrdinalFit` are the two kinds.

    Attributes
    ----------
    formula
        As given.
    params, vcov
        Fixed effects (p), and their covariance (p, p).
    thresholds
        Cuts between neighbouring categories; empty for a linear model.
    random
        Estimates of each random term.
    joint
        All parameters together.
    loglik
        Log-likelihood at the optimum (restricted, under REML).
    n_parameters
        How many parameters were estimated.
    converged, warnings
        Whether to trust the numbers, and what to doubt.
    design
        The rows used and their matrices.
    method
        The model in a few words.
    """

    formula: str
    params: pd.Series
    vcov: pd.DataFrame
    thresholds: pd.Series
    random: tuple[RandomPart, ...]
    joint: Joint
    loglik: float
    n_parameters: int
    converged: bool
    warnings: tuple[str, ...]
    design: Design
    method: str

    @property
    def thresholds_se(self) -> pd.Series:
        """Standard errors of the thresholds."""
        return pd.Series(dtype=float)

    @property
    def se(self) -> pd.Series:
        """Standard errors of the fixed effects."""
        variance = np.diag(self.vcov)
        return pd.Series(np.sqrt(variance), self.params.index, name="std_error")

    @property
    def random_sd(self) -> pd.Series:
        """Standard deviation of each random effect (and of the residuals of a linear model)."""
        return pd.concat([pd.Series(dtype=float), *(part.sd for part in self.random)])

    @property
    def random_corr(self) -> pd.DataFrame:
        """Correlations of random effects: columns group, first, second, estimate."""
        rows = [
            (part.design.term.group, *names, part.correlations.loc[*names])
            for part in self.random
            if part.design.term.correlated
            for k, second in enumerate(part.design.effects)
            for names in [(first, second) for first in part.design.effects[:k]]
        ]
        return pd.DataFrame(rows, columns=["group", "first", "second", "estimate"])

    @property
    def nobs(self) -> int:
        """Number of ratings used."""
        return len(self.design.y)

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""
        return 2 * self.n_parameters - 2 * self.loglik

    @property
    def bic(self) -> float:
        """Schwarz's criterion, with the number of ratings."""
        return float(np.log(self.nobs) * self.n_parameters - 2 * self.loglik)

    @property
    def unit(self) -> str:
        """Unit of the fixed effects."""
        return "rating points"

    @property
    def interval(self) -> str:
        """Kind of interval that tables of this model hold."""
        return "Wald intervals"

    @property
    def asymptotic(self) -> bool:
        """Whether its standard errors and degrees of freedom take units for many."""
        return False

    @property
    @abstractmethod
    def scores(self) -> np.ndarray:
        """(J,) numbers that the categories stand for; empty for a linear model."""

    @property
    def categories(self) -> list[object]:
        """What tables call the J categories: their numbers, or words."""
        return []

    @property
    @abstractmethod
    def rating_sd(self) -> float:
        """Standard deviation of a single rating, given the fixed effects."""

    @property
    def odds_exact(self) -> bool:
        """Whether the linear predictor is in log odds."""
        return False

    @property
    @abstractmethod
    def odds_scale(self) -> float:
        """What turns the linear predictor into (approximate) log odds."""

    @abstractmethod
    def degrees(self, rows: np.ndarray) -> np.ndarray:
        """Degrees of freedom (m,) of combinations (m, k) of all parameters; inf for a normal."""

    @abstractmethod
    def simulate(self, seed: int) -> pd.Series:
        """New ratings for the rows of the data, from the model with new random effects."""

    def groups(self) -> pd.DataFrame:
        """Random terms: columns group, n_levels."""
        rows = [(p.design.term.group, len(p.design.levels)) for p in self.random]
        return pd.DataFrame(rows, columns=["group", "n_levels"]).drop_duplicates("group")

    def random_effects(self) -> pd.DataFrame:
        """Predicted random effects.

        Returns
        -------
        DataFrame
            One row per effect of each level: columns group, effect, level, estimate, std_error
            (conditional on the data and the other parameters).
        """
        tables = [
            pd.DataFrame(
                {
                    "group": part.design.term.group,
                    "effect": effect,
                    "level": part.design.levels.astype(str),
                    "estimate": part.modes[:, k],
                    "std_error": np.sqrt(part.conditional[:, k, k]),
                }
            )
            for part in self.random
            for k, effect in enumerate(part.design.effects)
        ]
        columns = ["group", "effect", "level", "estimate", "std_error"]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)

    def predict(
        self,
        newdata: pd.DataFrame | None = None,
        kind: Kind = "mean",
        averaging: Averaging = "population",
    ) -> pd.Series | pd.DataFrame:
        """Predict each row of `newdata`, or of the data.

        Parameters
        ----------
        newdata
            Rows with the variables of the model; by default those it was fitted to.
        kind
            ``"mean"`` rating, ``"probability"`` of each category (a column each; ordinal models
            only), or the ``"linear"`` predictor.
        averaging
            ``"population"``: over the distribution of the random effects, as for a new rater and a
            new item. ``"conditional"``: with the predicted effects of the rows' own raters and
            items, averaged over those that are not in the data. ``"typical"``: with random
            effects of zero.

        Raises
        ------
        InputError
            If a variable is absent, a level unknown, or `kind` not to be had from this model.
        """
        from pluralign_stats.models.predict import predict

        return predict(self, newdata, kind, averaging)

    def summary(self, conf_level: float = CONF_LEVEL, interval: str = "wald") -> Result:
        """Fixed effects with intervals, and how the model fared.

        Parameters
        ----------
        conf_level
            Level of the intervals.
        interval
            ``"wald"``, or ``"profile"`` for the slower ones from the profile likelihood.
        """
        from pluralign_stats.models.summary import summary

        return summary(self, conf_level, interval)

    def contrasts(self, factor: str, **options: Any) -> Result:
        """Differences between levels of a factor; see `pluralign_stats.contrasts`."""
        return _effect("contrasts")(self, factor, **options)

    def percent(self, factor: str, **options: Any) -> Result:
        """Differences in percent, in both readings; see `pluralign_stats.percent`."""
        return _effect("percent")(self, factor, **options)

    def predictions(self, **options: Any) -> Result:
        """Predictions with intervals; see `pluralign_stats.predictions`."""
        return _effect("predictions")(self, **options)

    def comparisons(self, variable: str, **options: Any) -> Result:
        """What a change of one variable does; see `pluralign_stats.comparisons`."""
        return _effect("comparisons")(self, variable, **options)

    def hypotheses(self, *args: Any, **options: Any) -> Result:
        """Tests of combinations of coefficients; see `pluralign_stats.hypotheses`."""
        return _effect("hypotheses")(self, *args, **options)

    def __repr__(self) -> str:
        return repr(self.summary().released())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()


def _effect(name: str) -> Callable[..., Result]:
    """A verb of the effects, which are loaded when called: they import this module."""
    import pluralign_stats

    return getattr(pluralign_stats, name)
