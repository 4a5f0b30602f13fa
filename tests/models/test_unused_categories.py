"""Ratings on a scale of which nobody chose some category."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import expit

import pluralign_stats as pls
from pluralign_stats import InputError, fit_bayes, fit_linear, fit_ordinal

WORDS = ["strongly disagree", "disagree", "neutral", "agree", "strongly agree"]

#: Ways to write a rating from 1 to 5, whoever chose what.
WRITTEN = {
    "words": WORDS,
    "text": list("12345"),
    "integers": [1, 2, 3, 4, 5],
    "numbers": [1.0, 2.0, 3.0, 4.0, 5.0],
}

#: Categories that somebody chose.
USED = {"middle": (1, 2, 4, 5), "top": (1, 2, 3, 4), "bottom": (2, 3, 4, 5), "several": (1, 4, 5)}


def draw(used=(1, 2, 4, 5), n=400, seed=3):
    """Ratings of two groups; those of a category that is not used are moved to the nearest."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 2, n)
    latent = 0.9 * group + rng.logistic(size=n)
    rating = 1 + np.searchsorted([-1.5, -0.3, 0.8, 2.0], latent)
    kept = np.array(used)
    rating = kept[np.abs(rating[:, None] - kept).argmin(axis=1)]
    return pd.DataFrame(
        {
            "rating": rating,
            "group": np.where(group, "b", "a"),
            "rater": np.arange(n) // 4,
            "item": rng.integers(0, 20, n),
        }
    )


def as_written(data, how):
    scale = WRITTEN[how]
    values = [scale[k - 1] for k in data["rating"]]
    return data.assign(rating=pd.Categorical(values, scale, ordered=True))


@pytest.mark.parametrize("how", WRITTEN)
@pytest.mark.parametrize("used", USED)
def test_scores_are_those_of_the_scale_however_it_is_written(how, used):
    data = draw(USED[used])
    plain = fit_ordinal("rating ~ group", data)
    fit = fit_ordinal("rating ~ group", as_written(data, how))
    assert fit.family.scores.tolist() == sorted(USED[used])
    np.testing.assert_allclose(fit.params, plain.params)
    for one, other in (
        (fit.predictions(by="group"), plain.predictions(by="group")),
        (fit.contrasts("group"), plain.contrasts("group")),
        (fit.percent("group"), plain.percent("group")),
        (fit.comparisons("group"), plain.comparisons("group")),
    ):
        np.testing.assert_allclose(one.table["estimate"], other.table["estimate"])
    assert fit.rating_sd == pytest.approx(plain.rating_sd)
    observed = data.groupby("group")["rating"].mean()
    means = fit.predictions(by="group").table.set_index("group")["estimate"]
    np.testing.assert_allclose(means, observed, atol=0.05)
    assert any("nobody chose" in note for note in fit.warnings)


def test_a_nominal_model_of_two_groups_has_their_observed_means():
    data = as_written(draw(), "words")
    fit = fit_ordinal("rating ~ 1", data, nominal="group")
    observed = draw().groupby("group")["rating"].mean()
    means = fit.predictions(by="group").table.set_index("group")["estimate"]
    np.testing.assert_allclose(means, observed, atol=1e-5)


def test_simulated_ratings_stand_on_the_whole_scale():
    fit = fit_ordinal("rating ~ group", as_written(draw(), "words"))
    simulated = fit.simulate(1)
    assert list(simulated.cat.categories) == WORDS
    assert set(simulated) == set(WORDS) - {"neutral"}
    shares = simulated.value_counts(normalize=True)
    assert shares["strongly agree"] == pytest.approx((draw()["rating"] == 5).mean(), abs=0.08)
    again = fit_ordinal("rating ~ group", fit.design.data.assign(rating=simulated))
    assert again.family.scores.tolist() == [1, 2, 4, 5]


def test_a_bayesian_fit_has_the_scores_of_the_scale():
    data = as_written(draw(n=300), "words")
    quick = {"draws": 200, "tune": 200, "chains": 2, "progress": False}
    fit = fit_bayes("rating ~ group", data, **quick)
    assert fit.family.scores.tolist() == [1, 2, 4, 5]
    mean = fit.predictions(by="group").table.set_index("group")["estimate"]
    observed = draw(n=300).groupby("group")["rating"].mean()
    np.testing.assert_allclose(mean, observed, atol=0.1)
    assert list(fit.simulate(1).cat.categories) == WORDS
    told = [note for note in fit.warnings if "no probability, as nobody chose it" in note]
    assert len(told) == 1
    assert "equidistant" not in told[0]
    shares = fit.prior_predictive(100).table
    assert list(shares["rating"]) == [w for w in WORDS if w != "neutral"]


def test_positive_is_the_top_two_of_the_scale_not_of_what_was_chosen():
    data = as_written(draw((1, 2, 3, 5)), "integers")
    fit = fit_ordinal("rating ~ group", data)
    cells = pd.DataFrame({"group": ["a", "b"], "share": [0.5, 0.5]})
    share = pls.poststratify(fit, cells, kind="positive").table["estimate"].iloc[0]
    top = fit.predict(pd.DataFrame({"group": ["a", "b"]}), kind="probability")["5"].mean()
    assert share == pytest.approx(top)


def test_a_linear_model_of_categories_is_refused_with_advice():
    with pytest.raises(InputError, match=r"not categories; .*\.cat\.codes"):
        fit_linear("rating ~ group", as_written(draw(), "words"))


def cuts_of(t, structure):
    """Thresholds in order, from parameters of which all but the first are positive."""
    if structure == "flexible":
        return np.cumsum(t)
    if structure == "equidistant":
        return t[0] + np.arange(4) * t[1]
    return t[0] + np.array([-t[1] - t[2], -t[1], t[1], t[1] + t[2]])


def maximize_directly(data, structure, *, nominal):
    """Largest log-likelihood with thresholds in order, and mean differences of the two groups."""
    size = {"flexible": 4, "equidistant": 2, "symmetric": 3}[structure]
    codes, b = data["rating"].to_numpy() - 1, (data["group"] == "b").to_numpy()

    def shares(t):
        if nominal:
            cuts = [cuts_of(t[:size], structure), cuts_of(t[size:], structure)]
        else:
            cuts = [cuts_of(t[:size], structure) - shift for shift in (0, t[size])]
        return [np.diff(np.concatenate([[0], expit(c), [1]])) for c in cuts]

    def loss(t):
        first, second = shares(t)
        chosen = np.where(b, second[codes], first[codes])
        return -np.log(np.maximum(chosen, 1e-300)).sum()

    start = np.array([-1.5, *[0.6] * (size - 1)])
    start = np.tile(start, 2) if nominal else np.append(start, 0.5)
    bounds = [(-30, 30), *[(0, 30)] * (size - 1)]
    bounds = bounds * 2 if nominal else [*bounds, (-30, 30)]
    options = {"maxiter": 10000, "ftol": 1e-14, "gtol": 1e-9, "maxfun": 100000}
    found = minimize(loss, start, bounds=bounds, method="L-BFGS-B", options=options)
    first, second = shares(found.x)
    return -found.fun, float((second - first) @ np.arange(1, 6))


@pytest.mark.parametrize("used", [(1, 2, 4, 5), (1, 3, 5), (1, 2, 3, 5), (1, 4, 5), (1, 5)])
@pytest.mark.parametrize("structure", ["flexible", "symmetric", "equidistant"])
@pytest.mark.parametrize("nominal", [False, True])
def test_thresholds_stay_in_order_as_by_direct_maximization(used, structure, nominal):
    data = draw(used)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = fit_ordinal(
            "rating ~ 1" if nominal else "rating ~ group",
            as_written(data, "words"),
            thresholds=structure,
            nominal="group" if nominal else None,
        )
        difference = fit.comparisons("group").table["estimate"].iloc[0]
        probability = fit.predict(kind="probability").to_numpy()
        shown = fit.predictions(by="group", kind="probability").table
    loglik, expected = maximize_directly(data, structure, nominal=nominal)
    assert fit.loglik == pytest.approx(loglik, abs=2e-3)
    assert difference == pytest.approx(expected, abs=2e-3)
    assert (np.diff(fit.thresholds) > -1e-9).all()
    assert probability.min() >= 0
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    assert (shown["estimate"] >= 0).all()
    assert fit.converged


def test_a_category_that_one_group_did_not_use_has_no_negative_share():
    data = draw((1, 2, 3, 4, 5))
    lacking = (data["group"] == "b") & (data["rating"] == 3)
    data["rating"] = data["rating"].mask(lacking, 4)
    fit = fit_ordinal("rating ~ 1", data, nominal="group")
    shares = pd.crosstab(data["group"], data["rating"], normalize="index")
    found = fit.predictions(by="group", kind="probability").table
    np.testing.assert_allclose(found["estimate"], shares.to_numpy().ravel(), atol=1e-6)
    assert fit.n_parameters == 8
    mixed = fit_ordinal("rating ~ 1 + (1|rater)", data, nominal="group")
    assert mixed.predict(kind="probability").to_numpy().min() >= 0
    assert mixed.loglik >= fit.loglik - 1e-6


def test_a_share_of_nothing_has_no_test_and_no_interval():
    fit = fit_ordinal(
        "rating ~ group", as_written(draw((1, 3, 5)), "words"), thresholds="symmetric"
    )
    between = fit.comparisons("group", kind="probability").table.set_index("rating")
    assert between.loc["neutral", "p_value"] < 0.05
    shares = fit.predictions(by="group", kind="probability").table.set_index("rating")
    for category in ("disagree", "agree"):
        assert between.loc[category, "estimate"] == 0
        assert np.isnan(between.loc[category, "p_value"])
        assert (shares.loc[category, "estimate"] == 0).all()
        assert shares.loc[category, "conf_low"].isna().all()


def test_checks_of_a_fit_whose_thresholds_coincide_end():
    data = draw((1, 2, 3, 4, 5), n=240)
    data["rating"] = data["rating"].mask((data["group"] == "b") & (data["rating"] == 3), 4)
    fit = fit_ordinal("rating ~ 1 + (1|item)", as_written(data, "words"), nominal="group")
    assert pls.checks.residual_check(fit, n_simulations=19).passed
    assert pls.checks.calibration_check(fit, n_simulations=19).passed
    table = fit.summary(interval="profile").table
    intervals = table[table["term"].str.startswith("threshold")]
    assert len(intervals) == 4
    assert (intervals["conf_low"] < intervals["estimate"]).all()
    assert (intervals["estimate"] < intervals["conf_high"]).all()


def test_thresholds_that_change_with_a_number_or_by_two_factors_stay_in_order():
    data = draw((1, 2, 3, 4, 5), n=240)
    rng = np.random.default_rng(8)
    data = data.assign(x=rng.normal(size=len(data)), other=rng.choice(["p", "q"], len(data)))
    high = data["x"] > 0.3
    data["rating"] = data["rating"].mask(high & (data["rating"] == 3), 4)
    by_number = fit_ordinal("rating ~ 1", data, nominal="x")
    assert by_number.predict(kind="probability").to_numpy().min() >= 0
    assert any("coincide for some rows" in note for note in by_number.warnings)
    cell = (data["group"] == "b") & (data["other"] == "q")
    data["rating"] = draw((1, 2, 3, 4, 5), n=240)["rating"].mask(cell & (data["rating"] == 3), 4)
    by_two = fit_ordinal("rating ~ 1", data, nominal="group + other")
    assert by_two.predict(kind="probability").to_numpy().min() >= 0
    less = fit_ordinal("rating ~ other", data, nominal="group")
    assert by_two.loglik >= less.loglik - 1e-6


@pytest.mark.parametrize("used", [(1, 2, 4, 5), (1, 2, 3, 4), (2, 3, 4, 5), (1, 3, 5), (2, 3, 5)])
def test_the_advice_of_the_warning_works(used):
    data = as_written(draw(used), "words")
    fit = fit_ordinal("rating ~ group", data)
    assert any("thresholds='equidistant' would place it" in note for note in fit.warnings)
    placed = fit_ordinal("rating ~ group", data, thresholds="equidistant")
    assert placed.converged
    assert (placed.predict(kind="probability") > 0).all(axis=None)


def test_no_advice_is_given_where_it_would_not_help():
    fit = fit_ordinal("rating ~ group", as_written(draw((1, 5)), "words"))
    assert any("no probability, as nobody chose it" in note for note in fit.warnings)
    assert not any("equidistant" in note for note in fit.warnings)
