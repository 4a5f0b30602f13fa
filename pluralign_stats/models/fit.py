"""What every model returns."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from pluralign_stats.models.coefficients import Coefficient
from pluralign_stats.models.design import Design
from pluralign_stats.models.family import BAYESIAN, Family, Method
from pluralign_stats.models.parts import ParameterDraws, Parameters, RandomPart, combined_covariance
from pluralign_stats.notes import Note


@dataclass(frozen=True, eq=False, repr=False)
class ModelEstimates(ABC):
    """A fitted mixed model; `LinearFit` and `OrdinalFit` are the two kinds.

    Attributes
    ----------
    formula
        As given.
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
        How the model was fitted; as text what tables call it.
    """

    formula: str
    random: tuple[RandomPart, ...]
    joint: Parameters
    loglik: float
    n_parameters: int
    converged: bool
    warnings: tuple[Note, ...]
    design: Design
    method: Method

    @cached_property
    def _estimates(self) -> pd.DataFrame:
        """Coefficients and thresholds: columns estimate, std_error."""
        names = [*(c.name for c in self.coefficients), *self.cuts]
        rows = self.combinations
        variance = np.diag(combined_covariance(rows, self.joint.vcov))
        columns = {"estimate": rows @ self.joint.estimates, "std_error": np.sqrt(variance)}
        return pd.DataFrame(columns, names)

    @property
    def params(self) -> pd.Series:
        """Fixed effects (p,)."""
        return self._estimates["estimate"].iloc[: len(self.coefficients)]

    @property
    def vcov(self) -> pd.DataFrame:
        """Covariance (p, p) of the fixed effects."""
        names = self.params.index
        made = combined_covariance(self.combinations[: len(names)], self.joint.vcov)
        return pd.DataFrame(made, names, names)

    @property
    def se(self) -> pd.Series:
        """Standard errors of the fixed effects."""
        return self._estimates["std_error"].iloc[: len(self.coefficients)]

    @property
    def cuts(self) -> list[str]:
        """Names of the thresholds; none of a linear model."""
        return []

    @property
    def thresholds(self) -> pd.Series:
        """Cuts between neighbouring categories; empty for a linear model."""
        return self._estimates["estimate"].iloc[len(self.coefficients) :].rename("threshold")

    @property
    def thresholds_se(self) -> pd.Series:
        """Standard errors of the thresholds."""
        return self._estimates["std_error"].iloc[len(self.coefficients) :]

    @property
    def estimated(self) -> np.ndarray:
        """(p + J - 1,) which coefficients and thresholds the data could tell of."""
        return np.ones(len(self._estimates), dtype=bool)

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
    def coefficients(self) -> tuple[Coefficient, ...]:
        """The variables and levels that `params` stand for, in the same order."""
        return self.design.coefficients(self.cuts)

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
    def data_kind(self) -> str:
        """Whether the data are simulated; see `Metadata`."""
        return self.design.data_kind

    @property
    @abstractmethod
    def family(self) -> Family:
        """What ratings are to the model: unit, categories, scale of the odds."""

    @property
    def bayesian(self) -> bool:
        """Whether the estimates are summaries of draws of a posterior."""
        return self.method.inference == BAYESIAN

    @property
    def points(self) -> ParameterDraws:
        """Sets of parameters at which the model predicts: its estimates, or all draws."""
        return ParameterDraws(self.joint.estimates[None])

    @property
    def latent_sd(self) -> float:
        """Standard deviation, given the fixed effects, of a rating or of its latent variable."""
        random = sum(part.variance().mean() for part in self.random)
        return float(np.sqrt(self.family.residual + random))

    @property
    def combinations(self) -> np.ndarray:
        """(m, k) how coefficients and thresholds combine the parameters of `joint`."""
        return np.eye(len(self.joint.estimates))

    @property
    def interval(self) -> str:
        """Kind of interval that tables of this model hold."""
        return "Wald intervals"

    @property
    def asymptotic(self) -> bool:
        """Whether its standard errors and degrees of freedom take units for many."""
        return False

    @abstractmethod
    def degrees(self, rows: np.ndarray) -> np.ndarray:
        """Degrees of freedom (m,) of combinations (m, k) of all parameters; inf for a normal."""

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
