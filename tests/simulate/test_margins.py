import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

from pluralign_stats.errors import InputError
from pluralign_stats.simulate.margins import (
    Standard,
    exceedance,
    mean_rating,
    mean_shares,
    solve_mean_shares,
)

THRESHOLDS = np.array([-1.5, -0.2, 1.0, 2.8])


@pytest.fixture
def standard():
    X = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 0, 1]], dtype=float)
    weights = np.array([0.4, 0.3, 0.2, 0.1])
    return Standard(X, weights, np.array(["a", "a", "b"]), THRESHOLDS, 1.2)


@pytest.mark.parametrize("sd", [0.5, 1.36, 2.0])
def test_exceedance_is_the_integral(sd):
    eta = np.array([-2.0, 0.0, 0.7])

    def integral(e, cut):
        return quad(lambda z: expit(e + sd * z - cut) * norm.pdf(z), -12, 12, epsabs=1e-12)[0]

    expected = [[integral(e, cut) for cut in THRESHOLDS] for e in eta]
    np.testing.assert_allclose(exceedance(eta, THRESHOLDS, sd), expected, atol=1e-8)


def test_mean_rating_without_random_effects():
    chances = np.diff([0, *expit(THRESHOLDS - 0.3), 1])
    expected = chances @ np.arange(1, 6)
    assert mean_rating(np.array([0.3]), THRESHOLDS, 0.0)[0] == pytest.approx(expected, rel=1e-9)


def test_mean_share_sets_everyone_to_the_level_and_to_the_reference(standard):
    b = np.array([0.8, -0.5, 0.3])
    others = np.array([0.0, 0.0, 0.0, 0.3])
    level = standard.weights @ mean_rating(others + 0.8, THRESHOLDS, 1.2)
    reference = standard.weights @ mean_rating(others, THRESHOLDS, 1.2)
    assert mean_shares(standard, b, np.array([0]))[0] == pytest.approx(level / reference - 1)


def test_solved_effects_give_the_shares_jointly(standard):
    columns, shares = np.array([0, 2]), np.array([0.3, -0.2])
    b = solve_mean_shares(standard, np.array([9.0, 0.4, 9.0]), columns, shares)
    np.testing.assert_allclose(mean_shares(standard, b, columns), shares, atol=1e-10)
    assert b[1] == 0.4
    assert b[0] > 0 > b[2]


def test_shares_beyond_the_scale_are_refused(standard):
    with pytest.raises(InputError, match=r"\+400\.0%: the scale is too short"):
        solve_mean_shares(standard, np.zeros(3), np.array([0]), np.array([4.0]))
