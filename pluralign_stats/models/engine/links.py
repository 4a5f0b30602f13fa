"""Probability of a category between two cut points, with the derivatives that fitting needs.

A rating is y when its latent value lies between the cuts a and b: ``p = F(b) - F(a)``. All is
written so that it holds far in the tails, where p itself would be rounded away.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_expit, log_ndtr

from pluralign_stats.errors import check_one_of

#: Standard deviation of each link's latent residuals.
LATENT_SD = {"logit": np.pi / np.sqrt(3), "probit": 1.0, "cloglog": np.pi / np.sqrt(6)}


@dataclass(frozen=True, eq=False)
class CutTerms:
    """Log-probabilities of categories and their derivatives, each (n,).

    D is the derivative by a shift of both cuts together, as when the linear predictor moves.

    Attributes
    ----------
    log_p
        Log-probabilities; -inf where a is not below b.
    l_a, l_b
        Slopes of `log_p` by either cut.
    h_a, h_b
        Slopes of ``D log_p`` by either cut.
    t_a, t_b
        Slopes of ``D D log_p`` by either cut.
    l_ab
        Mixed second derivative of `log_p`.
    """

    log_p: np.ndarray
    l_a: np.ndarray
    l_b: np.ndarray
    h_a: np.ndarray
    h_b: np.ndarray
    t_a: np.ndarray
    t_b: np.ndarray
    l_ab: np.ndarray


def cut_terms(a: np.ndarray, b: np.ndarray, link: str) -> CutTerms:
    """Terms of (n,) cuts a < b, of which a may be -inf and b inf."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        terms = LINKS[link](a, b)
        terms.log_p[~(a < b)] = -np.inf
    return terms


def _logit(a: np.ndarray, b: np.ndarray) -> CutTerms:
    """By the identity ``F(b) - F(a) = F(b) F(-a) (1 - exp(a - b))``."""
    below, above = expit(a), expit(-b)
    f_a, f_b = below * (1 - below), above * (1 - above)
    shrunk = np.exp(a - b)
    ratio = shrunk / (1 - shrunk)
    return CutTerms(
        log_p=np.log1p(-shrunk) + log_expit(b) + log_expit(-a),
        l_a=-below - ratio,
        l_b=above + ratio,
        h_a=-f_a,
        h_b=-f_b,
        t_a=-f_a * (1 - 2 * below),
        t_b=f_b * (1 - 2 * above),
        l_ab=ratio * (1 + ratio),
    )


def _probit(a: np.ndarray, b: np.ndarray) -> CutTerms:
    # Probabilities are taken from the tail that is nearer.
    flip = a + b > 0
    low, high = log_ndtr(np.where(flip, -b, a)), log_ndtr(np.where(flip, -a, b))
    log_p = high + np.log(-np.expm1(low - high))

    def density(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        y = finite(x)
        f = np.exp(-0.5 * y**2 - 0.5 * np.log(2 * np.pi) - log_p)
        f = np.where(np.isfinite(x), f, 0.0)
        return f, -y * f, (y**2 - 1) * f

    return _from_densities(log_p, density(a), density(b))


def _cloglog(a: np.ndarray, b: np.ndarray) -> CutTerms:
    low, high = np.exp(a), np.exp(b)
    log_p = -low + np.log(-np.expm1(low - high))

    def density(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        y = finite(x)
        e = np.exp(y)
        f = np.where(np.isfinite(x), np.exp(y - e - log_p), 0.0)
        return f, (1 - e) * f, ((1 - e) ** 2 - e) * f

    return _from_densities(log_p, density(a), density(b))


def finite(cut: np.ndarray) -> np.ndarray:
    """Cuts (n,), with zero for those at infinity, whose slopes are zero."""
    return np.where(np.isfinite(cut), cut, 0.0)


def _from_densities(
    log_p: np.ndarray, at_a: tuple[np.ndarray, ...], at_b: tuple[np.ndarray, ...]
) -> CutTerms:
    """Terms from ``f / p``, ``f' / p`` and ``f'' / p`` at either cut."""
    (f_a, g_a, k_a), (f_b, g_b, k_b) = at_a, at_b
    shift, bend = f_b - f_a, g_b - g_a
    h_a, h_b = shift * f_a - g_a, g_b - shift * f_b
    return CutTerms(
        log_p=log_p,
        l_a=-f_a,
        l_b=f_b,
        h_a=h_a,
        h_b=h_b,
        t_a=-k_a + bend * f_a - 2 * shift * h_a,
        t_b=k_b - bend * f_b - 2 * shift * h_b,
        l_ab=f_a * f_b,
    )


#: What computes the terms, by name of the link.
LINKS: dict[str, Callable[[np.ndarray, np.ndarray], CutTerms]] = {
    "logit": _logit,
    "probit": _probit,
    "cloglog": _cloglog,
}


STRUCTURES = ("flexible", "symmetric", "equidistant")


def threshold_basis(structure: str, n_cuts: int) -> np.ndarray:
    """Basis B (J - 1, b): thresholds are B times the free parameters (Christensen 2019, section 4).

    flexible
        Each threshold is free.
    symmetric
        Thresholds lie symmetrically about a centre.
    equidistant
        Neighbouring thresholds are equally far apart.

    References
    ----------
    Christensen, R. H. B. (2019), Cumulative link models for ordinal regression with the R package
    ordinal.
    """
    check_one_of("'thresholds'", structure, STRUCTURES)
    place = np.arange(n_cuts)
    if structure == "flexible" or n_cuts == 1:
        return np.eye(n_cuts)
    if structure == "equidistant":
        return np.column_stack([np.ones(n_cuts), place])
    distance = np.abs(place - (n_cuts - 1) / 2)
    side = np.sign(place - (n_cuts - 1) / 2)
    steps = np.unique(distance[distance > 0])
    return np.column_stack([np.ones(n_cuts), *(side * (distance == step) for step in steps)])
