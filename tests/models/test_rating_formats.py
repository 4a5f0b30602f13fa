"""Rows that were rated on a part of the scale only: three options of five."""

import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError, fit_ordinal

CUTS = {"five": [-2.0, -0.7, 0.6, 2.0], "three": [-1.0, 0.9]}
FORMULA = "rating ~ group + (1|rater)"


def draw(options=(2, 3, 4), effect=0.6, n=160, per=5, seed=1):
    """Ratings of raters who had five options, and of others who had three of them."""
    rng = np.random.default_rng(seed)
    rater = np.repeat(np.arange(n), per)
    short = rng.random(n)[rater] < 0.4
    group = rng.random(n)[rater] < 0.5
    latent = rng.normal(size=n)[rater] * 0.8 + effect * group + rng.logistic(size=len(rater))
    three = np.array(options)[np.searchsorted(CUTS["three"], latent)]
    return pd.DataFrame(
        {
            "rating": np.where(short, three, 1 + np.searchsorted(CUTS["five"], latent)),
            "rater": rater.astype(str),
            "group": np.where(group, "b", "a"),
            "format": np.where(short, "3 options", "5 options"),
        }
    )


@pytest.fixture(scope="module")
def data():
    return draw()


@pytest.fixture(scope="module")
def fit(data):
    return fit_ordinal(FORMULA, data, formats="format")


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_it_is_the_model_of_the_same_answers_at_the_ends_of_the_scale(data, link):
    """With thresholds of their own it does not matter which numbers three options have."""
    fit = fit_ordinal(FORMULA, data, formats="format", link=link)
    spread = data["rating"].where(data["format"] == "5 options", 2 * data["rating"] - 3)
    other = fit_ordinal(FORMULA, data.assign(rating=spread), nominal="I(format == '3 options')",
                        link=link)  # fmt: skip
    assert fit.loglik == pytest.approx(other.loglik, abs=1e-6)
    assert fit.params["group[T.b]"] == pytest.approx(other.params.iloc[0], abs=1e-4)
    assert fit.se["group[T.b]"] == pytest.approx(other.se.iloc[0], abs=1e-4)


@pytest.mark.parametrize("options", [(2, 3, 4), (3, 4, 5), (1, 2, 3), (1, 3, 5), (2, 4, 5)])
def test_without_common_effects_it_is_one_model_for_each_format(options):
    data = draw(options, per=1, n=500)
    together = fit_ordinal("rating ~ group*format", data, formats="format")
    apart = [fit_ordinal("rating ~ group", rows) for _, rows in data.groupby("format")]
    assert together.converged
    assert together.loglik == pytest.approx(sum(fit.loglik for fit in apart), abs=1e-5)
    assert together.n_parameters - _closed(options) == sum(fit.n_parameters for fit in apart)


def _closed(options):
    """Gaps between options that lie apart: the model's parameters, though their size is known."""
    return options[-1] - options[0] - 2


def test_what_was_not_offered_has_no_probability_and_no_row(fit):
    made = fit.predictions(by="format", kind="probability").table
    chance = made.pivot(index="group", columns="rating", values="estimate")
    assert (chance.loc["3 options", [1, 5]] == 0).all()
    np.testing.assert_allclose(chance.sum(axis=1), 1)
    told = fit.summary().table["term"].to_list()
    assert [name for name in told if "format" in name] == [
        "2|3: format[T.3 options]", "3|4: format[T.3 options]",
    ]  # fmt: skip
    assert fit.converged
    assert "was not offered '1', '5'" in fit.warnings[0]


def test_the_effect_is_found_though_formats_differ():
    found = fit_ordinal(FORMULA, draw(n=1500), formats="format")
    assert abs(found.params["group[T.b]"] - 0.6) < 2.5 * found.se["group[T.b]"]
    cuts = found.thresholds["2|3"] + found.params["2|3: format[T.3 options]"]
    assert cuts == pytest.approx(CUTS["three"][0], abs=0.3)


def test_the_order_of_formats_does_not_matter(data, fit):
    turned = data.assign(format=pd.Categorical(data["format"], ["3 options", "5 options"]))
    assert fit_ordinal(FORMULA, turned, formats="format").loglik == pytest.approx(fit.loglik)


def test_several_short_formats(data):
    yes_no = data.assign(
        rating=np.where(data["rating"] > 2, 4, 2),
        format="2 options",
        rater="again " + data["rater"],
    )
    fit = fit_ordinal(FORMULA, pd.concat([data, yes_no]), formats="format")
    chance = fit.predictions(by="format", kind="probability").table
    chance = chance.pivot(index="group", columns="rating", values="estimate")
    assert (chance.loc["2 options", [1, 3, 5]] < 1e-9).all()


def test_profile_intervals_and_new_ratings_know_the_formats(data, fit):
    made = fit.summary(interval="profile").table.set_index("term")
    low, high = made.loc["group[T.b]", ["conf_low", "conf_high"]]
    assert low < fit.params["group[T.b]"] < high
    drawn = fit.simulate(seed=1)
    assert set(drawn[data["format"] == "3 options"]) == {2, 3, 4}


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {"formats": "form"}, "a variable of the model must be"),
        ({"rating": 3}, {}, "is 3 in every row|'3' in every row"),
        ({}, {"thresholds": "equidistant"}, "'formats' needs thresholds of their own"),
        ({}, {"nominal": "other"}, "cannot be told apart from another term"),
        ({"format": "5 options"}, {}, "'format' has one level only"),
    ],
)
def test_what_cannot_be_told_apart_is_refused(data, change, options, message):
    data = data.assign(other=data["format"], **change)
    with pytest.raises(InputError, match=message):
        fit_ordinal(FORMULA, data, **{"formats": "format"} | options)


def test_one_format_has_to_hold_the_whole_scale(data):
    data = data[(data["format"] == "3 options") | (data["rating"] > 2)]
    with pytest.raises(InputError, match="no level of 'format' has ratings in all of"):
        fit_ordinal(FORMULA, data, formats="format")
