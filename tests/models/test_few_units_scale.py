"""Errors of effects on thresholds and scale, against leaving out one rater after the other."""

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats import InputError
from tests.validation.halves import halved, simulated

FORMULA = "rating ~ half + (1|rater)"


@pytest.fixture(scope="module")
def data():
    """Forty raters with styles of their own."""
    return halved(simulated(1, 0.6, n_raters=40), "rater", 1)


def without_each_rater(data, **options):
    """Jackknife: standard errors of all coefficients."""
    raters = data["rater"].unique()
    estimates = np.array(
        [pls.fit_ordinal(FORMULA, data[data["rater"] != r], **options).params for r in raters]
    )
    apart = estimates - estimates.mean(axis=0)
    return np.sqrt((len(raters) - 1) / len(raters) * (apart**2).sum(axis=0))


@pytest.mark.parametrize("options", [{"scale": "half"}, {"nominal": "half"}])
def test_they_are_those_of_a_jackknife_over_raters(data, options):
    fit = pls.fit_ordinal(FORMULA, data, **options)
    expected = pd.Series(without_each_rater(data, **options), fit.params.index)
    table = fit.summary().table.set_index("term")
    extra = [name for name in fit.params.index if ":" in name]
    np.testing.assert_allclose(table.loc[extra, "std_error"], expected[extra], rtol=0.15)
    assert any("how much raters differ" in note for note in fit.summary().meta.notes)
    # Of the level of ratings, the model's own.
    rest = fit.params.index.difference(extra)
    few = {"half[T.b]": np.sqrt(40 / 38)}
    expected = [fit.se[name] * few.get(name, 1.0) for name in rest]
    np.testing.assert_allclose(table.loc[rest, "std_error"], expected)


def test_equations_about_them_rest_on_raters_too(data):
    fit = pls.fit_ordinal(FORMULA, data, scale="half")
    row = fit.summary().table.set_index("term").loc["scale: half[T.b]"]
    found = pls.hypotheses(fit, "`scale: half[T.b]` = 0")
    assert found.table["std_error"].iloc[0] == pytest.approx(row["std_error"])
    assert any("how much raters differ" in note for note in found.meta.notes)
    other = pls.hypotheses(fit, "`half[T.b]` = 0")
    inflated = np.sqrt(40 / 38) * fit.se["half[T.b]"]
    assert other.table["std_error"].iloc[0] == pytest.approx(inflated)


def test_profile_intervals_are_withheld_and_too_few_raters_have_none(data):
    fit = pls.fit_ordinal(FORMULA, data, scale="half")
    profile = fit.summary(interval="profile")
    table = profile.table.set_index("term")
    assert np.isnan(table.loc["scale: half[T.b]", "conf_low"])
    assert np.isfinite(table.loc["half[T.b]", "conf_low"])
    assert any("no profile interval" in note for note in profile.meta.notes)


def test_draws_of_a_bayesian_fit_are_spread_as_well(data):
    options = {"draws": 300, "tune": 200, "progress": False}
    fit = pls.fit_bayes(FORMULA, data, scale="half", **options)
    table = fit.summary().table.set_index("term")
    assert table.loc["scale: half[T.b]", "sd"] > 1.2 * fit.se["scale: half[T.b]"]
    assert table.loc["half[T.b]", "sd"] == pytest.approx(fit.se["half[T.b]"])
    tested = pls.hypotheses(fit, "`scale: half[T.b]` = 0").table
    assert tested["sd"].iloc[0] == pytest.approx(table.loc["scale: half[T.b]", "sd"])


def test_without_raters_they_are_the_models_own(data):
    fit = pls.fit_ordinal("rating ~ half", data.drop(columns="rater"), scale="half")
    table = fit.summary().table.set_index("term")
    np.testing.assert_allclose(table.loc[fit.params.index, "std_error"], fit.se)


def test_a_variable_of_thresholds_alone_has_no_joint_test(data):
    fit = pls.fit_ordinal(FORMULA, data, nominal="half")
    with pytest.raises(InputError, match="single thresholds or the scale only"):
        pls.joint_test(fit, "half")
