"""Rows of ordered beta models against their definition, integrals and finite differences."""

import numpy as np
import pytest
from central_differences import differentiate
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.special import expit, polygamma
from scipy.stats import beta

from pluralign_stats.models.engine.beta_kernels import beta_rows, digamma, polygammas
from pluralign_stats.models.engine.beta_rows import OrderedBetaProblem
from pluralign_stats.models.engine.blocks import Term, build_layout
from pluralign_stats.models.engine.laplace import gradient_at, mode_at, profile_information


@pytest.mark.parametrize("x", [1e-8, 1e-3, 0.4, 1.0, 2.5, 11.99, 12.0, 75.0, 1e6])
def test_polygammas_are_scipys(x):
    expected = [polygamma(k, x) for k in range(3)]
    np.testing.assert_allclose(polygammas(x), expected, rtol=2e-14)
    assert digamma(x) == pytest.approx(expected[0], rel=2e-14)


def rows_at(y, eta, log_phi):
    made = np.empty((8, len(y)))
    beta_rows(np.log(y), np.log1p(-y), eta, log_phi, made)
    return made


def test_the_beta_density_and_its_derivatives():
    rng = np.random.default_rng(3)
    y, eta, k = rng.beta(2, 3, 50), 2 * rng.normal(size=50), 1 + rng.normal(size=50)
    made = rows_at(y, eta, k)
    phi = np.exp(k)
    expected = beta.logpdf(y, expit(eta) * phi, expit(-eta) * phi)
    np.testing.assert_allclose(made[0], expected, atol=1e-11)
    h = 1e-5
    by_eta = (rows_at(y, eta + h, k) - rows_at(y, eta - h, k)) / (2 * h)
    by_k = (rows_at(y, eta, k + h) - rows_at(y, eta, k - h)) / (2 * h)
    slopes = [by_eta[0], by_eta[1], by_eta[2], by_k[0], by_k[1], by_k[2], by_k[4]]
    np.testing.assert_allclose(made[1:], slopes, rtol=1e-7, atol=1e-7)


def problem_of(y, ends=(True, True), terms=None, n_columns=2):
    """Rows with cuts at some ends, `n_columns` effects, and parameters for them."""
    rng = np.random.default_rng(4)
    n, c = len(y), sum(ends)
    X = np.column_stack([np.ones(n), rng.normal(size=(n, n_columns - 1))])
    cuts = np.zeros((2, c + n_columns))
    cuts[np.flatnonzero(ends), np.arange(c)] = 1.0
    mean = np.hstack([np.zeros((n, c)), X])
    inside = (y > 0) & (y < 1)
    layout = build_layout(terms or [], n)
    o = layout.order
    with np.errstate(divide="ignore"):
        logs = [np.where(inside, np.log(v), np.nan)[o] for v in (y, 1 - y)]
    problem = OrderedBetaProblem(
        layout,
        rng.uniform(0.5, 2, n),
        lower=(np.where((y == 1)[:, None], cuts[1], cuts[0]) - mean)[o],
        upper=(np.where((y == 0)[:, None], cuts[0], cuts[1]) - mean)[o],
        bottom=((y == 0) | (inside & (not ends[0])))[o],
        top=((y == 1) | (inside & (not ends[1])))[o],
        mean=mean[o],
        precision=np.column_stack([np.ones(n), rng.normal(size=n)]),
        log_y=logs[0],
        log_rest=logs[1],
    )
    psi = np.concatenate(
        [
            np.array([-1.4, 1.1])[np.array(ends)],
            [0.2, -0.3, 1.2, 0.2],
            rng.uniform(0.3, 0.9, layout.covariance.size),
        ]
    )
    return problem, psi


def crossed(n):
    rng = np.random.default_rng(5)
    z = np.column_stack([np.ones(n), rng.normal(size=n)])
    return [Term(rng.integers(0, 12, n), 12, z), Term(rng.integers(0, 7, n), 7, np.ones((n, 1)))]


def ratings(n):
    rng = np.random.default_rng(6)
    return rng.choice([0.0, 1.0, *rng.beta(2, 2, 8)], n, p=[0.15, 0.2, *np.full(8, 0.65 / 8)])


@pytest.mark.parametrize("ends", [(True, True), (True, False), (False, True), (False, False)])
def test_probabilities_add_up_to_one(ends):
    """The share at either end and the integral of the density between."""

    def density(y):
        problem, psi = problem_of(np.array([y]), ends)
        terms = problem.likelihood(psi)(np.array([0.4]))
        return float(np.exp(terms.log_p[0]))

    total = quad(density, 0, 1, epsabs=1e-10)[0]
    total += density(0.0) if ends[0] else 0.0
    total += density(1.0) if ends[1] else 0.0
    assert total == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize("random", [False, True])
def test_the_gradient_is_that_of_finite_differences(random):
    y = ratings(150)
    problem, psi = problem_of(y, terms=crossed(150) if random else None)

    def loglik(p):
        return np.array([mode_at(problem, p, np.zeros(problem.layout.n_columns)).loglik])

    expected = differentiate(loglik, psi, np.full(len(psi), 1e-4))[0]
    state = mode_at(problem, psi, np.zeros(problem.layout.n_columns))
    np.testing.assert_allclose(gradient_at(problem, state), expected, rtol=1e-5, atol=1e-5)


def test_it_is_laplaces_approximation():
    """The joint density at its mode, found by a general optimizer, and its dense Hessian."""
    y = ratings(150)
    problem, psi = problem_of(y, terms=crossed(150))
    location, zeta, theta = problem.split(psi)
    layout = problem.layout
    o, scaled = layout.order, layout.scaled(theta)
    phi = np.exp(problem.precision @ zeta)
    at = y[o]

    def joint(u):
        eta = problem.mean @ location + layout.gather(scaled, u)
        low, high = expit(location[0] - eta), expit(eta - location[1])
        inside = np.clip(at, 1e-9, 1 - 1e-9)
        density = (1 - low - high) * beta.pdf(inside, expit(eta) * phi, expit(-eta) * phi)
        p = np.where(at == 0, low, np.where(at == 1, high, density))
        return -float(problem.weight @ np.log(p)) + 0.5 * float(u @ u)

    N = layout.n_columns
    mode = minimize(joint, np.zeros(N), method="BFGS", options={"gtol": 1e-6}).x

    def slope(u):
        return differentiate(lambda v: np.array([joint(v)]), u, np.full(N, 1e-4))[0]

    hessian = differentiate(slope, mode, np.full(N, 1e-3))
    expected = -joint(mode) - 0.5 * np.linalg.slogdet(hessian)[1]
    assert mode_at(problem, psi, np.zeros(N)).loglik == pytest.approx(expected, abs=1e-4)


def test_without_random_effects_the_information_is_the_hessian():
    problem, psi = problem_of(ratings(80))

    def gradient(p):
        return gradient_at(problem, mode_at(problem, p, np.zeros(0)))

    hessian = differentiate(gradient, psi, np.full(len(psi), 1e-5))
    state = mode_at(problem, psi, np.zeros(0))
    np.testing.assert_allclose(profile_information(problem, state), -hessian, atol=1e-5)


def test_cuts_out_of_order_are_not_allowed():
    problem, psi = problem_of(ratings(40))
    psi[[0, 1]] = psi[[1, 0]]
    assert mode_at(problem, psi, np.zeros(0)) is None


def test_ratings_that_bend_upwards_are_no_obstacle():
    """The beta density is not log-concave in the logit of its mean, far from it."""
    n = 30
    y = np.full(n, 1e-6)
    y[::2] = 1 - 1e-6
    problem, psi = problem_of(y, (False, False), [Term(np.arange(n) % 5, 5, np.ones((n, 1)))])
    state = mode_at(problem, psi, np.full(5, 4.0))
    assert state.loglik == pytest.approx(mode_at(problem, psi, np.zeros(5)).loglik, abs=1e-8)
    slope = problem.layout.scatter_add(problem.system.z, problem.weight * state.terms.score)
    np.testing.assert_allclose(slope, state.u, atol=1e-6)
