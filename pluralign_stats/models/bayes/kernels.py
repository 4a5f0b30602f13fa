"""Compiled parts of the log posterior density and its gradient; see `density` for the algebra.

Each part has a forward pass and, under the same name with ``_slopes``, a backward one that turns
slopes by what the part gives into slopes by what it takes.
"""

import math

import numpy as np
from numba import njit

#: Families of the response.
GAUSSIAN, LOGIT, PROBIT = 0, 1, 2

#: Densities of single parameters.
FLAT, NORMAL, STUDENT, EXPONENTIAL, CORRELATION = 0, 1, 2, 3, 4

#: Priors of thresholds: independent, or through the probabilities of the categories.
SEPARATE, DIRICHLET = 0, 1

#: Rows whose probabilities are multiplied before the logarithm is taken; none is below 1/4.
BATCH = 256

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


@njit(cache=True, nogil=True, error_model="numpy")
def add_product(A, x, out):
    """Add ``A x`` to the first entries of `out`; compiled sooner than a call of BLAS."""
    for i in range(A.shape[0]):
        total = 0.0
        for j in range(A.shape[1]):
            total += A[i, j] * x[j]
        out[i] += total


@njit(cache=True, nogil=True, error_model="numpy")
def add_transposed_product(A, y, out):
    """Add ``A' y`` to `out`."""
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            out[j] += A[i, j] * y[i]


@njit(cache=True, nogil=True, error_model="numpy")
def bend(z):
    """``t + (1 - exp(-2 t)) / 2`` with ``z = 2 sinh t``, and the log of its slope by z.

    It begins as z, grows as ``log z`` and falls as ``-z^2 / 2``; its slope is ``exp(-t)``.
    """
    t = math.asinh(0.5 * z)
    return t + 0.5 * (1 - math.exp(-2 * t)), -t


@njit(cache=True, nogil=True, error_model="numpy")
def bend_slope(z, slope):
    """The slope by z from that by `bend`'s value, with that of the log of its own slope."""
    half = 0.5 * z
    return slope * math.exp(-math.asinh(half)) - 0.5 / math.sqrt(1 + half * half)


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True, error_model="numpy")
def factor(log_sd, partial, q, out):
    """Lower-triangular factor (q, q) of a covariance, by canonical partial correlations.

    Row i takes ``tanh`` of i entries of `partial` (Lewandowski, Kurowicka & Joe 2009, J. Multivar.
    Anal. 100, 1989-2001); without entries the effects are uncorrelated. A single log standard
    deviation is that of all q effects.
    """
    at = 0
    for i in range(q):
        sd, rest = math.exp(log_sd[min(i, len(log_sd) - 1)]), 1.0
        for k in range(q):
            out[i, k] = 0.0
        if len(partial):
            for k in range(i):
                y = math.tanh(partial[at])
                out[i, k] = sd * y * rest
                rest *= math.sqrt(1 - y * y)
                at += 1
        out[i, i] = sd * rest


@njit(cache=True, nogil=True, error_model="numpy")
def factor_slopes(log_sd, partial, q, value, slope, by_log_sd, by_partial):
    """Add to the slopes by log standard deviations and partial correlations."""
    for i in range(q):
        own = min(i, len(log_sd) - 1)
        sd = math.exp(log_sd[own])
        for k in range(i + 1):
            by_log_sd[own] += slope[i, k] * value[i, k]
        if len(partial):
            at = i * (i - 1) // 2
            rest = value[i, i] / sd
            by_rest = slope[i, i] * sd
            for k in range(i - 1, -1, -1):
                y = math.tanh(partial[at + k])
                root = math.sqrt(1 - y * y)
                before = rest / root
                by_y = slope[i, k] * sd * before - by_rest * before * y / root
                by_partial[at + k] += by_y * (1 - y * y)
                by_rest = slope[i, k] * sd * y + by_rest * root
                rest = before


@njit(cache=True, nogil=True, error_model="numpy")
def condition(W, b, z, factor, first, n_levels, q, v, u, root):
    """Effects of the levels of one term from spherical coordinates.

    Given data with information ``W_j`` and score ``b_j`` about an effect ``factor v_j`` with
    ``v_j ~ N(0, I)``, it is normal with precision ``M_j = I + factor' W_j factor = R_j R_j'`` and
    mean ``M_j^-1 factor' b_j``; so ``v_j = R_j^-T (R_j^-1 factor' b_j + z_j)``. Returns the log
    prior density of all v plus the log Jacobian of z to v.
    """
    total = 0.0
    if q == 1:
        s = factor[0, 0]
        for j in range(n_levels):
            m = 1 + s * s * W[j]
            r = math.sqrt(m)
            k = first + j
            root[j] = r
            v[k] = (s * b[k] / r + z[k]) / r
            u[k] = s * v[k]
            total -= 0.5 * (v[k] * v[k] + math.log(m))
        return total
    half, inside = np.empty(q), np.empty((q, q))
    for j in range(n_levels):
        at, k = j * q * q, first + j * q
        for g in range(q):
            for f in range(q):
                t = 0.0
                for h in range(f, q):
                    t += W[at + g * q + h] * factor[h, f]
                inside[g, f] = t
        for e in range(q):
            for f in range(e + 1):
                m = 1.0 if e == f else 0.0
                for g in range(e, q):
                    m += factor[g, e] * inside[g, f]
                for g in range(f):
                    m -= root[at + e * q + g] * root[at + f * q + g]
                root[at + e * q + f] = math.sqrt(m) if e == f else m / root[at + f * q + f]
        for e in range(q):
            t = 0.0
            for g in range(e, q):
                t += factor[g, e] * b[k + g]
            for f in range(e):
                t -= root[at + e * q + f] * half[f]
            half[e] = t / root[at + e * q + e]
        for e in range(q - 1, -1, -1):
            t = half[e] + z[k + e]
            for f in range(e + 1, q):
                t -= root[at + f * q + e] * v[k + f]
            v[k + e] = t / root[at + e * q + e]
            total -= 0.5 * v[k + e] * v[k + e] + math.log(root[at + e * q + e])
        for e in range(q):
            t = 0.0
            for f in range(e + 1):
                t += factor[e, f] * v[k + f]
            u[k + e] = t
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def condition_slopes(
    W, b, z, factor, first, n_levels, q, v, root, by_u, by_z, by_b, by_factor
):  # fmt: skip
    """From slopes by u: slopes by z and b, and what is added to those by the factor.

    The slope of a Cholesky factor follows Murray (2016), arXiv 1602.07527, equation 10.
    """
    if q == 1:
        s, slope = factor[0, 0], 0.0
        for j in range(n_levels):
            k, r = first + j, root[j]
            m = r * r
            by_v = s * by_u[k] - v[k]
            by_z[k] = by_v / r
            by_b[k] = by_v * s / m
            by_m = -by_v * (s * b[k] / m + 0.5 * z[k] / r) / m - 0.5 / m
            slope += by_u[k] * v[k] + by_v * b[k] / m + by_m * 2 * s * W[j]
        by_factor[0, 0] += slope
        return
    by_v, by_half, by_t, half = np.empty(q), np.empty(q), np.empty(q), np.empty(q)
    by_R, P, by_M = np.empty((q, q)), np.empty((q, q)), np.empty((q, q))
    for j in range(n_levels):
        k = first + j * q
        R = root[j * q * q : (j + 1) * q * q].reshape(q, q)
        info = W[j * q * q : (j + 1) * q * q].reshape(q, q)
        for e in range(q):
            t = -v[k + e]
            for g in range(e, q):
                t += factor[g, e] * by_u[k + g]
                by_factor[g, e] += by_u[k + g] * v[k + e]
            by_v[e] = t
        for e in range(q):
            t = by_v[e]
            for f in range(e):
                t -= R[e, f] * by_half[f]
            by_half[e] = t / R[e, e]
            by_z[k + e] = by_half[e]
            t = -z[k + e]
            for f in range(e, q):
                t += R[f, e] * v[k + f]
            half[e] = t
        for e in range(q - 1, -1, -1):
            t = by_half[e]
            for f in range(e + 1, q):
                t -= R[f, e] * by_t[f]
            by_t[e] = t / R[e, e]
        for e in range(q):
            for f in range(q):
                by_R[e, f] = -v[k + e] * by_half[f] - by_t[e] * half[f] if f <= e else 0.0
            by_R[e, e] -= 1 / R[e, e]
            t = 0.0
            for f in range(e + 1):
                t += factor[e, f] * by_t[f]
            by_b[k + e] = t
        for e in range(q):
            for f in range(q):
                t = 0.0
                if f <= e:
                    for g in range(e, q):
                        t += R[g, e] * by_R[g, f]
                    P[e, f] = 0.5 * t if e == f else t
                else:
                    P[e, f] = 0.0
        for f in range(q):
            for e in range(q - 1, -1, -1):
                t = P[e, f]
                for g in range(e + 1, q):
                    t -= R[g, e] * by_M[g, f]
                by_M[e, f] = t / R[e, e]
        for e in range(q):
            for f in range(q - 1, -1, -1):
                t = by_M[e, f]
                for g in range(f + 1, q):
                    t -= by_M[e, g] * R[g, f]
                by_M[e, f] = t / R[f, f]
        for g in range(q):
            for h in range(q):
                t = 0.0
                for f in range(q):
                    t += info[g, f] * factor[f, h]
                P[g, h] = t
        for g in range(q):
            for e in range(g + 1):
                t = b[k + g] * by_t[e]
                for h in range(q):
                    t += P[g, h] * (by_M[h, e] + by_M[e, h])
                by_factor[g, e] += t


@njit(cache=True, nogil=True, error_model="numpy")
def spread(u, at, z, plain, first, width, out):
    """Add a term's contribution to each row: `width` effects from `at` on, or the one there."""
    for i in range(len(at)):
        k = first + at[i]
        if plain:
            out[i] += u[k]
        else:
            for e in range(width):
                out[i] += z[i, e] * u[k + e]


@njit(cache=True, nogil=True, error_model="numpy")
def collect(rows, at, z, plain, first, width, out):
    """Add slopes by the rows' predictors to those by a term's effects."""
    for i in range(len(at)):
        k = first + at[i]
        if plain:
            out[k] += rows[i]
        else:
            for e in range(width):
                out[k + e] += z[i, e] * rows[i]


@njit(cache=True, nogil=True, error_model="numpy")
def cut_points(free, out):
    """Increasing thresholds (G, C) from first ones and log distances; returns the log Jacobian."""
    total = 0.0
    for g in range(free.shape[0]):
        out[g, 0] = free[g, 0]
        for k in range(1, free.shape[1]):
            out[g, k] = out[g, k - 1] + math.exp(free[g, k])
            total += free[g, k]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def cut_points_slopes(free, slope, by_free):
    """Add to the slopes by first thresholds and log distances, those of the Jacobian included."""
    for g in range(free.shape[0]):
        above = 0.0
        for k in range(free.shape[1] - 1, 0, -1):
            above += slope[g, k]
            by_free[g, k] += above * math.exp(free[g, k]) + 1.0
        by_free[g, 0] += above + slope[g, 0]


@njit(cache=True, nogil=True, error_model="numpy")
def log_ndtr(x):
    """Log of the normal distribution function, far into its lower tail."""
    if x > -37:
        return math.log(0.5 * math.erfc(-x / math.sqrt(2.0)))
    y = 1 / (x * x)
    return -0.5 * x * x - math.log(-x) - _HALF_LOG_2PI + math.log1p(-y * (1 - 3 * y * (1 - 5 * y)))


@njit(cache=True, nogil=True, error_model="numpy")
def probit_category(a, b):
    """Log-probability between two cuts, and its slopes by either."""
    flip = a + b > 0
    low, high = log_ndtr(-b if flip else a), log_ndtr(-a if flip else b)
    log_p = high + math.log(-math.expm1(low - high)) if low > -math.inf else high
    l_a = -math.exp(-0.5 * a * a - _HALF_LOG_2PI - log_p) if a > -math.inf else 0.0
    l_b = math.exp(-0.5 * b * b - _HALF_LOG_2PI - log_p) if b < math.inf else 0.0
    return log_p, l_a, l_b


@njit(cache=True, nogil=True, error_model="numpy")
def threshold_prior(kind, prior, a, b, c, family, cuts, slope):
    """Log prior density of thresholds (G, C); its slopes are added.

    `DIRICHLET`: the probabilities of the categories for an average rating have a symmetric
    Dirichlet density with concentration `a`, whatever their number.
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
        if a != 1:
            for k in range(C + 1):
                low = cuts[g, k - 1] if k > 0 else -math.inf
                high = cuts[g, k] if k < C else math.inf
                if family == PROBIT:
                    log_p, l_a, l_b = probit_category(low, high)
                else:
                    log_p, l_a, l_b = logit_category(low, high)
                total += (a - 1) * log_p
                if k > 0:
                    slope[g, k - 1] += (a - 1) * l_a
                if k < C:
                    slope[g, k] += (a - 1) * l_b
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def logit_category(a, b):
    """Log-probability between two cuts, and its slopes by either."""
    e_a, e_b, shrunk = math.exp(-abs(a)), math.exp(-abs(b)), math.exp(a - b)
    log_p = min(b, 0.0) - max(a, 0.0) - math.log((1 + e_a) * (1 + e_b)) + math.log1p(-shrunk)
    below = (1.0 if a > 0 else e_a) / (1 + e_a)
    above = (e_b if b > 0 else 1.0) / (1 + e_b)
    ratio = shrunk / (1 - shrunk)
    return log_p, -below - ratio, above + ratio


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True, error_model="numpy")
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
