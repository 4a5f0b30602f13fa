import numpy as np
import pandas as pd
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import t as student

from pluralign_stats import fit_linear, fit_ordinal
from pluralign_stats.effects.adjust import holm
from pluralign_stats.simulate import simulate_tables
from pluralign_stats.simulate.parameters import LEVELS, analysis_levels


@pytest.fixture(scope="module")
def fit():
    rng = np.random.default_rng(2)
    n, m = 80, 4
    rater = np.repeat(np.arange(n), m)
    data = pd.DataFrame({"rater": rater, "age": rng.normal(size=n)[rater]})
    data["group"] = pd.Categorical(rng.choice(list("abc"), n)[rater])
    data["rating"] = 3 + 0.4 * (data["group"] == "b") + rng.normal(size=n)[rater]
    data["rating"] += rng.normal(size=n * m)
    return fit_linear("rating ~ group * age + (1|rater)", data)


def mean_rows(fit):
    data = fit.design.data
    given = [data.assign(group=pd.Categorical([k] * len(data), list("abc"))) for k in "abc"]
    return [fit.design.fixed.of(d).mean(axis=0) for d in given]


def test_the_mean_reading_is_a_ratio_of_means_with_delta_method_intervals(fit):
    table = fit.percent("group").table
    table = table[table["reading"] == "mean"].set_index("contrast")
    reference, *others = mean_rows(fit)
    beta, V = fit.params.to_numpy(), fit.vcov.to_numpy()
    for row, level in zip(others, "bc", strict=True):

        def log_ratio(b, row=row):
            return np.log((row @ b) / (reference @ b))

        gradient = approx_fprime(beta, log_ratio, 1e-7)
        se, found = np.sqrt(gradient @ V @ gradient), table.loc[f"{level} vs a"]
        percent = 100 * (row @ beta / (reference @ beta) - 1)
        assert found["estimate"] == pytest.approx(percent)
        width = student.ppf(0.975, found["df"]) * se
        low, high = (100 * np.expm1(log_ratio(beta) + side * width) for side in (-1, 1))
        assert found["conf_low"] == pytest.approx(low, rel=1e-4)
        assert found["conf_high"] == pytest.approx(high, rel=1e-4)
        assert found["std_error"] == pytest.approx((100 + percent) * se, rel=1e-4)


def test_the_odds_reading_is_the_standardized_difference_on_the_logistic_scale(fit):
    table = fit.percent("group").table
    odds = table[table["reading"] == "odds"].set_index("contrast")
    contrasts = fit.contrasts("group").table.set_index("contrast")
    scale = np.pi / np.sqrt(3) / fit.random_sd["residual"]
    b, se = contrasts["estimate"] * scale, contrasts["std_error"] * scale
    np.testing.assert_allclose(odds["estimate"], 100 * np.expm1(b))
    width = student.ppf(0.975, odds["df"]) * se
    np.testing.assert_allclose(odds["conf_low"], 100 * np.expm1(b - width), rtol=1e-6)
    np.testing.assert_allclose(odds["p_value"], contrasts["p_value"])
    assert odds["method"].str.contains("odds approximated").all()


def test_the_vocabulary_and_the_holm_families(fit):
    result = fit.percent("group", pairs="all")
    table = result.table
    assert table["reading"].tolist() == ["mean"] * 3 + ["odds"] * 3
    assert table["contrast"].tolist() == ["b vs a", "c vs a", "c vs b"] * 2
    for _, family in table.groupby("reading"):
        np.testing.assert_allclose(family["p_adjusted"], holm(family["p_value"].to_numpy()))
    counts = fit.contrasts("group", pairs="all").table
    assert table["n_raters"].tolist() == counts["n_raters"].tolist() * 2
    assert result.meta.unit == "percent"


def test_means_that_are_not_above_zero_have_no_percentage(fit):
    data = fit.design.data.assign(rating=fit.design.data["rating"] - 10)
    result = fit_linear("rating ~ group + (1|rater)", data).percent("group")
    table = result.table
    means = table[table["reading"] == "mean"]
    assert means[["estimate", "conf_low", "conf_high"]].isna().all(axis=None)
    assert table.loc[table["reading"] == "odds", "estimate"].notna().all()


# Against planted truth --------------------------------------------------------------------------


def frame_of(tables):
    """Ratings with the raters' demographics."""
    levels = analysis_levels(tables.raters)
    raters = pd.DataFrame({k: pd.Categorical(levels[k], LEVELS[k]) for k in LEVELS})
    raters["rater"] = tables.raters["participant_id"].array
    return tables.ratings.rename(columns={"participant_id": "rater"}).merge(raters, on="rater")


def planted(tables, dimension, level):
    effects = tables.truth.effects
    return effects[(effects["dimension"] == dimension) & (effects["level"] == level)].iloc[0]


def estimated(fit, factor, level, reading):
    table = fit.percent(factor).table
    named = table["contrast"].str.startswith(f"{level} vs ")
    return table[named & (table["reading"] == reading)].iloc[0]


PLANTED = [
    ("toxicity", "gender", "Male", -18),
    ("emotional_awareness", "politics", "Conservative", 27.9),
    ("emotional_awareness", "ethnicity", "Black or African American", 44),
]

ALL = f"{' + '.join(LEVELS)} + (1|rater) + (1|item)"


@pytest.fixture(scope="module")
def large():
    tables = simulate_tables(1, n_raters=20_000, n_prompts=50, missing=0, declined=0)
    data = frame_of(tables).rename(columns={"prompt_id": "item"})
    dimensions = {dimension for dimension, *_ in PLANTED}
    formulas = {d: f"rating_{d} ~ {ALL}" for d in dimensions}
    fits = {d: (fit_ordinal(f, data), fit_linear(f, data)) for d, f in formulas.items()}
    return tables, fits


@pytest.mark.extended
@pytest.mark.parametrize(("dimension", "factor", "level", "percent"), PLANTED)
def test_an_ordinal_model_recovers_both_readings_in_a_large_study(
    large, dimension, factor, level, percent
):
    tables, fits = large
    truth = planted(tables, dimension, level)
    assert truth["percent_odds"] == pytest.approx(percent)
    for reading in ("odds", "mean"):
        row = estimated(fits[dimension][0], factor, level, reading)
        assert abs(row["estimate"] - truth[f"percent_{reading}"]) < 3 * row["std_error"]
        assert row["std_error"] < abs(row["estimate"]) / 5


@pytest.mark.extended
@pytest.mark.parametrize(("dimension", "factor", "level", "percent"), PLANTED)
def test_the_odds_approximation_of_a_linear_model_comes_near(
    large, dimension, factor, level, percent
):
    tables, fits = large
    ordinal, linear = (estimated(fit, factor, level, "odds") for fit in fits[dimension])
    ratio = np.log1p(linear["estimate"] / 100) / np.log1p(ordinal["estimate"] / 100)
    assert 0.8 < ratio < 1.1
    truth = planted(tables, dimension, level)["percent_mean"]
    mean = estimated(fits[dimension][1], factor, level, "mean")
    assert abs(mean["estimate"] - truth) < 3 * mean["std_error"]


def test_one_odds_ratio_does_not_describe_a_factor_that_moves_single_thresholds(fit):
    data = fit.design.data.assign(rating=fit.design.data["rating"].round().clip(1, 5))
    for option in ("nominal", "scale"):
        varied = fit_ordinal("rating ~ age + (1|rater)", data, **{option: "group"})
        result = varied.percent("group")
        odds = result.table[result.table["reading"] == "odds"]
        assert odds[["estimate", "conf_low", "p_value"]].isna().all(axis=None)
        assert result.table["estimate"].notna().sum() == 2
        assert "none here" in result.meta.notes[0]


def test_other_links_give_the_odds_by_standard_deviations(fit):
    data = fit.design.data.assign(rating=fit.design.data["rating"].round().clip(1, 5))
    table = fit_ordinal("rating ~ group + (1|rater)", data, link="probit").percent("group").table
    odds = table[table["reading"] == "odds"].set_index("contrast")["estimate"]
    probit = fit_ordinal("rating ~ group + (1|rater)", data, link="probit")
    b = probit.params["group[T.b]"] * np.pi / np.sqrt(3)
    assert odds["b vs a"] == pytest.approx(100 * np.expm1(b))
    assert table["method"].str.contains("approximated").sum() == 2
