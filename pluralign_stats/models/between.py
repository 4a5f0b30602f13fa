"""What an ordered beta model expects of rows, averaged over normal random effects, with slopes."""

from collections.abc import Callable
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


@dataclass(frozen=True, eq=False)
class Inside:
    """What is expected of a rating between the ends: (m,) values and slopes by eta and log phi."""

    value: np.ndarray
    by_eta: np.ndarray
    by_log_phi: np.ndarray


def expected(
    fit: OrderedBetaEstimates,
    rows: PredictionGrid,
    kind: Kind | Literal["square"],
    values: np.ndarray,
    sd: np.ndarray,
) -> Expected:
    """Mean ratings in points, shares of positive ratings, or shares at the ends and between.

    Parameters
    ----------
    rows, values
        m rows, and (k,) parameters.
    sd
        (m,) standard deviations of the rows' random parts.
    """
    f, p, c = fit.joint.sizes[0], rows.fixed.shape[1], sum(fit.ends)
    eta = rows.fixed @ values[f - p : f] + rows.offset
    cuts = np.array([-np.inf, np.inf])
    cuts[np.array(fit.ends)] = values[:c]
    log_phi = float(values[f])
    widest = float(sd.max(initial=0.0))
    step = min(STEP, LOGITS / widest) if widest else STEP
    if kind == "positive" and widest:
        passing = 2 / np.sqrt(1 + np.exp(log_phi))
        step = min(step, PASSING / (1 + widest / passing))
    half = int(np.ceil(REACH / step)) if widest else 0
    nodes = step * np.arange(-half, half + 1)
    weights = np.exp(-0.5 * nodes**2)
    weights /= weights.sum()
    at = _KINDS[kind]
    total: list[np.ndarray] = []
    for node, weight in zip(nodes, weights, strict=True):
        made = at(fit, eta + sd * node, cuts, log_phi)
        each = [made.value, made.by_eta, made.by_log_phi, node * made.by_eta, made.by_cuts]
        scaled = [weight * part for part in each]
        total = [a + b for a, b in zip(total, scaled, strict=True)] if total else scaled
    return Expected(*total)


def _mixed(
    eta: np.ndarray, cuts: np.ndarray, inside: Inside, weights: tuple[float, float]
) -> Expected:
    """Expectation (m, 1) of something that is `weights` at the two ends."""
    low, high = expit(cuts[0] - eta), expit(eta - cuts[1])
    f_low, f_high = low * expit(eta - cuts[0]), high * expit(cuts[1] - eta)
    between = expit(eta - cuts[0]) - high
    by_low, by_high = weights[0] - inside.value, weights[1] - inside.value
    value = weights[0] * low + weights[1] * high + between * inside.value
    by_eta = -f_low * by_low + f_high * by_high + between * inside.by_eta
    by_cuts = np.array([f_low * by_low, -f_high * by_high])
    return Expected(
        value[:, None],
        by_eta[:, None],
        (between * inside.by_log_phi)[:, None],
        np.zeros((len(eta), 1)),
        by_cuts[:, :, None],
    )


def _mean(fit: OrderedBetaEstimates, eta: np.ndarray, cuts: np.ndarray, log_phi: float) -> Expected:
    (low, high), mu = fit.bounds, expit(eta)
    span = high - low
    inside = Inside(low + span * mu, span * mu * expit(-eta), np.zeros_like(eta))
    return _mixed(eta, cuts, inside, fit.bounds)


def _square(
    fit: OrderedBetaEstimates, eta: np.ndarray, cuts: np.ndarray, log_phi: float
) -> Expected:
    """Squared ratings."""
    (low, high), mu, rest = fit.bounds, expit(eta), expit(-eta)
    span, spread = high - low, 1 / (1 + np.exp(log_phi))
    mean, variance = low + span * mu, span**2 * mu * rest * spread
    by_eta = span * mu * rest * (2 * mean + span * (rest - mu) * spread)
    inside = Inside(mean**2 + variance, by_eta, -variance * (1 - spread))
    return _mixed(eta, cuts, inside, (low**2, high**2))


def _positive(
    fit: OrderedBetaEstimates, eta: np.ndarray, cuts: np.ndarray, log_phi: float
) -> Expected:
    low, high = fit.bounds
    least = (fit.positive_from - low) / (high - low)

    def above(eta: np.ndarray, log_phi: float) -> np.ndarray:
        phi = np.exp(log_phi)
        return betainc(expit(-eta) * phi, expit(eta) * phi, 1 - least)

    by_eta = above(eta + SMALL, log_phi) - above(eta - SMALL, log_phi)
    by_log_phi = above(eta, log_phi + SMALL) - above(eta, log_phi - SMALL)
    inside = Inside(above(eta, log_phi), by_eta / (2 * SMALL), by_log_phi / (2 * SMALL))
    return _mixed(eta, cuts, inside, (0.0, 1.0))


def _shares(
    fit: OrderedBetaEstimates, eta: np.ndarray, cuts: np.ndarray, log_phi: float
) -> Expected:
    """Shares (m, K) at the ends that have ratings, and between."""
    one, none = np.ones_like(eta), np.zeros_like(eta)
    parts = [
        _mixed(eta, cuts, Inside(none, none, none), (1.0, 0.0)),
        _mixed(eta, cuts, Inside(one, none, none), (0.0, 0.0)),
        _mixed(eta, cuts, Inside(none, none, none), (0.0, 1.0)),
    ]
    kept = [
        part for part, there in zip(parts, (fit.ends[0], True, fit.ends[1]), strict=True) if there
    ]
    names = ("value", "by_eta", "by_log_phi", "by_sd", "by_cuts")
    return Expected(*(np.concatenate([getattr(k, n) for k in kept], axis=-1) for n in names))


_KINDS: dict[str, Callable[[OrderedBetaEstimates, np.ndarray, np.ndarray, float], Expected]] = {
    "mean": _mean,
    "square": _square,
    "positive": _positive,
    "probability": _shares,
}
