import tracemalloc
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import pluralign_stats as pls
from pluralign_stats import InputError
from pluralign_stats.formatting import heading
from pluralign_stats.models.average import Averager
from pluralign_stats.models.bayes.summarize import summarize
from pluralign_stats.typeset import table_html

COLUMNS = ["estimate", "sd", "conf_low", "conf_high", "prob_positive"]


def test_draws_are_summarised_by_mean_sd_and_equal_tails():
    draws = np.column_stack([np.arange(-20.0, 81.0), np.full(101, np.nan)])
    table = summarize(draws, 0.9)
    assert list(table) == COLUMNS
    first = table.iloc[0]
    assert first["estimate"] == 30
    assert first["sd"] == pytest.approx(np.std(draws[:, 0], ddof=1))
    assert (first["conf_low"], first["conf_high"]) == (-15, 75)
    assert first["prob_positive"] == pytest.approx(80 / 101)
    assert table.iloc[1].isna().all()
    assert "prob_positive" not in summarize(draws, 0.9, signed=False)


# Closed forms -----------------------------------------------------------------------------------


def test_contrasts_of_a_gaussian_model_are_the_draws_of_its_coefficients(gaussian):
    table = gaussian.contrasts("politics", conf_level=0.8).table
    names = [f"politics[T.{level}]" for level in ("Centre", "Conservative")]
    places = [list(gaussian.params.index).index(name) for name in names]
    drawn = gaussian.draws.coefficients[:, places]
    np.testing.assert_allclose(table["estimate"], drawn.mean(axis=0))
    np.testing.assert_allclose(table["sd"], drawn.std(axis=0, ddof=1))
    np.testing.assert_allclose(table["conf_low"], np.quantile(drawn, 0.1, axis=0))
    np.testing.assert_allclose(table["conf_high"], np.quantile(drawn, 0.9, axis=0))
    np.testing.assert_allclose(table["prob_positive"], (drawn > 0).mean(axis=0))


def test_draws_are_averaged_before_they_are_summarised_not_their_bounds(gaussian):
    groups = gaussian.predictions(by=["gender", "politics"]).table
    weight = groups["n_ratings"] / groups["n_ratings"].sum()
    whole = gaussian.predictions().table.iloc[0]
    mean = gaussian.draws.coefficients @ gaussian.design.fixed.columns.mean(axis=0)
    assert whole["estimate"] == pytest.approx(weight @ groups["estimate"])
    assert whole["conf_low"] == pytest.approx(np.quantile(mean, 0.025))
    width = whole["conf_high"] - whole["conf_low"]
    assert width < 0.9 * (weight @ (groups["conf_high"] - groups["conf_low"]))


def test_percent_is_taken_of_every_draw(gaussian):
    table = gaussian.percent("gender").table.set_index(["contrast", "reading"])
    names = list(gaussian.params.index)
    b = gaussian.draws.coefficients
    effect = b[:, names.index("gender[T.Male]")]
    columns = gaussian.design.fixed.columns.mean(axis=0)
    for name in names:
        if name.startswith("gender"):
            columns[names.index(name)] = 0
    mean = 100 * effect / (b @ columns)
    odds = 100 * np.expm1(effect * np.pi / np.sqrt(3) / np.exp(gaussian.draws.log_scale[:, 0]))
    for reading, drawn in (("mean", mean), ("odds", odds)):
        row = table.loc[("Male vs Female", reading)]
        assert row["estimate"] == pytest.approx(drawn.mean())
        assert row["sd"] == pytest.approx(drawn.std(ddof=1))
        assert row["conf_high"] == pytest.approx(np.quantile(drawn, 0.975))


def test_means_that_may_not_be_above_zero_have_no_percentage(gaussian):
    names, draws = list(gaussian.params.index), gaussian.draws
    moved = draws.coefficients.copy()
    moved[::7, names.index("Intercept")] = -5
    shifted = replace(gaussian, draws=replace(draws, coefficients=moved, joint=moved))
    table = shifted.percent("gender").table
    assert table.loc[table["reading"] == "mean", COLUMNS].isna().all(axis=None)
    assert table.loc[table["reading"] == "odds", COLUMNS].notna().all(axis=None)


def test_conditional_predictions_use_each_draws_own_effects(posterior):
    data = posterior.design.data.iloc[:7]
    draws, made = posterior.draws, []
    codes = [part.design.find(data) for part in posterior.random]
    X = posterior.design.fixed.of(data)
    for s in range(len(draws.joint)):
        u = sum(e[s, code, 0] for e, code in zip(draws.effects, codes, strict=True))
        below = expit(draws.cuts[s, 0] - (X @ draws.coefficients[s] + u)[:, None])
        made.append((len(posterior.family.scores) - below.sum(axis=1)).mean())
    row = posterior.predictions(newdata=data, averaging="conditional").table.iloc[0]
    assert row["estimate"] == pytest.approx(np.mean(made))
    assert row["sd"] == pytest.approx(np.std(made, ddof=1))
    assert row["conf_low"] == pytest.approx(np.quantile(made, 0.025))


@pytest.mark.parametrize("averaging", ["marginal", "zero"])
@pytest.mark.parametrize("kind", ["mean", "probability", "linear"])
def test_each_draw_is_predicted_as_a_fit_with_its_parameters_would_be(posterior, averaging, kind):
    data = posterior.design.data
    group = (data["gender"] == "Male").to_numpy().astype(int)
    averager = Averager(posterior, data, group, 2, kind, averaging)
    drawn = averager.over(posterior.points)
    for s in (0, 17, 599):
        exact = averager.at(posterior.draws.joint[s]).estimates
        np.testing.assert_allclose(drawn[s], exact, atol=1e-7)


# Against maximum likelihood ---------------------------------------------------------------------


def test_posterior_effects_agree_with_the_laplace_fit(posterior, laplace):
    for verb in ("contrasts", "percent"):
        bayes = getattr(posterior, verb)("politics").table
        ml = getattr(laplace, verb)("politics").table
        assert bayes["contrast"].tolist() == ml["contrast"].tolist()
        gap = (bayes["estimate"] - ml["estimate"]).abs() / ml["std_error"]
        assert (gap < 0.4).all()
        assert (bayes["sd"] / ml["std_error"]).between(0.8, 1.3).all()
    shares = posterior.predictions(kind="probability").table
    expected = laplace.predictions(kind="probability").table
    assert ((shares["estimate"] - expected["estimate"]).abs() < expected["std_error"]).all()


# Tables -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("averaging", ["marginal", "conditional", "zero"])
@pytest.mark.parametrize("kind", ["mean", "probability", "linear"])
def test_every_kind_and_averaging_by_groups_and_of_new_data(
    posterior, thinned, kind, averaging, ratings
):
    fit, options = thinned(posterior, 100), {"kind": kind, "averaging": averaging}
    made = fit.comparisons("gender", by="politics", newdata=ratings.iloc[:50], **options)
    assert made.table[COLUMNS].notna().all(axis=None)
    shown = fit.predictions(by="politics", **options).table
    assert (
        (shown["conf_low"] < shown["estimate"]) & (shown["estimate"] < shown["conf_high"])
    ).all()
    if kind == "probability":
        sums = shown.groupby("group")["estimate"].sum()
        np.testing.assert_allclose(sums, 1)


def test_a_table_says_what_its_columns_are(posterior):
    for result in (posterior.contrasts("gender"), posterior.percent("gender")):
        start = list(result.table).index("estimate")
        assert list(result.table)[start : start + 5] == COLUMNS
        assert not {"std_error", "p_value", "p_adjusted", "df"} & set(result.table)
        assert result.meta.interval == "credible intervals (equal tails)"
        assert not any("p adjusted" in note for note in result.meta.notes)
        assert any("prob positive" in note for note in result.meta.notes)
    assert "credible interval that leaves out 0" in posterior.contrasts("gender").sentence
    assert heading("prob_positive") == "prob positive"
    html = table_html(pd.DataFrame({"estimate": [12.3456], "sd": [0.1234]}), "")
    assert "0.1<" in html


def test_conditional_effects_are_not_said_to_be_taken_as_known(posterior, laplace, thinned):
    for fit, told in ((thinned(posterior, 100), "those of each draw"), (laplace, "taken as known")):
        notes = fit.predictions(averaging="conditional").meta.notes
        assert any(told in note for note in notes)


def test_hypotheses_tell_the_probability_of_either_side(posterior):
    made = posterior.hypotheses(["gender[T.Male] = politics[T.Centre]", "2|3 = 1|2 + 0.1"])
    names = list(posterior.params.index)
    b = posterior.draws.coefficients
    drawn = b[:, names.index("gender[T.Male]")] - b[:, names.index("politics[T.Centre]")]
    row = made.table.iloc[0]
    assert row["prob_positive"] == pytest.approx((drawn > 0).mean())
    assert row["prob_direction"] == pytest.approx(max((drawn > 0).mean(), (drawn < 0).mean()))
    assert made.table.iloc[1]["prob_positive"] == 1
    assert (
        "'2|3 = 1|2 + 0.1', whose left side is the larger with probability 1.000" in made.sentence
    )
    groups = posterior.hypotheses("Male = Female", by="gender").table.iloc[0]
    means = posterior.predictions(by="gender").table.set_index("group")["estimate"]
    assert groups["estimate"] == pytest.approx(means["Male"] - means["Female"])


def test_what_a_posterior_does_not_have_is_refused_with_what_to_use(posterior):
    cases = [
        (lambda: posterior.contrasts("gender", adjust="tukey"), "leave 'adjust' out"),
        (lambda: posterior.percent("gender", adjust="bh"), "leave 'adjust' out"),
        (lambda: posterior.predictions(interval="simulation"), "leave 'interval' out"),
        (lambda: posterior.summary(interval="profile"), "'credible'"),
        (lambda: pls.joint_test(posterior, "gender"), "contrasts('gender', pairs='all')"),
        (lambda: pls.checks.proportional_odds(posterior), "fit_ordinal"),
        (lambda: pls.checks.likelihood_ratio(posterior, posterior), "fit.loo()"),
    ]
    for call, told in cases:
        with pytest.raises(InputError) as error:
            call()
        assert told in str(error.value)
        assert "\n" not in str(error.value)


def test_memory_stays_far_below_rows_by_draws_by_categories(posterior, thinned):
    fit, n, S = thinned(posterior, 100), 30_000, 100
    data = fit.design.data.iloc[np.arange(n) % fit.nobs].reset_index(drop=True)
    new = data.assign(rater=[f"new {k}" for k in range(n)])
    fit.predictions(newdata=new.iloc[:100], averaging="conditional")
    tracemalloc.start()
    fit.predictions(newdata=new, averaging="conditional", kind="probability")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < n * S * len(fit.family.scores) * 8 / 2
