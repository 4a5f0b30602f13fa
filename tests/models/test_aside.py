"""Levels that the ends of the scale tell apart, or of which errors by rater know nothing."""

import numpy as np
import pandas as pd
import pytest

from pluralign_stats import contrasts, fit_linear, fit_ordered_beta, fit_ordinal, joint_test
from pluralign_stats.fits.marginal import fit_marginal
from pluralign_stats.notes import Code, tells

CROSSED = "(1|rater) + (1|item)"


def rated(n=120, k=5, n_items=40):
    """Raters of three groups who rate on five points, and on a slider."""
    rng = np.random.default_rng(1)
    rater, u = np.repeat(np.arange(n), k), rng.normal(0, 0.8, n)
    g, h = rng.choice(["a", "b", "c"], n, p=[0.4, 0.35, 0.25]), rng.choice(["x", "y"], n)
    item, v = rng.integers(0, n_items, n * k), rng.normal(0, 0.5, n_items)
    eta = u[rater] + v[item] + 0.5 * (g[rater] == "b") - 0.3 * (g[rater] == "c")
    eta = eta + 0.2 * (h[rater] == "y") + rng.logistic(size=n * k)
    return pd.DataFrame(
        {
            "rater": [f"r{i}" for i in rater],
            "item": [f"i{i}" for i in item],
            "g": g[rater],
            "h": h[rater],
            "rating": 1 + np.searchsorted([-1.5, -0.3, 0.8, 1.9], eta),
            "slider": np.clip(50 + 18 * eta, 0, 100).round(),
        }
    )


def group(n, ratings, name="d"):
    """Ratings of a group of n raters of five items each."""
    one = np.arange(n * 5)
    rating = np.resize(ratings, n * 5)
    return pd.DataFrame(
        {
            "rater": [f"{name}{i // 5}" for i in one],
            "item": [f"i{i % 40}" for i in one],
            "g": name,
            "h": np.where(one // 5 % 2, "y", "x"),
            "rating": rating,
            "slider": 25.0 * (rating - 1),
        }
    )


def together(*parts, levels=None):
    data = pd.concat([rated(), *parts], ignore_index=True)
    return data.assign(g=pd.Categorical(data["g"], levels or sorted(data["g"].unique())))


def rest(data):
    data = data[data["g"].isin(["a", "b", "c"])]
    return data.assign(g=data["g"].astype(str).astype("category"))


FITS = {
    "clm": lambda d, f: fit_ordinal(f"rating ~ {f}", d),
    "clmm": lambda d, f: fit_ordinal(f"rating ~ {f} + {CROSSED}", d),
    "probit": lambda d, f: fit_ordinal(f"rating ~ {f} + (1|rater)", d, link="probit"),
    "beta": lambda d, f: fit_ordered_beta(f"slider ~ {f} + {CROSSED}", d, bounds=(0, 100)),
    "ordinal GEE": lambda d, f: fit_marginal(f"rating ~ {f}", d, "ordinal GEE", rater="rater"),
    "linear GEE": lambda d, f: fit_marginal(f"rating ~ {f}", d, "linear GEE", rater="rater"),
    "OLS": lambda d, f: fit_marginal(f"rating ~ {f}", d, "OLS", rater="rater"),
}
SLOW = pytest.param("ordinal GEE", marks=pytest.mark.extended)
LIKELIHOOD = ["clm", "clmm", "probit", "beta"]
ROBUST = [SLOW, "linear GEE", "OLS"]

ENDS = {
    "one rater": [group(1, [1])],
    "raters at the top": [group(3, [5])],
    "many raters": [group(12, [1])],
    "either end": [group(2, [1]), group(2, [5], "e")],
}
ALONE = {"one rater of several answers": [group(1, [2, 4, 3, 5, 1])], "all alike": [group(12, [3])]}


def refuses_nothing_else(fit, whole, lost):
    """The levels in the rest are as in a fit of these alone, the others have no numbers."""
    assert fit.converged
    assert tells(fit.warnings, Code.SEPARATION)
    pd.testing.assert_series_equal(fit.params, whole.params, rtol=1e-5)
    pd.testing.assert_series_equal(fit.se, whole.se, rtol=1e-4)
    table = contrasts(fit, "g").table.set_index("level")
    same = contrasts(whole, "g").table.set_index("level")
    numbers = ["estimate", "std_error", "conf_low", "conf_high", "n_raters", "n_ratings"]
    np.testing.assert_allclose(
        table.loc[same.index, numbers].astype(float), same[numbers].astype(float), rtol=1e-4
    )
    assert table.loc[lost, numbers[:4]].isna().all(axis=None)
    assert (table.loc[lost, "n_raters"] > 0).all()
    shown = fit.summary().table.set_index("term")
    assert shown.loc[[f"g[T.{level}]" for level in lost], "estimate"].isna().all()
    assert joint_test(fit, "g").table["p_value"].item() == pytest.approx(
        joint_test(whole, "g").table["p_value"].item(), rel=1e-3
    )


@pytest.mark.parametrize("kind", [*LIKELIHOOD, *ROBUST])
@pytest.mark.parametrize("case", ENDS)
def test_other_levels_are_as_without_the_separated_ones(kind, case):
    data = together(*ENDS[case])
    lost = [level for level in ("d", "e") if level in data["g"].cat.categories]
    fit, whole = (FITS[kind](d, "g + h") for d in (data, rest(data)))
    refuses_nothing_else(fit, whole, lost)


@pytest.mark.parametrize("kind", ROBUST)
@pytest.mark.parametrize("case", ALONE)
def test_errors_by_rater_need_raters_who_differ(kind, case):
    data = together(*ALONE[case])
    fit, whole = (FITS[kind](d, "g + h") for d in (data, rest(data)))
    refuses_nothing_else(fit, whole, ["d"])
    assert "one rater, or all alike" in " ".join(fit.warnings)


@pytest.mark.parametrize("kind", LIKELIHOOD)
@pytest.mark.parametrize("case", ALONE)
def test_the_likelihood_tells_of_such_levels_as_of_few_raters(kind, case):
    fit = FITS[kind](together(*ALONE[case]), "g + h")
    table = contrasts(fit, "g").table.set_index("level")
    assert table["estimate"].notna().all()
    assert not tells(fit.warnings, Code.SEPARATION)
    if case == "one rater of several answers":
        assert table.loc["d", "std_error"] > 2 * table.loc["b", "std_error"]


def test_a_linear_mixed_model_takes_one_rater_for_one_of_many():
    fit = fit_linear(f"rating ~ g + h + {CROSSED}", together(group(1, [1])))
    table = contrasts(fit, "g").table.set_index("level")
    assert table.loc["d", "std_error"] > 4 * table.loc["b", "std_error"]
    assert table.loc["d", "estimate"] < -1


@pytest.mark.parametrize("kind", ["clmm", SLOW, "beta", "OLS"])
def test_a_separated_reference_gives_way_to_the_next_level(kind):
    data = together(group(3, [1], "A"), levels=["A", "a", "b", "c"])
    fit, whole = (FITS[kind](d, "g + h") for d in (data, rest(data)))
    refuses_nothing_else(fit, whole, ["A"])
    assert contrasts(fit, "g").table["contrast"].tolist() == ["b vs a", "c vs a", "A vs a"]


@pytest.mark.parametrize("kind", [*LIKELIHOOD, *ROBUST])
@pytest.mark.parametrize("at", [1, 5])
def test_a_separated_cell_is_as_an_empty_one(kind, at):
    data = rest(rated())
    cell = (data["g"] == "c") & (data["h"] == "y")
    full = data.assign(
        rating=data["rating"].mask(cell, at), slider=data["slider"].mask(cell, 25.0 * (at - 1))
    )
    fit, empty = FITS[kind](full, "g * h"), FITS[kind](data[~cell], "g * h")
    pd.testing.assert_series_equal(fit.params, empty.params, rtol=1e-5)
    table, same = (contrasts(f, "g").table.set_index("level") for f in (fit, empty))
    assert np.isnan(table.loc["c", "estimate"])
    assert np.isnan(same.loc["c", "estimate"])
    assert table.loc["b", "estimate"] == pytest.approx(same.loc["b", "estimate"], rel=1e-4)
    assert table.loc["b", "std_error"] == pytest.approx(same.loc["b", "std_error"], rel=1e-4)


@pytest.mark.parametrize("kind", ["clm", "clmm", SLOW, "linear GEE", "OLS"])
def test_two_answers(kind):
    data = together(group(3, [1]))
    data["rating"] = (data["rating"] > 3).astype(int)
    refuses_nothing_else(FITS[kind](data, "g + h"), FITS[kind](rest(data), "g + h"), ["d"])


def test_an_ordinal_gee_tells_of_all_levels_but_the_separated():
    """The equations do not converge, or give -32 with an error of 1, where they hold such rows."""
    data = together(group(1, [1])).iloc[400:]
    fit = FITS["ordinal GEE"](data, "g")
    assert fit.converged
    assert list(fit.params.index) == ["g[T.b]", "g[T.c]"]


def test_against_ordinal_in_r():
    """ordinal 2022.11-16 without the rows of d; with them it gives -23.3 for d and no errors."""
    data = together(group(3, [1]))
    fixed = FITS["clm"](data, "g + h")
    np.testing.assert_allclose(fixed.params, [0.402955348, -0.349415402, 0.019781138], rtol=1e-4)
    np.testing.assert_allclose(fixed.se, [0.17137150, 0.17946805, 0.14512454], rtol=1e-4)
    mixed = FITS["clmm"](data, "g + h")
    np.testing.assert_allclose(mixed.params, [0.455689, -0.395126, 0.043473], atol=5e-5)
    np.testing.assert_allclose(mixed.se, [0.239898, 0.251721, 0.204021], rtol=1e-4)


def test_complete_separation_leaves_no_errors():
    x = np.linspace(-1, 1, 40)
    data = pd.DataFrame({"x": x, "y": (x > 0).astype(int)})
    fit = fit_ordinal("y ~ x", data)
    assert not fit.converged
    assert fit.se.isna().all()
    assert any("no finite estimate for 'x'" in w for w in fit.warnings)
