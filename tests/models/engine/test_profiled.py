"""The profiled criterion of a linear mixed model against the normal density, written out."""

import numpy as np
import pytest
from central_differences import differentiate
from scipy.linalg import block_diag
from scipy.stats import multivariate_normal

from pluralign_stats.models.engine.blocks import Term, build_layout
from pluralign_stats.models.engine.profiled import LinearProblem, gradient_at, solve_at

N = 80


@pytest.fixture(params=[True, False], ids=["REML", "ML"])
def made(request):
    rng = np.random.default_rng(5)
    a, b = rng.integers(0, 9, N), rng.integers(0, 5, N)
    x = rng.normal(size=N)
    terms = [Term(a, 9, np.column_stack([np.ones(N), x])), Term(b, 5, np.ones((N, 1)))]
    layout = build_layout(terms, N)
    X, y = np.column_stack([np.ones(N), x, rng.normal(size=N)]), rng.normal(size=N)
    weight = rng.uniform(0.3, 3, N)
    o = layout.order
    problem = LinearProblem(layout, X[o], y[o], weight[o], request.param)
    theta = np.array([0.8, 0.6, 0.3, 0.5])
    Z = np.hstack([np.eye(9)[a], np.eye(9)[a] * x[:, None], np.eye(5)[b]])
    L = np.array([[0.8, 0], [0.3, 0.6]])
    G = block_diag(np.kron(L @ L.T, np.eye(9)), 0.25 * np.eye(5))
    return problem, theta, X, y, Z @ G @ Z.T + np.diag(1 / weight)


def test_estimates_and_log_likelihood(made):
    problem, theta, X, y, V = made
    state = solve_at(problem, theta)
    W = np.linalg.inv(V)
    unscaled = np.linalg.inv(X.T @ W @ X)
    beta = unscaled @ X.T @ W @ y
    np.testing.assert_allclose(state.beta, beta, rtol=1e-9)
    np.testing.assert_allclose(state.unscaled, unscaled, rtol=1e-9)
    r = y - X @ beta
    variance = r @ W @ r / problem.degrees
    assert state.variance(problem) == pytest.approx(variance, rel=1e-10)
    expected = multivariate_normal(X @ beta, variance * V).logpdf(y)
    if problem.reml:
        p = X.shape[1]
        expected -= 0.5 * np.linalg.slogdet(X.T @ W @ X / variance / (2 * np.pi))[1]
        assert p == 3
    assert state.loglik(problem) == pytest.approx(expected, abs=1e-9)


def test_the_gradient_is_that_of_finite_differences(made):
    problem, theta, *_ = made
    state = solve_at(problem, theta)
    found = gradient_at(problem, state).loglik(state, problem)
    expected = differentiate(
        lambda t: np.array([solve_at(problem, t).loglik(problem)]), theta, np.full(4, 1e-5)
    )[0]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)
