"""Models of choices against R (`tests/reference/make_choice_reference.R`) and closed forms."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError, fit_choices
from pluralign_stats.choices import Choices, simulate_choices
from pluralign_stats.choices.simulated import planted_strengths
from pluralign_stats.models.random_responses import fit_random_responses

FOLDER = Path(__file__).parents[1] / "reference"
CASES = json.loads((FOLDER / "choices.json").read_text("utf-8"))["cases"]


@pytest.fixture(scope="module")
def compared():
    rows = pd.read_csv(FOLDER / "sim_choices.csv")
    return rows.assign(prompt="p", number=range(len(rows)))


def read(rows, **more):
    wide = {"options": ["first", "second"], "chosen": "outcome", "shown_in_order": True}
    how = {"rater": "rater", "prompt": "prompt", "set": "number", "demographics": ["group"]}
    return Choices.from_frame(rows, **(wide | how | more))


@pytest.fixture(scope="module")
def rankings():
    rows = pd.read_csv(FOLDER / "sim_rankings.csv").assign(prompt="p")
    how = {"option": "option", "rank": "rank", "position": "position", "set": "choice"}
    return rows, Choices.from_frame(
        rows, rater="rater", prompt="prompt", demographics=["group"], **how
    )


def without_ties(rows):
    return rows[rows["outcome"] != "tie"]


def less_the_first(fit, by=None):
    """Strengths less that of option a, and their standard errors."""
    rows = fit.strength_rows(fit.covariates_at(by))
    rows = (rows - rows[:, :1])[:, 1:].reshape(-1, rows.shape[2])
    return rows @ fit.parameters, np.sqrt(np.einsum("mk,kl,ml->m", rows, fit.found.vcov, rows))


def agrees(found, case, start=0, **tolerance):
    wanted = np.ravel(CASES[case]["estimate"])[start:]
    np.testing.assert_allclose(found, wanted[: len(found)], **({"atol": 1e-6} | tolerance))


@pytest.mark.parametrize(("case", "link"), [("plain", "logit"), ("probit", "probit")])
def test_comparisons_without_ties_or_order(compared, case, link):
    fit = fit_choices(read(without_ties(compared)), position=False, raters=False, link=link)
    agrees(less_the_first(fit)[0], case)
    assert fit.loglik == pytest.approx(CASES[case]["loglik"], abs=1e-6)


def test_the_advantage_of_being_shown_first(compared):
    fit = fit_choices(read(without_ties(compared)), raters=False)
    agrees(less_the_first(fit)[0], "shown")
    assert fit.found.location[0] == pytest.approx(CASES["shown"]["estimate"][-1], abs=1e-6)
    assert fit.loglik == pytest.approx(CASES["shown"]["loglik"], abs=1e-6)


def test_ties_as_a_middle_category(compared):
    fit = fit_choices(read(compared), raters=False)
    agrees(fit.found.location[:2], "ties")
    agrees(less_the_first(fit)[0], "ties", start=2)
    assert fit.loglik == pytest.approx(CASES["ties"]["loglik"], abs=1e-6)


def test_standard_errors_are_clustered_by_rater(compared):
    fit = fit_choices(read(without_ties(compared)), position=False, raters=False)
    wanted = CASES["clustered"]["std_error"]
    np.testing.assert_allclose(less_the_first(fit)[1], wanted, rtol=1e-5)


def test_groups_have_strengths_of_their_own(compared):
    fit = fit_choices(read(without_ties(compared)), "group", position=False, raters=False)
    rows = fit.strength_rows(fit.covariates_at("group"))
    rows = (rows - rows[:, :1])[:, 1:]
    both = np.vstack([rows[0], rows[1] - rows[0]])
    agrees(both @ fit.parameters, "groups")
    error = np.sqrt(np.diag(both @ fit.found.vcov @ both.T))
    np.testing.assert_allclose(error, CASES["groups"]["std_error"], rtol=1e-5)


def test_raters_deviate_as_in_lme4(compared):
    fit = fit_choices(read(without_ties(compared)), position=False, raters=True)
    case, (strength, error) = CASES["raters"], less_the_first(fit)
    assert fit.loglik == pytest.approx(case["loglik"], abs=1e-4)
    assert fit.random_sd["rater"] == pytest.approx(case["sd"], abs=1e-3)
    agrees(strength, "raters", atol=1e-3)
    np.testing.assert_allclose(error, case["std_error"], rtol=0.02)


def test_rankings_with_ties_as_exploded_logits(rankings):
    fit = fit_choices(rankings[1])
    assert fit.found.location[0] == pytest.approx(CASES["rankings"]["estimate"][0], abs=1e-6)
    agrees(less_the_first(fit)[0], "rankings", start=1)
    assert fit.loglik == pytest.approx(CASES["rankings"]["loglik"], abs=1e-6)
    n = rankings[1].raters.shape[0]
    wanted = np.array(CASES["rankings"]["std_error"][1:]) * np.sqrt(n / (n - 1))
    np.testing.assert_allclose(less_the_first(fit)[1], wanted, rtol=1e-5)
    assert "Breslow" in fit.warnings[0]


def test_the_best_of_several_as_conditional_logit(rankings):
    rows = rankings[0].assign(best=(rankings[0]["rank"] == 1).astype(int))
    rows = rows[rows.groupby("choice")["best"].transform("sum") == 1]
    how = {"option": "option", "chosen": "best", "set": "choice"}
    fit = fit_choices(Choices.from_frame(rows, rater="rater", prompt="prompt", **how))
    agrees(less_the_first(fit)[0], "best")
    assert fit.loglik == pytest.approx(CASES["best"]["loglik"], abs=1e-6)
    n = rows["rater"].nunique()
    wanted = np.array(CASES["best"]["std_error"]) * np.sqrt(n / (n - 1))
    np.testing.assert_allclose(less_the_first(fit)[1], wanted, rtol=1e-5)


def test_stiglers_journals():
    """Agresti (2002), Categorical data analysis, table 10.10; counts are weights."""
    rows = pd.DataFrame(CASES["citations"]["counts"])
    long = pd.concat(
        [rows.assign(won=rows["one"], n=rows["win1"]), rows.assign(won=rows["two"], n=rows["win2"])]
    )
    long = long.assign(rater="all", prompt="p", number=range(len(long)))
    made = Choices.from_frame(
        long, rater="rater", prompt="prompt", options=["one", "two"], chosen="won", weight="n",
        set="number",
    )  # fmt: skip
    fit = fit_choices(made, raters=False)
    agrees(less_the_first(fit)[0], "citations", atol=1e-5)


def test_two_options_are_log_odds():
    rows = [("a", "b", "a")] * 30 + [("a", "b", "b")] * 10
    rows = pd.DataFrame(rows, columns=["one", "two", "won"]).assign(prompt="p")
    rows = rows.assign(rater=range(40), number=range(40))
    made = Choices.from_frame(
        rows, rater="rater", prompt="prompt", options=["one", "two"], chosen="won"
    )
    fit = fit_choices(made)
    table = fit.strengths().table.set_index("option")
    assert table.loc["a", "estimate"] == pytest.approx(np.log(3) / 2, abs=1e-8)
    wins = fit.win_probabilities().table
    assert wins["estimate"].tolist() == pytest.approx([0.75, 0.25])
    assert wins["std_error"][0] == pytest.approx(np.sqrt(0.75 * 0.25 / 39), rel=1e-6)


@pytest.mark.parametrize("n_options", [2, 4])
def test_planted_strengths_are_found(n_options):
    made = simulate_choices(seed=3, n_raters=400, n_options=n_options, rater_sd=0.4)
    fit = fit_choices(made, "gender")
    table = fit.strengths(by="gender").table.set_index(["option", "group"])
    planted = pd.Series(
        {(o, g): s for g, own in planted_strengths(5).items() for o, s in own.items()}
    )
    z = (table["estimate"] - planted.reindex(table.index)) / table["std_error"]
    assert np.abs(z).max() < 3.5
    assert fit.test("gender").p_value < 1e-6


def test_single_responses_have_random_strengths():
    rng = np.random.default_rng(5)
    n, prompts = 6000, 150
    strength = 0.8 * rng.normal(size=(prompts, 4))
    p, one = rng.integers(0, prompts, n), rng.integers(0, 4, n)
    two = (one + rng.integers(1, 4, n)) % 4
    won = strength[p, one] - strength[p, two] + rng.logistic(size=n) > 0
    rows = pd.DataFrame({"prompt": p, "one": 4 * p + one, "two": 4 * p + two, "rater": range(n)})
    rows["won"] = np.where(won, "one", "two")
    made = Choices.from_frame(
        rows, rater="rater", prompt="prompt", options=["one", "two"], chosen="won"
    )
    with pytest.raises(InputError, match="600 options are too many for a strength each"):
        fit_choices(made)
    fit = fit_choices(made, responses=True)
    assert fit.converged
    assert fit.random_sd["response"] == pytest.approx(0.8, abs=0.06)


def best_of_four(rng, n=5000, prompts=120, systems=6):
    """Choices among four responses of systems with strengths -1 to 1, SD of responses 0.7."""
    level = np.linspace(-1, 1, systems)
    who = rng.random((prompts, systems)).argsort(axis=1)[:, :4]
    strength = level[who] + 0.7 * rng.normal(size=who.shape)
    p = rng.integers(0, prompts, n)
    best = (strength[p] + rng.gumbel(size=(n, 4))).argmax(axis=1)
    rows = pd.DataFrame(who[p], columns=list("abcd")).astype(str)
    rows = rows.assign(prompt=p, number=range(n), rater=rng.integers(0, 300, n), won=best)
    rows["won"] = np.array(list("abcd"))[best]
    made = Choices.from_frame(
        rows, rater="rater", prompt="prompt", options=list("abcd"), chosen="won", set="number"
    )
    return made, level, strength


def test_responses_among_four_have_random_strengths():
    made, level, strength = best_of_four(np.random.default_rng(8))
    fit = fit_choices(made, responses=True)
    assert fit.converged
    assert fit.random_sd["response"] == pytest.approx(0.7, abs=0.08)
    table = fit.strengths().table
    assert np.abs((table["estimate"] - level) / table["std_error"]).max() < 3
    found = fit.response_strengths().table
    assert len(found) == strength.size
    where = found.groupby("prompt")["estimate"].sum().abs()
    assert where.max() < 3


def test_of_two_the_penalized_logit_is_near_the_engine_of_ordinal_models():
    made = simulate_choices(seed=2, n_raters=200, n_prompts=30, n_systems=4)
    rows = made.pairs[made.pairs["outcome"] != "tie"]
    rows = rows.assign(best=rows["outcome"].astype(str), number=range(len(rows)))
    made = Choices.from_frame(
        rows, rater="rater", prompt="prompt", options=["first", "second"], chosen="best",
        set="number", shown_in_order=True,
    )  # fmt: skip
    fit = fit_choices(made, responses=True)
    other = fit_random_responses(fit.rows.sets(), 4, position=True)
    assert other.sd[0] == pytest.approx(fit.random_sd["response"], rel=0.03)
    np.testing.assert_allclose(other.location, fit.found.location, rtol=0.03, atol=0.01)
    assert other.loglik == pytest.approx(fit.loglik, abs=0.1)
    own = dict(zip(other.responses, other.strengths, strict=True))
    np.testing.assert_allclose(
        [own[k] for k in fit.found.responses], fit.found.strengths, atol=0.02
    )
    np.testing.assert_allclose(other.errors, fit.found.errors, rtol=0.05)


def test_options_that_were_never_compared_are_told_in_one_line():
    rows = pd.DataFrame({"one": ["a", "c"] * 9, "two": ["b", "d"] * 9, "won": "one"})
    rows = rows.assign(rater=range(18), prompt="p")
    made = Choices.from_frame(
        rows, rater="rater", prompt="prompt", options=["one", "two"], chosen="won"
    )
    with pytest.raises(InputError, match="no choice compares 'a', 'b' with 'c', 'd'") as told:
        fit_choices(made)
    assert "\n" not in str(told.value)


def test_groups_that_never_compared_an_option_are_told():
    rows = pd.DataFrame({"one": "a", "two": ["b"] * 6 + ["c"] * 6, "won": ["one", "two"] * 6})
    rows = rows.assign(rater=range(12), prompt="p", side=["x"] * 6 + ["y"] * 6)
    made = Choices.from_frame(
        rows, rater="rater", prompt="prompt", options=["one", "two"], chosen="won",
        demographics=["side"],
    )  # fmt: skip
    with pytest.raises(InputError, match="raters of side 'x' never compared 'c' with 'a', 'b'"):
        fit_choices(made, "side")


def test_an_option_that_always_wins_has_no_finite_strength():
    rows = pd.DataFrame({"one": ["a", "a", "b"] * 20, "two": ["b", "c", "c"] * 20})
    rows = rows.assign(won=["one", "one", "two", "one", "one", "one"] * 10, prompt="p")
    rows = rows.assign(rater=range(60))
    made = Choices.from_frame(
        rows, rater="rater", prompt="prompt", options=["one", "two"], chosen="won"
    )
    fit = fit_choices(made)
    assert not fit.converged
    assert "no finite strengths" in fit.warnings[0]
    assert "'a'" in fit.warnings[0]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"raters": True}, "raters=True is for choices between two"),
        ({"link": "probit"}, "link='probit' is for choices between two"),
        ({"among": "system"}, "do not say what made each option"),
        ({"by": "age"}, "the demographic must be one of 'group', not 'age'"),
    ],
)
def test_what_cannot_be_asked_of_rankings(rankings, options, told):
    with pytest.raises(InputError, match=told):
        fit_choices(rankings[1], **options)


@pytest.mark.extended
@pytest.mark.parametrize(("n_options", "raters"), [(2, True), (2, False), (3, None)])
def test_intervals_hold_the_truth_as_often_as_they_say(n_options, raters):
    """Of a typical rater with deviations; without any, where clustering has nothing to do."""
    inside = []
    for seed in range(60):
        sd = 0.5 if raters else 0.0
        made = simulate_choices(
            seed=seed, n_raters=80, choices_per_rater=20, n_systems=4, n_options=n_options,
            rater_sd=sd,
        )  # fmt: skip
        table = fit_choices(made, "gender", raters=raters).strengths(by="gender").table
        table = table.set_index(["option", "group"])
        truth = pd.Series(
            {(o, g): s for g, own in planted_strengths(4).items() for o, s in own.items()}
        ).reindex(table.index)
        inside.append((table["conf_low"] <= truth) & (truth <= table["conf_high"]))
    share = np.mean(inside)
    assert 0.92 < share < 0.98


def test_an_option_that_is_always_ranked_first_has_no_finite_strength():
    rng = np.random.default_rng(1)
    rows = pd.DataFrame(
        rng.permuted(np.tile(list("abc"), (60, 1)), axis=1), columns=["x", "y", "z"]
    )
    best = np.where((rows == "a").any(axis=1), "a", "b")
    rows = rows.assign(won=best, prompt="p", rater=range(60))
    made = Choices.from_frame(
        rows, rater="rater", prompt="prompt", options=["x", "y", "z"], chosen="won"
    )
    fit = fit_choices(made)
    assert not fit.converged
    assert "no finite strengths" in fit.warnings[0]


def test_demographics_are_adjusted_for_one_another():
    """Age goes with gender and does nothing: alone it seems to, beside gender it does not."""
    made = simulate_choices(seed=6, n_raters=300)
    rng = np.random.default_rng(1)
    raters = made.raters
    old = rng.random(300) < np.where(raters["gender"] == "Male", 0.9, 0.1)
    age = dict(zip(raters["rater"], np.where(old, "old", "young"), strict=True))
    rows = made.pairs.assign(age=made.pairs["rater"].astype(str).map(age))
    rows = rows.assign(best=rows["outcome"].astype(str), number=range(len(rows)))
    both = Choices.from_frame(
        rows, rater="rater", prompt="prompt", options=["first", "second"], chosen="best",
        set="number", demographics=["gender", "age"],
    )  # fmt: skip
    assert fit_choices(both, "age", raters=False).test("age").p_value < 1e-4
    fit = fit_choices(both, ["gender", "age"], raters=False)
    assert fit.test("age").p_value > 0.05
    assert fit.test("gender").p_value < 1e-3
    table = fit.strengths(by="age").table
    assert table.groupby("group")["estimate"].sum().abs().max() < 1e-9


def test_raters_without_a_level_are_left_out_and_told():
    made = simulate_choices(seed=6, n_raters=40)
    rows = made.pairs.assign(best=made.pairs["outcome"].astype(str), number=range(800))
    silent = rows["rater"].astype(str).isin(rows["rater"].astype(str).unique()[:12])
    rows["gender"] = rows["gender"].astype(str).mask(silent)
    some = Choices.from_frame(
        rows, rater="rater", prompt="prompt", options=["first", "second"], chosen="best",
        set="number", demographics=["gender"],
    )  # fmt: skip
    fit = fit_choices(some, "gender", raters=False)
    assert (fit.rows.n_dropped, fit.n_raters, fit.n_choices) == (240, 28, 560)
    assert "240 choices of raters without an answer on gender were left out." in (
        fit.strengths(by="gender").meta.notes
    )
    assert fit_choices(some).n_choices == 800


def test_ties_alone_tell_nothing():
    rows = pd.DataFrame({"one": ["a"] * 9, "two": "b", "won": "tie", "prompt": "p"})
    made = Choices.from_frame(
        rows.assign(rater=range(9)), rater="rater", prompt="prompt", options=["one", "two"],
        chosen="won",
    )  # fmt: skip
    with pytest.raises(InputError, match="all comparisons are ties"):
        fit_choices(made)


def test_what_a_model_of_all_raters_cannot_say(compared):
    made = read(compared)
    with pytest.raises(InputError, match="same strengths for all raters; fit it with by='group'"):
        fit_choices(made).strengths(by="group")
    with pytest.raises(InputError, match="'by' must be a demographic or several"):
        fit_choices(made, 5)
    with pytest.raises(InputError, match="takes Choices as 'choices', not a DataFrame"):
        fit_choices(compared)


def test_few_raters_are_told(compared):
    few = compared[compared["rater"].isin(["r00", "r01", "r02"])]
    assert "there are 3 raters only" in fit_choices(read(few)).warnings[0]
    assert "clustered by 3 raters" in fit_choices(read(few), raters=False).warnings[0]
    one = read(compared[compared["rater"] == "r00"])
    assert "rater" not in fit_choices(one).random_sd


def test_an_option_that_wins_always_has_no_strength_and_the_others_have_theirs(compared):
    """As in a fit without its comparisons; formerly it had a strength of 28 without an error."""
    rows = without_ties(compared)
    top = rows["first"].min()
    beats = rows.assign(
        outcome=rows["outcome"].mask(rows["first"] == top, top).mask(rows["second"] == top, top)
    )
    rest = rows[(rows["first"] != top) & (rows["second"] != top)]
    fit, whole = (fit_choices(read(d), position=False, raters=False) for d in (beats, rest))
    assert not fit.converged
    made, same = (f.strengths().table.set_index("option") for f in (fit, whole))
    numbers = ["estimate", "std_error", "conf_low", "conf_high"]
    assert made.loc[top, numbers].isna().all()
    np.testing.assert_allclose(
        made.loc[same.index, numbers].astype(float), same[numbers].astype(float), rtol=0.02
    )
    assert f"{top} without a finite strength" in fit.strengths().sentence
    wins = fit.win_probabilities().table
    touched = (wins["option"] == top) | (wins["against"] == top)
    assert wins.loc[touched, "estimate"].isna().all()
    assert wins.loc[~touched, "estimate"].between(0, 1).all()
    assert np.isnan(fit.summary().table.set_index("term").loc[top, "estimate"])
