"""Probability of a category between two cut points, with the derivatives that fitting needs.

A rating is y when its latent value lies between the cuts a and b: ``p = F(b) - F(a)``. With the
"shift" derivative D = d/da + d/db (both cuts move together, as when the linear predictor moves),
each row needs::

    log p, its slopes l_a and l_b, D D log p, and the slopes of D log p and of D D log p by a and b

All are written so that they hold far in the tails, where p itself would be rounded away.
"""

import math

import numpy as np
from numba import njit

#: Links by name, as the compiled code numbers them.
LINKS = {"logit": 0, "probit": 1, "cloglog": 2}

#: Standard deviation of each link's latent residuals.
LATENT_SD = {"logit": math.pi / math.sqrt(3), "probit": 1.0, "cloglog": math.pi / math.sqrt(6)}

#: Columns of `cut_terms`.
LOG, L_A, L_B, H_A, H_B, T_A, T_B, L_AB = range(8)

_ROOT_TWO = math.sqrt(2.0)
_LOG_ROOT_TWO_PI = 0.5 * math.log(2.0 * math.pi)


@njit(cache=True, nogil=True)
def _expit(x):
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


@njit(cache=True, nogil=True)
def _log_normal_cdf(x):
    if x > -20.0:
        return math.log(0.5 * math.erfc(-x / _ROOT_TWO))
    s = 1.0 / (x * x)
    series = 1.0 - s * (1.0 - 3.0 * s * (1.0 - 5.0 * s * (1.0 - 7.0 * s)))
    return -0.5 * x * x - _LOG_ROOT_TWO_PI - math.log(-x) + math.log(series)


@njit(cache=True, nogil=True)
def _log_probit_mass(a, b):
    """Log of the normal probability between a and b, from whichever tail is nearer."""
    if a + b > 0:
        a, b = -b, -a
    high = _log_normal_cdf(b) if b < math.inf else 0.0
    if a == -math.inf:
        return high
    return high + math.log(-math.expm1(_log_normal_cdf(a) - high))


@njit(cache=True, nogil=True)
def _log_cloglog_mass(a, b):
    if b == math.inf:
        return -math.exp(a)
    low = math.exp(a) if a > -math.inf else 0.0
    return -low + math.log(-math.expm1(low - math.exp(b)))


@njit(cache=True, nogil=True)
def _density(x, log_p, link):
    """``f / p, f' / p, f'' / p`` at a cut; zero at an infinite one."""
    if math.isinf(x):
        return 0.0, 0.0, 0.0
    if link == 1:
        f = math.exp(-0.5 * x * x - _LOG_ROOT_TWO_PI - log_p)
        return f, -x * f, (x * x - 1.0) * f
    e = math.exp(x)
    f = math.exp(x - e - log_p)
    return f, (1.0 - e) * f, ((1.0 - e) * (1.0 - e) - e) * f


@njit(cache=True, nogil=True)
def cut_terms(a, b, link, out):
    """Fill `out` (n, 8) with the terms of each row's cuts (n,) a < b, in the order given above."""
    for i in range(len(a)):
        if not a[i] < b[i]:
            for k in range(8):
                out[i, k] = -math.inf if k == 0 else math.nan
            continue
        if link == 0:
            Fa = _expit(a[i]) if a[i] > -math.inf else 0.0
            Fb = _expit(-b[i]) if b[i] < math.inf else 0.0
            fa, fb = Fa * (1.0 - Fa), Fb * (1.0 - Fb)
            ratio, log_gap = 0.0, 0.0
            if a[i] > -math.inf and b[i] < math.inf:
                gap = b[i] - a[i]
                ratio = 1.0 / math.expm1(gap)
                log_gap = math.log(-math.expm1(-gap))
            log_p = log_gap
            if b[i] < math.inf:
                log_p -= math.log1p(math.exp(-b[i])) if b[i] > -35 else -b[i]
            if a[i] > -math.inf:
                log_p -= math.log1p(math.exp(a[i])) if a[i] < 35 else a[i]
            out[i, 0] = log_p
            out[i, 1] = -Fa - ratio
            out[i, 2] = Fb + ratio
            out[i, 3] = -fa
            out[i, 4] = -fb
            out[i, 5] = -fa * (1.0 - 2.0 * Fa)
            out[i, 6] = fb * (1.0 - 2.0 * Fb)
            out[i, 7] = ratio * (1.0 + ratio)
        else:
            log_p = _log_probit_mass(a[i], b[i]) if link == 1 else _log_cloglog_mass(a[i], b[i])
            fa, ga, ka = _density(a[i], log_p, link)
            fb, gb, kb = _density(b[i], log_p, link)
            shift, bend = fb - fa, gb - ga
            ha, hb = shift * fa - ga, gb - shift * fb
            out[i, 0] = log_p
            out[i, 1] = -fa
            out[i, 2] = fb
            out[i, 3] = ha
            out[i, 4] = hb
            out[i, 5] = -ka + bend * fa - 2.0 * shift * ha
            out[i, 6] = kb - bend * fb - 2.0 * shift * hb
            out[i, 7] = fa * fb


def log_terms(a: np.ndarray, b: np.ndarray, link: str) -> np.ndarray:
    """(n, 8) terms of (n,) cuts; see the module for their meaning."""
    out = np.empty((len(a), 8))
    cut_terms(a, b, LINKS[link], out)
    return out
