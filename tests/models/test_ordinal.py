"""What holds of every ordinal fit, known truths, and data that ask too much."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from statsmodels.miscmodels.ordinal_model import OrderedModel

from pluralign_stats import InputError, fit_ordinal

FORMULA = "rating ~ x + a + (1 + x|g) + (1|h)"


def draw(seed=1, n=500, n_g=30, n_h=12, n_levels=5, law="logistic"):
    rng = np.random.default_rng(seed)
    g, h = rng.integers(0, n_g, n), rng.integers(0, n_h, n)
    data = pd.DataFrame({"g": g, "h": h, "x": rng.normal(size=n), "z": rng.normal(size=n)})
    data["a"] = pd.Categorical(rng.choice(list("pqr"), n))
    slope = 0.6 + 0.5 * rng.normal(size=n_g)[g]
    latent = slope * data["x"] + 0.4 * (data["a"] == "q") + rng.normal(size=n_g)[g]
    latent += 0.5 * rng.normal(size=n_h)[h] + getattr(rng, law)(size=n)
    data["rating"] = np.digitize(latent, np.linspace(-2, 2, n_levels - 1)) + 1
    return data


@pytest.fixture(scope="module")
def data():
    return draw()


@pytest.fixture(scope="module")
def fit(data):
    return fit_ordinal(FORMULA, data)


def same(first, second, sign=1.0):
    assert first.loglik == pytest.approx(second.loglik, abs=1e-5)
    np.testing.assert_allclose(first.params, sign * second.params, atol=2e-3)
    np.testing.assert_allclose(first.se, second.se, rtol=5e-3)
    np.testing.assert_allclose(first.random_sd, second.random_sd, atol=2e-3)


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_without_random_effects_it_is_the_model_of_statsmodels(data, link):
    fit = fit_ordinal("rating ~ x + z", data, link=link)
    distr = {"logit": "logit", "probit": "probit"}[link]
    other = OrderedModel(data["rating"], data[["x", "z"]], distr=distr).fit(disp=False, gtol=1e-8)
    assert fit.loglik == pytest.approx(other.llf, abs=1e-6)
    np.testing.assert_allclose(fit.params, other.params[:2], atol=1e-4)
    np.testing.assert_allclose(fit.se, other.bse[:2], rtol=1e-3)
    cuts = other.model.transform_threshold_params(other.params)[1:-1]
    np.testing.assert_allclose(fit.thresholds, cuts, atol=1e-3)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.sample(frac=1, random_state=1),
        lambda d: d.assign(g="r" + (97 - d["g"]).astype(str), h=-d["h"]),
        lambda d: d.set_axis([0] * len(d)),
        lambda d: d.assign(rating=pd.Categorical(d["rating"], range(1, 6))),
        lambda d: d.assign(rating=d["rating"].astype("Int64"), x=d["x"].astype("Float64")),
    ],
    ids=["order", "names", "index", "categorical", "nullable"],
)
def test_order_names_and_dtypes_do_not_matter(data, fit, change):
    same(fit_ordinal(FORMULA, change(data)), fit)


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_reversing_the_scale_changes_signs_only(data, link):
    first = fit_ordinal(FORMULA, data, link=link)
    second = fit_ordinal(FORMULA, data.assign(rating=6 - data["rating"]), link=link)
    same(first, second, -1.0)
    np.testing.assert_allclose(first.thresholds, -second.thresholds[::-1], atol=2e-3)


@pytest.mark.parametrize("unit", [1e-8, 1e8])
def test_the_unit_of_x_does_not_matter(data, fit, unit):
    scaled = fit_ordinal(FORMULA, data.assign(x=data["x"] * unit))
    assert scaled.loglik == pytest.approx(fit.loglik, abs=1e-5)
    assert scaled.params["x"] * unit == pytest.approx(fit.params["x"], abs=1e-3)
    assert scaled.random_sd["g: x"] * unit == pytest.approx(fit.random_sd["g: x"], abs=1e-3)


def test_the_origin_of_x_does_not_matter(data, fit):
    shifted = fit_ordinal(FORMULA, data.assign(x=data["x"] + 1e6))
    assert shifted.loglik == pytest.approx(fit.loglik, abs=1e-4)
    assert shifted.params["x"] == pytest.approx(fit.params["x"], abs=1e-3)
    assert shifted.warnings == fit.warnings


def test_a_weight_of_two_is_a_row_twice(data, fit):
    twice = fit_ordinal(FORMULA, pd.concat([data, data]))
    weighed = fit_ordinal(FORMULA, data, weights=np.full(len(data), 2.0))
    same(twice, weighed)
    assert twice.loglik < 1.9 * fit.loglik


def test_nested_and_uncorrelated_terms_are_those_written_out(data):
    nested = fit_ordinal("rating ~ x + (1|h/g)", data)
    same(nested, fit_ordinal("rating ~ x + (1|h) + (1|h:g)", data))
    uncorrelated = fit_ordinal("rating ~ x + (1 + x||g)", data)
    same(uncorrelated, fit_ordinal("rating ~ x + (1|g) + (0 + x|g)", data))


def test_two_categories_are_the_same_whatever_they_are_called(data):
    high = data["rating"] > 3
    first = fit_ordinal("y ~ x + (1|g)", data.assign(y=high))
    for made in (high.astype(int), high.map({True: 5.0, False: -1.0}), high.astype("boolean")):
        same(fit_ordinal("y ~ x + (1|g)", data.assign(y=made)), first)
    assert (first.method.family, first.method.link) == ("binary", "logit")


def test_effects_that_the_thresholds_hold_are_left_to_them(data):
    plain = fit_ordinal("rating ~ x + (1|g)", data, nominal="a")
    both = fit_ordinal("rating ~ x + a + (1|g)", data, nominal="a")
    same(plain, both)
    assert both.warnings == ()
    pd.testing.assert_frame_equal(
        both.predict(kind="probability"), plain.predict(kind="probability"), atol=1e-4
    )
    alone = fit_ordinal("rating ~ a", data, nominal="a")
    assert list(alone.params.index[:2]) == ["1|2: a[T.q]", "2|3: a[T.q]"]
    shares = data.groupby("a", observed=True)["rating"].value_counts(normalize=True).unstack()
    found = alone.predict(pd.DataFrame({"a": list("pqr")}), kind="probability")
    np.testing.assert_allclose(found, shares, atol=1e-5)


def test_known_truth_is_recovered():
    """Correlated slopes, a crossed term, an effect on the scale and one on a threshold."""
    rng = np.random.default_rng(5)
    n, n_g, n_h = 20_000, 400, 60
    g, h = rng.integers(0, n_g, n), rng.integers(0, n_h, n)
    x, wide, shift = rng.normal(size=n), rng.integers(0, 2, n), rng.integers(0, 2, n)
    u = rng.multivariate_normal([0, 0], [[1, 0.3], [0.3, 0.36]], n_g)[g]
    eta = (0.5 + u[:, 1]) * x + u[:, 0] + 0.7 * rng.normal(size=n_h)[h]
    latent = eta + np.exp(0.4 * wide) * rng.logistic(size=n)
    cuts = np.array([-1.5, 0, 1.5]) + np.outer(shift, [0, 0, 0.8])
    data = pd.DataFrame({"g": g, "h": h, "x": x, "wide": wide, "shift": shift})
    data["y"] = (latent[:, None] > cuts).sum(axis=1)
    fit = fit_ordinal("y ~ x + (1 + x|g) + (1|h)", data, scale="wide", nominal="shift")
    assert fit.converged
    truth = np.array([0.5, 0.4, 0, 0, 0.8])
    assert (np.abs(fit.params - truth) < 3.5 * fit.se).all()
    assert (np.abs(fit.thresholds - [-1.5, 0, 1.5]) < 3.5 * fit.thresholds_se).all()
    np.testing.assert_allclose(fit.random_sd, [1, 0.6, 0.7], rtol=0.15)
    assert fit.random_corr["estimate"].item() == pytest.approx(0.5, abs=0.12)


def test_simulated_ratings_have_the_model_s_moments(data, fit):
    first, again = fit.simulate(3), fit.simulate(3)
    pd.testing.assert_series_equal(first, again)
    assert not first.equals(fit.simulate(4))
    drawn = np.array([fit.simulate(seed) for seed in range(200)])
    expected = fit.predict(kind="probability")
    for category in range(5):
        share = (drawn == category + 1).mean()
        assert share == pytest.approx(expected.iloc[:, category].mean(), abs=0.02)


def test_a_category_that_nobody_chose_can_be_simulated_where_thresholds_place_it(data):
    used = pd.Categorical(data["rating"].where(data["rating"] != 3, 4), range(1, 6))
    fit = fit_ordinal("rating ~ x", data.assign(rating=used), thresholds="equidistant")
    assert fit.family.labels == ("1", "2", "3", "4", "5")
    assert (fit.simulate(1) == 3).sum() > 0
    assert (fit.predict(kind="probability")["3"] > 0).all()


def test_a_fit_can_be_pickled(data, fit):
    again = pickle.loads(pickle.dumps(fit))
    pd.testing.assert_series_equal(again.params, fit.params)
    pd.testing.assert_frame_equal(
        again.predict(data, kind="probability"), fit.predict(data, kind="probability")
    )


def hard(name):
    d = draw(n=400)
    rows = np.arange(400)
    rare = pd.Categorical(np.where(rows < 6, "rare", d["a"].astype(str)))
    top = d["rating"].where(rows >= 6, 5)
    never_top = d["rating"].where((d["a"] != "r") | (d["rating"] < 5), 4)
    used = pd.Categorical(d["rating"].where(d["rating"] != 3, 4), range(1, 6))
    return {
        "a binary predictor": ("rating ~ s + (1|g)", d.assign(s=(d["rating"] > 2) * 1), {}, "'s'"),
        "a rare level": ("rating ~ a + (1|g)", d.assign(a=rare, rating=top), {}, "a[T.rare]"),
        "a continuous one": ("y ~ x", d.assign(y=(d["x"] > 0) * 1), {}, "estimate for 'x'"),
        "within groups": ("y ~ z + (1|g)", d.assign(y=d["g"] % 5), {}, "hardly anything varies"),
        "a threshold": ("y ~ x", d.assign(y=never_top), {"nominal": "a"}, "'4|5: a[T.r]'"),
        "a scale": (
            "y ~ x",
            d.assign(y=d["rating"].where(d["a"] != "r", 3)),
            {"scale": "a"},
            "'scale: a[T.r]'",
        ),
        "an empty category": ("y ~ x", d.assign(y=used), {}, "nobody chose '3'"),
        "an empty category, placed": (
            "y ~ x",
            d.assign(y=used),
            {"thresholds": "symmetric"},
            "'2|3' and '3|4' coincide: nobody chose",
        ),
        "an empty category of one group": (
            "y ~ 1",
            d.assign(y=d["rating"].where((d["a"] != "r") | (d["rating"] != 3), 2)),
            {"nominal": "a"},
            "'2|3' and '3|4' coincide for some rows: nobody there chose",
        ),
        "an order of the alphabet": (
            "y ~ x",
            d.assign(y=pd.Categorical(d["rating"].map(dict(enumerate("abbcdd"))))),
            {},
            "were taken in that of the alphabet: 'b', 'c', 'd'",
        ),
        "an order that runs down": (
            "y ~ x",
            d.assign(y=pd.Categorical(d["rating"], [5, 4, 3, 2, 1], ordered=True)),
            {},
            "run down from 5 to 1, so that positive coefficients mean lower numbers",
        ),
        "one row a group": ("rating ~ x + (1|n)", d.assign(n=rows), {}, "every level of 'n' has"),
        "one group": ("rating ~ x + (1|n)", d.assign(n=1), {}, "'n' has one level only"),
        "two groups": ("rating ~ x + (1|n)", d.assign(n=d["g"] % 2), {}, "'n' has 2 levels only"),
        "collinear columns": ("rating ~ x + w", d.assign(w=2 * d["x"] + 1), {}, "them: w;"),
        "collinear slopes": ("rating ~ x + (1 + c|g)", d.assign(c=2.0), {}, "c of (1 + c | g)"),
        "scale and thresholds": ("rating ~ 1", d, {"nominal": "a", "scale": "a"}, "not determine"),
        "no variance": (
            "y ~ x + (1|h)",
            d.assign(y=d["rating"].sample(frac=1, random_state=5).to_numpy(), h=rows % 50),
            {},
            "levels of 'h' is estimated as 0",
        ),
    }[name]


@pytest.mark.parametrize(
    "name",
    [
        "a binary predictor",
        "a rare level",
        "a continuous one",
        "within groups",
        "a threshold",
        "a scale",
        "an empty category",
        "an empty category, placed",
        "an empty category of one group",
        "an order of the alphabet",
        "an order that runs down",
        "one row a group",
        "one group",
        "two groups",
        "collinear columns",
        "collinear slopes",
        "scale and thresholds",
        "no variance",
    ],
)
def test_what_is_wrong_is_said(name):
    formula, data, options, message = hard(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = fit_ordinal(formula, data, **options)
    assert any(message in note for note in fit.warnings), fit.warnings
    assert np.isfinite(fit.loglik)


@pytest.mark.parametrize("n_levels", [2, 30])
def test_few_and_many_categories(n_levels):
    fit = fit_ordinal("rating ~ x + (1|g)", draw(n=1500, n_levels=n_levels))
    assert (fit.converged, fit.warnings, len(fit.thresholds)) == (True, (), n_levels - 1)


def test_a_single_rating_in_the_top_category():
    data = draw(n=400)
    data["rating"] = np.where(np.arange(400) == 0, 3, 1 + (data["rating"] > 2))
    fit = fit_ordinal("rating ~ x + (1|g)", data)
    assert fit.converged
    assert fit.thresholds_se.notna().all()


@pytest.mark.parametrize(
    ("formula", "options", "message"),
    [
        ("rating ~ x", {"link": "log"}, "'link' must be one of .* 'log'; did you mean 'logit'"),
        ("rating ~ x", {"thresholds": "free"}, "'thresholds' must be one of"),
        ("rating ~ x", {"nominal": "aa"}, "must be one of .* not 'aa'; did you mean 'a'"),
        ("rating ~ x", {"scale": "nope"}, "must be one of .* not 'nope'"),
        ("rating ~ x", {"nominal": "a + (1|g)"}, "cannot be read"),
        ("rating ~ x + (1|g)", {"n_nodes": 0}, "whole number from 1 to 100, not 0"),
        ("rating ~ x + (1|g)", {"n_nodes": 2.5}, "whole number from 1 to 100, not 2.5"),
        ("rating ~ x + (1|g) + (1|h)", {"n_nodes": 5}, r"given: \(1 \| g\), \(1 \| h\)"),
        ("rating ~ x", {"n_nodes": 5}, "given: none"),
        ("x ~ z", {}, "too many for categories"),
        ("a2 ~ z", {}, "whose order is not known"),
    ],
)
def test_what_cannot_be_fitted(data, formula, options, message):
    with pytest.raises(InputError, match=message) as caught:
        fit_ordinal(formula, data.assign(a2=data["a"].astype(str)), **options)
    assert "\n" not in str(caught.value)


def test_more_parameters_than_rows(data):
    with pytest.raises(InputError, match="3 complete rows are too few for 5 parameters"):
        fit_ordinal("rating ~ x", data.drop_duplicates("rating").head(3), nominal="z")
