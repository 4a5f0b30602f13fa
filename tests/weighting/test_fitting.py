"""Iterative proportional fitting, by closed forms."""

import numpy as np
import pytest

from pluralign_stats.weighting.fitting import TOLERANCE, design_effect, fit_weights, trimmed


def test_one_margin_is_met_by_division():
    code, target = np.array([0, 0, 0, 1]), np.array([0.5, 0.5])
    fitted = fit_weights(np.ones(4), [code], [target])
    np.testing.assert_allclose(fitted.weights, [2 / 3, 2 / 3, 2 / 3, 2])
    assert fitted.converged


def test_a_table_of_two_by_two_keeps_its_odds_ratio():
    # The classical property of the fit: margins as asked, association as it was.
    counts = np.array([[40, 10], [20, 30]])
    row, column = (np.repeat(x.ravel(), counts.ravel()) for x in np.indices((2, 2)))
    fitted = fit_weights(np.ones(100), [row, column], [np.array([0.3, 0.7]), np.array([0.5, 0.5])])
    made = np.zeros((2, 2))
    np.add.at(made, (row, column), fitted.weights)
    np.testing.assert_allclose(made.sum(axis=1), [30, 70], atol=1e-6)
    np.testing.assert_allclose(made.sum(axis=0), [50, 50], atol=1e-6)
    assert made[0, 0] * made[1, 1] / (made[0, 1] * made[1, 0]) == pytest.approx(6)


def test_weights_to_begin_with_are_kept_within_a_level():
    base = np.array([1.0, 3.0, 2.0, 2.0])
    fitted = fit_weights(base, [np.array([0, 0, 1, 1])], [np.array([0.25, 0.75])])
    np.testing.assert_allclose(fitted.weights, [0.25, 0.75, 1.5, 1.5])


def test_margins_that_exclude_each_other_are_told():
    same = np.array([0, 0, 1, 1])
    fitted = fit_weights(np.ones(4), [same, same], [np.array([0.2, 0.8]), np.array([0.6, 0.4])])
    assert not fitted.converged
    assert fitted.gap == pytest.approx(0.4)


def test_trimming_cuts_the_largest_weights_and_keeps_the_mean():
    weights = trimmed(np.array([0.2, 0.3, 0.5, 3.0]), 2.0)
    np.testing.assert_allclose(weights, [0.4, 0.6, 1.0, 2.0])
    # What is cut off may lift another above the limit.
    again = trimmed(np.array([0.1, 0.1, 1.8, 2.0]), 1.85)
    np.testing.assert_allclose(again, [0.15, 0.15, 1.85, 1.85])
    fitted = fit_weights(np.ones(10), [np.repeat([0, 1], [9, 1])], [np.array([0.5, 0.5])], 2.0)
    assert fitted.weights.max() == pytest.approx(2.0)
    assert fitted.gap == pytest.approx(0.3)
    assert fitted.gap > TOLERANCE


def test_the_design_effect_is_one_plus_the_squared_coefficient_of_variation():
    weights = np.array([0.5, 1.0, 1.0, 1.5, 4.0])
    assert design_effect(weights) == pytest.approx(1 + (weights.std() / weights.mean()) ** 2)
    assert design_effect(np.full(7, 3.0)) == pytest.approx(1)
