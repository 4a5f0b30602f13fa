"""Effects that rest on few raters or items, against linear models and a t-test by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import pluralign_stats as pls
from pluralign_stats.models.few_units import MANY, few_units, spare_units


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
    assert (few.variable, few.unit, few.n, few.df) == ("gender", "rater", 30, 28)
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
