from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import pluralign_stats as pls
from pluralign_stats.models.bayes.predictive import fit_at
from pluralign_stats.models.predict import predict

FORMULA = "rating ~ gender + (1|rater) + (1|item)"


@pytest.fixture(scope="module")
def data(small_study):
    return small_study.where(dimension="toxicity").ratings


@pytest.fixture(scope="module")
def fits(data, thinned):
    options = {"draws": 100, "tune": 100, "chains": 1, "progress": False}
    return {
        family: thinned(pls.fit_bayes(FORMULA, data, family=family, **options), 25)
        for family in ("cumulative", "gaussian")
    }


@pytest.fixture(params=["cumulative", "gaussian"])
def fit(request, fits):
    return fits[request.param]


@pytest.mark.parametrize("averaging", ["marginal", "conditional", "zero"])
def test_a_prediction_is_the_mean_of_those_of_the_draws(fit, averaging):
    rows = fit.design.data.iloc[[3, 3, 40, 9]]
    kinds = ("mean", "linear", "probability") if len(fit.family.scores) else ("mean", "linear")
    for kind in kinds:
        each = [
            predict(fit_at(fit, s), rows, kind, averaging).to_numpy()
            for s in range(len(fit.draws.joint))
        ]
        found = fit.predict(rows, kind, averaging)
        expected = np.mean(each, axis=0)
        np.testing.assert_allclose(found.to_numpy(), expected, atol=1e-8)
        assert found.index.equals(rows.index)


def test_a_conditional_prediction_by_hand(fits):
    fit = fits["cumulative"]
    row, draws = fit.design.data.iloc[[5]], fit.draws
    at = [int(part.design.find(row)[0]) for part in fit.random]
    u = sum(e[:, k, 0] for e, k in zip(draws.effects, at, strict=True))
    eta = draws.coefficients @ fit.design.fixed.of(row)[0] + u
    below = expit(draws.cuts[:, 0] - eta[:, None]).mean(axis=0)
    found = fit.predict(row, "probability", "conditional").iloc[0]
    np.testing.assert_allclose(np.cumsum(found)[:-1], below)


def test_rows_with_a_missing_variable_have_no_prediction_and_none_is_no_error(fit):
    rows = fit.design.data.iloc[:3].copy()
    rows["gender"] = rows["gender"].where([True, False, True])
    assert fit.predict(rows).isna().tolist() == [False, True, False]
    assert len(fit.predict(rows.iloc[:0])) == 0


def test_simulated_ratings_are_drawn_at_one_draw_of_the_parameters(fit):
    again = fit.simulate(3)
    pd.testing.assert_series_equal(again, fit.simulate(3))
    assert again.index.equals(fit.design.data.index)
    assert not again.equals(fit.simulate(4))
    # Thresholds, or the constant, far to either side in every other draw.
    moved = fit.draws.joint.copy()
    moved[:, : max(len(fit.thresholds), 1)] += np.where(np.arange(25) % 2, 1e3, -1e3)[:, None]
    split = replace(fit, draws=replace(fit.draws, joint=moved))
    made = [split.simulate(seed).astype(float).to_numpy() for seed in range(12)]
    high = [(values > 3).all() for values in made]
    assert all(one or (values < 3).all() for one, values in zip(high, made, strict=True))
    assert 0 < sum(high) < 12


def test_simulated_ratings_have_new_random_effects_of_the_draws_spread(fits):
    fit = fits["gaussian"]
    wide = tuple(np.full_like(c, 1e6) if k == 0 else c for k, c in enumerate(fit.draws.covariances))
    made = replace(fit, draws=replace(fit.draws, covariances=wide)).simulate(1)
    by_group = made.groupby(fit.random[0].design.codes)
    assert by_group.mean().std() == pytest.approx(1e3, rel=0.5)
    assert by_group.std().max() < 10


def test_the_fit_at_a_draw_has_its_parameters(fit):
    drawn = fit_at(fit, 11)
    np.testing.assert_array_equal(drawn.joint.estimates, fit.draws.joint[11])
    for k, part in enumerate(drawn.random):
        np.testing.assert_array_equal(part.covariance, fit.draws.covariances[k][11])
        np.testing.assert_array_equal(part.modes, fit.draws.effects[k][11])
    if not len(fit.family.scores):
        assert drawn.sigma == pytest.approx(np.exp(fit.draws.log_scale[11, 0]))
