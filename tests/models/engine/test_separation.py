import numpy as np
import pytest

from pluralign_stats.models.engine.coordinates import cut_design
from pluralign_stats.models.engine.separation import independent_columns, separating_direction


def separated(codes, X):
    n_cuts = codes.max()
    cuts = cut_design(codes, np.eye(n_cuts), X, np.zeros((len(X), 0)), np.zeros((len(X), 0)))
    return separating_direction(cuts.lower, cuts.upper, cuts.bottom, cuts.top) is not None


X = np.column_stack([np.linspace(-1, 1, 20), np.tile([0.0, 1.0], 10)])


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ((X[:, 0] > 0).astype(int), True),  # complete
        (np.digitize(X[:, 0], [-0.5, 0.5]), True),  # complete, three categories
        (np.where(X[:, 1] == 1, 1, np.arange(20) % 4 // 2), True),  # quasi: a level all in the top
        (np.array([0, 1, 1, 0] * 5), False),
        (np.array([0, 1, 2, 2, 1, 0, 0, 2, 1, 1] * 2), False),
    ],
)
def test_directions_along_which_the_likelihood_never_falls(codes, expected):
    assert separated(codes, X) is expected


def test_independent_columns_whatever_their_scale():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(50, 3)) * [1e-8, 1, 1e8]
    X = np.column_stack([X, X[:, 0] + X[:, 1], np.zeros(50), X[:, 2] * (1 + 1e-6 * X[:, 1])])
    kept, dropped, weights = independent_columns(X)
    assert kept.tolist() == [0, 1, 2, 5]
    assert dropped.tolist() == [3, 4]
    np.testing.assert_allclose(X[:, kept] @ weights, X[:, dropped], atol=1e-7)
