"""Compiled maps of parameters and effects against closed forms."""

import math

import numpy as np
import pytest

from pluralign_stats.models.bayes import transforms
from pluralign_stats.models.bayes.layout import partial_correlations
from pluralign_stats.models.bayes.log_densities import CORRELATION, log_prior

LEVELS = 4


def conditioned(q, seed=1):
    """Information, scores, factor, and what `condition` makes of coordinates."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(LEVELS, q, q))
    W, b = A @ A.transpose(0, 2, 1), rng.normal(size=(LEVELS, q))
    F = np.tril(rng.normal(size=(q, q)))
    F[np.diag_indices(q)] = rng.uniform(0.5, 2, q)

    def run(z):
        v, u, root = np.empty(LEVELS * q), np.empty(LEVELS * q), np.empty(LEVELS * q * q)
        value = transforms.condition(W.ravel(), b.ravel(), z, F, 0, LEVELS, q, v, u, root)
        return value, v, u.reshape(LEVELS, q)

    return W, b, F, run


@pytest.mark.parametrize("q", [1, 2, 3])
def test_effects_are_distributed_as_the_normal_posterior(q):
    W, b, F, run = conditioned(q)
    covariance = np.linalg.inv(np.linalg.inv(F @ F.T) + W)
    mean = np.einsum("jef,jf->je", covariance, b)
    centre = run(np.zeros(LEVELS * q))[2]
    np.testing.assert_allclose(centre, mean, rtol=1e-10)
    for j in range(LEVELS):
        slopes = [run(one)[2][j] - centre[j] for one in np.eye(LEVELS * q)[j * q : (j + 1) * q]]
        np.testing.assert_allclose(np.transpose(slopes) @ slopes, covariance[j], rtol=1e-9)


@pytest.mark.parametrize("q", [1, 2, 3])
def test_value_is_the_prior_density_and_the_jacobian(q):
    W, _, F, run = conditioned(q)
    z = np.random.default_rng(2).normal(size=LEVELS * q)
    value, v, _ = run(z)
    jacobian = -0.5 * np.linalg.slogdet(np.eye(q) + F.T @ W @ F)[1].sum()
    assert value == pytest.approx(-0.5 * v @ v + jacobian, rel=1e-12)


def test_factor_has_the_standard_deviations_and_partial_correlations():
    log_sd, partial = np.log([0.5, 2.0, 1.5]), np.array([0.3, -0.8, 0.4])
    L = np.full((4, 4), np.nan)
    transforms.factor(log_sd, partial, 3, L)
    covariance = L[:3, :3] @ L[:3, :3].T
    sd = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(sd, [0.5, 2.0, 1.5])
    R = covariance / np.outer(sd, sd)
    y21, y31, y32 = np.tanh(partial)
    assert R[1, 0] == pytest.approx(y21)
    assert R[2, 0] == pytest.approx(y31)
    partial_32 = (R[2, 1] - R[2, 0] * R[1, 0]) / math.sqrt((1 - R[2, 0] ** 2) * (1 - R[1, 0] ** 2))
    assert partial_32 == pytest.approx(y32)
    np.testing.assert_allclose(partial_correlations(R), partial)


def test_factor_without_correlations_is_diagonal():
    L = np.empty((2, 2))
    transforms.factor(np.log([0.5, 2.0]), np.zeros(0), 2, L)
    np.testing.assert_allclose(L, np.diag([0.5, 2.0]))


def test_effects_may_share_one_standard_deviation():
    L = np.empty((3, 3))
    transforms.factor(np.log([0.5]), np.zeros(0), 3, L)
    np.testing.assert_allclose(L, 0.5 * np.eye(3))


@pytest.mark.parametrize("q", [2, 3, 4])
def test_correlations_have_the_lkj_density(q):
    """The density of L L' is that of |R|^(eta - 1), with the Jacobian taken numerically."""
    eta, rng, below = 1.7, np.random.default_rng(1), np.tril_indices(q, -1)
    columns = below[1]

    def correlations(partial):
        L = np.empty((q, q))
        transforms.factor(np.zeros(q), partial, q, L)
        return L @ L.T

    def ours(partial):
        return sum(
            log_prior(CORRELATION, eta + (q - 2 - k) / 2, 0.0, 0.0, x)[0]
            for k, x in zip(columns, partial, strict=True)
        )

    def lkj(partial, step=1e-4):
        steps = step * np.eye(len(partial))
        slopes = [
            (correlations(partial + s)[below] - correlations(partial - s)[below]) / (2 * step)
            for s in steps
        ]
        determinant = np.linalg.slogdet(correlations(partial))[1]
        return (eta - 1) * determinant + np.linalg.slogdet(slopes)[1]

    first, second = 0.7 * rng.normal(size=(2, len(columns)))
    assert ours(first) - ours(second) == pytest.approx(lkj(first) - lkj(second), abs=1e-6)


def test_correlation_of_one_stops_nothing():
    by_sd, by_partial, L = np.zeros(2), np.zeros(1), np.empty((2, 2))
    log_sd, partial = np.zeros(2), np.array([40.0])
    transforms.factor(log_sd, partial, 2, L)
    transforms.factor_vjp(log_sd, partial, 2, L, np.ones((2, 2)), by_sd, by_partial)
    assert log_prior(CORRELATION, 2.0, 0.0, 0.0, 40.0)[0] == -np.inf


def test_cut_points_rise_by_the_distances():
    out = np.empty((2, 3))
    total = transforms.cut_points(np.log([[1.0, 2.0, 3.0], [4.0, 0.5, 0.5]]), out)
    np.testing.assert_allclose(out - np.log([[1.0], [4.0]]), [[0, 2, 5], [0, 0.5, 1]])
    assert total == pytest.approx(math.log(2 * 3 * 0.5 * 0.5))
