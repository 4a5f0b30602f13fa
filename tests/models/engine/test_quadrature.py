"""Quadrature for one random intercept or slope against numerical integration, group by group."""

import numpy as np
import pytest
from central_differences import differentiate
from scipy.integrate import quad
from scipy.stats import gumbel_l, logistic, norm

from pluralign_stats.models.engine.blocks import Term, build_layout
from pluralign_stats.models.engine.coordinates import cut_design
from pluralign_stats.models.engine.laplace import gradient_at, mode_at
from pluralign_stats.models.engine.ordinal_rows import OrdinalProblem
from pluralign_stats.models.engine.quadrature import integrate_at

LAWS = {"logit": logistic, "probit": norm, "cloglog": gumbel_l}


@pytest.fixture(params=LAWS)
def problem(request):
    rng = np.random.default_rng(2)
    n = 60
    x, scale = rng.normal(size=(n, 1)), rng.normal(size=(n, 1))
    cuts = cut_design(rng.integers(0, 3, n), np.eye(2), x, np.zeros((n, 0)), scale)
    layout = build_layout([Term(rng.integers(0, 8, n), 8, 1 + 0.3 * x)], n)
    o = layout.order
    return OrdinalProblem(
        layout, rng.uniform(0.5, 2, n), lower=cuts.lower[o], upper=cuts.upper[o],
        bottom=cuts.bottom[o], top=cuts.top[o], scale=cuts.scale[o], link=request.param,
    )  # fmt: skip


PSI = np.array([-0.7, 0.8, 0.3, 0.15, 1.2])


def value(problem, psi, n_nodes):
    state = mode_at(problem, psi, np.zeros(problem.layout.n_columns))
    return integrate_at(problem, state, n_nodes)


def test_many_nodes_give_the_integral(problem):
    location, zeta, theta = problem.split(PSI)
    k, law = np.exp(-problem.scale @ zeta), LAWS[problem.link]
    low = np.where(problem.bottom, -np.inf, problem.lower @ location)
    high = np.where(problem.top, np.inf, problem.upper @ location)
    total = 0.0
    for g in range(8):
        i = problem.layout.index[:, 0] == problem.layout.starts[0][g]
        z = problem.layout.z[i, 0] * theta[0]

        def density(u, i=i, z=z):
            p = law.cdf(k[i] * (high[i] - z * u)) - law.cdf(k[i] * (low[i] - z * u))
            return np.exp(problem.weight[i] @ np.log(np.maximum(p, 1e-300))) * norm.pdf(u)

        total += np.log(quad(density, -9, 9, epsabs=0, epsrel=1e-10, limit=200)[0])
    assert value(problem, PSI, 40)[0] == pytest.approx(total, abs=1e-6)


def test_one_node_is_laplaces_approximation(problem):
    state = mode_at(problem, PSI, np.zeros(problem.layout.n_columns))
    found, slope = integrate_at(problem, state, 1)
    assert found == pytest.approx(state.loglik, abs=1e-10)
    np.testing.assert_allclose(slope, gradient_at(problem, state), atol=1e-8)


@pytest.mark.parametrize("n_nodes", [3, 12])
def test_the_gradient_is_that_of_finite_differences(problem, n_nodes):
    expected = differentiate(
        lambda p: np.array([value(problem, p, n_nodes)[0]]), PSI, np.full(len(PSI), 1e-5)
    )[0]
    np.testing.assert_allclose(value(problem, PSI, n_nodes)[1], expected, rtol=1e-6, atol=1e-6)
