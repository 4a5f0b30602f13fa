"""Estimates of averages, and of functions of them, with their joint uncertainty."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd
from scipy.stats import norm
from scipy.stats import t as student

from pluralign_stats.describe.intervals import check_level
from pluralign_stats.effects.adjust import (
    Adjustment,
    benjamini_hochberg,
    check_adjustment,
    holm,
    largest_statistic,
)
from pluralign_stats.errors import InputError, one_of
from pluralign_stats.models.fit import Fit
from pluralign_stats.results import ordered_columns
from pluralign_stats.settings import CONF_LEVEL

#: How intervals are made: by the delta method, or from draws of the parameters.
Interval = Literal["delta", "simulation"]


@dataclass(frozen=True)
class Inference:
    """How estimates are turned into a table.

    Attributes
    ----------
    conf_level
        Level of the intervals.
    interval
        Delta method, or quantiles over draws of the parameters from their normal approximation.
    adjust
        Adjustment of the p-values within one family.
    n_draws, seed
        Draws of the simulation.
    """

    conf_level: float = CONF_LEVEL
    interval: Interval = "delta"
    adjust: Adjustment = "holm"
    n_draws: int = 1000
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be used."""
        check_level(self.conf_level)
        check_adjustment(self.adjust)
        if self.interval not in ("delta", "simulation"):
            raise InputError(one_of("'interval'", self.interval, ("delta", "simulation")))
        if self.n_draws < 100:
            raise InputError(f"'n_draws' must be 100 or more, not {self.n_draws}")

    @property
    def kind(self) -> str:
        """Kind of the intervals, for a table's metadata."""
        made = "delta-method" if self.interval == "delta" else "simulation"
        return f"{'simultaneous ' if self.adjust == 'tukey' else ''}{made} intervals"


@dataclass(frozen=True, eq=False)
class Estimates:
    """Several estimates of one fit.

    Attributes
    ----------
    labels
        (m rows) what each is.
    estimate, slopes
        (m,) estimates, and (m, k) their derivatives by all parameters of the fit.
    at
        The estimates at other parameters (k,).
    family
        (m,) number of the family within which p-values are adjusted.
    """

    labels: pd.DataFrame
    estimate: np.ndarray
    slopes: np.ndarray
    at: Callable[[np.ndarray], np.ndarray]
    family: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))

    def combine(self, weights: np.ndarray, labels: pd.DataFrame) -> "Estimates":
        """Linear combinations with (c, m) weights; missing where they need what is missing."""
        lost = np.isnan(self.estimate)
        missing = np.where((weights[:, lost] != 0).any(axis=1), np.nan, 0.0)
        return Estimates(
            labels,
            weights @ np.where(lost, 0.0, self.estimate) + missing,
            weights @ np.where(lost[:, None], 0.0, self.slopes) + missing[:, None],
            lambda parameters: weights @ np.where(lost, 0.0, self.at(parameters)) + missing,
        )

    def transform(
        self,
        function: Callable[[np.ndarray], np.ndarray],
        slope: Callable[[np.ndarray], np.ndarray],
    ) -> "Estimates":
        """The same function of each estimate, given its derivative."""
        return replace(
            self,
            estimate=function(self.estimate),
            slopes=slope(self.estimate)[:, None] * self.slopes,
            at=lambda parameters: function(self.at(parameters)),
        )


def covariance(fit: Fit, estimates: Estimates) -> np.ndarray:
    """Covariance (m, m) by the delta method; missing where a parameter's is missing."""
    vcov = fit.joint.vcov
    lost = np.isnan(np.diag(vcov))
    known = np.where(lost[:, None] | lost, 0.0, vcov)
    made = estimates.slopes @ known @ estimates.slopes.T
    missing = (np.abs(estimates.slopes[:, lost]) > 1e-12).any(axis=1)
    made[missing] = np.nan
    made[:, missing] = np.nan
    return made


def tabulate(fit: Fit, estimates: Estimates, how: Inference, *, test: bool = True) -> pd.DataFrame:
    """Table of estimates with standard errors, intervals and (if asked) p-values against 0."""
    matrix = covariance(fit, estimates)
    std_error = np.sqrt(np.diag(matrix))
    df = fit.degrees(estimates.slopes)
    width = student.ppf((1 + how.conf_level) / 2, df)
    table = estimates.labels.assign(estimate=estimates.estimate, std_error=std_error)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = estimates.estimate / std_error
    families = estimates.family if len(estimates.family) else np.zeros(len(table), dtype=int)
    adjusted = np.full(len(table), np.nan)
    p = 2 * student.sf(np.abs(statistic), df)
    for number in np.unique(families):
        among = np.flatnonzero(families == number)
        adjusted[among], wide = _adjust(
            p[among], statistic[among], matrix[np.ix_(among, among)], df[among], how
        )
        width[among] = np.where(np.isnan(wide), width[among], wide)
    low, high = estimates.estimate - width * std_error, estimates.estimate + width * std_error
    if how.interval == "simulation":
        low, high, table["std_error"] = _simulate(fit, estimates, how, width)
    table = table.assign(conf_low=low, conf_high=high)
    if test:
        table = table.assign(p_value=p, p_adjusted=adjusted)
    if np.isfinite(df).any():
        table = table.assign(df=df)
    table = table.assign(method=fit.method)
    return table[ordered_columns(table)]


def _adjust(
    p: np.ndarray, statistic: np.ndarray, matrix: np.ndarray, df: np.ndarray, how: Inference
) -> tuple[np.ndarray, float]:
    """Adjusted p-values of one family, and the width of simultaneous intervals (else missing)."""
    if how.adjust == "none":
        return p, np.nan
    if how.adjust != "tukey":
        return (holm if how.adjust == "holm" else benjamini_hochberg)(p), np.nan
    sd = np.sqrt(np.diag(matrix))
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = matrix / np.outer(sd, sd)
    largest = largest_statistic(correlation, float(np.nanmin(df)))
    return largest.p_values(statistic), largest.critical_value(how.conf_level)


def _simulate(
    fit: Fit, estimates: Estimates, how: Inference, width: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ends of intervals and standard deviations over draws of the parameters.

    `width` (m,) are the standard errors that an interval spans on either side; the same share of
    the draws is cut off.
    """
    rng = np.random.default_rng(how.seed)
    vcov = np.nan_to_num(fit.joint.vcov)
    draws = rng.multivariate_normal(fit.joint.estimates, vcov, how.n_draws, method="eigh")
    made = np.array([estimates.at(parameters) for parameters in draws])
    share = norm.sf(width)
    ends = [np.quantile(made[:, j], [s, 1 - s]) for j, s in enumerate(share)]
    low, high = np.array(ends).reshape(-1, 2).T
    return low, high, made.std(axis=0, ddof=1)
