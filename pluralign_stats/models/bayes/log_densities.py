"""Compiled log densities of ratings and of priors, with their slopes."""

import math

import numpy as np

from pluralign_stats.models.engine.beta_kernels import beta_row
from pluralign_stats.models.engine.compiled import compiled

#: Families of the response; the last is that of numbers between two ends.
GAUSSIAN, LOGIT, PROBIT, BETWEEN = 0, 1, 2, 3

#: Densities of single parameters.
FLAT, NORMAL, STUDENT, EXPONENTIAL, CORRELATION = 0, 1, 2, 3, 4

#: Priors of thresholds: independent, or through the probabilities of the categories.
SEPARATE, DIRICHLET = 0, 1

#: Of ratings between two ends, what lies between has this many times the concentration of an end
#: in the Dirichlet prior of cuts. With equal ones, priors alone put more than nine in ten ratings
#: at the ends in 29 to 32 % of data sets (36 % with wider priors of other parameters); with five
#: times, in 0.5 to 2 % (1,000 data sets for each of four models), and half of them in the middle.
INNER = 5.0

#: Rows whose probabilities are multiplied before the logarithm is taken; none is below 1/4.
BATCH = 256

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


@compiled
def log_prior(kind, a, b, c, x):
    """Log density of a parameter, up to a constant, and its slope."""
    if kind == NORMAL:
        r = (x - a) / b
        return -0.5 * r * r, -r / b
    if kind == STUDENT:
        r = (x - b) / c
        return -0.5 * (a + 1) * math.log1p(r * r / a), -(a + 1) * r / (c * (a + r * r))
    if kind == EXPONENTIAL:
        return -a * x, -a
    if kind == CORRELATION:
        y = math.tanh(x)
        return a * math.log1p(-y * y), -2 * a * y
    return 0.0, 0.0


@compiled
def threshold_prior(kind, prior, a, b, c, family, cuts, slope):
    """Log prior density of thresholds (G, C); its slopes are added.

    `DIRICHLET`: the probabilities of the categories for an average rating have a symmetric
    Dirichlet density with concentration `a`, whatever their number; see `concentrations`.
    """
    total = 0.0
    C = cuts.shape[1]
    for g in range(cuts.shape[0]):
        if kind == SEPARATE:
            for k in range(C):
                value, by = log_prior(prior, a, b, c, cuts[g, k])
                total += value
                slope[g, k] += by
            continue
        for k in range(C):
            x = cuts[g, k]
            if family == PROBIT:
                total -= 0.5 * x * x
                slope[g, k] -= x
            else:
                e = math.exp(-abs(x))
                total -= abs(x) + 2 * math.log1p(e)
                slope[g, k] -= math.copysign((1 - e) / (1 + e), x)
        inner = INNER if family == BETWEEN and C == 2 else 1.0
        if a != 1 or inner != 1:
            for k in range(C + 1):
                less = (a * inner if k == 1 else a) - 1
                low = cuts[g, k - 1] if k > 0 else -math.inf
                high = cuts[g, k] if k < C else math.inf
                if family == PROBIT:
                    log_p, l_a, l_b = probit_category(low, high)
                else:
                    log_p, l_a, l_b = logit_category(low, high)
                total += less * log_p
                if k > 0:
                    slope[g, k - 1] += less * l_a
                if k < C:
                    slope[g, k] += less * l_b
    return total


def concentrations(family: int, n_cuts: int, a: float) -> np.ndarray:
    """Concentrations (C + 1,) of the Dirichlet prior of shares: equal, but between two ends."""
    made = np.full(n_cuts + 1, float(a))
    if family == BETWEEN and n_cuts == 2:
        made[1] *= INNER
    return made


@compiled
def log_ndtr(x):
    """Log of the normal distribution function, far into its lower tail."""
    if x > -37:
        return math.log(0.5 * math.erfc(-x / math.sqrt(2.0)))
    y = 1 / (x * x)
    return -0.5 * x * x - math.log(-x) - _HALF_LOG_2PI + math.log1p(-y * (1 - 3 * y * (1 - 5 * y)))


@compiled
def logit_category(a, b):
    """Log-probability between two cuts, and its slopes by either."""
    e_a, e_b, shrunk = math.exp(-abs(a)), math.exp(-abs(b)), math.exp(a - b)
    log_p = min(b, 0.0) - max(a, 0.0) - math.log((1 + e_a) * (1 + e_b)) + math.log1p(-shrunk)
    below = (1.0 if a > 0 else e_a) / (1 + e_a)
    above = (e_b if b > 0 else 1.0) / (1 + e_b)
    ratio = shrunk / (1 - shrunk)
    return log_p, -below - ratio, above + ratio


@compiled
def probit_category(a, b):
    """Log-probability between two cuts, and its slopes by either."""
    flip = a + b > 0
    low, high = log_ndtr(-b if flip else a), log_ndtr(-a if flip else b)
    log_p = high + math.log(-math.expm1(low - high)) if low > -math.inf else high
    l_a = -math.exp(-0.5 * a * a - _HALF_LOG_2PI - log_p) if a > -math.inf else 0.0
    l_b = math.exp(-0.5 * b * b - _HALF_LOG_2PI - log_p) if b < math.inf else 0.0
    return log_p, l_a, l_b


@compiled
def ordinal_rows(
    family, y, weight, weighted, section, cuts, eta, inverse_scale, by_eta, by_cuts, by_log_scale
):  # fmt: skip
    """Log-likelihood of ratings; slopes by their predictors, by thresholds and by log scales.

    `inverse_scale` (n,) may be empty, for ones.
    """
    scaled = len(inverse_scale) > 0
    C = cuts.shape[1]
    shrunk = np.zeros((len(cuts), C + 1))
    logs = np.zeros((len(cuts), C + 1))
    for g in range(len(cuts)):
        for k in range(1, C):
            shrunk[g, k] = math.exp(cuts[g, k - 1] - cuts[g, k])
            logs[g, k] = math.log1p(-shrunk[g, k])
    total, product = 0.0, 1.0
    for i in range(len(y)):
        g, k = section[i], y[i]
        a = cuts[g, k - 1] - eta[i] if k > 0 else -math.inf
        b = cuts[g, k] - eta[i] if k < C else math.inf
        if scaled:
            a *= inverse_scale[i]
            b *= inverse_scale[i]
        if family == LOGIT and not scaled:
            e_a, e_b = math.exp(-abs(a)), math.exp(-abs(b))
            value = min(b, 0.0) - max(a, 0.0) + logs[g, k]
            both = 1 / ((1 + e_a) * (1 + e_b))
            below = (1.0 if a > 0 else e_a) * (1 + e_b) * both
            above = (e_b if b > 0 else 1.0) * (1 + e_a) * both
            ratio = shrunk[g, k] / (1 - shrunk[g, k])
            l_a, l_b = -below - ratio, above + ratio
            if weighted:
                value += math.log(both)
            else:
                product *= both
                if i % BATCH == 0:
                    total += math.log(product)
                    product = 1.0
        elif family == LOGIT:
            value, l_a, l_b = logit_category(a, b)
        else:
            value, l_a, l_b = probit_category(a, b)
        w = weight[i]
        total += w * value
        if k == 0:
            l_a = 0.0
        if k == C:
            l_b = 0.0
        l_a *= w
        l_b *= w
        if scaled:
            moved = (l_a * a if k > 0 else 0.0) + (l_b * b if k < C else 0.0)
            by_log_scale[i] = -moved
            l_a *= inverse_scale[i]
            l_b *= inverse_scale[i]
        by_eta[i] = -(l_a + l_b)
        if k > 0:
            by_cuts[g, k - 1] += l_a
        if k < C:
            by_cuts[g, k] += l_b
    return total + math.log(product)


@compiled
def gaussian_rows(y, weight, eta, inverse_scale, by_eta, by_log_scale):
    """Log-likelihood of responses up to a constant; slopes by their means and log scales.

    A weight multiplies the precision.
    """
    total = 0.0
    for i in range(len(y)):
        k = inverse_scale[i]
        r = weight[i] * k * k * (y[i] - eta[i])
        square = r * (y[i] - eta[i])
        total += math.log(k) - 0.5 * square
        by_eta[i] = r
        by_log_scale[i] = square - 1
    return total


@compiled
def between(y, response, cuts, eta, phi):
    """Log density of one rating between two ends, with slopes by either cut, eta and log phi.

    Parameters
    ----------
    y, response
        The number of its part of the scale, and its logit between the ends; there missing.
    cuts
        (C,) cuts at those ends that have ratings.
    """
    C = len(cuts)
    a = cuts[y - 1] - eta if y > 0 else -math.inf
    b = cuts[y] - eta if y < C else math.inf
    value, l_a, l_b = logit_category(a, b) if C else (0.0, 0.0, 0.0)
    if y == 0:
        l_a = 0.0
    if y == C:
        l_b = 0.0
    if math.isnan(response):
        return value, l_a, l_b, -(l_a + l_b), 0.0
    density, by_eta, by_phi = beta_row(response, eta, phi)
    return value + density, l_a, l_b, by_eta - l_a - l_b, by_phi


@compiled
def between_rows(y, response, weight, cuts, eta, inverse_phi, by_eta, by_cuts, by_log_phi):
    """Log-likelihood of ratings between two ends; slopes by predictors, cuts (1, C) and log phi."""
    total = 0.0
    C = cuts.shape[1]
    none = np.zeros(0)
    for i in range(len(y)):
        own = cuts[0] if C else none
        value, l_a, l_b, e, by_phi = between(y[i], response[i], own, eta[i], 1 / inverse_phi[i])
        w = weight[i]
        total += w * value
        by_eta[i] = w * e
        by_log_phi[i] = w * by_phi
        if y[i] > 0:
            by_cuts[0, y[i] - 1] += w * l_a
        if y[i] < C:
            by_cuts[0, y[i]] += w * l_b
    return total
