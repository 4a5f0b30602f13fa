"""Scores row by row, against each rater's own likelihood, differences, and R's sandwich."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

import pluralign_stats as pls
from pluralign_stats.models.engine.blocks import Term, build_layout
from pluralign_stats.models.engine.clusters import cluster_covariance
from pluralign_stats.models.engine.laplace import mode_at
from pluralign_stats.models.rebuild import engine_of
from pluralign_stats.models.scores import efficient_scores, scores
from pluralign_stats.models.search import Objective


@pytest.fixture(scope="module")
def few():
    """Twelve raters of six ratings each."""
    rng = np.random.default_rng(4)
    rater = np.repeat(np.arange(12), 6)
    x = rng.normal(size=len(rater)).round(2)
    latent = rng.normal(size=12)[rater] + 0.5 * x + rng.logistic(size=len(rater))
    rating = 1 + (latent[:, None] > [-1.0, 0.5, 1.5]).sum(axis=1)
    return pd.DataFrame({"rater": rater, "x": x, "group": rater % 2 * 1.0, "rating": rating})


def own_likelihood(fit, data, rater, parameters):
    """Log-likelihood of one rater's ratings at parameters of the whole fit."""
    rows = (data["rater"] == rater).to_numpy()
    engine = engine_of(fit)
    problem, order = engine.model.problem, engine.model.prepared.layout.order
    cut = np.flatnonzero(rows[order])
    layout = build_layout(
        [Term(np.zeros(len(cut), dtype=int), 1, np.ones((len(cut), 1)))], len(cut)
    )
    alone = replace(
        problem,
        layout=layout,
        **{
            name: getattr(problem, name)[cut]
            for name in ("lower", "upper", "bottom", "top", "scale", "weight")
        },
    )
    return mode_at(alone, np.linalg.solve(engine.back, parameters), np.zeros(1)).loglik


@pytest.mark.parametrize("options", [{}, {"scale": "group"}, {"nominal": "group"}])
def test_the_scores_of_a_rater_are_the_slope_of_its_likelihood(few, options):
    fit = pls.fit_ordinal("rating ~ x + group + (1|rater)", few, **options)
    found = scores(fit)
    at = fit.joint.estimates
    for rater in (0, 5, 11):
        slope = [
            (own_likelihood(fit, few, rater, at + e) - own_likelihood(fit, few, rater, at - e))
            / 2e-5
            for e in 1e-5 * np.eye(len(at))
        ]
        rows = (few["rater"] == rater).to_numpy()
        np.testing.assert_allclose(found[rows].sum(axis=0), slope, atol=2e-5)
    np.testing.assert_allclose(found.sum(axis=0), 0, atol=1e-3)


@pytest.mark.parametrize("n_nodes", [1, 5])
def test_efficient_scores_are_slopes_less_what_the_model_tells_of_them(few, n_nodes):
    """By the wider model fitted in full: its scores where the new effects are 0."""
    fit = pls.fit_ordinal("rating ~ x + (1|rater)", few, n_nodes=n_nodes)
    spread = ((few["x"] - few["x"].mean()) / few["x"].std(ddof=0)).to_numpy()
    found = efficient_scores(fit, few[["x"]].to_numpy())
    assert found.thresholds.shape == (len(few), 1, 2)

    # The slope of the profile likelihood by an effect on the scale, at 0, is the score's sum.
    def profile(effect):
        engine = engine_of(fit)
        wide = pls.fit_ordinal("rating ~ x + (1|rater)", few.assign(s=spread), scale="s")
        model = engine_of(wide).model
        objective = Objective(model.problem, n_nodes)
        place = model.problem.lower.shape[1]
        unit = model.cuts.back[place, place]

        def negative(rest):
            value, slope = objective(np.insert(rest, place, effect / unit))
            return -value, -np.delete(slope, place)

        return -minimize(negative, engine.psi, jac=True, options={"gtol": 1e-9}).fun

    slope = (profile(1e-3) - profile(-1e-3)) / 2e-3
    assert found.scale.sum() == pytest.approx(slope, rel=1e-3)


def test_the_sandwich_is_that_of_r(reference_data):
    """R 4.2.2, sandwich 3.0.2, vcovCL(clm, cluster=, type="HC0"); ordinal 2022.11.16."""
    data = pd.read_csv(reference_data / "lme4_VerbAgg.csv")
    data["rating"] = pd.Categorical(data["resp"], ["no", "perhaps", "yes"], ordered=True)
    fit = pls.fit_ordinal("rating ~ Gender + mode", data)
    rows = scores(fit)
    person, item = (pd.factorize(data[name])[0] for name in ("id", "item"))
    stored = {
        (0.06697139232, 0.08010862285, 0.11832860923, 0.04931658012): [person],
        (0.2345502231, 0.2431669375, 0.1349359539, 0.3025575940): [person, item],
    }
    # In R a factor's first level is F, and of the mode do; here they are the same.
    for expected, clusters in stored.items():
        made = fit.joint.vcov @ cluster_covariance(rows, clusters) @ fit.joint.vcov
        np.testing.assert_allclose(np.sqrt(np.diag(made)), expected, rtol=1e-4)
