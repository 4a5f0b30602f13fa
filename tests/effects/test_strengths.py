"""Tables of models of choices: what they hold, say, draw and withhold."""

import numpy as np
import pytest

from pluralign_stats import InputError, fit_choices
from pluralign_stats.choices import Choices, simulate_choices


@pytest.fixture(scope="module")
def fit():
    return fit_choices(simulate_choices(seed=2, n_raters=60, choices_per_rater=15), "gender")


@pytest.fixture(scope="module")
def small():
    """A model in which one group has fewer raters than may be shown."""
    made = simulate_choices(seed=2, n_raters=17, choices_per_rater=40)
    return fit_choices(made, "gender")


def test_strengths_add_up_to_0_in_each_group(fit):
    table = fit.strengths(by="gender").table
    assert np.abs(table.groupby("group")["estimate"].sum()).max() < 1e-12
    assert table["n_raters"].groupby(table["group"]).first().sum() == 60


def test_differences_are_those_of_the_strengths(fit):
    strengths = fit.strengths(by="gender").table.pivot(
        index="option", columns="group", values="estimate"
    )
    found = fit.differences("gender").table.set_index("option")["estimate"]
    np.testing.assert_allclose(found, strengths["Male"] - strengths["Female"])
    turned = fit.differences("gender", reference="Male").table.set_index("option")["estimate"]
    np.testing.assert_allclose(found, -turned)


def test_the_joint_test_is_that_of_all_differences(fit):
    assert fit.test("gender").df == 4
    assert "p = " in fit.differences("gender").sentence


def test_shares_of_two_options_add_up_to_1(fit):
    table = fit.win_probabilities(by="gender").table
    shares = table.set_index(["option", "against", "group"])["estimate"]
    turned = shares.rename_axis(["against", "option", "group"])
    turned = turned.reorder_levels(["option", "against", "group"])
    np.testing.assert_allclose(shares + turned[shares.index], 1)
    assert (
        (table["conf_low"] < table["estimate"]) & (table["estimate"] < table["conf_high"])
    ).all()


def test_averaging_over_raters_draws_shares_to_a_half(fit):
    over = fit.win_probabilities().table["estimate"]
    typical = fit.win_probabilities(averaging="conditional").table["estimate"]
    assert (np.abs(over - 0.5) < np.abs(typical - 0.5)).all()


def test_slopes_of_shares_give_the_delta_method(fit):
    """Of one difference without deviations: the logistic density times its standard error."""
    wins = fit.win_probabilities(averaging="conditional").table.iloc[0]
    rows = fit.strength_rows(fit.covariates_at(None))[0]
    apart, tie = (rows[0] - rows[1]) @ fit.parameters, fit.parameters[0]
    p = 0.5 * (1 / (1 + np.exp(tie - apart)) + 1 / (1 + np.exp(-tie - apart)))
    assert wins["estimate"] == pytest.approx(p)


def test_groups_of_few_raters_are_withheld(small):
    counts = small.raters_of["gender"]
    assert counts.min() < 10
    name = counts.idxmin()
    for result in (small.strengths(by="gender"), small.win_probabilities(by="gender")):
        shown = result.released()
        assert name not in set(shown.table["group"])
        assert name not in shown.sentence
    assert small.differences("gender").released().table.empty
    assert len(small.differences("gender").released(min_cell=1).table) == 5


@pytest.mark.parametrize("verb", ["strengths", "win_probabilities", "summary"])
def test_results_draw_themselves(fit, verb):
    plot = getattr(fit, verb)().plot()
    assert plot.alt.endswith(".")
    assert "simulated" in getattr(fit, verb)().caption()


def test_groups_are_told_apart_in_figures(fit):
    for result in (fit.strengths(by="gender"), fit.win_probabilities(by="gender")):
        legend = result.plot().figure.legends[0]
        assert [text.get_text().split(" (")[0] for text in legend.get_texts()] == ["Female", "Male"]


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda f: f.strengths(by="age"), "the demographic must be one of 'gender', not 'age'"),
        (lambda f: f.differences("gender", reference="x"), "the reference must be one of"),
        (lambda f: f.win_probabilities(averaging="x"), "'averaging' must be one of"),
        (
            lambda f: f.strengths(conf_level=95),
            "conf_level must lie between 0 and 1, such as 0.95, not 95",
        ),
    ],
)
def test_what_cannot_be_asked(fit, ask, told):
    with pytest.raises(InputError, match=told):
        ask(fit)


def test_options_that_few_raters_of_a_group_judged_are_withheld():
    made = simulate_choices(seed=2, n_raters=60, choices_per_rater=15)
    rows = made.pairs.assign(best=made.pairs["outcome"].astype(str), number=range(900))
    few = rows["rater"].isin(rows["rater"].unique()[:6])
    rare = (rows["first"] == "system C") | (rows["second"] == "system C")
    fit = fit_choices(
        Choices.from_frame(
            rows[few | ~rare], rater="rater", prompt="prompt", options=["first", "second"],
            chosen="best", set="number", demographics=["gender"],
        ),
        "gender",
        raters=False,
    )  # fmt: skip
    assert fit.raters_who_compared(None)[0].tolist() == [60, 60, 6, 60, 60]
    for result in (fit.strengths(), fit.strengths(by="gender"), fit.differences("gender")):
        assert "system C" in set(result.table["option"])
        assert "system C" not in set(result.released().table["option"])
    assert "system C" not in set(fit.summary().released().table["term"])
    assert "system C" not in fit.win_probabilities().released().to_csv_text()
