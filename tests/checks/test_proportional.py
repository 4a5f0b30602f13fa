"""Tests of proportional odds rest on raters and items, not on single ratings."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import pluralign_stats as pls
from pluralign_stats.models.units import units_of

CUTS = np.array([-2.0, -0.7, 0.7, 2.0])


def ratings(seed, n_raters=80, per_rater=8, n_items=40, own=0.6):
    """Ratings by raters each of whom has thresholds and a scale of their own."""
    rng = np.random.default_rng(seed)
    rater = np.repeat(np.arange(n_raters), per_rater)
    item = np.concatenate([rng.choice(n_items, per_rater, replace=False) for _ in range(n_raters)])
    cuts = np.sort(CUTS + rng.normal(0, own, (n_raters, 4)), axis=1)
    latent = rng.normal(size=n_raters)[rater] + 0.7 * rng.normal(size=n_items)[item]
    latent = (latent + rng.logistic(size=len(rater))) * np.exp(rng.normal(0, own, n_raters))[rater]
    return pd.DataFrame(
        {"rater": rater, "item": item, "rating": 1 + (latent[:, None] > cuts[rater]).sum(axis=1)}
    )


def halved(data, unit, seed):
    """Data in which each unit is in one of two halves by chance."""
    units = data[unit].unique()
    half = np.random.default_rng([seed, 1]).permutation(np.arange(len(units)) % 2)
    return data.assign(half=data[unit].map(dict(zip(units, half, strict=True))).astype(float))


@pytest.mark.extended
@pytest.mark.parametrize("unit", ["rater", "item"])
def test_halves_by_chance_are_told_apart_as_often_as_they_may_be(unit):
    """150 studies; of likelihood ratios, 30 % of those by raters would reject."""
    found = []
    for seed in range(150):
        data = halved(ratings(seed, n_raters=60, per_rater=6), unit, seed)
        fit = pls.fit_ordinal("rating ~ half + (1|rater) + (1|item)", data)
        found.append(pls.checks.proportional_odds(fit).table["p_value"].to_numpy())
    for p in np.array(found).T:
        assert stats.binomtest(int((p < 0.05).sum()), len(p), 0.05).pvalue > 0.01


def test_a_group_that_goes_to_the_ends_is_found():
    data = halved(ratings(1, n_raters=200, own=0.2), "rater", 1)
    wide = data["half"] == 1
    far = data["rating"].replace({2: 1, 4: 5})
    data = data.assign(rating=data["rating"].where(~(wide & (data["item"] % 2 == 0)), far))
    fit = pls.fit_ordinal("rating ~ half + (1|rater) + (1|item)", data)
    result = pls.checks.proportional_odds(fit)
    assert (result.table["p_adjusted"] < 0.01).all()
    assert result.sentence == "Proportional odds do not hold for half (thresholds), half (scale)."
    assert list(result.table["units"]) == ["rater", "rater"]
    assert (result.table["n_units"] == 200).all()
    assert list(result.table["df"]) == [3, 1]


@pytest.fixture(scope="module")
def crossed():
    data = ratings(3)
    rng = np.random.default_rng(5)
    return data.assign(
        gender=pd.Categorical.from_codes(data["rater"] % 3, ["a", "b", "c"]),
        country=data["rater"] % 10,
        topic=(data["item"] % 4 > 1) * 1.0,
        session=data["rater"] * 2 + np.arange(len(data)) % 2,
        late=(np.arange(len(data)) % 2) * 1.0,
        order=rng.normal(size=len(data)),
    )


@pytest.mark.parametrize(
    ("formula", "units"),
    [
        ("gender + (1|rater) + (1|item)", ["rater"]),
        ("topic + (1|rater) + (1|item)", ["item"]),
        ("order + (1|rater) + (1|item)", ["rater and item"]),
        ("order + (1|item)", ["rater and item"]),
        ("gender + (1|item)", ["rater"]),
        ("gender", ["rater"]),
        ("late + (1|rater/session) + (1|item)", ["rater and item"]),
        ("gender + (1|rater) + (1 + gender|item)", ["rater and item"]),
        ("gender + (1|country/rater)", ["rater"]),
        ("gender * topic + order + (1|rater) + (1|item)", ["item", "rater", "rater and item"]),
    ],
)
def test_what_varies_between_units_rests_on_them(crossed, formula, units):
    fit = pls.fit_ordinal(f"rating ~ {formula}", crossed)
    found = [units_of(fit, v).name for v in fit.design.fixed_variables]
    assert sorted(set(found)) == sorted(units)


def test_a_variable_of_countries_rests_on_countries(crossed):
    data = crossed.assign(rich=(crossed["country"] > 4) * 1.0)
    fit = pls.fit_ordinal("rating ~ rich + (1|country/rater)", data)
    table = pls.checks.proportional_odds(fit).table
    assert list(table["units"]) == ["country", "country"]
    assert list(table["df_residual"]) == [6.0, 8.0]


def test_ratings_without_raters_come_with_a_warning(crossed):
    fit = pls.fit_ordinal("rating ~ gender", crossed.drop(columns="rater"))
    result = pls.checks.proportional_odds(fit)
    assert list(result.table["units"]) == ["rating", "rating"]
    assert any("tells no raters apart" in warning for warning in result.meta.warnings)


def test_too_few_units_give_no_test(crossed):
    data = crossed[crossed["rater"] < 4]
    fit = pls.fit_ordinal("rating ~ half + (1|rater)", halved(data, "rater", 1))
    result = pls.checks.proportional_odds(fit)
    table = result.table.set_index("against")
    assert np.isnan(table.loc["thresholds", "p_value"])
    assert any("too few units" in note for note in result.meta.notes)


def test_transformed_variables_and_products_are_tested_as_they_stand(crossed):
    data = crossed.assign(size=np.exp(crossed["order"]))
    logged = pls.fit_ordinal("rating ~ log(size) + (1|rater) + (1|item)", data)
    plain = pls.fit_ordinal("rating ~ order + (1|rater) + (1|item)", data)
    for one, other in zip(
        pls.checks.proportional_odds(logged).table["p_value"],
        pls.checks.proportional_odds(plain).table["p_value"],
        strict=True,
    ):
        assert one == pytest.approx(other, rel=1e-4)


def test_a_model_without_variables_is_refused(crossed):
    fit = pls.fit_ordinal("rating ~ 1 + (1|rater)", crossed)
    with pytest.raises(pls.InputError, match="has no variable"):
        pls.checks.proportional_odds(fit)


def test_effects_that_rest_on_few_items_say_so(crossed):
    few = crossed[crossed["item"] < 12]
    ordinal = pls.fit_ordinal("rating ~ topic + gender + (1|rater) + (1|item)", few)
    linear = pls.fit_linear("rating ~ topic + gender + (1|rater) + (1|item)", few)
    told = "'topic' differs between 12 items only"
    told_of = [pls.joint_test(ordinal, "topic"), pls.comparisons(ordinal, "topic")]
    told_of += [ordinal.summary(), ordinal.hypotheses("topic = 0"), ordinal.predictions(by="topic")]
    for result in told_of:
        assert any(told in note for note in result.meta.notes)
    for result in (pls.comparisons(linear, "topic"), ordinal.percent("gender")):
        assert not any("differs between" in note for note in result.meta.notes)
