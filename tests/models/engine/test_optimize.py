import numpy as np
import pytest

from pluralign_stats.models.engine.covariance import Covariance, Shape
from pluralign_stats.models.engine.optimize import (
    active_set_step,
    differentiate,
    maximize,
    unit_steps,
)

TOP = np.array([1.0, -2.0, 0.5])


def bowl(x):
    return -0.5 * float(((x - TOP) ** 2) @ [1, 1e4, 1e-2]), -(x - TOP) * [1, 1e4, 1e-2]


@pytest.mark.parametrize("free", [[True] * 3, [True, False, True], [False] * 3])
def test_the_maximum_over_the_free_coordinates(free):
    free = np.array(free)
    found = maximize(bowl, np.zeros(3), np.diag([1.0, 1e4, 1e-2]), free)
    np.testing.assert_allclose(found.x, np.where(free, TOP, 0), atol=1e-2)
    assert found.value == pytest.approx(bowl(np.where(free, TOP, 0))[0], abs=1e-6)


def test_steps_in_which_a_curvature_is_the_identity():
    C = np.array([[4.0, 1], [1, 3]])
    S = unit_steps(C)
    np.testing.assert_allclose(S.T @ C @ S, np.eye(2), atol=1e-12)
    assert np.isfinite(unit_steps(np.array([[1.0, 1], [1, 1]]))).all()
    assert np.isfinite(unit_steps(np.zeros((2, 2)))).all()


def test_an_effect_that_is_all_but_zero_is_put_there_and_signs_are_made_positive():
    covariance = Covariance((Shape(1, True), Shape(1, True)))

    def objective(x):
        return -0.5 * (x[0] ** 2 + (abs(x[1]) - 1) ** 2), np.array([-x[0], np.sign(x[1]) - x[1]])

    free = np.ones(2, dtype=bool)
    found = maximize(objective, np.array([0.04, -0.9]), np.eye(2), free)
    settled = active_set_step(objective, found, covariance, np.eye(2))
    assert settled.x[0] == 0
    assert settled.x[1] == pytest.approx(1, abs=1e-3)
    assert settled.free.tolist() == [False, True]


def test_factors_and_their_parameters():
    covariance = Covariance((Shape(2, True), Shape(2, False)))
    first, second = covariance.factors(np.arange(1.0, 6))
    np.testing.assert_array_equal(first, [[1, 0], [3, 2]])
    np.testing.assert_array_equal(second, np.diag([4.0, 5]))
    np.testing.assert_array_equal(covariance.collect([first, second]), np.arange(1.0, 6))
    assert [c.tolist() for c in covariance.columns()] == [[0, 2], [1], [3], [4]]


def test_differences_of_a_function():
    found = differentiate(
        lambda x: np.array([x[0] ** 2, x[0] * x[1]]), np.array([3.0, 2]), [1e-4] * 2, [9.0, 6.0]
    )
    # Forward ones: of a square they are off by the step.
    np.testing.assert_allclose(found, [[6 + 1e-4, 0], [2, 3]], atol=1e-7)
