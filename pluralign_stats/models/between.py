"""What an ordered beta model expects of rows, averaged over normal random effects, with slopes."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import betainc, expit

from pluralign_stats.models.engine.marginal import REACH
from pluralign_stats.models.ordered_beta import OrderedBetaEstimates
from pluralign_stats.models.parts import Kind
from pluralign_stats.models.rows import PredictionGrid

#: Widest step of the trapezoidal rule in standard deviations of the random part, and in units of
#: the predictor, for means and shares at the ends; with these, both are right to 1e-8.
STEP, LOGITS = 0.7, 0.75

#: Widest step in standard deviations of the predictor over which a beta distribution passes a
#: rating, which is about ``2 / sqrt(phi)``, for shares of positive ratings.
PASSING = 0.6

#: What is expected of a rating.
Expectation = Kind | Literal["square"]

#: Step of the differences that give slopes of the beta distribution function.
SMALL = 1e-5


@dataclass(frozen=True, eq=False)
class Expected:
    """Expectations (m, K) of m rows, with their slopes.

    Attributes
    ----------
    value
        The expectations.
    by_eta, by_log_phi, by_sd
        (m, K) slopes by the predictor, the log precision, and the random part's standard deviation.
    by_cuts
        (2, m, K) slopes by the cuts at the lowest and the highest end.
    """

    value: np.ndarray
    by_eta: np.ndarray
    by_log_phi: np.ndarray
    by_sd: np.ndarray
    by_cuts: np.ndarray


def expected(
    fit: OrderedBetaEstimates,
    rows: PredictionGrid,
    kind: Expectation,
    values: np.ndarray,
    sd: np.ndarray,
) -> np.ndarray:
    """Mean ratings in points, shares of positive ratings, or shares at the ends and between (m, K).

    Parameters
    ----------
    rows, values
        m rows, and (k,) parameters.
    sd
        (m,) standard deviations of the rows' random parts.
    """
    eta, cuts, log_phi = _located(fit, rows, values)
    nodes, weights = _rule(kind, sd, log_phi)
    at = eta[:, None] + sd[:, None] * nodes
    low, between, high = _parts(at, cuts)
    if kind == "probability":
        parts = zip((low, between, high), (fit.ends[0], True, fit.ends[1]), strict=True)
        return np.column_stack([part @ weights for part, there in parts if there])
    at_low, at_high = _at_ends(fit, kind)
    value = at_low * low + between * _inside(fit, kind, at, log_phi) + at_high * high
    return (value @ weights)[:, None]


def ranks(
    fit: OrderedBetaEstimates,
    rows: PredictionGrid,
    place: np.ndarray,
    values: np.ndarray,
    sd: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """(m,) probabilities of ratings lower than those at (m,) places from 0 to 1, and not higher."""
    eta, cuts, log_phi = _located(fit, rows, values)
    nodes, weights = _rule("positive", sd, log_phi)
    at, phi = eta[:, None] + sd[:, None] * nodes, np.exp(log_phi)
    low, between, high = _parts(at, cuts)
    inside = low + between * betainc(expit(at) * phi, expit(-at) * phi, place[:, None])
    bottom, top = low @ weights, high @ weights
    within = inside @ weights
    lower = np.where(place == 0, 0.0, np.where(place == 1, 1 - top, within))
    return lower, np.where(place == 0, bottom, np.where(place == 1, 1.0, within))


def expected_with_slopes(
    fit: OrderedBetaEstimates, rows: PredictionGrid, kind: Kind, values: np.ndarray, sd: np.ndarray
) -> Expected:
    """The same with its slopes."""
    eta, cuts, log_phi = _located(fit, rows, values)
    nodes, weights = _rule(kind, sd, log_phi)
    at = eta[:, None] + sd[:, None] * nodes
    if kind == "probability":
        kept = [k for k, there in enumerate((fit.ends[0], True, fit.ends[1])) if there]
        ends = [((1.0, 0.0), 0.0), ((0.0, 0.0), 1.0), ((0.0, 1.0), 0.0)]
        one, none = np.ones_like(at), np.zeros_like(at)
        made = [_slopes(at, cuts, ends[k][0], (ends[k][1] * one, none, none)) for k in kept]
    else:
        inside = (_inside(fit, kind, at, log_phi), *_inside_slopes(fit, kind, at, log_phi))
        made = [_slopes(at, cuts, _at_ends(fit, kind), inside)]
    by_eta, by_log_phi, by_low, by_high = (
        np.stack(each, axis=1) for each in zip(*made, strict=True)
    )
    return Expected(
        expected(fit, rows, kind, values, sd),
        by_eta @ weights,
        by_log_phi @ weights,
        by_eta @ (weights * nodes),
        np.array([by_low @ weights, by_high @ weights]),
    )


def _located(
    fit: OrderedBetaEstimates, rows: PredictionGrid, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """Predictors (m,), both cuts (infinite where there is none), and the log precision."""
    f, p, c = fit.joint.sizes[0], rows.fixed.shape[1], sum(fit.ends)
    cuts = np.array([-np.inf, np.inf])
    cuts[np.array(fit.ends)] = values[:c]
    return rows.fixed @ values[f - p : f] + rows.offset, cuts, float(values[f])


def _rule(kind: Expectation, sd: np.ndarray, log_phi: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights (N,) of the trapezoidal rule for a standard normal variable."""
    widest = float(sd.max(initial=0.0))
    if not widest:
        return np.zeros(1), np.ones(1)
    step = min(STEP, LOGITS / widest)
    if kind == "positive":
        passing = 2 / np.sqrt(1 + np.exp(log_phi))
        step = min(step, PASSING / (1 + widest / passing))
    half = int(np.ceil(REACH / step))
    nodes = step * np.arange(-half, half + 1)
    weights = np.exp(-0.5 * nodes**2)
    return nodes, weights / weights.sum()


def _parts(eta: np.ndarray, cuts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares at the lowest end, between, and at the highest end, each of eta's shape."""
    high = expit(eta - cuts[1])
    return expit(cuts[0] - eta), expit(eta - cuts[0]) - high, high


def _at_ends(fit: OrderedBetaEstimates, kind: Expectation) -> tuple[float, float]:
    """What counts at the two ends."""
    low, high = fit.bounds
    return {"mean": (low, high), "square": (low**2, high**2), "positive": (0.0, 1.0)}[kind]


def _inside(
    fit: OrderedBetaEstimates, kind: Expectation, eta: np.ndarray, log_phi: float
) -> np.ndarray:
    """What is expected of ratings between the ends, of eta's shape."""
    (low, high), phi = fit.bounds, np.exp(log_phi)
    mu, rest, span = expit(eta), expit(-eta), high - low
    if kind == "positive":
        return betainc(rest * phi, mu * phi, (high - fit.positive_from) / span)
    mean = low + span * mu
    return mean if kind == "mean" else mean**2 + span**2 * mu * rest / (1 + phi)


def _inside_slopes(
    fit: OrderedBetaEstimates, kind: Kind, eta: np.ndarray, log_phi: float
) -> tuple[np.ndarray, np.ndarray]:
    """Its slopes by eta and by log phi."""
    if kind == "mean":
        span = fit.bounds[1] - fit.bounds[0]
        return span * expit(eta) * expit(-eta), np.zeros_like(eta)
    up, down = (_inside(fit, kind, eta + move, log_phi) for move in (SMALL, -SMALL))
    wide, narrow = (_inside(fit, kind, eta, log_phi + move) for move in (-SMALL, SMALL))
    return (up - down) / (2 * SMALL), (narrow - wide) / (2 * SMALL)


def _slopes(
    eta: np.ndarray,
    cuts: np.ndarray,
    at_ends: tuple[float, float],
    inside: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Slopes by eta, log phi and either cut of what is `at_ends`, and `inside` between them."""
    low, between, high = _parts(eta, cuts)
    f_low, f_high = low * expit(eta - cuts[0]), high * expit(cuts[1] - eta)
    value, by_eta, by_log_phi = inside
    by_low, by_high = f_low * (at_ends[0] - value), f_high * (at_ends[1] - value)
    return by_high - by_low + between * by_eta, between * by_log_phi, by_low, -by_high
