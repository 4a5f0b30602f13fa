"""Effects against emmeans, lmerTest and lme4, as stored in tests/reference."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls

CASES = json.loads((Path(__file__).parents[1] / "reference" / "reference.json").read_text())[
    "cases"
]


@pytest.fixture(scope="module")
def carrots(reference_data):
    data = pd.read_csv(reference_data / "lmerTest_carrots.csv")
    for name in ("Homesize", "Gender", "Age"):
        data[name] = data[name].astype("Int64").astype("category")
    return data


@pytest.fixture(scope="module")
def linear(carrots):
    formula = "Preference ~ Homesize + Gender + Age + (1|Consumer) + (1|Product)"
    return pls.fit_linear(formula, carrots)


@pytest.fixture(scope="module")
def ordinal(reference_data):
    wine = pd.read_csv(reference_data / "ordinal_wine.csv")
    return pls.fit_ordinal("rating ~ temp + contact", wine)


@pytest.mark.parametrize(
    ("adjust", "stored", "tolerance"),
    [("none", "none", 1e-4), ("holm", "holm", 1e-4), ("bh", "BH", 1e-4), ("tukey", "mvt", 3e-3)],
)
def test_pairwise_contrasts_of_a_linear_model(linear, adjust, stored, tolerance):
    table = linear.contrasts("Age", pairs="all", adjust=adjust).table
    found = {tuple(row.contrast.split(" vs ")): row for row in table.itertuples()}
    for row in CASES["carrots_emmeans"]["emmeans"][f"pairs_{stored}"]:
        a, b = (level.removeprefix("Age") for level in row["contrast"].split(" - "))
        mine = found[b, a]
        assert mine.estimate == pytest.approx(-row["estimate"], abs=1e-5)
        assert mine.std_error == pytest.approx(row["se"], rel=1e-4)
        assert mine.df == pytest.approx(row["df"], rel=1e-3)
        assert mine.p_adjusted == pytest.approx(row["p"], abs=tolerance)
        if adjust in {"none", "tukey"}:
            assert mine.conf_low == pytest.approx(-row["upper"], abs=10 * tolerance)


def test_joint_tests_of_a_linear_model_are_f_with_satterthwaite(linear):
    for term, row in CASES["carrots_emmeans"]["anova3"].items():
        found = pls.joint_test(linear, term).table.iloc[0]
        assert found["statistic"] == pytest.approx(row["F"], rel=1e-4)
        assert found["df"] == row["num_df"]
        assert found["df_residual"] == pytest.approx(row["den_df"], rel=1e-3)
        assert found["p_value"] == pytest.approx(row["p"], rel=1e-3)


def test_a_joint_test_of_coefficients_of_an_ordinal_model_is_walds(ordinal):
    row = pls.joint_test(ordinal, "temp").table.iloc[0]
    z = ordinal.params["temp[T.warm]"] / ordinal.se["temp[T.warm]"]
    assert row["statistic"] == pytest.approx(z**2)


def test_mean_classes_of_an_ordinal_model(ordinal):
    stored = CASES["wine_clm_emmeans_logit"]["emmeans"]
    means = ordinal.predictions(by="temp").table.set_index("group")
    for row in stored["mean_class_temp"]:
        assert means.loc[row["temp"], "estimate"] == pytest.approx(row["estimate"], abs=1e-5)
        assert means.loc[row["temp"], "std_error"] == pytest.approx(row["se"], rel=1e-3)
    cells = ordinal.predictions(by=["temp", "contact"]).table.set_index("group")
    for row in stored["mean_class_temp_contact"]:
        found = cells.loc[f"{row['temp']}, {row['contact']}"]
        assert found["estimate"] == pytest.approx(row["estimate"], abs=1e-5)
        assert found["std_error"] == pytest.approx(row["se"], rel=1e-3)
    pair, row = stored["mean_class_temp_pairs"][0], ordinal.contrasts("temp").table.iloc[0]
    assert row["estimate"] == pytest.approx(-pair["estimate"], abs=1e-5)
    assert row["std_error"] == pytest.approx(pair["se"], rel=1e-3)
    latent, row = stored["latent_temp_pairs"][0], ordinal.contrasts("temp", kind="linear").table
    assert row["estimate"].iloc[0] == pytest.approx(-latent["estimate"], abs=1e-5)
    assert row["std_error"].iloc[0] == pytest.approx(latent["se"], rel=1e-3)


def test_category_probabilities_of_an_ordinal_model(ordinal):
    stored = CASES["wine_clm_emmeans_logit"]["emmeans"]
    table = ordinal.predictions(by="temp", kind="probability").table
    found = table.assign(rating=table["rating"].astype(int).astype(str))
    found = found.set_index(["group", "rating"])
    for row in stored["prob_temp"]:
        mine = found.loc[(row["temp"], row["rating"])]
        assert mine["estimate"] == pytest.approx(row["estimate"], abs=1e-5)
        assert mine["std_error"] == pytest.approx(row["se"], rel=2e-3)
        assert 0 < mine["conf_low"] < mine["estimate"] < mine["conf_high"] < 1
    pairs = ordinal.comparisons("temp", kind="probability").table
    stored_pairs = {row["rating"]: row for row in stored["prob_temp_pairs"]}
    for row in pairs.itertuples():
        expected = stored_pairs[f"{row.rating:g}"]
        assert row.estimate == pytest.approx(-expected["estimate"], abs=1e-5)
        assert row.std_error == pytest.approx(expected["se"], rel=2e-3)


def test_likelihood_ratios(carrots):
    small = "Preference ~ sens2 + Homesize + (1|Consumer)"
    crossed = f"{small} + (1|Product)"
    formulas = {
        "fixed": (crossed, f"{crossed} + Gender + Age"),
        "random_product": (small, crossed),
        "random_slope": (small, "Preference ~ sens2 + Homesize + (1 + sens2|Consumer)"),
    }
    stored = CASES["carrots_lmer_lrt"]["lrt"]
    complete = carrots.dropna(subset=["Gender", "Age"])
    for name, pair in formulas.items():
        fits = [pls.fit_linear(formula, complete, reml=False) for formula in pair]
        row = pls.checks.likelihood_ratio(*fits).table.iloc[1]
        assert row["statistic"] == pytest.approx(stored[name]["chisq"], abs=1e-3)
        assert row["df"] == stored[name]["df"]
        assert row["p_value"] == pytest.approx(stored[name]["p"], rel=2e-3)
        assert row["aic"] == pytest.approx(stored[name]["aic_large"], abs=1e-3)
        assert row["bic"] == pytest.approx(stored[name]["bic_large"], abs=1e-3)


def test_profile_intervals(ordinal, carrots):
    stored = CASES["wine_clm_tests"]["confint_profile"]
    table = ordinal.summary(interval="profile").table.set_index("term")
    for ours, theirs in (("temp[T.warm]", "tempwarm"), ("contact[T.yes]", "contactyes")):
        assert table.loc[ours, "conf_low"] == pytest.approx(stored[theirs]["lower"], abs=2e-3)
        assert table.loc[ours, "conf_high"] == pytest.approx(stored[theirs]["upper"], abs=2e-3)
    fit = pls.fit_linear("Preference ~ sens2 + Homesize + (1|Consumer) + (1|Product)", carrots)
    stored = CASES["carrots_lmer_lrt"]["confint_profile"]
    table = fit.summary(interval="profile").table.set_index("term")
    names = {"Intercept": "(Intercept)", "sens2": "sens2", "Homesize[T.3]": "Homesize3"}
    for ours, theirs in names.items():
        assert table.loc[ours, "conf_low"] == pytest.approx(stored[theirs]["lower"], abs=2e-3)
        assert table.loc[ours, "conf_high"] == pytest.approx(stored[theirs]["upper"], abs=2e-3)


def test_models_with_own_scale_and_thresholds(ordinal, reference_data):
    """Likelihood ratios as those of R's scale_test and nominal_test."""
    wine = ordinal.design.data
    for term, row in CASES["wine_clm_tests"]["scale_test"].items():
        larger = pls.fit_ordinal(ordinal.formula, wine, scale=term)
        assert 2 * (larger.loglik - ordinal.loglik) == pytest.approx(row["lrt"], abs=1e-4)
    soup = pd.read_csv(reference_data / "ordinal_soup.csv").astype({"DAY": "category"})
    formula = "SURENESS ~ PROD + DAY + GENDER"
    fit = pls.fit_ordinal(formula, soup)
    for test, option in (("nominal_test", "nominal"), ("scale_test", "scale")):
        for term, row in CASES["soup_clm_tests"][test].items():
            if row["lrt"] is not None:
                larger = pls.fit_ordinal(formula, soup, **{option: term})
                assert 2 * (larger.loglik - fit.loglik) == pytest.approx(row["lrt"], abs=1e-3)
                assert larger.n_parameters - fit.n_parameters == row["df"]


def test_slopes_and_means_at_a_value(carrots):
    """Averages with a covariate fixed are predictions for new data."""
    fit = pls.fit_linear("Preference ~ Homesize * sens2 + (1|Consumer) + (1|Product)", carrots)
    at = carrots.assign(sens2=2.0)
    gap = fit.contrasts("Homesize", newdata=at).table["estimate"].iloc[0]
    b = fit.params
    assert gap == pytest.approx(b["Homesize[T.3]"] + 2 * b["Homesize[T.3]:sens2"])
    by = fit.comparisons("sens2", by="Homesize").table.set_index("group")["estimate"]
    assert by["1"] == pytest.approx(b["sens2"])
    assert by["3"] == pytest.approx(b["sens2"] + b["Homesize[T.3]:sens2"])
    np.testing.assert_allclose(
        fit.comparisons("sens2", step=10).table["estimate"],
        10 * fit.comparisons("sens2").table["estimate"],
    )
