"""Data sets drawn from a fit, each with what a model fitted to it would predict.

A fitted model lies closer to its own data than to new data from it, so a statistic of the data may
be compared with those of replicates only if each replicate is fitted too (parametric bootstrap:
Davison & Hinkley 1997, *Bootstrap Methods and their Application*, section 4.2.3). One Newton step
from the estimates, which are the truth of a replicate, stands for the whole fit: it is as good to
first order (Lehmann & Casella 1998, *Theory of Point Estimation*, theorem 6.4.3).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from scipy.special import ndtr
from scipy.stats import chi2

from pluralign_stats.errors import InputError
from pluralign_stats.models.between import expected, ranks
from pluralign_stats.models.categories import MOST_CATEGORIES
from pluralign_stats.models.engine.laplace import mode_at
from pluralign_stats.models.engine.profiled import gradient_at, solve_at
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.linear import LinearEstimates, linear_engine
from pluralign_stats.models.ordered_beta import OrderedBetaEstimates
from pluralign_stats.models.ordered_beta_model import Placed
from pluralign_stats.models.ordinal import OrdinalEstimates
from pluralign_stats.models.predict import (
    category_probabilities,
    draw_between,
    draw_codes,
    random_sd,
)
from pluralign_stats.models.rebuild import engine_of
from pluralign_stats.models.rows import number_rows, rows_of

#: Note on what is tested where groups are looked at.
OF_THE_MODEL = (
    "What is tested is the model, not whether groups differ: where raters use the scale in ways of "
    "their own, which the model leaves out, groups made by lot depart from it, too."
)

#: Note on p.
P_TOLD = (
    "p is the share of data sets drawn from the model that depart as far as the data or farther; "
    "where none of 100 or more does, it is the tail of a scaled chi-squared distribution."
)

#: From so many replicates on, the tail of their distribution is told beyond the last of them.
MANY = 100

#: Fewest data sets from which an interval can be read.
FEWEST = 19


@dataclass(frozen=True, eq=False)
class OrdinalData:
    """Ratings and what an ordinal model predicts for them, averaged over the random effects.

    Attributes
    ----------
    codes
        (n,) category numbers.
    probability
        (n, J) probability of each category.
    weight
        (n,) weights of the rows.
    """

    codes: np.ndarray
    probability: np.ndarray
    weight: np.ndarray

    def ranks(self) -> tuple[np.ndarray, np.ndarray]:
        """(n,) probabilities of a lower rating, and of one not higher."""
        upper = np.clip(np.cumsum(self.probability, axis=1), 0.0, 1.0)
        row = np.arange(len(self.codes))
        high = upper[row, self.codes]
        low = np.where(self.codes > 0, upper[row, self.codes - 1], 0.0)
        return low, np.maximum(high, low)

    def observed(self) -> np.ndarray:
        """(n, J) which category each rating is in."""
        return (self.codes[:, None] == np.arange(self.probability.shape[1])).astype(float)

    def predicted(self) -> np.ndarray:
        """(n, J) probability of each category."""
        return self.probability


@dataclass(frozen=True, eq=False)
class LinearData:
    """Responses and what a linear model predicts for them, over the random effects.

    Attributes
    ----------
    y, mean, sd
        (n,) responses, and their predicted means and standard deviations.
    cuts
        Midpoints between neighbouring values of responses that take few; else empty.
    """

    y: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    cuts: np.ndarray

    @property
    def weight(self) -> np.ndarray:
        """(n,) ones: weights are part of `sd`."""
        return np.ones(len(self.y))

    def ranks(self) -> tuple[np.ndarray, np.ndarray]:
        """(n,) probabilities of a lower response, and of one not higher.

        A linear model says nothing of steps: a response of few values is taken for a rounded one.
        """
        if not len(self.cuts):
            rank = ndtr((self.y - self.mean) / self.sd)
            return rank, rank
        ends = np.concatenate([[-np.inf], self.cuts, [np.inf]])
        at = np.searchsorted(self.cuts, self.y)
        return ndtr((ends[at] - self.mean) / self.sd), ndtr((ends[at + 1] - self.mean) / self.sd)

    def observed(self) -> np.ndarray:
        """(n, 1) responses."""
        return self.y[:, None]

    def predicted(self) -> np.ndarray:
        """(n, 1) predicted means."""
        return self.mean[:, None]


@dataclass(frozen=True, eq=False)
class BetweenData:
    """Ratings between two ends and what an ordered beta model predicts for them.

    Attributes
    ----------
    y, mean
        (n,) ratings, and their predicted means.
    low, high
        (n,) probabilities of a lower rating, and of one not higher.
    weight
        (n,) weights of the rows.
    """

    y: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    weight: np.ndarray

    def ranks(self) -> tuple[np.ndarray, np.ndarray]:
        """(n,) probabilities of a lower rating, and of one not higher."""
        return self.low, self.high

    def observed(self) -> np.ndarray:
        """(n, 1) ratings."""
        return self.y[:, None]

    def predicted(self) -> np.ndarray:
        """(n, 1) predicted means."""
        return self.mean[:, None]


Data = OrdinalData | LinearData | BetweenData


@dataclass(frozen=True, eq=False)
class Comparison:
    """A statistic of the data, and of data sets that the model draws.

    Attributes
    ----------
    observed
        (K,) statistic of the data.
    replicates
        (B, K) the same of B data sets.
    """

    observed: np.ndarray
    replicates: np.ndarray

    def p_value(self) -> float:
        """Share of data sets that depart from what is usual as far as the data, or farther.

        Departure is the mean squared distance from the average in standard deviations, which are
        taken over data and replicates together, so that all have the same chance to stand out.
        """
        z = self.standardized()
        return share_beyond((z**2).mean(axis=1)) if z.size else 1.0

    def standardized(self) -> np.ndarray:
        """(1 + B, k) distances of data and replicates from their average, of what varies at all."""
        every = np.vstack([self.observed, self.replicates])
        spread = every.std(axis=0)
        moving = spread > 1e-9 * max(float(spread.max(initial=0.0)), 1e-300)
        return (every - every.mean(axis=0))[:, moving] / spread[moving]

    def limits(self, conf_level: float) -> tuple[np.ndarray, np.ndarray]:
        """(K,) ends between which a share `conf_level` of the replicates lies."""
        tail = (1 - conf_level) / 2
        low, high = np.quantile(self.replicates, [tail, 1 - tail], axis=0)
        return low, high


def share_beyond(departure: np.ndarray) -> float:
    """Share of (1 + B,) departures as large as the first, that of the data, or larger.

    Where none of many replicates departs as far, the share is smaller than these can tell; it is
    then that of a scaled chi-squared distribution with their mean and variance (Satterthwaite 1946,
    Biometrics Bulletin 2, 110-114), so that a p adjusted for many checks can be small.
    """
    share = float((departure >= departure[0] * (1 - 1e-12)).mean())
    mean, variance = departure[1:].mean(), departure[1:].var()
    if share * len(departure) > 1 or len(departure) <= MANY or not variance:
        return share
    scale = variance / (2 * mean)
    return min(share, float(chi2.sf(departure[0] / scale, mean / scale)))


def compare(
    fit: ModelEstimates, statistic: Callable[[Data], np.ndarray], n_simulations: int, seed: int
) -> Comparison:
    """Compare a statistic (K,) of the data with that of data sets drawn from the fit.

    Raises
    ------
    InputError
        If there are fewer than 19 simulations, or the model is of another kind.
    """
    if fit.bayesian:
        raise InputError(
            "this check fits the model to simulated data and is for fits by maximum "
            "likelihood; for a Bayesian fit there is checks.predictive_check"
        )
    if not isinstance(n_simulations, int) or n_simulations < FEWEST:
        raise InputError(
            f"'n_simulations' must be a whole number of {FEWEST} or more, not {n_simulations}"
        )
    rng = np.random.default_rng(seed)
    data: Data
    drawn: Iterator[Data]
    if isinstance(fit, OrdinalEstimates):
        data, drawn = _ordinal(fit, n_simulations, rng)
    elif isinstance(fit, OrderedBetaEstimates):
        data, drawn = _between(fit, n_simulations, rng)
    else:
        data, drawn = _linear(cast("LinearEstimates", fit), n_simulations, rng)
    return Comparison(statistic(data), np.array([statistic(each) for each in drawn]))


def _ordinal(
    fit: OrdinalEstimates, n_simulations: int, rng: np.random.Generator
) -> tuple[OrdinalData, Iterator[OrdinalData]]:
    engine = engine_of(fit)
    design, weight = fit.design, fit.design.weight
    number = number_rows(fit, design.data, "marginal")
    rows = rows_of(fit, design.data.iloc[np.unique(number, return_index=True)[1]])
    location = rows_of(fit, design.data, "zero")
    problem, order = engine.model.problem, engine.model.prepared.layout.order

    def predict(parameters: np.ndarray) -> np.ndarray:
        moved = replace(fit, joint=replace(fit.joint, estimates=parameters))
        return category_probabilities(moved, rows)[number]

    def draw() -> OrdinalData:
        codes = draw_codes(fit, location, rng)
        cuts = engine.model.cuts.with_codes(codes)
        drawn = replace(
            problem,
            lower=cuts.lower[order],
            upper=cuts.upper[order],
            bottom=cuts.bottom[order],
            top=cuts.top[order],
        )
        state = mode_at(drawn, engine.psi, np.zeros_like(engine.state.u))
        step = np.zeros_like(engine.psi)
        if state is not None:
            step = engine.back @ engine.root @ (engine.root.T @ engine.gradient(drawn, state))
        probability = predict(fit.joint.estimates + step)
        while probability.min() < 0:
            step = step / 2
            probability = predict(fit.joint.estimates + step)
        return OrdinalData(codes, probability, weight)

    data = OrdinalData(design.y, predict(fit.joint.estimates), weight)
    return data, (draw() for _ in range(n_simulations))


def _between(
    fit: OrderedBetaEstimates, n_simulations: int, rng: np.random.Generator
) -> tuple[BetweenData, Iterator[BetweenData]]:
    engine = engine_of(fit)
    design, estimates = fit.design, fit.joint.estimates
    number = number_rows(fit, design.data, "marginal")
    few = rows_of(fit, design.data.iloc[np.unique(number, return_index=True)[1]])
    every, c = rows_of(fit, design.data), sum(fit.ends)

    def data_of(y: np.ndarray, parameters: np.ndarray) -> BetweenData:
        mean = expected(fit, few, "mean", parameters, random_sd(fit, few, parameters)[0])
        place, sd = Placed.of(y, fit.bounds).y, random_sd(fit, every, parameters)[0]
        low, high = ranks(fit, every, place, parameters, sd)
        return BetweenData(y, mean[number, 0], low, high, design.weight)

    def draw() -> BetweenData:
        eta = design.fixed.columns @ fit.params.to_numpy()
        eta = eta + sum(part.draw(rng) for part in fit.random)
        y = draw_between(fit, eta, rng, estimates[:c], fit.phi)
        problem = engine.model.problem_of(Placed.of(y, fit.bounds).y)
        state = mode_at(problem, engine.psi, np.zeros_like(engine.state.u))
        step = np.zeros_like(engine.psi)
        if state is not None:
            step = engine.back @ engine.root @ (engine.root.T @ engine.gradient(problem, state))
        while c == 2 and (estimates + step)[0] >= (estimates + step)[1]:
            step = step / 2
        return data_of(y, estimates + step)

    return data_of(design.y, estimates), (draw() for _ in range(n_simulations))


def _linear(
    fit: LinearEstimates, n_simulations: int, rng: np.random.Generator
) -> tuple[LinearData, Iterator[LinearData]]:
    engine = linear_engine(fit)
    problem, layout = engine.problem, engine.prepared.layout
    order, X, weight = layout.order, fit.design.fixed.columns, fit.design.weight
    active, shapes = np.flatnonzero(engine.theta), engine.prepared.transforms
    values = np.unique(fit.design.y)
    cuts = (values[1:] + values[:-1]) / 2 if len(values) <= MOST_CATEGORIES else np.zeros(0)

    def data_of(y: np.ndarray, beta: np.ndarray, theta: np.ndarray, sigma: float) -> LinearData:
        variance = sigma**2 / weight
        factors = layout.covariance.factors(theta)
        for part, transform, factor in zip(fit.random, shapes, factors, strict=True):
            variance = variance + ((sigma * part.design.z @ transform @ factor) ** 2).sum(axis=1)
        return LinearData(y, X @ beta, np.sqrt(variance), cuts)

    def draw() -> LinearData:
        noise = sum(part.draw(rng) for part in fit.random)
        noise = noise + rng.normal(size=len(weight)) * fit.sigma / np.sqrt(weight)
        drawn = replace(problem, y=noise[order])
        state = solve_at(drawn, engine.theta)
        slope = gradient_at(drawn, state)
        deviance = slope.logdet + slope.residual / fit.sigma**2
        by_sigma = 2 * (drawn.degrees - state.residual / fit.sigma**2) / fit.sigma
        theta = engine.theta.copy()
        step = fit.information.covariance @ np.append(deviance[active], by_sigma)
        theta[active] = np.abs(theta[active] - 0.5 * step[:-1])
        state = solve_at(drawn, theta)
        beta = fit.params.to_numpy() + engine.back @ state.beta
        sigma = float(np.sqrt(state.variance(drawn)))
        return data_of(X @ fit.params.to_numpy() + noise, beta, theta, sigma)

    data = data_of(fit.design.y, fit.params.to_numpy(), engine.theta, fit.sigma)
    return data, (draw() for _ in range(n_simulations))
