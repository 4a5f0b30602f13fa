"""Likelihood-ratio tests against R, and what they refuse.

R 4.2.2's `anova` on fits by ordinal 2022.11-16 (clm, clmm) and lme4 1.1-31 (lmer, refit=FALSE) of
ordinal's wine and soup data.
"""

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats import InputError, fit_linear, fit_ordinal
from pluralign_stats.checks import likelihood_ratio

#: Small and large model, and R's chi-squared, degrees of freedom and p.
WINE = {
    "an effect": (
        ("rating ~ contact", {}),
        ("rating ~ temp + contact", {}),
        (26.92797513, 1, 2.111799597e-07),
    ),
    "a random effect (clm against clmm)": (
        ("rating ~ temp + contact", {}),
        ("rating ~ temp + contact + (1|judge)", {}),
        (9.853028147, 1, 0.001695524365),
    ),
    "an effect beside a random one": (
        ("rating ~ contact + (1|judge)", {}),
        ("rating ~ temp + contact + (1|judge)", {}),
        (34.46371035, 1, 4.34272981e-09),
    ),
    "the same by quadrature": (
        ("rating ~ contact + (1|judge)", {"n_nodes": 10}),
        ("rating ~ temp + contact + (1|judge)", {"n_nodes": 10}),
        (34.48706565, 1, 4.290932388e-09),
    ),
    "equal weights": (
        ("rating ~ contact", {"weights": "weight"}),
        ("rating ~ temp + contact", {"weights": "weight"}),
        (36.21687222, 1, 1.765355262e-09),
    ),
    "equal weights and a random effect": (
        ("rating ~ contact", {"weights": "weight"}),
        ("rating ~ contact + (1|judge)", {"weights": "weight"}),
        (7.743411087, 1, 0.005390887264),
    ),
    "thresholds by group": (
        ("rating ~ temp + contact", {}),
        ("rating ~ temp", {"nominal": "contact"}),
        (0.5667402684, 3, 0.9040023898),
    ),
    "a scale by group": (
        ("rating ~ temp + contact", {}),
        ("rating ~ temp + contact", {"scale": "contact"}),
        (0.2733013264, 1, 0.6011257628),
    ),
    "a variance of 0": (
        ("rating ~ temp + contact + (1|judge)", {}),
        ("rating ~ temp + contact + (1|judge) + (1|bottle)", {}),
        (0.0, 1, 1.0),
    ),
}


@pytest.fixture(scope="module")
def wine(reference_data):
    data = pd.read_csv(reference_data / "ordinal_wine.csv")
    return data.assign(weight=np.tile([0.5, 2.0], len(data) // 2), judge=data["judge"].astype(str))


@pytest.mark.parametrize("case", WINE)
def test_ordinal_models_as_in_r(wine, case):
    small, large, (statistic, df, p) = WINE[case]
    fits = [fit_ordinal(formula, wine, **options) for formula, options in (large, small)]
    row = likelihood_ratio(*fits).table.iloc[1]
    assert row["statistic"] == pytest.approx(statistic, abs=1e-4)
    assert row["df"] == df
    assert row["p_value"] == pytest.approx(p, rel=1e-4, abs=1e-4 if p == 1 else 0)


def test_several_models_and_another_link_as_in_r(reference_data):
    soup = pd.read_csv(reference_data / "ordinal_soup.csv")
    formulas = ("PROD", "PROD + (1|RESP)", "PROD + GENDER + AGEGROUP + (1|RESP)")
    fits = [fit_ordinal(f"SURENESS ~ {formula}", soup) for formula in formulas]
    table = likelihood_ratio(*fits).table
    np.testing.assert_allclose(table["statistic"][1:], [33.247085183, 4.301676961], atol=1e-3)
    assert list(table["df"]) == [0, 1, 4]
    np.testing.assert_allclose(table["aic"], [5392.664064, 5361.416979, 5365.115302], atol=1e-3)
    probit = [fit_ordinal(f"SURENESS ~ {f}", soup, link="probit") for f in formulas[:2]]
    row = likelihood_ratio(*probit).table.iloc[1]
    assert row["statistic"] == pytest.approx(37.82423558, abs=1e-3)


def test_random_effects_of_linear_models_by_reml_as_in_r(wine):
    fits = [fit_linear(f"rating ~ (1|judge){more}", wine) for more in ("", " + (1|bottle)")]
    result = likelihood_ratio(*fits)
    assert result.table["statistic"].iloc[1] == pytest.approx(23.99598381, abs=1e-4)
    assert result.table["p_value"].iloc[1] == pytest.approx(9.653685958e-07, rel=1e-4)
    assert any("at most by a factor of two" in note for note in result.meta.notes)


def test_only_tests_of_variances_have_the_note_on_them(wine):
    formulas = ("rating ~ contact", "rating ~ contact + temp")
    result = likelihood_ratio(*(fit_ordinal(f, wine) for f in formulas))
    assert not any("variance" in note for note in result.meta.notes)
    more = fit_ordinal("rating ~ contact + temp + (1|judge) + (1|bottle)", wine)
    result = likelihood_ratio(fit_ordinal(formulas[1], wine), more)
    assert any("too large." in note for note in result.meta.notes)


def test_the_sentence_tells_of_every_step_and_tells_models_apart(wine):
    fits = [
        fit_ordinal("rating ~ temp", wine),
        fit_ordinal("rating ~ temp", wine, nominal="contact"),
        fit_ordinal("rating ~ temp", wine, nominal="contact", scale="temp"),
    ]
    result = likelihood_ratio(*fits)
    assert "'rating ~ temp; thresholds by contact' fits clearly better" in result.sentence
    assert "'rating ~ temp; thresholds by contact; scale by temp' fits not" in result.sentence


#: What cannot be compared: changes to the second model, and what is said.
ORDINAL = {
    "weights against none": ({"weights": "weight"}, "they weight rows differently"),
    "weights of 2 against none": ({"weights": np.full(72, 2.0)}, "they weight rows differently"),
    "another link": ({"link": "cloglog"}, "different links .'logit' and 'cloglog'."),
    "equidistant thresholds": ({"thresholds": "equidistant"}, "different structures of thresh"),
    "symmetric thresholds": ({"thresholds": "symmetric"}, "different structures of thresholds"),
    "quadrature": ({"n_nodes": 5}, "by Laplace's method and quadrature with 5 nodes"),
    "fewer rows": ({"rows": slice(0, 70)}, "different rows .72 and 70.;"),
    "other rows": ({"rows": slice(None, None, -1)}, "different rows .72 each, but not"),
    "another response": ({"change": {"rating": lambda d: 6 - d["rating"]}}, "different responses"),
    "a coarser response": (
        {"change": {"rating": lambda d: d["rating"].clip(upper=4)}},
        "different responses",
    ),
}


@pytest.mark.parametrize("case", ORDINAL)
def test_ordinal_models_that_do_not_compare(wine, case):
    options, message = dict(ORDINAL[case][0]), ORDINAL[case][1]
    data = wine.iloc[options.pop("rows", slice(None))].assign(**options.pop("change", {}))
    if isinstance(options.get("weights"), np.ndarray):
        options["weights"] = options["weights"][: len(data)]
    small = fit_ordinal("rating ~ contact + (1|judge)", wine)
    large = fit_ordinal("rating ~ contact + temp + (1|judge)", data, **options)
    for pair in ((small, large), (large, small)):
        with pytest.raises(InputError, match=message):
            likelihood_ratio(*pair)


#: Pairs of ordinal models neither of which holds the other.
UNNESTED = {
    "other effects": ("rating ~ temp", "rating ~ contact + (1|judge)", {}, "lacks effects of"),
    "as many parameters": ("rating ~ temp", "rating ~ contact", {}, "equally many parameters"),
    "the same model": ("rating ~ temp", "rating ~ temp", {}, "equally many parameters"),
    "other groups": (
        "rating ~ temp + (1|judge)",
        "rating ~ temp + contact + (1|bottle)",
        {},
        "as a special case could not be established from their random effects",
    ),
    "a group that is fixed in the other": (
        "rating ~ temp + (1|judge)",
        "rating ~ temp + judge",
        {},
        "as a special case could not be established from their random effects",
    ),
    "a correlation that is 0 in the other": (
        "rating ~ temp + (1 + x|judge)",
        "rating ~ temp + x + contact + (1 + x||judge)",
        {},
        "as a special case could not be established from their random effects",
    ),
    "the scale": (
        "rating ~ temp",
        "rating ~ temp + contact + (1|judge)",
        {"scale": "contact"},
        "lacks effects on the scale of",
    ),
    "thresholds by group": (
        "rating ~ temp",
        "rating ~ temp + contact + x + I(x**2) + I(x**3) + I(x**4)",
        {"nominal": "contact"},
        "lacks effects of",
    ),
}


@pytest.mark.parametrize("case", UNNESTED)
def test_models_that_are_not_nested_are_referred_to_aic(wine, case):
    small, large, options, message = UNNESTED[case]
    data = wine.assign(x=np.random.default_rng(1).normal(size=len(wine)))
    fits = fit_ordinal(small, data, **options), fit_ordinal(large, data)
    with pytest.raises(InputError, match=f"{message}.*compare them by AIC"):
        likelihood_ratio(*fits)


@pytest.mark.parametrize(
    ("small", "large"),
    [
        ("rating ~ age", "rating ~ band + age"),
        ("rating ~ young", "rating ~ band"),
        ("rating ~ x", "rating ~ poly(x, 2)"),
        ("rating ~ x + (x||judge)", "rating ~ x + (x|judge)"),
        ("rating ~ x + (1|judge) + (0 + x|judge)", "rating ~ x + (x|judge)"),
        ("rating ~ x + (1|judge)", "rating ~ I(10 * x + 3) + temp + (1|person)"),
    ],
)
def test_nesting_is_told_by_columns_and_groups_not_by_names(wine, small, large):
    rng = np.random.default_rng(2)
    band = rng.choice(["a", "b", "c"], len(wine))
    data = wine.assign(
        x=rng.normal(size=len(wine)),
        band=pd.Categorical(band),
        young=(band == "a").astype(float),
        age=1.0e6 + rng.normal(size=len(wine)),
        person=wine["judge"].map(lambda judge: f"person {judge}"),
    )
    table = likelihood_ratio(fit_ordinal(small, data), fit_ordinal(large, data)).table
    assert table["statistic"].iloc[1] >= 0
    assert table["df"].iloc[1] >= 1


def test_linear_models_that_do_not_compare(wine):
    small, large = "rating ~ contact + (1|judge)", "rating ~ contact + temp + (1|judge)"
    with pytest.raises(InputError, match="REML with different fixed effects"):
        likelihood_ratio(fit_linear(small, wine), fit_linear(large, wine))
    with pytest.raises(InputError, match="different criteria"):
        likelihood_ratio(fit_linear(small, wine), fit_linear(large, wine, reml=False))
    weighted = fit_linear(small, wine, reml=False, weights="weight")
    with pytest.raises(InputError, match="weight rows differently"):
        likelihood_ratio(weighted, fit_linear(large, wine, reml=False))
    with pytest.raises(InputError, match="of different kinds"):
        likelihood_ratio(fit_linear(small, wine, reml=False), fit_ordinal(large, wine))
    logged = fit_linear(f"log({large}".replace("rating ~", "rating) ~"), wine, reml=False)
    with pytest.raises(InputError, match="different responses"):
        likelihood_ratio(fit_linear(small, wine, reml=False), logged)


def test_by_reml_another_unit_of_a_column_is_another_criterion(wine):
    data = wine.assign(x=np.random.default_rng(3).normal(size=len(wine)))
    small = fit_linear("rating ~ x + (1|judge)", data)
    crossed = "(1|judge) + (1|bottle)"
    assert likelihood_ratio(small, fit_linear(f"rating ~ x + {crossed}", data)).table["df"][1] == 1
    with pytest.raises(InputError, match="REML with different fixed effects"):
        likelihood_ratio(small, fit_linear(f"rating ~ I(100 * x) + {crossed}", data))


def test_a_search_that_ended_too_early_is_not_tested(wine):
    from dataclasses import replace

    small = fit_ordinal("rating ~ contact", wine)
    large = fit_ordinal("rating ~ contact + temp", wine)
    with pytest.raises(InputError, match="its search did not reach the maximum"):
        likelihood_ratio(small, replace(large, loglik=small.loglik - 1))


def test_one_fit_is_not_compared(wine):
    with pytest.raises(InputError, match="two fits or more"):
        pls.checks.likelihood_ratio(fit_ordinal("rating ~ contact", wine))


def test_a_variance_by_group_that_may_hold_another_is_not_called_unnested(wine):
    small = fit_ordinal("rating ~ temp + (1|judge) + (1|judge:temp)", wine)
    large = fit_ordinal("rating ~ temp + (0 + temp|judge)", wine)
    with pytest.raises(InputError, match="could not be established"):
        likelihood_ratio(small, large)


def test_what_is_no_fit_is_refused_with_advice(wine):
    fits = [fit_ordinal(f"rating ~ {terms}", wine) for terms in ("temp", "temp + contact")]
    for given in ([fits], [tuple(fits)], [fits[0], fits]):
        with pytest.raises(InputError, match=r"takes a fit .*, not a (list|tuple) .* one by one"):
            pls.checks.likelihood_ratio(*given)
    for given in ([fits[0], "x"], ["x"], [None, *fits], [1, 2]):
        with pytest.raises(InputError, match=r"takes a fit as 'fits', not ('x'|None|1); fit_"):
            pls.checks.likelihood_ratio(*given)
