import numpy as np
import pandas as pd
import pytest
from scipy.optimize import approx_fprime

from pluralign_stats import fit_linear
from pluralign_stats.effects.adjust import holm
from pluralign_stats.simulate import simulate_tables
from pluralign_stats.simulate.levels import LEVELS, analysis_levels


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
    return [fit.matrix(d).mean(axis=0) for d in given]


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
        assert found["conf_low"] == pytest.approx(
            100 * (np.exp(log_ratio(beta) - 1.959964 * se) - 1), rel=1e-4
        )
        assert found["conf_high"] == pytest.approx(
            100 * (np.exp(log_ratio(beta) + 1.959964 * se) - 1), rel=1e-4
        )
        assert found["std_error"] == pytest.approx((100 + percent) * se, rel=1e-4)


def test_the_odds_reading_is_the_standardized_difference_on_the_logistic_scale(fit):
    table = fit.percent("group").table
    odds = table[table["reading"] == "odds"].set_index("contrast")
    contrasts = fit.contrasts("group").table.set_index("contrast")
    scale = np.pi / np.sqrt(3) / fit.random_sd["residual"]
    b, se = contrasts["estimate"] * scale, contrasts["std_error"] * scale
    np.testing.assert_allclose(odds["estimate"], 100 * np.expm1(b))
    np.testing.assert_allclose(odds["conf_low"], 100 * np.expm1(b - 1.959963985 * se), rtol=1e-6)
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


def estimated(data, formula, factor, level, reading):
    table = fit_linear(formula, data).percent(factor).table
    named = table["contrast"].str.startswith(f"{level} vs ")
    return table[named & (table["reading"] == reading)].iloc[0]


PLANTED = [
    ("toxicity", "gender", "Male", -18),
    ("emotional_awareness", "politics", "Conservative", 27.9),
    ("emotional_awareness", "ethnicity", "Black or African American", 44),
]


@pytest.fixture(scope="module")
def large():
    return simulate_tables(1, n_raters=20_000, n_prompts=50, missing=0, declined=0)


@pytest.mark.parametrize(("dimension", "factor", "level", "percent"), PLANTED)
def test_the_odds_approximation_comes_near_the_planted_odds(
    large, dimension, factor, level, percent
):
    """Near, and nearer to zero: leaving out the item leaves its variance in the residuals.

    The mean over six such studies was -15.1, 26.0 and 37.8; one has a standard error of 1.5, 2.8
    and 4.7.
    """
    assert planted(large, dimension, level)["percent_odds"] == pytest.approx(percent)
    formula = f"rating_{dimension} ~ {' + '.join(LEVELS)} + (1|rater)"
    row = estimated(frame_of(large), formula, factor, level, "odds")
    ratio = np.log1p(row["estimate"] / 100) / np.log1p(percent / 100)
    assert 0.7 < ratio < 1.1


@pytest.mark.slow
def test_intervals_of_the_mean_reading_cover_the_truth():
    hits = np.zeros(2)
    for seed in range(200, 260):
        tables = simulate_tables(
            seed, n_raters=150, n_prompts=20, missing=0, declined=0, reading="mean"
        )
        data = frame_of(tables)
        for k, (dimension, factor, level, _) in enumerate(PLANTED[:2]):
            truth = planted(tables, dimension, level)["percent_mean"]
            formula = f"rating_{dimension} ~ gender + politics + (1|rater)"
            row = estimated(data, formula, factor, level, "mean")
            hits[k] += row["conf_low"] <= truth <= row["conf_high"]
    # 95 % of 60 is 57; fewer than 52 has a probability of 1 %.
    assert (hits >= 52).all()


def test_the_mean_reading_is_unbiased_in_a_large_study():
    tables = simulate_tables(3, n_raters=8000, n_prompts=50, missing=0, declined=0, reading="mean")
    data = frame_of(tables)
    for dimension, factor, level, percent in PLANTED:
        assert planted(tables, dimension, level)["percent_mean"] == pytest.approx(percent, abs=1e-6)
        formula = f"rating_{dimension} ~ {' + '.join(LEVELS)} + (1|rater)"
        row = estimated(data, formula, factor, level, "mean")
        assert abs(row["estimate"] - percent) < 3 * row["std_error"]
        assert row["std_error"] < 3
