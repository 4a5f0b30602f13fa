"""Compiled maps from coordinates to parameters, random effects and predictors.

Each map has a forward pass and, under the same name with ``_slopes``, a backward one that turns
slopes by what the map gives into slopes by what it takes. See `density` for the algebra.
"""

import math

import numpy as np

from pluralign_stats.models.engine.compiled import compiled


@compiled
def add_product(A, x, out):
    """Add ``A x`` to the first entries of `out`; compiled sooner than a call of BLAS."""
    for i in range(A.shape[0]):
        total = 0.0
        for j in range(A.shape[1]):
            total += A[i, j] * x[j]
        out[i] += total


@compiled
def add_transposed_product(A, y, out):
    """Add ``A' y`` to `out`."""
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            out[j] += A[i, j] * y[i]


@compiled
def warp(z):
    """``t + (1 - exp(-2 t)) / 2`` with ``z = 2 sinh t``, and the log of its slope by z.

    It begins as z, grows as ``log z`` and falls as ``-z^2 / 2``; its slope is ``exp(-t)``.
    """
    t = math.asinh(0.5 * z)
    return t + 0.5 * (1 - math.exp(-2 * t)), -t


@compiled
def warp_vjp(z, slope):
    """The slope by z from that by `warp`'s value, with that of the log of its own slope."""
    half = 0.5 * z
    return slope * math.exp(-math.asinh(half)) - 0.5 / math.sqrt(1 + half * half)


@compiled
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


@compiled
def factor_vjp(log_sd, partial, q, value, slope, by_log_sd, by_partial):
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


@compiled
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


@compiled
def cholesky_vjp(R, by_R, P, by_M):
    """Put the slopes by ``M = R R'`` from those by its factor R in `by_M`; P is overwritten.

    Murray (2016), arXiv 1602.07527, equation 10.
    """
    q = len(R)
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


@compiled
def condition_vjp(
    W, b, z, factor, first, n_levels, q, v, root, by_u, by_z, by_b, by_factor
):  # fmt: skip
    """From slopes by u: slopes by z and b, and what is added to those by the factor."""
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
        cholesky_vjp(R, by_R, P, by_M)
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


@compiled
def spread(u, at, z, plain, first, width, out):
    """Add a term's contribution to each row: `width` effects from `at` on, or the one there."""
    for i in range(len(at)):
        k = first + at[i]
        if plain:
            out[i] += u[k]
        else:
            for e in range(width):
                out[i] += z[i, e] * u[k + e]


@compiled
def collect(rows, at, z, plain, first, width, out):
    """Add slopes by the rows' predictors to those by a term's effects."""
    for i in range(len(at)):
        k = first + at[i]
        if plain:
            out[k] += rows[i]
        else:
            for e in range(width):
                out[k + e] += z[i, e] * rows[i]


@compiled
def cut_points(free, out):
    """Increasing thresholds (G, C) from first ones and log distances; returns the log Jacobian."""
    total = 0.0
    for g in range(free.shape[0]):
        out[g, 0] = free[g, 0]
        for k in range(1, free.shape[1]):
            out[g, k] = out[g, k - 1] + math.exp(free[g, k])
            total += free[g, k]
    return total


@compiled
def cut_points_vjp(free, slope, by_free):
    """Add to the slopes by first thresholds and log distances, those of the Jacobian included."""
    for g in range(free.shape[0]):
        above = 0.0
        for k in range(free.shape[1] - 1, 0, -1):
            above += slope[g, k]
            by_free[g, k] += above * math.exp(free[g, k]) + 1.0
        by_free[g, 0] += above + slope[g, 0]
