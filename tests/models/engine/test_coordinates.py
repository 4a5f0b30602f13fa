import numpy as np
import pytest

from pluralign_stats.models.engine.blocks import Term
from pluralign_stats.models.engine.coordinates import cut_design
from pluralign_stats.models.engine.links import threshold_basis
from pluralign_stats.models.engine.whiten import orthogonal, whiten


@pytest.mark.parametrize("structure", ["flexible", "symmetric", "equidistant"])
def test_the_cuts_are_those_of_the_coefficients_of_the_data(structure):
    """Thresholds, their changes and effects as they are, at whatever scale and origin of x."""
    rng = np.random.default_rng(1)
    n = 50
    X = rng.normal(size=(n, 2)) * [1e5, 1e-5] + [1e6, 0]
    nominal, scale = rng.normal(size=(n, 1)) * 1e3, rng.normal(size=(n, 2)) * [1e-4, 1]
    codes, basis = rng.integers(0, 5, n), threshold_basis(structure, 4)
    made = cut_design(codes, basis, X, nominal, scale)
    b, f = basis.shape[1], made.lower.shape[1]
    inner = rng.normal(size=f + 2)
    outer = made.back @ inner
    alpha, gamma, beta = outer[:b], outer[b : 2 * b], outer[2 * b : f]
    cuts = (alpha + nominal * gamma) @ basis.T - (X @ beta)[:, None]
    at = np.pad(cuts, ((0, 0), (1, 1)))
    rows = np.arange(n)
    np.testing.assert_allclose((made.lower @ inner[:f])[~made.bottom],
                               at[rows, codes][~made.bottom], rtol=1e-6)  # fmt: skip
    np.testing.assert_allclose((made.upper @ inner[:f])[~made.top],
                               at[rows, codes + 1][~made.top], rtol=1e-6)  # fmt: skip
    np.testing.assert_allclose(made.scale @ inner[f:], scale @ outer[f:], rtol=1e-8)


@pytest.mark.parametrize(
    ("structure", "cuts"),
    [
        ("flexible", [-2, -1, 0, 1.5, 3]),
        ("symmetric", [-2, -1, 0.5, 2, 3]),
        ("equidistant", [-2, -0.5, 1, 2.5, 4]),
    ],
)
def test_thresholds_of_a_structure(structure, cuts):
    basis = threshold_basis(structure, 5)
    free = np.linalg.lstsq(basis, np.array(cuts), rcond=None)[0]
    np.testing.assert_allclose(basis @ free, cuts, atol=1e-12)
    assert basis.shape[1] == {"flexible": 5, "symmetric": 3, "equidistant": 2}[structure]


@pytest.mark.parametrize("correlated", [True, False])
def test_random_effects_keep_their_meaning(correlated):
    rng = np.random.default_rng(3)
    z = np.column_stack([np.ones(40), 1e6 + rng.normal(size=40), 1e-7 * rng.normal(size=40)])
    made, back = whiten(Term(np.zeros(40, dtype=int), 1, z, correlated))
    np.testing.assert_allclose(z @ back, made.z, atol=1e-6)
    np.testing.assert_allclose((made.z**2).mean(axis=0), 1, rtol=1e-9)
    if correlated:
        np.testing.assert_allclose(made.z.T @ made.z / 40, np.eye(3), atol=1e-9)
    assert (np.diag(back) > 0).all() or correlated
    np.testing.assert_allclose(np.tril(back, -1), 0)


def test_orthogonal_columns_of_any_scale():
    X = np.random.default_rng(4).normal(size=(30, 3)) * [1e-9, 1, 1e9]
    made, back = orthogonal(X)
    np.testing.assert_allclose(X @ back, made, atol=1e-9)
    np.testing.assert_allclose(made.T @ made / 30, np.eye(3), atol=1e-12)
