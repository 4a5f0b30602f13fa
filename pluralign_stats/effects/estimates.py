"""Estimates of averages, and of functions of them, with their joint uncertainty."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy.stats import norm
from scipy.stats import t as student

from pluralign_stats.effects.adjust import ADJUSTMENTS, benjamini_hochberg, holm, single_step
from pluralign_stats.effects.options import EffectOptions
from pluralign_stats.errors import InputError
from pluralign_stats.models.bayes.summarize import summarize
from pluralign_stats.models.few_units import FewUnits, shown_degrees
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.ordered import in_order
from pluralign_stats.models.ordered_beta import OrderedBetaEstimates
from pluralign_stats.models.ordinal import OrdinalEstimates
from pluralign_stats.models.parts import ParameterDraws, combined_covariance
from pluralign_stats.notes import Code, Note
from pluralign_stats.results import ordered_columns

#: What the columns mean, for a table's notes.
COLUMNS = Note(
    Code.POSTERIOR_COLUMNS,
    "Estimate: mean of the posterior; sd: its standard deviation; prob positive: probability that "
    "what is estimated is above 0.",
)

#: Draws of the parameters are tried so many times as often as they are asked for.
MOST_DRAWS = 20


@dataclass(frozen=True, eq=False)
class Inference:
    """How estimates are turned into a table.

    Attributes
    ----------
    options
        How intervals and adjusted p-values are made.
    draws, crossed
        (S, k) draws of the parameters for the simulation, and how many more were drawn and left
        out since some of their thresholds crossed.
    credible
        Kind of the intervals of a Bayesian fit, which has draws of its own and no p-values; empty
        for other fits.
    """

    options: EffectOptions
    draws: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    crossed: int = 0
    credible: str = ""

    @property
    def kind(self) -> str:
        """Kind of the intervals, for a table's metadata."""
        if self.credible:
            return self.credible
        made = "delta-method" if self.options.interval == "delta" else "simulation"
        return f"{'simultaneous ' if self.options.adjust == 'tukey' else ''}{made} intervals"

    @property
    def note(self) -> Note:
        """What the columns mean or how p is adjusted, for a table's notes."""
        if self.credible:
            return COLUMNS
        text = " ".join([f"p adjusted: {ADJUSTMENTS[self.options.adjust]}.", *self.left_out])
        return Note(Code.ADJUSTMENT, text)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Which draws are not used, for a table's notes; empty where all are."""
        if not self.crossed:
            return ()
        n = len(self.draws) + self.crossed
        return (
            f"Of {n:,} draws of the parameters {self.crossed:,} were left out, as some of their "
            "thresholds crossed, so that a probability would be negative.",
        )


def infer(fit: ModelEstimates, options: EffectOptions) -> Inference:
    """How the estimates of a fit are turned into a table."""
    if fit.bayesian and options.interval == "simulation":
        raise InputError(
            "a Bayesian fit has draws of its own, and its intervals are their quantiles; leave "
            "'interval' out"
        )
    if fit.bayesian and options.adjust in ("bh", "tukey"):
        raise InputError(
            "a Bayesian fit has no p-values to adjust; leave 'adjust' out and read 'prob_positive'"
        )
    if fit.bayesian:
        return Inference(options, credible=fit.interval)
    if options.interval != "simulation":
        return Inference(options)
    return Inference(options, *_draw(fit, options.n_draws, options.seed))


def _draw(fit: ModelEstimates, n_draws: int, seed: int) -> tuple[np.ndarray, int]:
    """Draws (S, k) of the parameters, and how many were left out as their thresholds crossed.

    Parameters come from their normal approximation, cut off where a probability would be negative.
    """
    rng = np.random.default_rng(seed)
    vcov = np.nan_to_num(fit.joint.vcov)
    kept, tried = np.zeros((0, len(vcov))), 0
    while len(kept) < n_draws and tried < MOST_DRAWS * n_draws:
        draws = rng.multivariate_normal(fit.joint.estimates, vcov, n_draws, method="eigh")
        tried += n_draws
        if isinstance(fit, OrdinalEstimates):
            draws = draws[in_order(fit.design, fit.basis, draws)]
        elif isinstance(fit, OrderedBetaEstimates) and all(fit.ends):
            draws = draws[draws[:, 0] < draws[:, 1]]
        kept = np.vstack([kept, draws])
    if len(kept) < n_draws:
        raise InputError(
            f"of {tried:,} draws of the parameters the thresholds cross in {tried - len(kept):,}, "
            "so that intervals by simulation cannot be made; use interval='delta'"
        )
    return kept[:n_draws], tried - len(kept)


@dataclass(frozen=True, eq=False)
class Estimates:
    """Several estimates of one fit.

    Attributes
    ----------
    labels
        (m rows) what each is.
    estimate, slopes
        (m,) estimates at the fit's parameters, and (m, k) their derivatives by all of them.
    at
        The estimates (S, m) at other sets of parameters, such as draws.
    family
        (m,) number of the family within which p-values are adjusted.
    """

    labels: pd.DataFrame
    estimate: np.ndarray
    slopes: np.ndarray
    at: Callable[[ParameterDraws], np.ndarray]
    family: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))

    def combine(self, weights: np.ndarray, labels: pd.DataFrame) -> "Estimates":
        """Linear combinations with (c, m) weights; missing where they need what is missing."""
        slopes = weights @ np.where(np.isnan(self.estimate)[:, None], 0.0, self.slopes)
        made = _weigh(self.estimate, weights)
        return Estimates(
            labels,
            made,
            np.where(np.isnan(made)[:, None], np.nan, slopes),
            lambda points: _weigh(self.at(points), weights),
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
            at=lambda points: function(self.at(points)),
        )


def _weigh(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sums (..., c) of values (..., m) with weights (c, m); missing where a needed value is."""
    lost = np.isnan(values)
    made = np.where(lost, 0.0, values) @ weights.T
    needed = lost.astype(float) @ (weights != 0).T > 0 if lost.any() else False
    return np.where(needed, np.nan, made)


def covariance(fit: ModelEstimates, estimates: Estimates) -> np.ndarray:
    """Covariance (m, m) by the delta method; missing where a parameter's is missing."""
    return combined_covariance(estimates.slopes, fit.joint.vcov, 1e-12)


def tabulate(
    fit: ModelEstimates,
    estimates: Estimates,
    how: Inference,
    *,
    test: bool = True,
    few: Sequence[FewUnits | None] = (None,),
) -> pd.DataFrame:
    """Table of estimates with standard errors, intervals and (if asked) p-values against 0.

    Where they rest on few units (one for all m estimates, or for each), variances are raised and
    t has the degrees of freedom of these.
    Of a Bayesian fit: posterior means, standard deviations, intervals and (if asked) probabilities
    of being above 0.
    """
    if fit.bayesian:
        return posterior_table(fit, estimates.labels, estimates.at(fit.points), how, test=test)
    raised = np.sqrt([each.inflation if each else 1.0 for each in few])
    raised = np.broadcast_to(raised, len(estimates.estimate))
    matrix = np.outer(raised, raised) * covariance(fit, estimates)
    std_error = np.sqrt(np.diag(matrix).clip(0))
    most = np.array([each.df if each else np.inf for each in few])
    given = shown_degrees(fit, fit.design.raters.n, fit.degrees(estimates.slopes))
    df = np.minimum(given, most)
    width = student.ppf((1 + how.options.conf_level) / 2, df)
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
    if how.options.interval == "simulation":
        low, high, spread = _simulate(estimates, how, raised * width)
        table["std_error"] = raised * spread
    table = table.assign(conf_low=low, conf_high=high)
    if test:
        table = table.assign(p_value=p, p_adjusted=adjusted)
    if np.isfinite(df).any():
        table = table.assign(df=df)
    table = table.assign(method=str(fit.method))
    return table[ordered_columns(table)]


def posterior_table(
    fit: ModelEstimates,
    labels: pd.DataFrame,
    draws: np.ndarray,
    how: Inference,
    *,
    test: bool = True,
) -> pd.DataFrame:
    """Table of draws (S, m) of what the m labels name."""
    summary = summarize(draws, how.options.conf_level, signed=test).set_axis(labels.index)
    table = labels.join(summary).assign(method=str(fit.method))
    return table[ordered_columns(table)]


def _adjust(
    p: np.ndarray, statistic: np.ndarray, matrix: np.ndarray, df: np.ndarray, how: Inference
) -> tuple[np.ndarray, float]:
    """Adjusted p-values of one family, and the width of simultaneous intervals (else missing)."""
    if how.options.adjust == "none":
        return p, np.nan
    if how.options.adjust != "tukey":
        return (holm if how.options.adjust == "holm" else benjamini_hochberg)(p), np.nan
    sd = np.sqrt(np.diag(matrix).clip(0))
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = matrix / np.outer(sd, sd)
    return single_step(statistic, correlation, float(np.nanmin(df)), how.options.conf_level)


def _simulate(
    estimates: Estimates, how: Inference, width: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ends of intervals and standard deviations over draws of the parameters.

    `width` (m,) are the standard errors that an interval spans on either side; the same share of
    the draws is cut off.
    """
    made = estimates.at(ParameterDraws(how.draws))
    share = norm.sf(width)
    cut = np.nan_to_num(share, nan=0.5)
    ends = [np.quantile(made[:, j], [s, 1 - s]) for j, s in enumerate(cut)]
    low, high = np.where(np.isnan(share), np.nan, np.array(ends).reshape(-1, 2).T)
    return low, high, made.std(axis=0, ddof=1)
