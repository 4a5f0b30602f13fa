"""What every model returns."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from pluralign_stats.errors import InputError, one_of
from pluralign_stats.models.formula import Design
from pluralign_stats.results import Metadata, Result, ordered_columns
from pluralign_stats.settings import CONF_LEVEL


@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """A fitted linear mixed model.

    Attributes
    ----------
    formula
        As given.
    params, vcov
        Fixed effects (p), and their covariance (p, p).
    random_sd
        Standard deviation of each random term and of the residuals.
    loglik
        Log-likelihood at the optimum (restricted, under REML).
    converged, warnings
        Whether to trust the numbers, and what to doubt.
    design
        The rows used and the fixed-effects matrix.
    dependence
        Columns (p, d) of the fixed-effects matrix that were left out, as weights of the others.
    group
        Factor of the random intercept.
    method
        The model in a few words.
    """

    formula: str
    params: pd.Series
    vcov: pd.DataFrame
    random_sd: pd.Series
    loglik: float
    converged: bool
    warnings: tuple[str, ...]
    design: Design
    dependence: pd.DataFrame
    group: str
    method: str

    @property
    def se(self) -> pd.Series:
        """Standard errors of the fixed effects."""
        return pd.Series(np.sqrt(np.diag(self.vcov)), self.params.index, name="std_error")

    @property
    def thresholds(self) -> pd.Series:
        """Empty: a linear model has no thresholds."""
        return pd.Series(dtype=float)

    @property
    def nobs(self) -> int:
        """Number of ratings used."""
        return len(self.design.y)

    def matrix(self, data: pd.DataFrame) -> np.ndarray:
        """Fixed-effects matrix (n, p) of new data.

        A row that the model cannot speak of, because it needs a left-out column, is missing.

        Raises
        ------
        InputError
            If a variable is absent or holds a level that the model has not seen.
        """
        needed = [str(v) for v in self.design.spec.required_variables]
        for column in needed:
            if column not in data:
                raise InputError(one_of("a variable of the new data", column, data.columns))
        complete = data[needed].notna().all(axis=1).to_numpy()
        for column in needed:
            if self.design.data[column].dtype == "category":
                levels = self.design.data[column].cat.categories
                new = [v for v in pd.unique(data[column].dropna()) if v not in levels]
                if new:
                    raise InputError(one_of(f"'{column}'", new[0], levels))
                filled = pd.Categorical(data[column], levels).fillna(levels[0])
                data = data.assign(**{column: filled})
        try:
            full = self.design.spec.get_model_matrix(data, na_action="ignore")
        except Exception as error:
            told = str(error).splitlines()[0]
            raise InputError(f"new data do not fit the model: {told}") from None
        kept = full[list(self.params.index)].to_numpy(dtype=float)
        left_out = full[list(self.dependence.columns)].to_numpy(dtype=float)
        known = np.isclose(left_out, kept @ self.dependence.to_numpy()).all(axis=1)
        return np.where((known & complete)[:, None], kept, np.nan)

    def predict(self, new: pd.DataFrame | None = None) -> pd.Series:
        """Mean rating of each row of `new` (by default of the data), over all raters."""
        data = self.design.data if new is None else new
        return pd.Series(self.matrix(data) @ self.params.to_numpy(), data.index, name="mean")

    def random_effects(self) -> pd.DataFrame:
        """Predicted random intercepts: columns level, estimate, std_error (conditional)."""
        residual = self.design.y - self.predict().to_numpy()
        groups = self.design.data[self.group]
        sums = pd.Series(residual, self.design.data.index).groupby(groups, observed=True)
        variance, scale = self.random_sd[self.group] ** 2, self.random_sd["residual"] ** 2
        shrunk = variance / (scale + sums.size() * variance)
        return pd.DataFrame(
            {
                "level": shrunk.index.astype(str),
                "estimate": (shrunk * sums.sum()).to_numpy(),
                "std_error": np.sqrt(scale * shrunk).to_numpy(),
            }
        )

    def summary(self, conf_level: float = CONF_LEVEL) -> Result:
        """Fixed effects with Wald intervals, and how the model fared."""
        z = norm.ppf((1 + conf_level) / 2)
        table = pd.DataFrame(
            {
                "term": self.params.index,
                "estimate": self.params.to_numpy(),
                "std_error": self.se.to_numpy(),
                "conf_low": (self.params - z * self.se).to_numpy(),
                "conf_high": (self.params + z * self.se).to_numpy(),
                "p_value": 2 * norm.sf(np.abs(self.params / self.se)),
                "method": self.method,
            }
        )
        sds = ", ".join(f"{name} {sd:.3f}" for name, sd in self.random_sd.items())
        n_groups = self.design.data[self.group].nunique()
        sentence = (
            f"{self.nobs:,} ratings, {n_groups:,} levels of {self.group}; rows left out for "
            f"missing values: {self.design.n_dropped:,}; standard deviations: {sds}."
        )
        meta = Metadata(
            self.formula,
            self.design.data_kind,
            "rating points",
            conf_level,
            "Wald intervals",
            (),
            self.warnings,
        )
        return Result(table[ordered_columns(table)], sentence, meta)

    def contrasts(self, factor: str, **options: Any) -> Result:
        """Differences between levels of a factor; see `pluralign_stats.contrasts`."""
        from pluralign_stats.effects.contrasts import contrasts

        return contrasts(self, factor, **options)

    def percent(self, factor: str, **options: Any) -> Result:
        """Differences in percent, in both readings; see `pluralign_stats.percent`."""
        from pluralign_stats.effects.percent import percent

        return percent(self, factor, **options)

    def __repr__(self) -> str:
        return repr(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()
