"""What the priors of a Bayesian model say of ratings before any rating has been seen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from pluralign_stats.figures.charts import FOREST
from pluralign_stats.models.bayes.bayes import starting_fit
from pluralign_stats.models.bayes.density import Prior
from pluralign_stats.models.bayes.layout import Layout, Natural, build_layout, constrain
from pluralign_stats.models.bayes.log_densities import (
    BETWEEN,
    CORRELATION,
    DIRICHLET,
    GAUSSIAN,
    PROBIT,
    concentrations,
)
from pluralign_stats.models.bayes.options import check_whole
from pluralign_stats.models.bayes.priors import Priors, choose_priors, frozen
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.ordered_beta import OrderedBetaEstimates
from pluralign_stats.models.ordered_beta_model import Placed
from pluralign_stats.models.predict import draw_between
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL
from pluralign_stats.significance import check_level

#: A rating is all but certain if its probability is above this.
CERTAIN = 0.99

#: Ratings of a data set are nearly all alike if more than this share of them is.
ALIKE = 0.9

#: Priors are absurd if more than this share of the ratings that they expect is.
MUCH = 0.25

#: Fewest data sets that are drawn.
FEWEST_SETS = 100


def prior_predictive(
    formula: str,
    data: pd.DataFrame,
    *,
    family: str = "cumulative",
    link: str = "logit",
    nominal: str | None = None,
    scale: str | None = None,
    weights: str | Sequence[float] | np.ndarray | None = None,
    priors: Mapping[str, str] | None = None,
    draws: int = 500,
    seed: int = 1,
    conf_level: float = CONF_LEVEL,
    rater: str | Sequence[str] | None = None,
    bounds: tuple[float, float] | None = None,
) -> Result:
    """Draw ratings from the priors alone, to see what these take for likely before fitting.

    Each of the data sets drawn has the covariates, raters and items of the data, and its own
    parameters from the priors, its own effects of raters and items, and its own ratings.

    Parameters
    ----------
    formula, data, family, link, nominal, scale, weights, priors, rater, bounds
        As for `fit_bayes`. Weights change the spread of Gaussian ratings; those of categories
        count for nothing here.
    draws
        Number of data sets.
    seed
        Of the random numbers.
    conf_level
        Level of the intervals.

    Returns
    -------
    Result
        For categories one row for each: columns rating, estimate (mean share over the data sets
        drawn), conf_low, conf_high (central interval over them), observed. For numbers
        rows for mean and SD of the ratings, with column term in place of rating.

    Raises
    ------
    InputError
        If the formula, the data, a prior or an option cannot be used.

    References
    ----------
    Gabry, Simpson, Vehtari, Betancourt & Gelman (2019), Journal of the Royal Statistical Society
    A 182, 389-402.

    Examples
    --------
    >>> expected = pls.prior_predictive("rating ~ gender + (1|rater)", toxicity, draws=100)
    >>> expected.table["rating"].unique().tolist()
    [1.0, 2.0, 3.0, 4.0, 5.0]
    """
    start = starting_fit(formula, data, family, link, nominal, scale, weights, rater, bounds)
    layout = build_layout(start)
    return prior_predictive_of(
        start, layout, choose_priors(start, layout, priors), draws, seed, conf_level
    )


def prior_predictive_of(
    fit: ModelEstimates, layout: Layout, priors: Priors, draws: int, seed: int, conf_level: float
) -> Result:
    """Ratings that the priors of a model expect; see `prior_predictive`."""
    check_whole({"draws": (draws, FEWEST_SETS), "seed": (seed, 0)})
    check_level(conf_level)
    rng = np.random.default_rng(seed)
    sets = draw_sets(fit, layout, priors.numbers(layout), draws, rng)
    shares = bool(layout.data.n_cuts) and layout.data.family != BETWEEN
    if isinstance(fit, OrderedBetaEstimates):
        table, sentence = _of_sliders(fit, sets, conf_level)
    elif shares:
        table, sentence = _of_categories(fit, sets, conf_level)
    else:
        table, sentence = _of_numbers(fit, sets, conf_level)
    notes = (
        f"{draws:,} data sets drawn from the priors, with new raters and items in the places of "
        "those in the data; the ratings observed are shown beside them and were not used.",
    )
    return Result.of(
        fit,
        table,
        sentence,
        f"Prior predictive ratings: {fit.formula}",
        unit="share of ratings" if shares else _unit(fit),
        conf_level=conf_level,
        interval="intervals over data sets",
        notes=notes,
        warnings=(),
        figure=FOREST,
    )


@dataclass(frozen=True, eq=False)
class DrawnSet:
    """Parameters and ratings drawn from the priors.

    Attributes
    ----------
    values
        The parameters.
    effects
        (L, q) effects of the levels of each of the design's random terms.
    y
        (n,) category numbers or numbers, in the order of the design's rows.
    certain
        Share of rows in which one category is all but certain; 0 for numbers.
    """

    values: Natural
    effects: tuple[np.ndarray, ...]
    y: np.ndarray
    certain: float


def draw_sets(
    fit: ModelEstimates, layout: Layout, prior: Prior, size: int, rng: np.random.Generator
) -> Iterator[DrawnSet]:
    """Draw parameters, random effects and ratings from the priors, one data set at a time."""
    section = np.empty(len(layout.order), dtype=np.int64)
    section[layout.order] = layout.data.section
    for phi in draw_parameters(layout, prior, size, rng):
        values = constrain(layout, phi)
        effects = tuple(
            rng.multivariate_normal(np.zeros(len(c)), c, len(r.levels), method="cholesky")
            for r, c in zip(fit.design.random, values.covariances, strict=True)
        )
        y, certain = _draw_ratings(fit, layout, values, effects, section, rng)
        yield DrawnSet(values, effects, y, certain)


def draw_parameters(
    layout: Layout, prior: Prior, size: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw parameters phi (size, P) from their priors.

    Thresholds that are independent but for their order are order statistics: the density of
    independent draws from one distribution, put in order, is that of independent ones restricted to
    increasing values. Correlations are LKJ by independent beta-distributed partial ones
    (Lewandowski, Kurowicka & Joe 2009, J. Multivar. Anal. 100, 1989-2001).
    """
    p, m, _ = layout.sizes
    made = np.empty((size, len(layout.names)))
    for k, (kind, a, positive) in enumerate(zip(*prior[:3], strict=True)):
        if p <= k < p + m:
            continue
        if kind == CORRELATION:
            made[:, k] = np.arctanh(2 * rng.beta(a[0], a[0], size) - 1)
        elif positive:
            one = frozen(kind, a)
            made[:, k] = np.log(one.isf(rng.uniform(size=size) * one.sf(0.0)))
        else:
            made[:, k] = frozen(kind, a).rvs(size, random_state=rng)
    for g in range(layout.data.n_sections):
        cuts = draw_cuts(layout, prior, size, rng)
        at = p + g * layout.data.n_cuts
        made[:, at] = cuts[:, 0]
        with np.errstate(divide="ignore"):
            made[:, at + 1 : at + layout.data.n_cuts] = np.log(np.diff(cuts, axis=1))
    return made


def draw_cuts(layout: Layout, prior: Prior, size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw one set of thresholds (size, C), at the means of the covariates, from its prior."""
    data, at = layout.data, layout.sizes[0]
    kind, a = prior.kind[at], prior[1][at]
    if prior.cuts != DIRICHLET:
        return np.sort(frozen(kind, a).rvs((size, data.n_cuts), random_state=rng), axis=1)
    share = rng.dirichlet(concentrations(data.family, data.n_cuts, a[0]), size)
    share = np.maximum(share, np.finfo(float).tiny)
    below = np.cumsum(share, axis=1)[:, :-1]
    above = np.cumsum(share[:, ::-1], axis=1)[:, -2::-1]
    if data.family == PROBIT:
        return np.where(below < above, stats.norm.ppf(below), stats.norm.isf(above))
    return np.log(below) - np.log(above)


def _draw_ratings(
    fit: ModelEstimates,
    layout: Layout,
    values: Natural,
    effects: tuple[np.ndarray, ...],
    section: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, float]:
    """Ratings (n,), and the share of rows in which one category is all but certain."""
    design = fit.design
    eta = design.fixed.columns @ values.coefficients
    for part, u in zip(design.random, effects, strict=True):
        eta = eta + (part.z * u[part.codes]).sum(axis=1)
    if isinstance(fit, OrderedBetaEstimates):
        y = draw_between(fit, eta, rng, values.cuts.ravel(), float(np.exp(values.log_scale[0])))
        place = Placed.of(y, fit.bounds).y
        return y, float(np.isin(place, (0, 1)).mean())
    if layout.data.family == GAUSSIAN:
        sd = np.exp(values.log_scale[0]) / np.sqrt(design.weight)
        return eta + sd * rng.normal(size=len(eta)), 0.0
    spread = np.ones(len(eta))
    if design.scale is not None:
        spread = np.exp(design.scale.columns @ values.log_scale)
    tail = stats.norm if layout.data.family == PROBIT else stats.logistic
    below = tail.cdf((values.cuts[section] - eta[:, None]) / spread[:, None])
    padded = np.hstack([np.zeros((len(eta), 1)), below, np.ones((len(eta), 1))])
    certain = (np.diff(padded, axis=1).max(axis=1) > CERTAIN).mean()
    return (rng.uniform(size=len(eta))[:, None] > below).sum(axis=1), float(certain)


def _of_categories(
    fit: ModelEstimates, sets: Iterator[DrawnSet], conf_level: float
) -> tuple[pd.DataFrame, str]:
    """Shares of the ratings, and what is absurd about them."""
    J, n = len(fit.thresholds) + 1, len(fit.design.y)
    rows = [(np.bincount(one.y, minlength=J) / n, one.certain) for one in sets]
    shares = np.array([share for share, _ in rows])
    table = pd.DataFrame({"rating": fit.family.categories, **_middle(shares, conf_level)})
    table["observed"] = np.bincount(fit.design.y.astype(np.int64), minlength=J) / n
    certain = float(np.mean([share for _, share in rows]))
    alike = float((shares.max(axis=1) > ALIKE).mean())
    told = []
    if certain > MUCH:
        told.append(
            f"one rating is all but certain (probability above {CERTAIN:.0%}) in {certain:.0%} of "
            "the rows"
        )
    if alike > MUCH:
        told.append(f"in {alike:.0%} of the data sets more than {ALIKE:.0%} of ratings are alike")
    verdict = (
        f"The priors expect the absurd: {' and '.join(told)}; narrow those of the coefficients "
        "and standard deviations."
        if told
        else f"No absurd ratings: one is all but certain in {certain:.0%} of the rows, and "
        f"{alike:.0%} of the data sets have more than {ALIKE:.0%} of ratings alike."
    )
    return table, f"{verdict} {_observed(table, 'rating')}"


def _unit(fit: ModelEstimates) -> str:
    """Unit of numbers."""
    return "rating points" if isinstance(fit, OrderedBetaEstimates) else fit.family.unit


def _of_sliders(
    fit: OrderedBetaEstimates, sets: Iterator[DrawnSet], conf_level: float
) -> tuple[pd.DataFrame, str]:
    """Mean and SD of ratings between two ends, and whether next to all lie at these."""
    y = fit.design.y
    rows = np.array([(one.y.mean(), one.y.std(), one.certain) for one in sets])
    table = pd.DataFrame({"term": ["mean", "SD"], **_middle(rows[:, :2], conf_level)})
    table["observed"] = [y.mean(), y.std()]
    alike = (rows[:, 2] > ALIKE).mean()
    told = f"in {alike:.0%} of the data sets more than {ALIKE:.0%} of ratings are at an end"
    verdict = (
        f"The priors expect the absurd: {told}; narrow those of the coefficients, the precision "
        "and standard deviations."
        if alike > MUCH
        else f"No absurd ratings: {told}."
    )
    return table, f"{verdict} {_observed(table, 'term')}"


def _of_numbers(
    fit: ModelEstimates, sets: Iterator[DrawnSet], conf_level: float
) -> tuple[pd.DataFrame, str]:
    """Mean and SD of the responses, and whether they are far from any that were observed."""
    y = fit.design.y
    width = np.ptp(y)
    rows = [
        (one.y.mean(), one.y.std(), ((one.y < y.min() - width) | (one.y > y.max() + width)).mean())
        for one in sets
    ]
    values = np.array(rows)
    table = pd.DataFrame({"term": ["mean", "SD"], **_middle(values[:, :2], conf_level)})
    table["observed"] = [y.mean(), y.std()]
    far = values[:, 2].mean()
    verdict = (
        f"The priors expect the absurd: {far:.0%} of the responses drawn lie farther outside the "
        "observed range than that range is wide; narrow the priors."
        if far > MUCH
        else f"No absurd responses: {far:.0%} of those drawn lie farther outside the observed "
        "range than that range is wide."
    )
    return table, f"{verdict} {_observed(table, 'term')}"


def _middle(values: np.ndarray, conf_level: float) -> dict[str, np.ndarray]:
    """Means and central intervals of the columns of values (draws, m)."""
    tail = (1 - conf_level) / 2
    low, high = np.quantile(values, [tail, 1 - tail], axis=0)
    return {"estimate": values.mean(axis=0), "conf_low": low, "conf_high": high}


def _observed(table: pd.DataFrame, column: str) -> str:
    """Say whether what was observed lies within the intervals."""
    inside = table["observed"].between(table["conf_low"], table["conf_high"])
    if inside.all():
        return "All that was observed lies within the intervals."
    names = ", ".join(
        f"{v:g}" if isinstance(v, float) else str(v) for v in table.loc[~inside, column]
    )
    return f"Outside its interval is what was observed for: {names}; look at the priors again."
