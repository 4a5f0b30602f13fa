"""How the log-likelihood bends at an approximation, by rows and by groups."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve

from pluralign_stats.models.bayes.layout import Layout, Natural
from pluralign_stats.models.bayes.log_densities import BETWEEN, GAUSSIAN, LOGIT
from pluralign_stats.models.engine.beta_kernels import beta_rows
from pluralign_stats.models.engine.links import cut_terms


@dataclass(frozen=True, eq=False)
class RowTerms:
    """Derivatives of the rows' log-likelihood.

    Attributes
    ----------
    score
        (n,) slope by the predictor.
    h, h_a, h_b
        (n,) how the score falls as the predictor, the lower and the upper threshold grow.
    by_phi
        (n, m) how it falls as the first m of phi grow: coefficients, thresholds, log scale.
    information
        (m, m) information about those, given all random effects.
    """

    score: np.ndarray
    h: np.ndarray
    h_a: np.ndarray
    h_b: np.ndarray
    by_phi: np.ndarray
    information: np.ndarray


@dataclass(frozen=True, eq=False)
class GroupTerms:
    """What the data say of random effects, and of phi when these are integrated out.

    Attributes
    ----------
    W
        For each term (L, q, q) information; for all but the last, with the last integrated out.
    b
        (U,) scores about effects of zero, likewise.
    by_phi
        (c, P) how the scores of all but the last term fall as phi grows.
    information
        (P, P) information about phi.
    """

    W: list[np.ndarray]
    b: np.ndarray
    by_phi: np.ndarray
    information: np.ndarray


def row_terms(layout: Layout, phi: np.ndarray, cuts: np.ndarray, eta: np.ndarray) -> RowTerms:
    """Derivatives at parameters phi with thresholds (G, C) and predictors (n,)."""
    data = layout.data
    p, m, s = layout.sizes
    S = data.S[data.cell]
    k = np.exp(-(S @ phi[p + m : p + m + s])) if s else np.ones(len(eta))
    X = data.X[data.cell]
    if data.family == BETWEEN:
        return between_terms(layout, phi, cuts, eta, k)
    if data.family == GAUSSIAN:
        h = data.weight * k**2
        residual = data.response - eta
        by_phi = np.hstack([h[:, None] * X, (2 * h * residual)[:, None] * S])
        scale = 2 * S.T @ (data.weight[:, None] * S)
        information = np.block(
            [[X.T @ (h[:, None] * X), np.zeros((p, s))], [np.zeros((s, p)), scale]]
        )
        none = np.zeros_like(h)
        return RowTerms(h * residual, h, none, none, by_phi, information)
    C, free = data.n_cuts, phi[p : p + m].reshape(-1, data.n_cuts)
    padded = np.pad(cuts, ((0, 0), (1, 1)), constant_values=((0, 0), (-np.inf, np.inf)))
    a = (padded[data.section, data.y] - eta) * k
    b = (padded[data.section, data.y + 1] - eta) * k
    terms = cut_terms(a, b, "logit" if data.family == LOGIT else "probit")
    rows = np.arange(len(eta))
    # Distance j moves threshold j and all above it.
    steps = np.where(np.arange(C) > 0, np.exp(free), 1.0)[data.section]

    def slopes(cut: np.ndarray, below: np.ndarray) -> np.ndarray:
        there = np.isfinite(cut)
        J = np.zeros((len(eta), p + m + s))
        J[:, :p] = -k[:, None] * X
        for j in range(C):
            J[rows, p + data.section * C + j] = k * steps[:, j] * (below >= j)
        J[:, p + m :] = -np.where(there, cut, 0.0)[:, None] * S
        return J * there[:, None]

    J_a, J_b = slopes(a, data.y - 1), slopes(b, data.y)
    w = data.weight
    h_a, h_b = w * terms.h_a, w * terms.h_b
    l_ab = w * terms.l_ab
    l_aa, l_bb = h_a - l_ab, h_b - l_ab
    crossed = J_a.T @ (l_ab[:, None] * J_b)
    information = -(
        J_a.T @ (l_aa[:, None] * J_a) + J_b.T @ (l_bb[:, None] * J_b) + crossed + crossed.T
    )
    by_phi = k[:, None] * (h_a[:, None] * J_a + h_b[:, None] * J_b)
    score = -k * w * (terms.l_a + terms.l_b)
    return RowTerms(score, -(k**2) * (h_a + h_b), k**2 * h_a, k**2 * h_b, by_phi, information)


def between_terms(
    layout: Layout, phi: np.ndarray, cuts: np.ndarray, eta: np.ndarray, inverse: np.ndarray
) -> RowTerms:
    """The same of ratings between two ends, with cuts (1, C) and inverse precisions (n,).

    Ratings that bend upwards are taken to be straight.
    """
    data = layout.data
    p, m, s = layout.sizes
    n, C, w = len(eta), data.n_cuts, data.weight
    padded = np.concatenate([[-np.inf], *cuts[:1], [np.inf]])
    terms = cut_terms(padded[data.y] - eta, padded[data.y + 1] - eta, "logit")
    inside = np.empty((8, n))
    log_y, log_rest = -np.log1p(np.exp(-data.response)), -np.log1p(np.exp(data.response))
    beta_rows(log_y, log_rest, eta, -np.log(inverse), inside)
    _, e, ee, _, _, ke, _, kk = inside
    # How each threshold moves with the first and the logs of the distances between them.
    moves = np.tril(np.tile(np.concatenate([[1.0], np.exp(phi[p + 1 : p + m])])[:C], (C, 1)))
    X, S = data.X[data.cell], data.S[data.cell]
    padding = np.zeros((1, m))
    steps = np.vstack([padding, moves, padding])
    none = np.zeros((n, s))
    J_a, J_b = (np.hstack([-X, steps[data.y + end], none]) for end in (0, 1))
    J_a[data.y == 0], J_b[data.y == C] = 0.0, 0.0
    J_eta, J_phi = (np.zeros((n, p + m + s)) for _ in range(2))
    J_eta[:, :p], J_phi[:, p + m :] = X, S
    h_a, h_b, l_ab = w * terms.h_a, w * terms.h_b, w * terms.l_ab
    crossed = J_a.T @ (l_ab[:, None] * J_b) + J_eta.T @ ((w * ke)[:, None] * J_phi)
    information = -(
        J_a.T @ ((h_a - l_ab)[:, None] * J_a)
        + J_b.T @ ((h_b - l_ab)[:, None] * J_b)
        + J_eta.T @ ((w * ee)[:, None] * J_eta)
        + J_phi.T @ ((w * kk)[:, None] * J_phi)
        + crossed
        + crossed.T
    )
    by_phi = h_a[:, None] * J_a + h_b[:, None] * J_b - (w * ee)[:, None] * J_eta
    by_phi -= (w * ke)[:, None] * J_phi
    h = np.maximum(-(h_a + h_b + w * ee), 0.0)
    score = w * (e - terms.l_a - terms.l_b)
    return RowTerms(score, h, h_a, h_b, by_phi, information)


def group_terms(
    layout: Layout, rows: RowTerms, modes: list[np.ndarray], values: Natural
) -> GroupTerms:
    """Integrate the random effects out, at the modes (L, q) of each term, in layout order."""
    data, T, P = layout.data, len(layout.data.q), len(layout.names)
    size = rows.by_phi.shape[1]
    information = np.zeros((P, P))
    information[:size, :size] = rows.information
    if not T:
        return GroupTerms([], np.zeros(0), np.zeros((0, P)), information)
    precisions = [np.linalg.inv(values.covariances[k]) for k in layout.terms]
    Z = [term_columns(layout, t) for t in range(T)]
    weighted = [z.multiply(rows.h[:, None]).tocsr() for z in Z]
    W = [_blocks(z.T @ w, q) for z, w, q in zip(Z, weighted, data.q, strict=True)]
    scores = [z.T @ rows.score for z in Z]
    by_phi = [np.pad(z.T @ rows.by_phi, ((0, 0), (0, P - size))) for z in Z]
    blocks, L = np.linalg.inv(W[-1] + precisions[-1]), len(W[-1])
    inverse = sparse.bsr_matrix((blocks, np.arange(L), np.arange(L + 1))).tocsr()
    explained = inverse @ by_phi[-1]
    information -= by_phi[-1].T @ explained
    if T > 1:
        coarse = sparse.hstack(Z[:-1], format="csr")
        cross = (coarse.T @ weighted[-1]).tocsr()
        left = sparse.hstack(weighted[:-1], format="csr")
        S = (coarse.T @ left - cross @ inverse @ cross.T).toarray()
        outer = np.vstack(by_phi[:-1]) - cross @ explained
        at = 0
        for t in range(T - 1):
            q, n = int(data.q[t]), len(W[t])
            W[t] = _blocks(sparse.csr_matrix(S[at : at + n * q, at : at + n * q]), q)
            for j in range(n):
                place = slice(at + j * q, at + (j + 1) * q)
                S[place, place] += precisions[t]
            at += n * q
        information -= outer.T @ cho_solve(cho_factor(S), outer)
    else:
        outer = np.zeros((0, P))
    b = [
        score + np.einsum("lef,lf->le", w, mode).ravel()
        for score, w, mode in zip(scores, W, modes, strict=True)
    ]
    information += _variance_information(layout, W, precisions)
    return GroupTerms(W, np.concatenate(b), outer, information)


def _variance_information(
    layout: Layout, W: list[np.ndarray], precisions: list[np.ndarray]
) -> np.ndarray:
    """(P, P) diagonal: what L groups know of log standard deviations and partial correlations.

    An effect that the data determine with reliability r tells ``2 r^2`` of its log standard
    deviation, and a pair of them ``r_1 r_2`` of their correlation.
    """
    P = len(layout.names)
    known = np.zeros(P)
    for (sizes, partials), w, precision in zip(layout.blocks(), W, precisions, strict=True):
        left = np.linalg.inv(w + precision)
        total = np.diag(np.linalg.inv(precision))
        reliability = np.clip(1 - np.einsum("lee->le", left) / total, 0.0, 1.0)
        # A shared standard deviation is a guess so far, of which nothing is known.
        if sizes.stop - sizes.start == len(total):
            known[sizes] = 2 * (reliability**2).sum(axis=0)
        if partials.stop > partials.start:
            pairs = [(i, j) for i in range(len(total)) for j in range(i)]
            known[partials] = [(reliability[:, i] * reliability[:, j]).sum() for i, j in pairs]
    return np.diag(known)


def term_columns(layout: Layout, t: int) -> sparse.csr_matrix:
    """(n, L q) covariates of one term's effects."""
    data = layout.data
    n, width = len(data.y), 1 if data.plain[t] else int(data.width[t])
    columns = (data.at[t][:, None] + np.arange(width)).ravel()
    z = np.ones(n) if data.plain[t] else data.Z[t][:, :width].ravel()
    rows = np.repeat(np.arange(n), width)
    return sparse.csr_matrix((z, (rows, columns)), (n, int(data.n_levels[t] * data.q[t])))


def _blocks(matrix: sparse.csr_matrix, q: int) -> np.ndarray:
    """(L, q, q) blocks on the diagonal."""
    n = matrix.shape[0] // q
    at = np.arange(n)[:, None, None] * q
    e, f = np.indices((q, q))
    return np.asarray(matrix.tocsr()[(at + e).ravel(), (at + f).ravel()]).reshape(n, q, q)
