import numpy as np
import pytest

from pluralign_stats.models.engine.blocks import Grouping, System, Term, build_layout


def terms_of(kind, rng, n=120):
    a, b = rng.integers(0, 12, n), rng.integers(0, 7, n)
    _, nested = np.unique(a * 100 + rng.integers(0, 3, n), return_inverse=True)
    one, x = np.ones((n, 1)), rng.normal(size=(n, 1))
    return {
        "none": [],
        "one": [Term(a, 12, one)],
        "crossed": [Term(a, 12, one), Term(b, 7, one)],
        "nested": [Term(a, 12, one), Term(nested, nested.max() + 1, one), Term(b, 7, one)],
        "compared": [_compared(rng.integers(0, 9, n), rng.integers(0, 9, n)), Term(b, 7, one)],
        "compared within": [
            _compared(3 * a + rng.integers(0, 3, n), 3 * a + rng.integers(0, 3, n)),
            _compared(rng.integers(0, 9, n), rng.integers(0, 9, n)),
        ],
        "slopes": [Term(a, 12, np.hstack([one, x])), Term(b, 7, np.hstack([one, x]), False)],
    }[kind]


def _compared(first, second):
    """Each row belongs to two groups, of which one counts against the other."""
    codes = np.column_stack([first, second])
    return Term(codes, codes.max() + 1, np.tile([1.0, -1.0], (len(codes), 1)))


@pytest.fixture(
    params=["none", "one", "crossed", "nested", "slopes", "compared", "compared within"]
)
def made(request):
    rng = np.random.default_rng(3)
    terms = terms_of(request.param, rng)
    within = np.random.default_rng(3).integers(0, 12, 120)
    layout = build_layout(terms, 120, [Grouping(within, 12)] if "within" in request.param else [])
    theta = rng.normal(size=layout.covariance.size)
    weight = rng.uniform(0.2, 2, 120)
    system = System(layout)
    assert system.factor(weight, layout.scaled(theta))
    Z = np.zeros((120, layout.n_columns))
    for i in range(120):
        np.add.at(Z[i], layout.index[i], layout.scaled(theta)[i])
    return layout, theta, system, Z, Z.T @ (weight[:, None] * Z) + np.eye(layout.n_columns)


def test_the_system_is_solved_as_a_dense_one(made):
    _, _, system, _, A = made
    right = np.random.default_rng(1).normal(size=(len(A), 2))
    np.testing.assert_allclose(system.solve(right), np.linalg.solve(A, right), atol=1e-10)
    assert system.logdet == pytest.approx(np.linalg.slogdet(A)[1], abs=1e-9)


def test_the_inverse_at_rows_and_levels(made):
    layout, _, system, Z, A = made
    found, inverse = system.invert(), np.linalg.inv(A)
    np.testing.assert_allclose(found.variance, ((Z @ inverse) * Z).sum(axis=1), atol=1e-10)
    rows = np.take_along_axis(Z @ inverse, layout.index, axis=1)
    np.testing.assert_allclose(found.product, rows, atol=1e-10)
    for k, start in enumerate(layout.starts):
        q = layout.covariance.shapes[k].size
        for level, block in zip(start, found.blocks(layout, k), strict=True):
            own = inverse[level : level + q, level : level + q]
            np.testing.assert_allclose(block, own, atol=1e-10)


def test_rows_and_columns_are_multiplied_as_dense_ones(made):
    layout, theta, system, Z, _ = made
    rng = np.random.default_rng(2)
    value, vector = rng.normal(size=120), rng.normal(size=layout.n_columns)
    np.testing.assert_allclose(layout.scatter_add(system.z, value), Z.T @ value, atol=1e-12)
    np.testing.assert_allclose(layout.gather(system.z, vector), Z @ vector, atol=1e-12)
    plain = layout.gather(layout.z, layout.multiply(theta, vector))
    np.testing.assert_allclose(plain, Z @ vector, atol=1e-12)
    right = layout.multiply(theta, layout.scatter_add(layout.z, value), transposed=True)
    np.testing.assert_allclose(right, Z.T @ value, atol=1e-12)


def test_weights_that_are_not_finite_are_not_factored(made):
    layout, theta, system, _, _ = made
    if layout.n_columns:
        assert not system.factor(np.full(120, np.nan), layout.scaled(theta))
