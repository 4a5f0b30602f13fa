"""The fast approximation against the sampler, and its refusals."""

import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError, fit_bayes
from pluralign_stats.models.bayes.approximate import Target, remainder, smoothed
from pluralign_stats.models.bayes.layout import build_layout

FORMULA = "r4 ~ x + group + (1|rater) + (1|item)"


@pytest.fixture(scope="module")
def both():
    """The fits of 450 ratings by 30 raters, of whom 10 are in each group."""
    rng = np.random.default_rng(1)
    rater, item = rng.integers(0, 30, 450), rng.integers(0, 15, 450)
    data = pd.DataFrame({"rater": rater, "item": item, "x": rng.normal(1.0, 1.0, 450)})
    data["group"] = pd.Categorical(np.array(list("abc"))[rater % 3])
    latent = 0.5 * data["x"] + rng.normal(size=30)[rater] + rng.normal(size=15)[item]
    latent += rng.logistic(size=450)
    data["r4"] = np.digitize(latent, np.quantile(latent, [0.25, 0.5, 0.75])) + 1
    sampled = fit_bayes(FORMULA, data, draws=1500, chains=2, progress=False)
    return fit_bayes(FORMULA, data, method="laplace", draws=1500), sampled


def test_it_agrees_with_the_sampler(both):
    quick, sampled = both
    assert quick.convergence.pareto_k < 0.7
    assert "Laplace" in quick.method.estimation
    sd = sampled.se.to_numpy()
    np.testing.assert_array_less(np.abs(quick.params - sampled.params), 0.15 * sd)
    np.testing.assert_allclose(quick.se, sd, rtol=0.1)
    np.testing.assert_allclose(quick.random_sd, sampled.random_sd, rtol=0.05)
    assert "Pareto k" in quick.summary().sentence


def test_effects_and_predictions_work_on_it(both):
    mine, theirs = (fit.contrasts("group").table for fit in both)
    np.testing.assert_allclose(mine["estimate"], theirs["estimate"], atol=0.1)
    assert both[0].predict().between(1, 4).all()


def test_the_gradient_of_its_target_is_that_of_differences(build, ratings):
    model = build("r4 ~ x + (1|rater)", ratings)
    target = Target(model.start, build_layout(model.start), model.prior)
    phi = model.point.centre + 0.1
    value, slope = target.slope(phi)
    steps = 1e-5 * np.eye(len(phi))
    found = [(target.slope(phi + d)[0] - target.slope(phi - d)[0]) / 2e-5 for d in steps]
    np.testing.assert_allclose(slope, found, rtol=1e-4, atol=1e-4)
    assert np.isfinite(value)


def test_quadrature_completes_it_to_the_exact_likelihood(build, ratings):
    """With one rater intercept the whole integral is known from quadrature with many nodes."""
    from pluralign_stats import fit_ordinal

    model = build("r4 ~ x + (1|rater)", ratings)
    target = Target(model.start, build_layout(model.start), model.prior)
    exact = fit_ordinal("r4 ~ x + (1|rater)", ratings, n_nodes=25)
    from natural_vector import natural_at

    from pluralign_stats.models.bayes.layout import phi_of

    layout = model.layout
    phi = phi_of(layout, natural_at(exact, layout, exact.joint.estimates))
    state = target._state(phi)
    completed = state.loglik + remainder(target.objective.problem, state)
    assert completed == pytest.approx(exact.loglik, abs=2e-4)
    assert abs(completed - state.loglik) > 0.01


def test_the_correction_is_the_slope_of_what_is_lacking(build, ratings):
    model = build("r4 ~ x + (1|rater)", ratings)
    target = Target(model.start, build_layout(model.start), model.prior)
    mode, root = target.mode(model.point.centre, model.point.root)
    steps = 1e-3 * root.T

    def lacking(phi):
        return remainder(target.objective.problem, target._state(phi))

    slopes = [(lacking(mode + d) - lacking(mode - d)) / 2e-3 for d in steps]
    np.testing.assert_allclose(target.correction(mode, root), slopes, atol=0.05)


def test_a_large_correction_is_refused(ratings, monkeypatch):
    monkeypatch.setattr("pluralign_stats.models.bayes.approximate.LARGEST_CORRECTION", 1e-4)
    with pytest.raises(InputError, match=r"posterior standard deviations.*method='nuts'"):
        fit_bayes(FORMULA, ratings, method="laplace")


def test_weights_with_a_heavy_tail_are_refused(ratings, monkeypatch):
    monkeypatch.setattr(
        "pluralign_stats.models.bayes.approximate.smoothed",
        lambda w: (np.full(len(w), 1 / len(w)), 0.9),
    )
    with pytest.raises(InputError, match=r"Pareto k 0.90, above 0.7\); sample with method='nuts'"):
        fit_bayes(FORMULA, ratings, method="laplace")
    with pytest.raises(InputError, match="for ratings in categories"):
        fit_bayes("y ~ x", ratings, family="gaussian", method="laplace")
    with pytest.raises(InputError, match="'method' must be one of 'nuts', 'laplace'"):
        fit_bayes(FORMULA, ratings, method="vi")


def test_pareto_k_is_that_of_the_weights():
    rng = np.random.default_rng(1)
    tail = rng.pareto(1 / 0.4, 20_000) + 1
    probability, k = smoothed(np.log(tail))
    assert k == pytest.approx(0.4, abs=0.1)
    assert probability.sum() == pytest.approx(1)
    assert np.argmax(probability) == np.argmax(tail)
