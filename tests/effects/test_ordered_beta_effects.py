"""Effects of ordered beta models: the verbs of every fit, in points and in shares."""

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.models.predict import predict

FORMULA = "rating ~ gender + politics + (1|rater) + (1|item)"


def slider_ratings(n_raters: int = 150) -> pd.DataFrame:
    """Ratings of a simulated study as on a slider from 0 to 100."""
    study = pls.simulate_study(2, n_raters=n_raters, n_prompts=10)
    rows = study.where(dimension="toxicity").ratings.dropna(subset=["gender", "politics"])
    rng = np.random.default_rng(1)
    place = (rows["rating"].astype(float) - 3 + rng.normal(0, 0.8, len(rows))) / 2
    return rows.assign(rating=(50 + 50 * place).clip(0, 100))


@pytest.fixture(scope="module")
def fit() -> pls.OrderedBetaFit:
    return pls.fit_ordered_beta(FORMULA, slider_ratings(), bounds=(0, 100))


@pytest.mark.parametrize(
    ("kind", "unit"),
    [
        ("mean", "rating points"),
        ("positive", "share of positive ratings"),
        ("probability", "share"),
        ("linear", "log odds"),
    ],
)
def test_contrasts_are_differences_of_predictions(fit, kind, unit):
    data = fit.design.data
    result = fit.contrasts("gender", kind=kind)
    male, female = (
        predict(fit, data.assign(gender=level), kind).mean() for level in ("Male", "Female")
    )
    table = result.table[result.table["contrast"] == "Male vs Female"]
    np.testing.assert_allclose(table["estimate"], np.atleast_1d(male - female), atol=1e-9)
    assert result.meta.unit == unit


def test_delta_method_and_simulation_agree(fit):
    delta = fit.contrasts("politics", kind="positive").table
    drawn = fit.contrasts("politics", kind="positive", interval="simulation", n_draws=300).table
    np.testing.assert_allclose(drawn["std_error"], delta["std_error"], rtol=0.15)


def test_standardized_differences_are_in_standard_deviations_of_a_rating(fit):
    table = fit.contrasts("gender").table
    np.testing.assert_allclose(table["standardized"], table["estimate"] / fit.rating_sd)


def test_percent_has_both_readings(fit):
    table = fit.percent("gender").table.set_index(["reading", "contrast"])["estimate"]
    b = fit.params["gender[T.Male]"]
    assert table["odds", "Male vs Female"] == pytest.approx(100 * np.expm1(b))
    means = fit.predictions(by=None, kind="mean")
    assert "odds approximated" not in str(means.meta)
    data = fit.design.data
    male, female = (predict(fit, data.assign(gender=g)).mean() for g in ("Male", "Female"))
    assert table["mean", "Male vs Female"] == pytest.approx(100 * (male / female - 1))


def test_a_share_of_a_mean_needs_a_scale_without_negative_ratings(fit):
    moved = slider_ratings().assign(rating=lambda d: d["rating"] / 50 - 1)
    turned = pls.fit_ordered_beta(FORMULA, moved, bounds=(-1, 1))
    result = turned.percent("gender")
    assert result.table.loc[result.table["reading"] == "mean", "estimate"].isna().all()
    assert any("ratings go down to −1" in note for note in result.meta.notes)


def test_predictions_by_group_lie_on_the_scale(fit):
    means = fit.predictions(by="politics").table["estimate"]
    assert means.between(0, 100).all()
    shares = fit.predictions(by="politics", kind="positive").table
    assert (shares["conf_low"].between(0, 1) & shares["conf_high"].between(0, 1)).all()


def test_the_summary_tells_cuts_and_precision(fit):
    summary = fit.summary()
    cuts = ["threshold 0|between", "threshold between|100"]
    assert summary.table["term"].tolist()[-2:] == cuts
    assert f"precision {fit.phi:.3f}" in summary.sentence
    assert "ordered beta logit mixed model, Laplace" in str(fit.method)


def test_profile_intervals_are_near_walds(fit):
    wald, profile = (fit.summary(interval=kind).table for kind in ("wald", "profile"))
    width = wald["conf_high"] - wald["conf_low"]
    np.testing.assert_allclose(
        profile["conf_high"] - profile["conf_low"], width, rtol=0.05, err_msg="widths"
    )


def test_a_joint_test_is_walds(fit):
    table = pls.joint_test(fit, "politics").table.iloc[0]
    b, V = fit.params.iloc[3:5].to_numpy(), fit.vcov.iloc[3:5, 3:5].to_numpy()
    assert table["statistic"] == pytest.approx(b @ np.linalg.solve(V, b))


def test_a_population_can_be_asked_for_positive_ratings(fit):
    cells = fit.design.data.groupby(["gender", "politics"], observed=True).size()
    cells = cells.reset_index(name="n")
    result = pls.poststratify(fit, cells, kind="positive", positive_from=30)
    assert any("Positive is a rating of 30 or more." in note for note in result.meta.notes)
    population = result.table.set_index("weighting")["estimate"]["population"]
    again = pls.fit_ordered_beta(FORMULA, slider_ratings(), bounds=(0, 100), positive_from=30)
    shares = predict(again, again.design.data, "positive")
    assert population == pytest.approx(shares.mean(), abs=1e-6)


def test_influence_of_raters_is_that_of_leaving_them_out(fit):
    from pluralign_stats.checks.deletion import deletions

    data = slider_ratings()
    rater = fit.design.data["rater"]
    first = rater.iloc[0]
    made = deletions(fit, [np.flatnonzero(rater == first)])
    without = pls.fit_ordered_beta(FORMULA, data[data["rater"] != first], bounds=(0, 100))
    change = (without.params - fit.params).to_numpy()
    np.testing.assert_allclose(made.changes[0], change, atol=0.15 * np.abs(change).max())


def test_a_kind_that_is_not_to_be_had_is_refused(fit):
    with pytest.raises(pls.InputError, match="must be one of 'mean', 'probability', 'positive'"):
        fit.predict(kind="median")
