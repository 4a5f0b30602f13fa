"""Ordered beta models: R's numbers, recovery of a known truth, odd ratings, bad input."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from test_between import ratings

from pluralign_stats import InputError, fit_ordered_beta

FOLDER = Path(__file__).parents[1] / "reference"
CASES = json.loads((FOLDER / "ordered_beta.json").read_text("utf-8"))["cases"]
FORMULA = "rating ~ group + (1|rater)"


@pytest.fixture(scope="module")
def sliders():
    return pd.read_csv(FOLDER / "sim_sliders.csv")


@pytest.mark.parametrize("name", CASES)
def test_it_is_what_glmmtmb_says(sliders, name):
    case = CASES[name]
    weights = "weight" if name == "weights" else None
    fit = fit_ordered_beta(case["formula"], sliders, bounds=(0, 100), weights=weights)
    assert fit.converged
    assert fit.loglik == pytest.approx(case["loglik"], abs=1e-6)
    np.testing.assert_allclose(fit.params, list(case["estimate"].values()), atol=1e-5)
    np.testing.assert_allclose(fit.se, list(case["std_error"].values()), rtol=1e-4)
    np.testing.assert_allclose(fit.thresholds, case["cuts"], atol=1e-5)
    np.testing.assert_allclose(fit.thresholds_se, case["cuts_se"], rtol=1e-4)
    assert fit.phi == pytest.approx(np.exp(case["log_phi"]), rel=1e-5)
    assert fit.phi_se == pytest.approx(fit.phi * case["log_phi_se"], rel=1e-4)
    sds = [sd for term in case["sd"] for sd in np.atleast_1d(case["sd"][term])]
    np.testing.assert_allclose(fit.random_sd, sds, atol=1e-5)


def test_the_same_ratings_on_another_scale_are_the_same_model(sliders):
    fits = [
        fit_ordered_beta(
            "rating ~ group + (1|rater) + (1|item)",
            sliders.assign(rating=low + (high - low) * sliders["rating"] / 100),
            bounds=(low, high),
        )
        for low, high in [(0, 100), (-1, 1), (1, 7), (-50, 0)]
    ]
    whole, *others = fits
    for fit, (low, high) in zip(others, [(-1, 1), (1, 7), (-50, 0)], strict=True):
        assert fit.loglik == pytest.approx(whole.loglik, abs=1e-7)
        np.testing.assert_allclose(fit.params, whole.params, atol=1e-5)
        points = whole.contrasts("group").table["estimate"] * (high - low) / 100
        np.testing.assert_allclose(fit.contrasts("group").table["estimate"], points, atol=1e-4)
        assert fit.cuts == [f"{low:g}|between", f"between|{high:g}"]


def test_a_scale_turned_round_turns_effects_round(sliders):
    fit = fit_ordered_beta(FORMULA, sliders, bounds=(0, 100))
    turned = fit_ordered_beta(
        FORMULA, sliders.assign(rating=100 - sliders["rating"]), bounds=(0, 100)
    )
    np.testing.assert_allclose(turned.params, -fit.params, atol=1e-5)
    np.testing.assert_allclose(turned.thresholds, -fit.thresholds[::-1], atol=1e-5)


@pytest.mark.extended
def test_the_truth_is_covered_by_nine_intervals_of_ten():
    """Of the effect, in 60 data sets: a share that 95 % intervals fall below once in 500 times."""
    covered = 0
    for seed in range(60):
        fit = fit_ordered_beta("rating ~ group + x + (1|rater)", ratings(seed), bounds=(0, 100))
        table = fit.summary().table.set_index("term").loc["group[T.b]"]
        covered += table["conf_low"] < 0.5 < table["conf_high"]
    assert covered >= 52


@pytest.mark.parametrize(
    ("kept", "ends"),
    [
        (lambda y: y > 0, (False, True)),
        (lambda y: y < 100, (True, False)),
        (lambda y: (y > 0) & (y < 100), (False, False)),
    ],
)
def test_an_end_that_nobody_chose_has_no_cut(sliders, kept, ends):
    data = sliders[kept(sliders["rating"])]
    fit = fit_ordered_beta(FORMULA, data, bounds=(0, 100))
    assert fit.converged
    assert fit.ends == ends
    assert len(fit.thresholds) == sum(ends)
    shares = fit.predict(data.head(2), kind="probability")
    assert list(shares) == [*(["0"] if ends[0] else []), "between", *(["100"] if ends[1] else [])]
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    assert any("an end of the scale" in w or "the ends of the scale" in w for w in fit.warnings)
    drawn = fit.simulate(1)
    assert ((drawn == 0).any(), (drawn == 100).any()) == ends


def test_a_level_with_all_ratings_at_an_end_is_told(sliders):
    data = sliders.assign(rating=sliders["rating"].mask(sliders["group"] == "c", 100.0))
    fit = fit_ordered_beta("rating ~ group", data, bounds=(0, 100))
    assert fit.converged
    assert any("no finite estimate for 'group[T.c]'" in w for w in fit.warnings)
    assert np.isnan(fit.contrasts("group").table.set_index("level").loc["c", "estimate"])


def test_rows_without_a_rating_are_left_out(sliders):
    gaps = sliders.assign(rating=sliders["rating"].mask(np.arange(len(sliders)) % 7 == 0))
    fit = fit_ordered_beta(FORMULA, gaps, bounds=(0, 100))
    assert fit.design.n_dropped == int(gaps["rating"].isna().sum())
    same = fit_ordered_beta(FORMULA, gaps.dropna(), bounds=(0, 100))
    assert fit.loglik == pytest.approx(same.loglik, abs=1e-9)


def test_a_term_in_which_nothing_varies_is_singular(sliders):
    rng = np.random.default_rng(1)
    data = sliders.assign(page=rng.integers(0, 30, len(sliders)))
    fit = fit_ordered_beta("rating ~ group + (1|rater) + (1|page)", data, bounds=(0, 100))
    assert fit.converged
    assert fit.random_sd["page"] < 0.2


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "needs the ends of the scale, as in bounds=(0, 100); 'rating' goes from 0 to 100"),
        ({"bounds": (0, 50)}, "outside 'bounds', 0 to 50"),
        ({"bounds": (10, 100)}, "outside 'bounds', 10 to 100"),
        ({"bounds": (100, 0)}, "must be the lowest and the highest rating of the scale"),
        ({"bounds": (0, 50, 100)}, "must be the lowest and the highest rating of the scale"),
        ({"bounds": "0-100"}, "must be the lowest and the highest rating of the scale"),
        ({"bounds": (0, np.inf)}, "must be the lowest and the highest rating of the scale"),
        ({"bounds": 100}, "must be the lowest and the highest rating of the scale"),
        ({"bounds": (0, 100), "positive_from": 0}, "must be above 0 and at most 100, not 0"),
        ({"bounds": (0, 100), "positive_from": 101}, "must be above 0 and at most 100, not 101"),
        ({"bounds": (0, 100), "positive_from": "60"}, "must be above 0 and at most 100, not '60'"),
        ({"bounds": (0, 100), "weights": "x"}, "weights must be finite and above 0"),
    ],
)
def test_bad_options_are_refused(sliders, options, told):
    with pytest.raises(InputError, match=re.escape(told)) as error:
        fit_ordered_beta(FORMULA, sliders, **options)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("rating", "told"),
    [
        (lambda d: 100.0 * (d["rating"] > 50), "every rating 'rating' is at an end of the scale"),
        (
            lambda d: d["rating"].where(d["rating"].isin([0, 100]), 50.0),
            "every rating 'rating' between the ends of the scale is 50",
        ),
        (lambda d: d["rating"].astype(str), "must be one column of numbers"),
        (lambda d: d["rating"].mask(d["rating"] > 0), "is at an end of the scale"),
        (lambda d: d["rating"] * np.nan, "no row has all of"),
    ],
)
def test_ratings_that_it_cannot_describe_are_refused(sliders, rating, told):
    with pytest.raises(InputError, match=re.escape(told)):
        fit_ordered_beta(FORMULA, sliders.assign(rating=rating(sliders)), bounds=(0, 100))


def test_too_few_rows_are_refused(sliders):
    few = sliders[sliders["rating"].between(1, 99)].head(3)
    with pytest.raises(InputError, match="complete rows are too few"):
        fit_ordered_beta("rating ~ x", few, bounds=(0, 100))


def test_ratings_that_effects_reproduce_are_refused():
    rows = np.repeat(np.arange(4), 5)
    data = pd.DataFrame({"rating": np.array([20.0, 40.0, 60.0, 80.0])[rows], "g": rows.astype(str)})
    with pytest.raises(InputError, match="there is nothing left to model"):
        fit_ordered_beta("rating ~ g", data, bounds=(0, 100))


def test_all_that_is_between_is_a_beta_regression():
    """Against statsmodels, of ratings none of which is at an end."""
    from statsmodels.othermod.betareg import BetaModel

    rng = np.random.default_rng(3)
    x = rng.normal(size=300)
    mu = expit(0.2 + 0.5 * x)
    data = pd.DataFrame({"y": rng.beta(5 * mu, 5 * (1 - mu)), "x": x})
    fit = fit_ordered_beta("y ~ x", data, bounds=(0, 1))
    peer = BetaModel.from_formula("y ~ x", data).fit(disp=0)
    assert fit.loglik == pytest.approx(peer.llf, abs=1e-6)
    np.testing.assert_allclose(fit.params, peer.params.iloc[:2], atol=1e-4)
    assert np.log(fit.phi) == pytest.approx(peer.params.iloc[2], abs=1e-3)
