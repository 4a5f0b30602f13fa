"""The Laplace approximation against its definition, and its gradient against differences."""

import numpy as np
import pytest
from central_differences import differentiate
from scipy.optimize import minimize
from scipy.stats import gumbel_l, logistic, norm

from pluralign_stats.models.engine.blocks import Term, build_layout
from pluralign_stats.models.engine.coordinates import cut_design
from pluralign_stats.models.engine.laplace import gradient_at, mode_at, profile_information
from pluralign_stats.models.engine.links import LINKS, threshold_basis
from pluralign_stats.models.engine.ordinal_rows import OrdinalProblem

LAWS = {"logit": logistic, "probit": norm, "cloglog": gumbel_l}


def problem_of(kind, link="logit", structure="flexible", n=150):
    """A problem, and parameters that it allows."""
    rng = np.random.default_rng(8)
    a, b = rng.integers(0, 10, n), rng.integers(0, 6, n)
    one, x = np.ones((n, 1)), rng.normal(size=(n, 2))
    none = np.zeros((n, 0))
    terms = {
        "none": [],
        "crossed": [Term(a, 10, one), Term(b, 6, one)],
        "slopes": [Term(a, 10, np.hstack([one, x[:, :1]])), Term(b, 6, x, correlated=False)],
    }
    random = terms.get(kind, terms["crossed"])
    nominal = (rng.random((n, 1)) < 0.4).astype(float) if kind in ("nominal", "both") else none
    scale = rng.normal(size=(n, 1)) if kind in ("scale", "both") else none
    weight = rng.uniform(0.3, 3, n) if kind in ("weights", "both") else np.ones(n)
    codes = rng.integers(0, 4, n)
    cuts = cut_design(codes, threshold_basis(structure, 3), x, nominal, scale)
    layout = build_layout(random, n)
    o = layout.order
    problem = OrdinalProblem(
        layout, weight[o], lower=cuts.lower[o], upper=cuts.upper[o],
        bottom=cuts.bottom[o], top=cuts.top[o], scale=cuts.scale[o], link=link,
    )  # fmt: skip
    start = {"flexible": [-1.0, 0.2, 1.1], "symmetric": [0.1, 1.0], "equidistant": [-1.0, 0.9]}
    psi = np.concatenate(
        [
            start[structure],
            0.05 * rng.normal(size=cuts.lower.shape[1] - len(start[structure])),
            0.2 * np.ones(cuts.scale.shape[1]),
            rng.uniform(0.2, 0.8, layout.covariance.size),
        ]
    )
    return problem, psi


def loglik(problem, psi):
    return mode_at(problem, psi, np.zeros(problem.layout.n_columns)).loglik


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize(
    ("kind", "structure"),
    [
        ("none", "flexible"),
        ("crossed", "symmetric"),
        ("crossed", "equidistant"),
        ("slopes", "flexible"),
        ("weights", "flexible"),
        ("nominal", "flexible"),
        ("scale", "flexible"),
        ("both", "equidistant"),
    ],
)
def test_the_gradient_is_that_of_finite_differences(kind, structure, link):
    problem, psi = problem_of(kind, link, structure)
    state = mode_at(problem, psi, np.zeros(problem.layout.n_columns))
    found = gradient_at(problem, state)
    steps = np.full(len(psi), 1e-4)
    expected = differentiate(lambda p: np.array([loglik(problem, p)]), psi, steps)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("link", LINKS)
def test_it_is_laplaces_approximation(link):
    """The joint density at its mode, found by a general optimizer, and its dense Hessian."""
    problem, psi = problem_of("both", link)
    location, zeta, theta = problem.split(psi)
    layout, law = problem.layout, LAWS[link]
    scaled = layout.scaled(theta)
    k = np.exp(-problem.scale @ zeta)
    low = np.where(problem.bottom, -np.inf, problem.lower @ location)
    high = np.where(problem.top, np.inf, problem.upper @ location)

    def joint(u):
        eta = layout.gather(scaled, u)
        p = law.cdf(k * (high - eta)) - law.cdf(k * (low - eta))
        return -float(problem.weight @ np.log(np.maximum(p, 1e-300))) + 0.5 * float(u @ u)

    N = layout.n_columns
    mode = minimize(joint, np.zeros(N), method="BFGS", options={"gtol": 1e-6}).x

    def slope(u):
        return differentiate(lambda v: np.array([joint(v)]), u, np.full(N, 1e-4))[0]

    hessian = differentiate(slope, mode, np.full(N, 1e-3))
    expected = -joint(mode) - 0.5 * np.linalg.slogdet(hessian)[1]
    assert loglik(problem, psi) == pytest.approx(expected, abs=1e-4)


def test_the_mode_does_not_depend_on_where_the_search_begins():
    problem, psi = problem_of("slopes")
    far = np.random.default_rng(1).normal(0, 20, problem.layout.n_columns)
    assert mode_at(problem, psi, far).loglik == pytest.approx(loglik(problem, psi), abs=1e-9)


def test_thresholds_out_of_order_are_not_allowed():
    problem, psi = problem_of("crossed")
    psi[[0, 2]] = psi[[2, 0]]
    assert mode_at(problem, psi, np.zeros(problem.layout.n_columns)) is None


def test_without_random_effects_the_information_is_the_hessian():
    problem, psi = problem_of("none")
    state = mode_at(problem, psi, np.zeros(0))

    def gradient(p):
        return gradient_at(problem, mode_at(problem, p, np.zeros(0)))

    hessian = differentiate(gradient, psi, np.full(len(psi), 1e-5))
    np.testing.assert_allclose(profile_information(problem, state), -hessian, atol=1e-5)
