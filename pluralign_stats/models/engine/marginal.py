"""Cumulative probabilities averaged over normal random effects, with their slopes."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtr

#: Nodes of Gauss-Hermite quadrature by the largest standard deviation in units of the scale;
#: they hold errors of a probability below 1e-6.
NODES = ((0.5, 9), (1.0, 15), (2.0, 31), (4.0, 75), (8.0, 200))

MOST_NODES = 400


@dataclass(frozen=True, eq=False)
class Marginal:
    """Averages over the random effects, each (m, J - 1), for cuts c, inverse scale k and sd s.

    Attributes
    ----------
    probability
        ``E F(k (c - s Z))``.
    by_cut, by_sd, by_scale
        Its slopes by c, by s, and by log k.
    """

    probability: np.ndarray
    by_cut: np.ndarray
    by_sd: np.ndarray
    by_scale: np.ndarray


def distribution(x: np.ndarray, link: str) -> tuple[np.ndarray, np.ndarray]:
    """The link's distribution function and density, of the shape of `x`."""
    if link == "logit":
        F = expit(x)
        return F, F * (1 - F)
    if link == "probit":
        return ndtr(x), np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi)
    e = np.exp(np.minimum(x, 700))
    return -np.expm1(-e), np.exp(np.minimum(x, 700) - e)


def marginalize(cuts: np.ndarray, k: np.ndarray, sd: np.ndarray, link: str) -> Marginal:
    """Average over a normal random part.

    Parameters
    ----------
    cuts
        (m, J - 1) thresholds less the linear predictor.
    k, sd
        (m,) inverse scales, and standard deviations of the rows' random parts.
    link
        ``"logit"``, ``"probit"`` or ``"cloglog"``.
    """
    k, sd = k[:, None], sd[:, None]
    widest = float(np.nanmax(k * sd, initial=0.0))
    if widest == 0:
        F, f = distribution(k * cuts, link)
        return Marginal(F, k * f, np.zeros_like(F), k * cuts * f)
    n_nodes = next((n for limit, n in NODES if widest <= limit), MOST_NODES)
    nodes, weights = np.polynomial.hermite_e.hermegauss(n_nodes)
    weights = weights / weights.sum()
    sums = np.zeros((4, *cuts.shape))
    for node, weight in zip(nodes, weights, strict=True):
        place = cuts - sd * node
        F, f = distribution(k * place, link)
        f *= weight * k
        sums[0] += weight * F
        sums[1] += f
        sums[2] -= node * f
        sums[3] += place * f
    return Marginal(*sums)
