import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from statsmodels.regression.linear_model import OLS

from pluralign_stats import InputError, fit_linear


def draw(rng, n_groups=60, size=4, group_sd=0.8, residual_sd=1.0):
    """Two-level data with one effect between groups and one within; sizes are uneven."""
    sizes = rng.integers(1, 2 * size, n_groups)
    group = np.repeat(np.arange(n_groups), sizes)
    between = rng.integers(0, 2, n_groups)[group]
    within = rng.normal(size=len(group))
    noise = rng.normal(0, group_sd, n_groups)[group] + rng.normal(0, residual_sd, len(group))
    y = 3 + 0.5 * between - 0.3 * within + noise
    kind = pd.Categorical.from_codes(between, ["no", "yes"])
    return pd.DataFrame({"y": y, "kind": kind, "x": within, "g": group})


def statsmodels_fit(formula, data, group, *, reml):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return smf.mixedlm(formula, data, groups=data[group]).fit(reml=reml, gtol=1e-10, tol=1e-14)


def assert_same_as_statsmodels(fit, other):
    """Covariances but for variances are left to Henderson's equations (test_fit): statsmodels takes
    them from a Hessian that the variance parameters share."""
    assert set(fit.params.index) == set(other.fe_params.index)
    names = list(fit.params.index)
    np.testing.assert_allclose(fit.params, other.fe_params[names], rtol=1e-5)
    np.testing.assert_allclose(fit.se, other.bse_fe[names], rtol=1e-4)
    sds = [np.sqrt(other.cov_re.iloc[0, 0]), np.sqrt(other.scale)]
    np.testing.assert_allclose(fit.random_sd, sds, rtol=1e-4)
    assert fit.loglik == pytest.approx(other.llf, abs=1e-6)


@pytest.fixture(scope="module")
def data():
    return draw(np.random.default_rng(12))


@pytest.mark.parametrize("reml", [True, False], ids=["REML", "ML"])
def test_simulated_data_against_statsmodels(data, reml):
    fit = fit_linear("y ~ kind * x + (1|g)", data, reml=reml)
    assert_same_as_statsmodels(fit, statsmodels_fit("y ~ kind * x", data, "g", reml=reml))
    assert list(fit.params.index) == ["Intercept", "kind[T.yes]", "x", "kind[T.yes]:x"]
    assert list(fit.random_sd.index) == ["g", "residual"]
    assert fit.converged
    assert fit.warnings == ()
    assert (
        str(fit.method) == f"linear mixed model, {'REML' if reml else 'ML'}, (1|g), Satterthwaite"
    )


@pytest.mark.parametrize("reml", [True, False], ids=["REML", "ML"])
def test_the_carrots_against_statsmodels(reference_data, reml):
    data = pd.read_csv(reference_data / "lmerTest_carrots.csv")
    data["Homesize"] = data["Homesize"].astype(str).astype("category")
    fit = fit_linear("Preference ~ sens2 + Homesize + (1|Consumer)", data, reml=reml)
    assert (fit.nobs, fit.design.n_dropped) == (1233, 3)
    complete = data.dropna(subset="Preference")
    other = statsmodels_fit("Preference ~ sens2 + Homesize", complete, "Consumer", reml=reml)
    assert_same_as_statsmodels(fit, other)


@pytest.mark.parametrize("reml", [True, False], ids=["REML", "ML"])
@pytest.mark.parametrize("spread", [0.2, 1.5])
def test_balanced_one_way_data_have_a_closed_form(reml, spread):
    rng = np.random.default_rng(5)
    a, m = 30, 6
    y = rng.normal(0, spread, a)[:, None] + rng.normal(size=(a, m))
    means = y.mean(axis=1)
    between = m * means.var(ddof=1 if reml else 0)  # the mean square between groups; under ML, /a
    within = ((y - means[:, None]) ** 2).sum() / (a * (m - 1))
    group_variance = (between - within) / m
    assert group_variance > 0
    data = pd.DataFrame({"y": y.ravel(), "g": np.repeat(np.arange(a), m)})
    fit = fit_linear("y ~ 1 + (1|g)", data, reml=reml)
    assert fit.params["Intercept"] == pytest.approx(y.mean(), rel=1e-12)
    assert fit.random_sd["residual"] ** 2 == pytest.approx(within, rel=1e-6)
    assert fit.random_sd["g"] ** 2 == pytest.approx(group_variance, rel=1e-5)
    assert fit.vcov.iloc[0, 0] == pytest.approx(between / (a * m), rel=1e-5)
    assert fit.converged
    if reml:  # the grand mean is tested against the mean square between groups
        assert fit.degrees(np.eye(1))[0] == pytest.approx(a - 1, rel=1e-4)


def test_without_differences_between_groups_the_variance_is_zero_and_said_to_be():
    rng = np.random.default_rng(2)
    data = draw(rng, group_sd=0)
    data["y"] -= data.groupby("g")["y"].transform("mean")  # less alike than by chance
    fit = fit_linear("y ~ kind + x + (1|g)", data)
    assert fit.random_sd["g"] == 0
    assert fit.converged
    assert "variance between levels of 'g' is estimated as 0 (a singular fit)" in fit.warnings[0]
    ols = smf.ols("y ~ kind + x", data).fit()
    np.testing.assert_allclose(fit.params, ols.params, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(fit.se, ols.bse, rtol=1e-9)


def test_trustamas_has_no_rater_variance(trustamas):
    data = trustamas.where(dimension="trustworthy").ratings
    fit = fit_linear("rating ~ treatment*advice + (1|rater)", data)
    assert (fit.nobs, fit.design.n_dropped) == (12_212, 3)
    assert fit.random_sd["rater"] == 0
    assert fit.converged
    assert any("variance between levels of 'rater' is estimated as 0" in w for w in fit.warnings)
    ols = smf.ols("rating ~ treatment*advice", data.dropna(subset="rating")).fit()
    np.testing.assert_allclose(fit.params, ols.params, rtol=1e-8)
    np.testing.assert_allclose(fit.se, ols.bse, rtol=1e-8)
    assert fit.random_sd["residual"] ** 2 == pytest.approx(ols.scale, rel=1e-9)
    assert fit.params["treatment[T.Human]"] > 0 > fit.params["advice[T.Utilitarian]"]


@pytest.mark.extended
def test_intervals_cover_the_truth():
    rng, hits, runs = np.random.default_rng(31), [], 150
    for _ in range(runs):
        data = draw(rng)
        table = fit_linear("y ~ kind + x + (1|g)", data).summary().table
        hits.append((table["conf_low"] < [3, 0.5, -0.3]) & (table["conf_high"] > [3, 0.5, -0.3]))
    # Three binomial standard errors on either side of 95 %, for 150 runs.
    assert (np.abs(np.mean(hits, axis=0) - 0.95) < 0.054).all()


def test_variances_are_recovered():
    data = draw(np.random.default_rng(3), n_groups=2000)
    fit = fit_linear("y ~ kind + x + (1|g)", data)
    np.testing.assert_allclose(fit.random_sd, [0.8, 1.0], rtol=0.05)


@pytest.mark.parametrize(("m", "icc"), [(5, 0.4), (10, 0.5)])
def test_with_raters_ignored_standard_errors_are_too_small(m, icc):
    """By the design effect (Kish 1965): the square root of 1 + (m - 1) icc."""
    rng = np.random.default_rng(6)
    n = 600
    rater = np.repeat(np.arange(n), m)
    group = (np.arange(n) % 2)[rater]
    y = rng.normal(0, np.sqrt(icc), n)[rater] + rng.normal(0, np.sqrt(1 - icc), n * m)
    X = np.column_stack([np.ones(n * m), group])
    data = pd.DataFrame({"y": y, "group": group, "rater": rater})
    fit, ols = fit_linear("y ~ group + (1|rater)", data), OLS(y, X).fit()
    ratio = fit.se["group"] / ols.bse[1]
    assert ratio == pytest.approx(np.sqrt(1 + (m - 1) * icc), rel=0.05)
    variances = fit.random_sd**2
    estimated = variances["rater"] / variances.sum()
    assert ratio == pytest.approx(np.sqrt(1 + (m - 1) * estimated), rel=2e-3)
    assert ratio > 1.5


def test_columns_that_others_determine_are_left_out_and_named(data):
    twice = data.assign(again=data["kind"].cat.rename_categories({"no": "n", "yes": "y"}))
    fit = fit_linear("y ~ kind + again + x + (1|g)", twice)
    plain = fit_linear("y ~ kind + x + (1|g)", data)
    assert len(fit.warnings) == 1
    assert fit.warnings[0].startswith("left out, as other terms determine them: again[T.y]")
    pd.testing.assert_series_equal(fit.params, plain.params)
    assert fit.loglik == pytest.approx(plain.loglik)


def test_missing_rows_are_counted(data):
    holes = data.copy()
    holes.loc[holes.index[:7], "y"] = np.nan
    holes.loc[holes.index[5:9], "kind"] = np.nan
    fit = fit_linear("y ~ kind + x + (1|g)", holes)
    assert (fit.nobs, fit.design.n_dropped) == (len(data) - 9, 9)
    assert "rows left out for missing values: 9" in fit.summary().sentence
    whole = fit_linear("y ~ kind + x + (1|g)", holes.iloc[9:])
    pd.testing.assert_series_equal(fit.params, whole.params)


def test_the_order_and_names_of_rows_and_groups_do_not_matter(data):
    shuffled = data.sample(frac=1, random_state=3).assign(g=lambda d: "r" + d["g"].astype(str))
    shuffled.index = [0] * len(shuffled)
    first, second = (fit_linear("y ~ kind + x + (1|g)", d) for d in (data, shuffled))
    np.testing.assert_allclose(first.params, second.params, rtol=1e-8)
    assert first.loglik == pytest.approx(second.loglik, abs=1e-8)


def test_too_few_rows(data):
    with pytest.raises(InputError, match="3 complete rows are too few for 3 effects"):
        fit_linear("y ~ kind + x + (1|g)", data.groupby("kind", observed=True).head(2).head(3))


def test_a_factor_with_one_level(data):
    with pytest.raises(InputError, match=r"'kind' has one level only \('yes'\)"):
        fit_linear("y ~ kind + (1|g)", data[data["kind"] == "yes"])


def test_an_unknown_variable(data):
    with pytest.raises(InputError, match="not 'kindd'; did you mean 'kind'"):
        fit_linear("y ~ kindd + (1|g)", data)


def test_infinite_ratings_are_refused(data):
    with pytest.raises(InputError, match=r"'y' is not a finite number in row 0 \(inf\)"):
        fit_linear("y ~ x + (1|g)", data.assign(y=data["y"].where(data.index > 0, np.inf)))


def test_one_rating_a_rater_leaves_nothing_to_tell_raters_apart(data):
    fit = fit_linear("y ~ kind + x + (1|g)", data.drop_duplicates("g"))
    assert fit.warnings
    ols = smf.ols("y ~ kind + x", data.drop_duplicates("g")).fit()
    np.testing.assert_allclose(fit.se, ols.bse, rtol=1e-6)


def test_raters_who_never_vary_are_warned_of(data):
    same = data.assign(y=data.groupby("g")["y"].transform("first"))
    fit = fit_linear("y ~ kind + (1|g)", same)
    assert fit.warnings


@pytest.mark.parametrize("seed", range(1, 6))
def test_ratings_that_raters_and_items_decide_are_refused_or_warned_of(seed):
    rng = np.random.default_rng(seed)
    rater, item = rng.integers(0, 40, 400), rng.integers(0, 20, 400)
    made = pd.DataFrame({"rater": rater, "item": item, "x": rng.normal(size=400)})
    made["y"] = rng.normal(size=40)[rater] + rng.normal(size=20)[item]
    try:
        told = fit_linear("y ~ x + (1|rater) + (1|item)", made).warnings
    except InputError as error:
        told = (str(error),)
    assert any("reproduce the response" in t or "hardly anything varies" in t for t in told)


def crossed(seed=4, n=400):
    rng = np.random.default_rng(seed)
    g, h = rng.integers(0, 25, n), rng.integers(0, 10, n)
    data = pd.DataFrame({"g": g, "h": h, "x": rng.normal(size=n), "z": rng.normal(size=n)})
    slope = 0.5 + 0.6 * rng.normal(size=25)[g]
    data["y"] = rng.normal(size=25)[g] + slope * data["x"] + 0.5 * rng.normal(size=10)[h]
    data["y"] += rng.normal(size=n)
    return data


CROSSED = "y ~ x + z + (1 + x|g) + (1|h)"


@pytest.mark.parametrize(
    ("change", "unit", "origin"),
    [
        (lambda d: d.sample(frac=1, random_state=2), 1.0, 0.0),
        (lambda d: d.assign(g="r" + (9 + d["g"] * 7 % 25).astype(str), h=-d["h"]), 1.0, 0.0),
        (lambda d: d.assign(x=d["x"] * 1e8), 1e-8, 0.0),
        (lambda d: d.assign(x=d["x"] * 1e-8), 1e8, 0.0),
        (lambda d: d.assign(y=d["y"] + 1e6), 1.0, 1e6),
    ],
    ids=["order", "names", "large x", "small x", "y shifted"],
)
def test_order_names_units_and_origins_do_not_matter(change, unit, origin):
    data = crossed()
    first, second = fit_linear(CROSSED, data), fit_linear(CROSSED, change(data))
    expected = first.params * [1, unit, 1] + [origin, 0, 0]
    np.testing.assert_allclose(second.params, expected, rtol=1e-4)
    np.testing.assert_allclose(second.se, first.se * [1, unit, 1], rtol=1e-4)
    np.testing.assert_allclose(second.random_sd, first.random_sd * [1, unit, 1, 1], rtol=1e-3)
    assert second.loglik - np.log(unit) == pytest.approx(first.loglik, abs=1e-4)  # REML's, with x
    assert second.warnings == first.warnings == ()


def test_the_origin_of_a_random_slope_does_not_matter():
    data = crossed()
    first = fit_linear(CROSSED, data)
    second = fit_linear(CROSSED, data.assign(x=data["x"] + 1e6))
    assert second.loglik == pytest.approx(first.loglik, abs=1e-3)
    assert second.params["x"] == pytest.approx(first.params["x"], rel=1e-4)
    assert second.random_sd["g: x"] == pytest.approx(first.random_sd["g: x"], rel=1e-3)
    assert second.warnings == ()


def test_nested_and_uncorrelated_terms_are_those_written_out():
    data = crossed()
    for short, long in (("(1|h/g)", "(1|h) + (1|h:g)"), ("(1 + x||g)", "(1|g) + (0 + x|g)")):
        first, second = (fit_linear(f"y ~ x + {random}", data) for random in (short, long))
        assert first.loglik == pytest.approx(second.loglik, abs=1e-6)
        np.testing.assert_allclose(first.random_sd, second.random_sd, rtol=1e-3)


@pytest.mark.parametrize("factor", [1e-9, 1e9])
def test_only_the_ratio_of_weights_matters(factor):
    data = crossed().assign(w=np.random.default_rng(1).uniform(0.2, 5, 400))
    first = fit_linear(CROSSED, data, weights="w")
    second = fit_linear(CROSSED, data, weights=factor * data["w"].to_numpy())
    np.testing.assert_allclose(second.params, first.params, rtol=1e-6)
    np.testing.assert_allclose(second.se, first.se, rtol=1e-6)
    np.testing.assert_allclose(second.random_sd[:-1], first.random_sd[:-1], rtol=1e-6)
    assert second.sigma == pytest.approx(first.sigma * np.sqrt(factor), rel=1e-6)
    assert second.loglik == pytest.approx(first.loglik, abs=1e-6)
    np.testing.assert_allclose(second.degrees(np.eye(3)), first.degrees(np.eye(3)), rtol=1e-4)


def test_splines_and_polynomials_are_read_and_predicted_again():
    data = crossed()
    fit = fit_linear("y ~ poly(x, 2) + bs(z, df=4) + (1|g)", data)
    assert len(fit.params) == 7
    np.testing.assert_allclose(fit.predict(data.tail(5)), fit.predict().tail(5))


def test_simulated_responses_have_the_model_s_moments():
    data = crossed().assign(w=np.repeat([1.0, 4.0], 200))
    fit = fit_linear(CROSSED, data, weights="w")
    pd.testing.assert_series_equal(fit.simulate(1), fit.simulate(1))
    drawn = np.array([fit.simulate(seed) for seed in range(2000)])
    sd = fit.random_sd
    part = fit.random[0]
    z = np.column_stack([np.ones(400), data["x"]])
    variance = ((z @ part.covariance) * z).sum(axis=1) + sd["h"] ** 2
    variance += fit.sigma**2 / data["w"]
    mean = fit.predict(averaging="zero")
    assert np.abs((drawn.mean(axis=0) - mean) / np.sqrt(variance / 2000)).max() < 4.5
    np.testing.assert_allclose(drawn.var(axis=0), variance, rtol=0.2)


def test_slopes_that_others_determine_are_on_the_boundary_and_said_to_be():
    rng = np.random.default_rng(3)
    data = crossed()
    data["y"] = rng.normal(size=25)[data["g"]] * (1 + 2 * data["x"]) + rng.normal(size=400)
    fit = fit_linear("y ~ x + (1 + x|g)", data)
    assert fit.converged
    assert fit.random_corr["estimate"].item() == pytest.approx(1, abs=1e-3)
    assert "correlations of (1 + x | g) are on the boundary (a singular fit)" in fit.warnings[0]
    assert fit.se.notna().all()


@pytest.mark.parametrize(
    ("formula", "change", "message"),
    [
        ("y ~ x + (1|n)", lambda d: d.assign(n=1), "'n' has one level only"),
        ("y ~ x + (1|n)", lambda d: d.assign(n=d["g"] % 2), "'n' has 2 levels only"),
        ("y ~ x + (1 + x|n)", lambda d: d.assign(n=range(400)), "every level of 'n' has one row"),
        ("y ~ x + (1 + c|g)", lambda d: d.assign(c=1.0), "c of (1 + c | g)"),
        ("y ~ x + (1|g)", lambda d: d.assign(y=d["y"] + 1e4 * d["g"]), "hardly anything varies"),
        ("y ~ x + w + (1|g)", lambda d: d.assign(w=d["x"] - 3), "them: w;"),
    ],
)
def test_what_is_wrong_is_said(formula, change, message):
    fit = fit_linear(formula, change(crossed()))
    assert any(message in note for note in fit.warnings), fit.warnings
    assert fit.se.notna().all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.assign(y=3.0), "there is nothing left to model"),
        (lambda d: d.assign(y=2 * d["x"] + 1), "there is nothing left to model"),
        (lambda d: d.assign(y=d["g"].astype(str)), "'y' must be one column of numbers"),
    ],
)
def test_responses_that_leave_nothing_to_model(change, message):
    with pytest.raises(InputError, match=message):
        fit_linear("y ~ x + (1|g)", change(crossed()))
