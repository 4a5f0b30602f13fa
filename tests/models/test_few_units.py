"""Effects that rest on few raters or items, against linear models and a t-test by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import pluralign_stats as pls
from pluralign_stats.models.few_units import (
    MANY,
    few_of_coefficients,
    few_units,
    scale_df,
    scale_units,
    spare_units,
)


def ratings(seed, n_items=12, n_raters=40, between=1.0):
    """Everybody rates every item; items of two kinds, raters of two genders."""
    rng = np.random.default_rng(seed)
    rater, item = (a.ravel() for a in np.indices((n_raters, n_items)))
    latent = rng.normal(size=n_raters)[rater] + between * rng.normal(size=n_items)[item]
    latent = latent + rng.logistic(size=len(rater))
    return pd.DataFrame(
        {
            "rater": rater,
            "item": item,
            "kind": np.where(item % 2, "odd", "even"),
            "gender": np.where(rater % 2, "m", "f"),
            "rating": np.digitize(latent, [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]),
        }
    )


FORMULA = "rating ~ kind + gender + (1|rater) + (1|item)"


@pytest.mark.parametrize("seed", range(6))
def test_p_is_that_of_the_t_test_of_the_items_means(seed):
    """Where everybody rates every item, the items' own levels are all that a test rests on."""
    data = ratings(seed)
    fit = pls.fit_ordinal(FORMULA, data)
    apart = pls.fit_ordinal("rating ~ C(item) + gender + (1|rater)", data)
    effect = np.append(0.0, apart.params.filter(like="C(item)"))
    kind = data.groupby("item")["kind"].first().to_numpy()
    by_hand = stats.ttest_ind(effect[kind == "odd"], effect[kind == "even"])
    row = fit.contrasts("kind", kind="linear").table.iloc[0]
    assert row["df"] == by_hand.df == 10
    assert row["p_value"] == pytest.approx(by_hand.pvalue, rel=0.1, abs=0.004)


@pytest.mark.parametrize("seed", range(3))
def test_all_tests_of_one_effect_agree(seed):
    fit = pls.fit_ordinal(FORMULA, ratings(seed))
    p = pls.joint_test(fit, "kind").table["p_value"].iloc[0]
    summary = fit.summary().table.set_index("term").loc["kind[T.odd]"]
    found = {
        "summary": summary["p_value"],
        "hypotheses": fit.hypotheses("`kind[T.odd]` = 0").table["p_value"].iloc[0],
        "contrasts": fit.contrasts("kind", kind="linear").table["p_value"].iloc[0],
        "percent": fit.percent("kind").table.set_index("reading").loc["odds", "p_value"],
    }
    assert found == pytest.approx(dict.fromkeys(found, p))
    assert summary["std_error"] == pytest.approx(fit.se["kind[T.odd]"] * np.sqrt(12 / 10))
    assert summary["df"] == 10


def test_simulated_intervals_are_as_wide():
    fit = pls.fit_ordinal(FORMULA, ratings(1))
    wide = [
        np.ptp(fit.contrasts("kind", interval=how, n_draws=4000).table[["conf_low", "conf_high"]])
        for how in ("delta", "simulation")
    ]
    assert wide[1] == pytest.approx(wide[0], rel=0.05)


def test_units_are_those_between_which_a_variable_differs():
    data = ratings(2, n_items=80, n_raters=30)
    rng = np.random.default_rng(1)
    data["late"] = rng.permutation(len(data)) % 2
    fit = pls.fit_ordinal("rating ~ kind + gender + late + (1|rater) + (1|item)", data)
    assert few_units(fit, "kind") is None  # 80 items are many
    assert few_units(fit, "late") is None  # differs within raters and items
    few = few_units(fit, "kind", "gender", "late")
    assert (few.what, few.unit, few.n, few.df) == ("gender", "rater", 30, 28)
    varying = pls.fit_ordinal("rating ~ late + (1 + late|rater)", data)
    assert few_units(varying, "late").unit == "rater"
    linear = pls.fit_linear("rating ~ gender + (1|rater)", data)
    assert few_units(linear, "gender") is None  # it counts them by itself


def test_with_no_unit_to_spare_there_is_no_test():
    data = ratings(3)
    data = data[data["item"] < 2]
    fit = pls.fit_ordinal("rating ~ kind + (1|rater) + (1|item)", data)
    result = fit.contrasts("kind")
    assert result.table[["p_value", "std_error", "conf_low"]].isna().all(axis=None)
    assert np.isfinite(result.table["estimate"]).all()
    assert any("2 items only, too few" in note for note in result.meta.notes)


def test_spare_units_by_hand():
    codes = np.repeat(np.arange(6), 2)
    group = (codes % 3 == 0) * 1.0
    within = np.tile([0.0, 1.0], 6)
    X = np.column_stack([group, within, 2 * group])
    assert spare_units(codes, X) == 4  # an intercept and one effect; the third column is no new one


def test_many_is_where_the_normal_distribution_lets_through_less_than_six_percent():
    def share(n):
        """Chance that |t| with n - 2 degrees of freedom, of a variance by n, passes 1.96."""
        return 2 * stats.t.sf(stats.norm.ppf(0.975) * np.sqrt((n - 2) / n), n - 2)

    assert share(MANY) < 0.06 < share(MANY - 12)


def test_an_interaction_rests_on_what_its_own_column_differs_between():
    data = ratings(4, n_items=14, n_raters=30)
    data["late"] = np.random.default_rng(1).permutation(len(data)) % 2
    fit = pls.fit_ordinal(
        "rating ~ gender * late + gender:kind + kind + (1|rater) + (1|item)", data
    )
    few = dict(zip(fit.params.index, few_of_coefficients(fit), strict=False))
    assert few["gender[T.m]"].unit == "rater"
    assert few["kind[T.odd]"].unit == "item"
    assert few["late"] is None
    assert few["gender[T.m]:late"] is None
    assert few["gender[T.m]:kind[T.odd]"] is None
    assert few_units(fit, "gender").unit == "rater"


def test_effects_on_thresholds_and_scale_take_units_too():
    data = ratings(5, n_items=9, n_raters=24)
    data["country"] = data["rater"] % 4
    located = pls.fit_ordinal("rating ~ C(country) + (1|rater)", data)
    apart = pls.fit_ordinal("rating ~ 1 + (1|rater)", data, nominal="C(country)")
    assert few_of_coefficients(located)[0].df == 20
    assert scale_df(apart, scale_units(apart)) == 20
    summary = apart.summary().table
    assert set(summary.loc[summary["term"].str.contains(":"), "df"]) == {20}
    assert set(summary.loc[summary["term"].str.startswith("threshold"), "df"]) == {np.inf}


def test_equations_do_not_depend_on_what_is_asked_beside_them():
    data = ratings(6, n_items=9, n_raters=24)
    fit = pls.fit_ordinal(FORMULA, data, nominal="gender")
    cut = f"{fit.thresholds.index[0]}: gender[T.m]"
    asked = ["`kind[T.odd]` = 0", f"`{cut}` = 0"]
    together = fit.hypotheses(asked, adjust="none").table
    summary = fit.summary().table.set_index("term")
    for place, name in enumerate(["kind[T.odd]", cut]):
        alone = fit.hypotheses(asked[place], adjust="none").table.iloc[0]
        for column in ("std_error", "p_value", "conf_low", "df"):
            assert together[column].iloc[place] == pytest.approx(alone[column])
            assert alone[column] == pytest.approx(summary.loc[name, column])
    holm = fit.hypotheses(asked).table
    smallest = together["p_value"].min()
    assert holm["p_adjusted"].min() == pytest.approx(2 * smallest)


def test_degrees_of_freedom_of_linear_models_do_not_tell_either():
    data = ratings(1, n_raters=57)
    data.loc[data["rater"] < 4, "gender"] = None
    fit = pls.fit_linear(FORMULA, data)
    exact = fit.degrees(np.eye(len(fit.params)))
    assert 50 < exact[-1] < 53  # near the number of raters
    degrees = [
        fit.summary().table["df"].iloc[-1],
        fit.contrasts("gender").table["df"].iloc[0],
        pls.joint_test(fit, "gender").table["df_residual"].iloc[0],
    ]
    assert degrees == [50, 50, 50]
    whole = pls.fit_linear(FORMULA, data.dropna())
    assert (whole.contrasts("gender").table["df"] % 10 != 0).all()


@pytest.mark.parametrize("seed", range(3))
def test_the_number_of_raters_is_not_told_where_few_are_left_out(seed):
    data = ratings(seed, n_raters=57)
    data.loc[data["rater"] < 4, "gender"] = None
    fit = pls.fit_ordinal(FORMULA, data)
    results = [
        fit.summary(), fit.contrasts("gender"), fit.percent("gender"), fit.predictions(by="gender"),
        fit.hypotheses("`gender[T.m]` = 0"), pls.joint_test(fit, "gender"),
    ]  # fmt: skip
    for result in results:
        released = result.released()
        told = " ".join([*released.meta.notes, released.sentence])
        assert "53" not in told
        assert "fewer than 60 raters" in told
        degrees = {c for c in ("df", "df_residual") if c in released.table}
        assert not {53, 51} & set(released.table[sorted(degrees)].to_numpy(float).ravel())
    assert few_units(fit, "kind").df == 10  # the number of items is no secret


def test_where_there_is_no_test_nothing_is_said_of_differences():
    data = ratings(7, n_items=6, n_raters=4).assign(country=lambda d: d["rater"])
    fit = pls.fit_ordinal("rating ~ C(country) + (1|rater)", data)
    assert "too few to test" in pls.joint_test(fit, "country").sentence
    assert "too few to test" in fit.hypotheses("`C(country)[T.1]` = 0").sentence
    made = fit.contrasts("kind") if "kind" in fit.params else fit.predictions(by="country")
    assert made.table["conf_low"].isna().all()
    simulated = fit.predictions(by="country", interval="simulation").table
    assert simulated[["conf_low", "conf_high"]].isna().all(axis=None)
    profile = fit.summary(interval="profile").table.set_index("term")
    assert profile.loc["C(country)[T.1]", ["conf_low", "conf_high"]].isna().all()


def test_populations_are_weighted_with_the_same_errors():
    data = ratings(8, n_items=6, n_raters=8)
    data["country"] = data["rater"].map(dict(enumerate("AABBCCDD")))
    fit = pls.fit_ordinal("rating ~ country + (1|rater) + (1|item)", data)
    people = pd.DataFrame({"country": list("ABCD"), "n": [10, 1, 1, 1]})
    ends = ["estimate", "conf_low", "conf_high"]
    whole = pls.poststratify(fit, people).table.set_index("weighting").loc["difference", ends]
    parts = pls.poststratify(fit, people, by="country").table
    everyone = parts[parts["group"] == "all"]
    assert whole.tolist() == pytest.approx(
        everyone.set_index("weighting").loc["difference", ends].tolist()
    )


def test_slopes_that_stand_apart_rest_on_raters_and_not_on_their_halves():
    """``(1|rater:kind)`` has two groups a rater, in each of which the kind is one."""
    fit = pls.fit_ordinal(
        "rating ~ kind + (1|rater) + (1|rater:kind)", ratings(1, n_items=30, n_raters=20)
    )
    found = few_units(fit, "kind")
    assert (found.unit, found.n, found.df) == ("rater", 20, 19)
