import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from statsmodels.regression.linear_model import OLS

from pluralign_stats import InputError, fit_linear
from pluralign_stats.models.linear import independent_columns, random_intercept


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
    assert fit.method == f"linear mixed model, {'REML' if reml else 'ML'}, (1|g), Wald"


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
    fit = random_intercept(y.ravel(), np.ones((a * m, 1)), np.repeat(np.arange(a), m), reml=reml)
    assert fit.beta[0] == pytest.approx(y.mean(), rel=1e-12)
    assert fit.residual_sd**2 == pytest.approx(within, rel=1e-6)
    assert fit.group_sd**2 == pytest.approx(group_variance, rel=1e-5)
    assert fit.vcov[0, 0] == pytest.approx(between / (a * m), rel=1e-6)
    assert fit.converged


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


def test_intervals_cover_the_truth():
    rng, hits, runs = np.random.default_rng(31), [], 150
    for _ in range(runs):
        data = draw(rng)
        X = np.column_stack([np.ones(len(data)), data["kind"] == "yes", data["x"]]).astype(float)
        fit = random_intercept(data["y"].to_numpy(), X, data["g"].to_numpy())
        hits.append(np.abs(fit.beta - [3, 0.5, -0.3]) < 1.96 * np.sqrt(np.diag(fit.vcov)))
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
    fit, ols = random_intercept(y, X, rater), OLS(y, X).fit()
    ratio = np.sqrt(fit.vcov[1, 1]) / ols.bse[1]
    assert ratio == pytest.approx(np.sqrt(1 + (m - 1) * icc), rel=0.05)
    estimated = fit.group_sd**2 / (fit.group_sd**2 + fit.residual_sd**2)
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


def test_independent_columns_whatever_their_scale():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(50, 3)) * [1e-8, 1, 1e8]
    X = np.column_stack([X, X[:, 0] + X[:, 1], np.zeros(50), X[:, 2] * (1 + 1e-6 * X[:, 1])])
    kept, dropped, weights = independent_columns(X)
    assert kept.tolist() == [0, 1, 2, 5]
    assert dropped.tolist() == [3, 4]
    np.testing.assert_allclose(X[:, kept] @ weights, X[:, dropped], atol=1e-7)


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


@pytest.mark.parametrize(
    ("formula", "given"),
    [
        ("y ~ x", "none"),
        ("y ~ x + (1|g) + (1|kind)", r"\(1 \| g\) \+ \(1 \| kind\)"),
        ("y ~ x + (x|g)", r"\(x \| g\)"),
        ("y ~ x + (1 + x|g)", r"\(1 \+ x \| g\)"),
        ("y ~ x + (1|g:kind)", r"\(1 \| g:kind\)"),
        ("y ~ x + (1|g/kind)", r"\(1 \| g/kind\)"),
    ],
)
def test_other_random_parts_are_refused(data, formula, given):
    with pytest.raises(InputError, match=f"exactly one random intercept.*given: {given}"):
        fit_linear(formula, data)


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
    with pytest.raises(InputError, match="y"):
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
