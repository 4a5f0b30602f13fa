"""Compiled parts of the log density against closed forms and scipy."""

import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from pluralign_stats.models.bayes import kernels
from pluralign_stats.models.bayes.layout import partial_correlations

LEVELS = 4
CATEGORY = {"logit": kernels.logit_category, "probit": kernels.probit_category}
LOG_CDF = {"logit": special.log_expit, "probit": special.log_ndtr}


def conditioned(q, seed=1):
    """Information, scores, factor, and what `condition` makes of coordinates."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(LEVELS, q, q))
    W, b = A @ A.transpose(0, 2, 1), rng.normal(size=(LEVELS, q))
    F = np.tril(rng.normal(size=(q, q)))
    F[np.diag_indices(q)] = rng.uniform(0.5, 2, q)

    def run(z):
        v, u, root = np.empty(LEVELS * q), np.empty(LEVELS * q), np.empty(LEVELS * q * q)
        value = kernels.condition(W.ravel(), b.ravel(), z, F, 0, LEVELS, q, v, u, root)
        return value, v, u.reshape(LEVELS, q)

    return W, b, F, run


@pytest.mark.parametrize("q", [1, 2, 3])
def test_effects_are_distributed_as_the_normal_posterior(q):
    W, b, F, run = conditioned(q)
    covariance = np.linalg.inv(np.linalg.inv(F @ F.T) + W)
    mean = np.einsum("jef,jf->je", covariance, b)
    centre = run(np.zeros(LEVELS * q))[2]
    np.testing.assert_allclose(centre, mean, rtol=1e-10)
    for j in range(LEVELS):
        slopes = [run(one)[2][j] - centre[j] for one in np.eye(LEVELS * q)[j * q : (j + 1) * q]]
        np.testing.assert_allclose(np.transpose(slopes) @ slopes, covariance[j], rtol=1e-9)


@pytest.mark.parametrize("q", [1, 2, 3])
def test_value_is_the_prior_density_and_the_jacobian(q):
    W, _, F, run = conditioned(q)
    z = np.random.default_rng(2).normal(size=LEVELS * q)
    value, v, _ = run(z)
    jacobian = -0.5 * np.linalg.slogdet(np.eye(q) + F.T @ W @ F)[1].sum()
    assert value == pytest.approx(-0.5 * v @ v + jacobian, rel=1e-12)


def test_factor_has_the_standard_deviations_and_partial_correlations():
    log_sd, partial = np.log([0.5, 2.0, 1.5]), np.array([0.3, -0.8, 0.4])
    L = np.full((4, 4), np.nan)
    kernels.factor(log_sd, partial, 3, L)
    covariance = L[:3, :3] @ L[:3, :3].T
    sd = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(sd, [0.5, 2.0, 1.5])
    R = covariance / np.outer(sd, sd)
    y21, y31, y32 = np.tanh(partial)
    assert R[1, 0] == pytest.approx(y21)
    assert R[2, 0] == pytest.approx(y31)
    partial_32 = (R[2, 1] - R[2, 0] * R[1, 0]) / math.sqrt((1 - R[2, 0] ** 2) * (1 - R[1, 0] ** 2))
    assert partial_32 == pytest.approx(y32)
    np.testing.assert_allclose(partial_correlations(R), partial)


def test_factor_without_correlations_is_diagonal():
    L = np.empty((2, 2))
    kernels.factor(np.log([0.5, 2.0]), np.zeros(0), 2, L)
    np.testing.assert_allclose(L, np.diag([0.5, 2.0]))


def test_effects_may_share_one_standard_deviation():
    L = np.empty((3, 3))
    kernels.factor(np.log([0.5]), np.zeros(0), 3, L)
    np.testing.assert_allclose(L, 0.5 * np.eye(3))


@pytest.mark.parametrize("q", [2, 3, 4])
def test_correlations_have_the_lkj_density(q):
    """The density of L L' is that of |R|^(eta - 1), with the Jacobian taken numerically."""
    eta, rng, below = 1.7, np.random.default_rng(1), np.tril_indices(q, -1)
    columns = below[1]

    def correlations(partial):
        L = np.empty((q, q))
        kernels.factor(np.zeros(q), partial, q, L)
        return L @ L.T

    def ours(partial):
        return sum(
            kernels.log_prior(kernels.CORRELATION, eta + (q - 2 - k) / 2, 0.0, 0.0, x)[0]
            for k, x in zip(columns, partial, strict=True)
        )

    def lkj(partial, step=1e-4):
        steps = step * np.eye(len(partial))
        slopes = [
            (correlations(partial + s)[below] - correlations(partial - s)[below]) / (2 * step)
            for s in steps
        ]
        determinant = np.linalg.slogdet(correlations(partial))[1]
        return (eta - 1) * determinant + np.linalg.slogdet(slopes)[1]

    first, second = 0.7 * rng.normal(size=(2, len(columns)))
    assert ours(first) - ours(second) == pytest.approx(lkj(first) - lkj(second), abs=1e-6)


@pytest.mark.parametrize(
    ("kind", "arguments", "law"),
    [
        (kernels.NORMAL, (0.5, 2.0, 0.0), stats.norm(0.5, 2)),
        (kernels.STUDENT, (3.0, 0.5, 2.0), stats.t(3, 0.5, 2)),
        (kernels.EXPONENTIAL, (2.0, 0.0, 0.0), stats.expon(scale=0.5)),
    ],
)
def test_priors_have_the_densities_of_their_names(kind, arguments, law):
    x = np.array([0.1, 0.7, 3.0])
    values, slopes = zip(*[kernels.log_prior(kind, *arguments, v) for v in x], strict=True)
    np.testing.assert_allclose(np.diff(values), np.diff(law.logpdf(x)), rtol=1e-10)
    by_difference = (law.logpdf(x + 1e-6) - law.logpdf(x - 1e-6)) / 2e-6
    np.testing.assert_allclose(slopes, by_difference, rtol=1e-7)


@pytest.mark.parametrize("concentration", [0.6, 1.0, 2.5])
@pytest.mark.parametrize(("family", "scale"), [(kernels.LOGIT, 1.0), (kernels.PROBIT, math.tau)])
def test_threshold_prior_is_the_dirichlet_of_shares(family, scale, concentration):
    """With two categories it integrates to the beta function of the concentration."""

    def density(x):
        cuts, slope = np.array([[x]]), np.zeros((1, 1))
        value = kernels.threshold_prior(
            kernels.DIRICHLET, kernels.FLAT, concentration, 0.0, 0.0, family, cuts, slope
        )
        return math.exp(value)

    area = integrate.quad(density, -60, 60, limit=200, points=[0])[0]
    expected = math.sqrt(scale) if family == kernels.PROBIT else 1.0
    assert area == pytest.approx(special.beta(concentration, concentration) * expected, rel=1e-6)


def log_between(link, a, b):
    """Log-probability between two cuts, from the tail in which both lie."""
    low, high = (a, b) if a + b < 0 else (-b, -a)
    first, second = LOG_CDF[link](high), LOG_CDF[link](low)
    return first + np.log(-np.expm1(second - first))


@pytest.mark.parametrize("link", CATEGORY)
@pytest.mark.parametrize("eta", [0.0, 3.0, -8.0, 30.0, -36.9, 37.1, 150.0, -700.0, 700.0])
def test_categories_are_right_far_into_the_tails(link, eta):
    for a, b in [(-np.inf, -0.5), (-0.5, 0.8), (0.8, 1.0), (1.0, np.inf)]:
        a, b = a - eta, b - eta
        value, by_a, by_b = CATEGORY[link](a, b)
        assert value == pytest.approx(log_between(link, a, b), rel=1e-9, abs=1e-14)
        assert np.isfinite([value, by_a, by_b]).all()
        law = stats.norm if link == "probit" else stats.logistic
        for cut, slope, sign in ((a, by_a, -1), (b, by_b, 1)):
            expected = sign * np.exp(law.logpdf(cut) - value) if np.isfinite(cut) else 0.0
            assert slope == pytest.approx(expected, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("family", [kernels.LOGIT, kernels.PROBIT])
@pytest.mark.parametrize("scaled", [False, True])
def test_rows_agree_with_single_categories(family, scaled):
    rng = np.random.default_rng(1)
    n, cuts = 600, np.array([[-1.0, 0.2, 1.5], [-2.0, -1.9, 0.1]])
    y, section = rng.integers(0, 4, n), rng.integers(0, 2, n)
    eta, weight = 3 * rng.normal(size=n), rng.uniform(0.5, 2, n)
    inverse = np.exp(rng.normal(size=n)) if scaled else np.empty(0)
    by_eta, by_cuts, by_scale = np.empty(n), np.zeros((2, 3)), np.empty(n if scaled else 0)
    total = kernels.ordinal_rows(
        family, y, weight, True, section, cuts, eta, inverse, by_eta, by_cuts, by_scale
    )
    link = "probit" if family == kernels.PROBIT else "logit"
    padded = np.hstack([np.full((2, 1), -np.inf), cuts, np.full((2, 1), np.inf)])
    k = inverse if scaled else np.ones(n)
    low, high = (padded[section, y] - eta) * k, (padded[section, y + 1] - eta) * k
    each = [log_between(link, a, b) for a, b in zip(low, high, strict=True)]
    assert total == pytest.approx(weight @ each, rel=1e-11)
    assert by_eta.sum() == pytest.approx(-by_cuts.sum(), rel=1e-10)


@pytest.mark.parametrize("family", [kernels.LOGIT, kernels.PROBIT])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("eta", [-700.0, 700.0])
def test_rows_are_finite_for_huge_predictors(family, weighted, eta):
    n, cuts = 512, np.array([[-1.0, 0.2, 1.5]])
    y, zero, one = np.arange(n) % 4, np.zeros(n, dtype=np.int64), np.ones(n)
    by_eta, by_cuts = np.empty(n), np.zeros((1, 3))
    empty = np.empty(0)
    total = kernels.ordinal_rows(
        family, y, one, weighted, zero, cuts, eta * one, empty, by_eta, by_cuts, empty
    )
    assert np.isfinite(total)
    assert np.isfinite(by_eta).all()
    assert np.isfinite(by_cuts).all()


@pytest.mark.parametrize("link", CATEGORY)
def test_category_without_width_has_no_probability_and_stops_nothing(link):
    assert CATEGORY[link](1.0, 1.0)[0] == -np.inf


def test_correlation_of_one_stops_nothing():
    by_sd, by_partial, L = np.zeros(2), np.zeros(1), np.empty((2, 2))
    log_sd, partial = np.zeros(2), np.array([40.0])
    kernels.factor(log_sd, partial, 2, L)
    kernels.factor_slopes(log_sd, partial, 2, L, np.ones((2, 2)), by_sd, by_partial)
    assert kernels.log_prior(kernels.CORRELATION, 2.0, 0.0, 0.0, 40.0)[0] == -np.inf


def test_cut_points_rise_by_the_distances():
    out = np.empty((2, 3))
    total = kernels.cut_points(np.log([[1.0, 2.0, 3.0], [4.0, 0.5, 0.5]]), out)
    np.testing.assert_allclose(out - np.log([[1.0], [4.0]]), [[0, 2, 5], [0, 0.5, 1]])
    assert total == pytest.approx(math.log(2 * 3 * 0.5 * 0.5))
