"""Differences of designs against closed forms, least squares on run means, and planted truth."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from made_outcomes import make_table, outcomes_of
from scipy.stats import t as student

import pluralign_stats as pls
from pluralign_stats import InputError, fit_outcomes
from pluralign_stats.designs import ONE_RUN
from pluralign_stats.effects.adjust import holm
from pluralign_stats.outcomes import against_control, pairwise, relative_gain, select_experiment
from pluralign_stats.outcomes.models import FEW, LEVELS_OF_MODELS

EFFECTS = {"preserve": -1.0, "majority": -0.5, "mean": -0.4}
R = 3

#: With this seed the variance between runs is estimated as 0.
SINGULAR = 2


@pytest.fixture(scope="module")
def balanced():
    return select_experiment(outcomes_of(make_table(EFFECTS, run_sd=0.4, seed=5)), "strategy")


def run_means(experiment):
    data = experiment.of("toxicity")
    means = data.groupby(["design", "run", "base_model"], observed=True)["score"].mean()
    return means.reset_index()


def test_pairs_of_designs_are_tested_on_run_means(balanced):
    """A balanced design: t on means of runs, with runs less designs as degrees of freedom."""
    means = run_means(balanced)
    tuned = means[means["design"] != "control"]
    by_design = tuned.groupby("design", observed=True)["score"]
    pooled = by_design.var().mean()
    df = len(tuned) - 3
    table = pairwise(balanced).table
    assert table["contrast"].tolist() == [
        "preserve vs majority",
        "preserve vs mean",
        "majority vs mean",
    ]
    for row in table.itertuples():
        first, second = row.contrast.split(" vs ")
        difference = by_design.mean()[first] - by_design.mean()[second]
        std_error = np.sqrt(2 * pooled / R)
        assert row.estimate == pytest.approx(difference)
        assert row.std_error == pytest.approx(std_error, rel=1e-5)
        assert row.df == pytest.approx(df, rel=1e-3)
        assert row.conf_high == pytest.approx(
            difference + student.ppf(0.975, df) * std_error, rel=1e-3
        )
        assert row.p_value == pytest.approx(
            2 * student.sf(abs(difference / std_error), df), rel=1e-2
        )
    np.testing.assert_allclose(table["p_adjusted"], holm(table["p_value"].to_numpy()))


def test_they_agree_with_least_squares_on_run_means(balanced):
    tuned = run_means(balanced).query("design != 'control'")
    tuned = tuned.assign(design=tuned["design"].astype(str))
    ols = smf.ols("score ~ C(design, Treatment('majority'))", tuned).fit()
    row = pairwise(balanced).table.set_index("contrast").loc["preserve vs majority"]
    name = "C(design, Treatment('majority'))[T.preserve]"
    assert row["estimate"] == pytest.approx(ols.params[name])
    assert row["std_error"] == pytest.approx(ols.bse[name], rel=1e-5)
    assert row["p_value"] == pytest.approx(ols.pvalues[name], rel=1e-2)


def test_the_control_adds_its_generations_and_no_training_noise(balanced):
    fit = fit_outcomes(balanced, "toxicity")
    means = run_means(balanced).groupby("design", observed=True)["score"]
    n = balanced.counts("toxicity").loc["control", "n_generations"]
    expected = np.sqrt(means.var().drop("control").mean() / R + fit.sigma**2 / n)
    table = against_control(balanced).table
    np.testing.assert_allclose(table["std_error"], expected, rtol=1e-5)
    np.testing.assert_allclose(
        table["estimate"], means.mean().drop("control") - means.mean()["control"]
    )
    spread = np.sqrt(
        (fit.random_sd["residual"]) ** 2 + sum(p.variance().mean() for p in fit.random)
    )
    np.testing.assert_allclose(table["standardized"], table["estimate"] / spread)
    assert table[["n_runs", "n_seeds", "n_prompts", "n_generations"]].to_numpy().tolist() == (
        [[3, 3, 6, 36]] * 3
    )


def test_a_run_variance_of_zero_does_not_turn_generations_into_replicates():
    """Welch by hand: 6 spare runs for the design's part, none needed for the control's own."""
    table = make_table(EFFECTS, run_sd=0.0, seed=SINGULAR)
    still = select_experiment(outcomes_of(table), "strategy")
    fit = fit_outcomes(still, "toxicity")
    assert fit.random_sd["run: tuned"] == 0
    assert (pairwise(still).table["df"] == 6).all()
    of_design, of_control = 1 / (R * 12), 1 / 12
    most = 6 * ((of_design + of_control) / of_design) ** 2
    np.testing.assert_allclose(against_control(still).table["df"], most)


def test_one_run_of_each_design_is_said_to_rest_on_generations():
    made = select_experiment(outcomes_of(make_table(EFFECTS, n_seeds=1)), "strategy")
    result = against_control(made)
    assert result.warnings == (ONE_RUN,)
    assert "by generations alone, as training was not repeated" in result.sentence
    assert "run" not in result.table["method"].iloc[0]


def test_base_models_cancel_where_every_design_has_them():
    table = make_table(EFFECTS, bases={"one": 0.0, "two": 1.0}, run_sd=0.3)
    moved = table.assign(score=table["score"] + (table["base_model"] == "two"))
    before, after = (
        pairwise(select_experiment(outcomes_of(t), "strategy")) for t in (table, moved)
    )
    assert LEVELS_OF_MODELS in after.meta.notes
    for column in ("estimate", "std_error", "df"):
        np.testing.assert_allclose(after.table[column], before.table[column], rtol=1e-5)


def test_two_base_models_are_levels_in_least_squares_on_run_means():
    """Runs less designs less one for the second base model as degrees of freedom."""
    table = make_table(EFFECTS, bases={"one": 0.0, "two": 1.0}, run_sd=0.4, seed=5)
    made = select_experiment(outcomes_of(table), "strategy")
    tuned = run_means(made).query("design != 'control'")
    tuned = tuned.assign(design=tuned["design"].astype(str))
    ols = smf.ols("score ~ C(design, Treatment('majority')) + base_model", tuned).fit()
    row = pairwise(made).table.set_index("contrast").loc["preserve vs majority"]
    name = "C(design, Treatment('majority'))[T.preserve]"
    assert row["estimate"] == pytest.approx(ols.params[name])
    assert ols.df_resid == 6 * 3 - 3 - 1
    assert 0.98 * ols.df_resid < row["df"] <= ols.df_resid


def test_many_base_models_have_a_variance():
    bases = {f"m{k}": k / 4 for k in range(FEW)}
    table = make_table({"preserve": -1.0}, bases=bases, n_prompts=3, n_seeds=1)
    result = against_control(select_experiment(outcomes_of(table), "strategy"))
    assert "(1|base_model)" in result.table["method"].iloc[0]
    assert LEVELS_OF_MODELS not in result.meta.notes


def test_ordinal_means_are_averaged_equally_over_base_models():
    """However unequal in number: twice the answers of one model do not count twice."""
    how = {"bases": {"one": 0.0, "two": 1.0}, "categories": True, "n_samples": 4, "run_sd": 0.2}
    table = make_table({"preserve": -1.0}, **how)
    rare = table[(table["base_model"] == "one") | (table["sample"] < 2)]
    some, all_ = (
        against_control(select_experiment(outcomes_of(t), "strategy"), kind="ordinal").table
        for t in (rare, table)
    )
    fit = fit_outcomes(select_experiment(outcomes_of(table), "strategy"), "toxicity", "ordinal")
    means = fit.design.data.groupby(["base_model", "tuned"])["score"].mean().unstack()
    by_hand = (means[1] - means[0]).mean()
    assert all_["estimate"][0] == pytest.approx(by_hand, abs=0.05)
    assert some["estimate"][0] == pytest.approx(by_hand, abs=0.15)


def test_a_variance_of_zero_is_a_note_and_no_warning():
    still = select_experiment(
        outcomes_of(make_table(EFFECTS, run_sd=0.0, prompt_sd=0.0, seed=SINGULAR)), "strategy"
    )
    result = pairwise(still)
    assert result.warnings == ()
    assert any("variance between runs is estimated as 0" in note for note in result.meta.notes)


def test_designs_that_were_tuned_on_one_base_model_only_are_named():
    both = make_table({"preserve": -1.0}, bases={"one": 0.0, "two": 0.0})
    one = make_table({"preserve": -1.0, "mean": -1.0}, bases={"one": 0.0})
    notes = against_control(select_experiment(outcomes_of(both, one), "strategy")).meta.notes
    assert any("Tuned on some of the 2 base models only: mean: 'one'." in note for note in notes)


def test_scores_at_the_floor_break_nothing():
    table = make_table(EFFECTS, control=1.0, categories=True)
    floor = table["strategy"] == "preserve"
    low = outcomes_of(table.assign(score=table["score"].mask(floor, 1.0)))
    made = select_experiment(low, "strategy")
    assert np.isfinite(against_control(made).table["estimate"]).all()
    ordinal = against_control(made, kind="ordinal")
    assert any("no finite estimate" in text for text in ordinal.warnings)
    estimates = ordinal.table.set_index("level")["estimate"]
    assert estimates.isna().tolist() == [level == "preserve" for level in estimates.index]


def test_ordinal_models_want_whole_numbers():
    table = make_table(EFFECTS, categories=True, n_samples=6, run_sd=0.2)
    made = select_experiment(outcomes_of(table), "strategy")
    exact = pairwise(made, kind="ordinal").table
    table.loc[table.index[0], "score"] = 2.5
    broken = select_experiment(outcomes_of(table), "strategy")
    with pytest.raises(InputError, match="1 of 360 scores of 'toxicity' are no whole numbers"):
        fit_outcomes(broken, "toxicity", "ordinal")
    assert len(pairwise(broken, kind="ordinal", rounded=True).table) == 3
    with pytest.raises(InputError, match="'rounded' is for ordinal"):
        fit_outcomes(broken, "toxicity", rounded=True)
    linear = pairwise(made).table
    np.testing.assert_allclose(exact["estimate"], linear["estimate"], atol=0.08)
    assert exact["df"].between(6, 7).all()


def test_ordinal_degrees_of_freedom_rest_on_runs_as_the_linear_ones_do():
    """The same by hand; a score tells less of the latent mean near an end of the scale."""
    table = make_table(EFFECTS, categories=True, n_samples=6, seed=12)
    made = select_experiment(outcomes_of(table), "strategy")
    assert fit_outcomes(made, "toxicity", "ordinal").random_sd["run: tuned"] == 0
    most = 6 * ((1 / 3 + 1) / (1 / 3)) ** 2
    df = against_control(made, kind="ordinal").table["df"]
    np.testing.assert_allclose(df, most, rtol=0.25)


def test_prompts_may_differ_by_design(balanced):
    wide = pairwise(balanced, by_prompt=True).table
    assert "(1|prompt:design)" in wide["method"].iloc[0]
    assert (wide["std_error"] >= pairwise(balanced).table["std_error"] - 1e-9).all()


def test_a_design_without_scores_is_named():
    table = make_table(EFFECTS)
    none = table["score"].mask(table["strategy"] == "mean")
    made = select_experiment(outcomes_of(table.assign(score=none)), "strategy")
    with pytest.raises(InputError, match="'mean' has no usable score of 'toxicity'"):
        pairwise(made)


@pytest.mark.extended
def test_bayesian_fits_answer_the_same_questions(balanced):
    how = {"kind": "bayes", "sampling": pls.Sampling(draws=250, tune=200, chains=2, progress=False)}
    some = balanced.only("preserve", "majority")
    table = against_control(some, **how).table
    assert {"sd", "prob_positive", "standardized", "n_runs"} <= set(table)
    linear = against_control(some).table
    np.testing.assert_allclose(table["estimate"], linear["estimate"], atol=0.2)
    fit = fit_outcomes(some, "toxicity", **how)
    gain = relative_gain(some, "preserve", "majority", **how).table.iloc[0]
    place = [list(fit.params.index).index(f"design[T.{d}]") for d in ("preserve", "majority")]
    draws = fit.draws.coefficients[:, place]
    gains = 100 * (np.abs(draws[:, 0] / draws[:, 1]) - 1)
    assert gain["estimate"] == pytest.approx(np.median(gains))
    assert gain["conf_high"] == pytest.approx(np.quantile(gains, 0.975))


def test_bad_arguments(balanced):
    with pytest.raises(InputError, match="'kind' must be one of"):
        against_control(balanced, kind="quadratic")
    with pytest.raises(InputError, match="the dimension must be one of"):
        against_control(balanced, ["rudeness"])
    with pytest.raises(InputError, match="needs two levels"):
        pairwise(balanced.only("preserve"))


@pytest.mark.extended
@pytest.mark.parametrize("bases", [{"one": 0.0}, {"one": 0.0, "two": 1.0}])
def test_designs_that_do_not_differ_are_rarely_called_different(bases):
    """At most 5 % of 60, within three standard errors."""
    wrong, rows = 0, []
    for seed in range(60):
        same = {"preserve": -0.5, "majority": -0.5}
        table = make_table(same, bases=bases, run_sd=0.5, seed=seed, n_prompts=4)
        made = select_experiment(outcomes_of(table), "strategy")
        row = pairwise(made, adjust="none").table.iloc[0]
        wrong += row["p_value"] < 0.05
        rows.append(row["estimate"])
    assert wrong <= 60 * 0.05 + 3 * np.sqrt(60 * 0.05 * 0.95)
    assert abs(np.mean(rows)) < 3 * np.std(rows) / np.sqrt(60)


def test_results_say_what_they_rest_on():
    table = make_table(EFFECTS, malformed=0.1)
    told = outcomes_of(table, data_note="simulated study, miniature model", data_kind="simulated")
    result = against_control(select_experiment(told, "strategy"))
    notes = " ".join(result.meta.notes)
    assert result.meta.data_note == "simulated study, miniature model"
    assert "of malformed text" in notes
    assert "scale 5-point" in notes
    assert result.meta.data == "simulated"
    assert isinstance(result.table, pd.DataFrame)
