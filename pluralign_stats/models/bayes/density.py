"""The log posterior density in coordinates in which it is close to a standard normal.

All parameters phi that are not effects of single groups are ``phi = centre + root y`` with the
centre and covariance of an approximation (`expansion`). ``y`` is ``z``, but for standard deviations
of which the data may say no more than that they are small: the posterior of their log falls off
only exponentially there, and ``y = warp(z)`` makes of that the tail of a normal.

The effects u of each random term follow from phi and further z, such that they are close to
independent of phi: given phi, the data say of an effect about what they say at the approximation, a
normal likelihood with known information W and a score b that moves with phi. `transforms.condition`
combines it with the effects' distribution: a parametrization that is centred where a group has much
data, and not centred where it has little (compare Papaspiliopoulos, Roberts & Skold 2007,
Statistical Science 22, 59-73). The density itself is exact, whatever the approximation.

The term of most levels (`finest`) takes account of the effects of all other terms as well; for
those, W and b are what is left when the finest term is integrated out.
"""

from typing import NamedTuple

import numpy as np

from pluralign_stats.models.bayes.log_densities import (
    BETWEEN,
    GAUSSIAN,
    between_rows,
    gaussian_rows,
    log_prior,
    ordinal_rows,
    threshold_prior,
)
from pluralign_stats.models.bayes.transforms import (
    add_product,
    add_transposed_product,
    collect,
    condition,
    condition_vjp,
    cut_points,
    cut_points_vjp,
    factor,
    factor_vjp,
    spread,
    warp,
    warp_vjp,
)
from pluralign_stats.models.engine.compiled import compiled


class Data(NamedTuple):
    """Ratings and covariates, with the rows in the order of the finest term's levels.

    Attributes
    ----------
    family
        `log_densities.GAUSSIAN`, `LOGIT`, `PROBIT` or `BETWEEN`.
    y, response
        (n,) category numbers, and (n,) responses of a Gaussian family; the other is zero. Of
        ratings between two ends, their parts of the scale, and the logits of those between.
    weight
        (n,) weights.
    weighted
        Whether any is not 1.
    cell
        (n,) which of the D distinct rows of fixed effects.
    section
        (n,) which of the G sets of thresholds.
    X, S
        (D, p) and (D, s) covariates of location and of the log scale, or of the log precision.
    n_cuts
        Thresholds of a set, C; 0 for a Gaussian family.
    n_sections
        G.
    codes
        (T, n) levels of the T random terms, the finest term last.
    Z
        (T, n, largest width) covariates of the effects.
    at, plain, width
        (T, n) where a row's effects begin among the term's; (T,) whether each row has just one,
        with a covariate of 1, which stands there; (T,) how many a row has otherwise.
    q, n_levels, first
        (T,) effects and levels of each term, and where its effects begin among all.
    correlated, shared
        (T,) whether effects are correlated, and whether they share one standard deviation.
    """

    family: int
    y: np.ndarray
    response: np.ndarray
    weight: np.ndarray
    weighted: bool
    cell: np.ndarray
    section: np.ndarray
    X: np.ndarray
    S: np.ndarray
    n_cuts: int
    n_sections: int
    codes: np.ndarray
    Z: np.ndarray
    at: np.ndarray
    plain: np.ndarray
    width: np.ndarray
    q: np.ndarray
    n_levels: np.ndarray
    first: np.ndarray
    correlated: np.ndarray
    shared: np.ndarray


class ExpansionPoint(NamedTuple):
    """The approximation by which coordinates are chosen.

    Attributes
    ----------
    centre, root
        (P,) parameters, and (P, P) lower-triangular factor of their covariance.
    warped
        (P,) which coordinates are warped; their rows of `root` are diagonal.
    cuts, eta
        (G, C) thresholds and (n,) predictors there.
    W
        For each term's level, (q, q) information, one after the other.
    W_first
        (T,) where each term begins in `W`.
    b
        (U,) scores of all effects about zero.
    by_phi
        (c, P) how scores of the coarser terms' c effects fall as phi grows.
    h, h_a, h_b
        (n,) information of each row about its predictor, and how the score falls as its lower and
        upper threshold grow.
    """

    centre: np.ndarray
    root: np.ndarray
    warped: np.ndarray
    cuts: np.ndarray
    eta: np.ndarray
    W: np.ndarray
    W_first: np.ndarray
    b: np.ndarray
    by_phi: np.ndarray
    h: np.ndarray
    h_a: np.ndarray
    h_b: np.ndarray


class Prior(NamedTuple):
    """Priors of phi.

    Attributes
    ----------
    kind
        (P,) kinds of density; see `log_densities.log_prior`.
    values
        (P, 3) their parameters.
    positive
        (P,) whether the density is that of ``exp(phi)``.
    cuts
        How thresholds are given theirs.
    """

    kind: np.ndarray
    values: np.ndarray
    positive: np.ndarray
    cuts: int


@compiled
def place(z, point, phi):
    """Put the parameters phi at coordinates z (P or more,); returns the log Jacobian of `warp`."""
    P = len(phi)
    y, total = z[:P].copy(), 0.0
    for k in range(P):
        phi[k] = point.centre[k]
        if point.warped[k]:
            y[k], log_slope = warp(z[k])
            total += log_slope
    add_product(point.root, y, phi)
    return total


@compiled
def natural(phi, data):
    """Coefficients (p), thresholds (G, C), log-scale coefficients (s), factors (T, q, q)."""
    p, s = data.X.shape[1], data.S.shape[1]
    G, C, T = data.n_sections, data.n_cuts, len(data.q)
    cuts = np.empty((G, C))
    if C:
        cut_points(phi[p : p + G * C].reshape(G, C), cuts)
    at = p + G * C + s
    largest = 0
    for t in range(T):
        largest = max(largest, data.q[t])
    factors = np.zeros((T, largest, largest))
    for t in range(T):
        q = data.q[t]
        k = 1 if data.shared[t] else q
        m = q * (q - 1) // 2 if data.correlated[t] else 0
        factor(phi[at : at + k], phi[at + k : at + k + m], q, factors[t])
        at += k + m
    return phi[:p], cuts, phi[p + G * C : p + G * C + s], factors


@compiled
def natural_vjp(phi, data, factors, by_cuts, by_factor, by_phi):
    """Add to the slopes by phi what those by thresholds and factors make."""
    p, s = data.X.shape[1], data.S.shape[1]
    G, C = data.n_sections, data.n_cuts
    at = p + G * C
    if C:
        cut_points_vjp(phi[p:at].reshape(G, C), by_cuts, by_phi[p:at].reshape(G, C))
    at += s
    for t in range(len(data.q)):
        q = data.q[t]
        k = 1 if data.shared[t] else q
        m = q * (q - 1) // 2 if data.correlated[t] else 0
        sd, partial = slice(at, at + k), slice(at + k, at + k + m)
        factor_vjp(phi[sd], phi[partial], q, factors[t], by_factor[t], by_phi[sd], by_phi[partial])
        at += k + m


@compiled
def effects(z, phi, cuts, beta, factors, data, point):
    """All random effects from coordinates.

    Returns
    -------
    tuple
        Effects u and v (U,), the scores b used (U,), Cholesky roots, predictors eta (n,), and the
        log density.
    """
    T, n = len(data.q), len(data.y)
    moved = np.empty(len(phi))
    for k in range(len(phi)):
        moved[k] = point.centre[k] - phi[k]
    u, v = np.empty(len(point.b)), np.empty(len(point.b))
    b = point.b.copy()
    root = np.empty(len(point.W))
    fixed = np.zeros(len(data.X))
    add_product(data.X, beta, fixed)
    eta = np.empty(n)
    for i in range(n):
        eta[i] = fixed[data.cell[i]]
    total = 0.0
    if T > 1:
        add_product(point.by_phi, moved, b)
    for t in range(T):
        q, first, w = data.q[t], data.first[t], point.W_first[t]
        if t == T - 1:
            change = np.empty(n)
            for i in range(n):
                change[i] = -point.h[i] * (eta[i] - point.eta[i])
                if data.n_cuts:
                    g, k = data.section[i], data.y[i]
                    if k > 0:
                        moved_a = cuts[g, k - 1] - point.cuts[g, k - 1]
                        change[i] -= point.h_a[i] * moved_a
                    if k < data.n_cuts:
                        change[i] -= point.h_b[i] * (cuts[g, k] - point.cuts[g, k])
            collect(change, data.at[t], data.Z[t], data.plain[t], first, data.width[t], b)
        total += condition(
            point.W[w:], b, z, factors[t], first, data.n_levels[t], q, v, u, root[w:]
        )
        spread(u, data.at[t], data.Z[t], data.plain[t], first, data.width[t], eta)
    return u, v, b, root, eta, total


@compiled
def log_priors(phi, cuts, data, prior, by_phi, by_cuts):
    """Log prior density of phi, up to a constant; slopes by phi and thresholds are added.

    Of thresholds the slopes are by the thresholds themselves, but for that of the Jacobian, which
    `transforms.cut_points_vjp` adds.
    """
    p, G, C = data.X.shape[1], data.n_sections, data.n_cuts
    total = 0.0
    for k in range(len(phi)):
        if k >= p and k < p + G * C:
            continue
        x = np.exp(phi[k]) if prior.positive[k] else phi[k]
        a = prior.values[k]
        value, by = log_prior(prior.kind[k], a[0], a[1], a[2], x)
        total += value
        if prior.positive[k]:
            total += phi[k]
            by = by * x + 1.0
        by_phi[k] += by
    if C:
        a = prior.values[p]
        total += threshold_prior(
            prior.cuts, prior.kind[p], a[0], a[1], a[2], data.family, cuts, by_cuts
        )
        for g in range(G):
            for k in range(1, C):
                total += phi[p + g * C + k]
    return total


@compiled
def log_density(z, slope, data, point, prior):
    """Log posterior density at coordinates z, up to a constant; its gradient is put in `slope`."""
    P, T, n = len(point.centre), len(data.q), len(data.y)
    p, s, G, C = data.X.shape[1], data.S.shape[1], data.n_sections, data.n_cuts
    phi = np.empty(P)
    log_jacobian = place(z, point, phi)
    beta, cuts, zeta, factors = natural(phi, data)
    u, v, b, root, eta, total = effects(z[P:], phi, cuts, beta, factors, data, point)

    by_phi, by_cuts = np.zeros(P), np.zeros((G, C))
    total += log_jacobian + log_priors(phi, cuts, data, prior, by_phi, by_cuts)
    by_eta, by_log_scale = np.empty(n), np.empty(n if s else 0)
    inverse_scale = np.empty(n if s else 0)
    if s:
        log_scale = np.zeros(len(data.S))
        add_product(data.S, zeta, log_scale)
        for i in range(n):
            inverse_scale[i] = np.exp(-log_scale[data.cell[i]])
    if data.family == GAUSSIAN:
        total += gaussian_rows(data.response, data.weight, eta, inverse_scale, by_eta, by_log_scale)
    elif data.family == BETWEEN:
        total += between_rows(
            data.y, data.response, data.weight, cuts, eta, inverse_scale, by_eta, by_cuts,
            by_log_scale,
        )  # fmt: skip
    else:
        total += ordinal_rows(
            data.family, data.y, data.weight, data.weighted, data.section, cuts, eta,
            inverse_scale, by_eta, by_cuts, by_log_scale,
        )  # fmt: skip

    by_z = slope[P:]
    by_u, by_b, by_factor = np.zeros(len(u)), np.empty(len(u)), np.zeros(factors.shape)
    for t in range(T - 1, -1, -1):
        q, first, w = data.q[t], data.first[t], point.W_first[t]
        collect(by_eta, data.at[t], data.Z[t], data.plain[t], first, data.width[t], by_u)
        condition_vjp(
            point.W[w:], b, z[P:], factors[t], first, data.n_levels[t], q, v, root[w:], by_u,
            by_z, by_b, by_factor[t],
        )  # fmt: skip
        if t == T - 1:
            change = np.zeros(n)
            spread(by_b, data.at[t], data.Z[t], data.plain[t], first, data.width[t], change)
            for i in range(n):
                by_eta[i] -= point.h[i] * change[i]
                if C:
                    g, k = data.section[i], data.y[i]
                    if k > 0:
                        by_cuts[g, k - 1] -= point.h_a[i] * change[i]
                    if k < C:
                        by_cuts[g, k] -= point.h_b[i] * change[i]
    c = len(point.by_phi)
    if T > 1:
        for k in range(c):
            by_b[k] = -by_b[k]
        add_transposed_product(point.by_phi, by_b, by_phi)
    cells = np.zeros(len(data.X))
    for i in range(n):
        cells[data.cell[i]] += by_eta[i]
    add_transposed_product(data.X, cells, by_phi[:p])
    if s:
        cells[:] = 0
        for i in range(n):
            cells[data.cell[i]] += by_log_scale[i]
        add_transposed_product(data.S, cells, by_phi[p + G * C : p + G * C + s])
    natural_vjp(phi, data, factors, by_cuts, by_factor, by_phi)
    slope[:P] = 0
    add_transposed_product(point.root, by_phi, slope[:P])
    for k in range(P):
        if point.warped[k]:
            slope[k] = warp_vjp(z[k], slope[k])
    return total


@compiled
def parameters(z: np.ndarray, point: ExpansionPoint) -> np.ndarray:
    """Parameters phi (S, P) at coordinates (S, d)."""
    made = np.empty((len(z), len(point.centre)))
    for s in range(len(z)):
        place(z[s], point, made[s])
    return made


@compiled
def random_effects(z: np.ndarray, data: Data, point: ExpansionPoint) -> np.ndarray:
    """Effects (S, U) of all levels at coordinates (S, d)."""
    P = len(point.centre)
    phi, made = np.empty(P), np.empty((len(z), len(point.b)))
    for s in range(len(z)):
        place(z[s], point, phi)
        beta, cuts, _, factors = natural(phi, data)
        u = effects(z[s, P:], phi, cuts, beta, factors, data, point)[0]
        for k in range(len(u)):
            made[s, k] = u[k]
    return made
