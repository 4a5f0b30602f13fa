"""Compiled loops over the groups of a blocked mixed-model system; see `blocks` for the algebra.

All matrices of a group are kept row after row in flat buffers: its d x d Cholesky factor in
`factor` from `factor_at[g]`, its (touched outer columns) x d part in `cross` from `cross_at[g]`.
"""

import numpy as np

from pluralign_stats.models.engine.compiled import compiled


@compiled
def eliminate(
    weight, z, inner, outer, local, rows, columns, touched_at, touched, factor_at, cross_at,
    factor, cross, S,
):  # fmt: skip
    """Factor every group's block and subtract what it explains from the outer matrix.

    On return `factor` holds L with ``D = L L'``, `cross` holds ``C L^-T`` and the lower triangle
    of `S` (m, m) has gained ``Z2' W Z2 - C D^-1 C'``. Returns ``log det D``.
    """
    n_inner, n_outer = inner.shape[1], outer.shape[1]
    logdet = 0.0
    for g in range(len(rows) - 1):
        d = columns[g + 1] - columns[g]
        nj = touched_at[g + 1] - touched_at[g]
        at, ct, jt = factor_at[g], cross_at[g], touched_at[g]
        for k in range(d * d):
            factor[at + k] = 0.0
        for k in range(d):
            factor[at + k * d + k] = 1.0
        for k in range(nj * d):
            cross[ct + k] = 0.0
        for i in range(rows[g], rows[g + 1]):
            for a in range(n_inner):
                za, ca = z[i, a] * weight[i], inner[i, a]
                for b in range(n_inner):
                    if inner[i, b] <= ca:
                        factor[at + ca * d + inner[i, b]] += za * z[i, b]
            for a in range(n_outer):
                za, ca = z[i, n_inner + a] * weight[i], outer[i, a]
                for b in range(n_inner):
                    cross[ct + local[i, a] * d + inner[i, b]] += za * z[i, b]
                for b in range(n_outer):
                    if outer[i, b] <= ca:
                        S[ca, outer[i, b]] += za * z[i, n_inner + b]
        for j in range(d):
            for k in range(j + 1):
                total = factor[at + j * d + k]
                for e in range(k):
                    total -= factor[at + j * d + e] * factor[at + k * d + e]
                if j == k:
                    factor[at + j * d + j] = np.sqrt(total)
                    logdet += np.log(total)
                else:
                    factor[at + j * d + k] = total / factor[at + k * d + k]
        for j in range(nj):
            row = ct + j * d
            for c in range(d):
                total = cross[row + c]
                for e in range(c):
                    total -= cross[row + e] * factor[at + c * d + e]
                cross[row + c] = total / factor[at + c * d + c]
            for k in range(j + 1):
                total = 0.0
                for e in range(d):
                    total += cross[row + e] * cross[ct + k * d + e]
                S[touched[jt + j], touched[jt + k]] -= total
    return logdet


@compiled
def solve_forward(rhs, columns, touched_at, touched, factor_at, cross_at, factor, cross, n_inner):
    """Replace the inner part of `rhs` (N, k) by ``L^-1 r1``; the outer loses ``C L^-T L^-1 r1``."""
    for g in range(len(columns) - 1):
        d = columns[g + 1] - columns[g]
        first, at, ct, jt = columns[g], factor_at[g], cross_at[g], touched_at[g]
        for c in range(rhs.shape[1]):
            for j in range(d):
                total = rhs[first + j, c]
                for e in range(j):
                    total -= factor[at + j * d + e] * rhs[first + e, c]
                rhs[first + j, c] = total / factor[at + j * d + j]
            for j in range(touched_at[g + 1] - jt):
                total = 0.0
                for e in range(d):
                    total += cross[ct + j * d + e] * rhs[first + e, c]
                rhs[n_inner + touched[jt + j], c] -= total


@compiled
def solve_backward(rhs, columns, touched_at, touched, factor_at, cross_at, factor, cross, n_inner):
    """With the outer part solved, finish the inner part of `rhs` (N, k)."""
    for g in range(len(columns) - 1):
        d = columns[g + 1] - columns[g]
        first, at, ct, jt = columns[g], factor_at[g], cross_at[g], touched_at[g]
        for c in range(rhs.shape[1]):
            for j in range(touched_at[g + 1] - jt):
                x = rhs[n_inner + touched[jt + j], c]
                for e in range(d):
                    rhs[first + e, c] -= cross[ct + j * d + e] * x
            for j in range(d - 1, -1, -1):
                total = rhs[first + j, c]
                for e in range(j + 1, d):
                    total -= factor[at + e * d + j] * rhs[first + e, c]
                rhs[first + j, c] = total / factor[at + j * d + j]


@compiled
def invert_groups(
    columns, touched_at, touched, factor_at, cross_at, factor, cross, S_inverse, inverse, mixed
):
    """Blocks of the inverse: each group's own, and its part with the outer columns it touches.

    `S_inverse` (m, m) holds the inverse of the outer matrix in its lower triangle. On return
    `inverse` holds the groups' d x d blocks of ``A^-1``, `mixed` their (touched outer columns) x d
    parts, as the flat buffers of the factors do.
    """
    for g in range(len(columns) - 1):
        d = columns[g + 1] - columns[g]
        nj = touched_at[g + 1] - touched_at[g]
        at, ct, jt = factor_at[g], cross_at[g], touched_at[g]
        for j in range(nj):
            row = ct + j * d
            for c in range(d - 1, -1, -1):
                total = cross[row + c]
                for e in range(c + 1, d):
                    total -= cross[row + e] * factor[at + e * d + c]
                cross[row + c] = total / factor[at + c * d + c]
                mixed[row + c] = 0.0
        for j in range(nj):
            for k in range(j + 1):
                s = S_inverse[touched[jt + j], touched[jt + k]]
                for c in range(d):
                    mixed[ct + j * d + c] -= s * cross[ct + k * d + c]
                if k != j:
                    for c in range(d):
                        mixed[ct + k * d + c] -= s * cross[ct + j * d + c]
        for c in range(d):
            for j in range(d):
                total = 1.0 if j == c else 0.0
                for e in range(j):
                    total -= factor[at + j * d + e] * inverse[at + e * d + c]
                inverse[at + j * d + c] = total / factor[at + j * d + j]
            for j in range(d - 1, -1, -1):
                total = inverse[at + j * d + c]
                for e in range(j + 1, d):
                    total -= factor[at + e * d + j] * inverse[at + e * d + c]
                inverse[at + j * d + c] = total / factor[at + j * d + j]
            for j in range(d):
                for k in range(nj):
                    inverse[at + j * d + c] -= cross[ct + k * d + j] * mixed[ct + k * d + c]
