import numpy as np
import pytest

from pluralign_stats import InputError, fit_linear, fit_ordinal, hypotheses


@pytest.fixture(scope="module")
def data(small_study):
    return small_study.where(dimension="toxicity").ratings


@pytest.fixture(scope="module")
def fit(data):
    return fit_ordinal("rating ~ politics + gender + (1|rater) + (1|item)", data)


def test_a_coefficient_against_zero_is_its_row_of_the_summary(fit):
    for test in ("gender[T.Male]", "gender[T.Male] = 0", "0 = -gender[T.Male]"):
        row = fit.hypotheses(test).table.iloc[0]
        summary = fit.summary().table.set_index("term").loc["gender[T.Male]"]
        for column in ("estimate", "std_error", "p_value", "conf_low"):
            assert row[column] == pytest.approx(summary[column])


def test_a_difference_of_coefficients(fit):
    a, b = "politics[T.Conservative]", "politics[T.Centre]"
    row = fit.hypotheses(f"2 * ({a} - {b}) = 0.5").table.iloc[0]
    V = fit.vcov
    assert row["estimate"] == pytest.approx(2 * (fit.params[a] - fit.params[b]) - 0.5)
    variance = 4 * (V.loc[a, a] + V.loc[b, b] - 2 * V.loc[a, b])
    assert row["std_error"] == pytest.approx(np.sqrt(variance))


def test_thresholds_can_be_tested(fit):
    row = fit.hypotheses("2|3 - 1|2 = 3|4 - 2|3").table.iloc[0]
    cuts = fit.thresholds
    assert row["estimate"] == pytest.approx(2 * cuts["2|3"] - cuts["1|2"] - cuts["3|4"])


def test_groups_with_by(fit):
    row = fit.hypotheses("Conservative - Liberal = 0", by="politics").table.iloc[0]
    means = fit.predictions(by="politics").table.set_index("group")["estimate"]
    assert row["estimate"] == pytest.approx(means["Conservative"] - means["Liberal"])
    shares = fit.hypotheses("Liberal: 5 = Liberal: 4", by="politics", kind="probability")
    assert shares.meta.unit == "share"


def test_several_are_a_family(fit):
    tests = ["politics[T.Centre] = 0", "politics[T.Conservative] = 0"]
    table = hypotheses(fit, tests).table
    p = table["p_value"].to_numpy()
    low, high = np.argsort(p)
    assert table["p_adjusted"].iloc[low] == pytest.approx(min(2 * p[low], 1))
    assert table["p_adjusted"].iloc[high] == pytest.approx(max(2 * p[low], p[high]))


def test_a_linear_model_has_degrees_of_freedom(data):
    linear = fit_linear("rating ~ gender + (1|rater) + (1|item)", data)
    row = linear.hypotheses("gender[T.Male] = 0").table.iloc[0]
    assert 40 < row["df"] < 70


@pytest.mark.parametrize(
    "test",
    [
        "nobody = 0",
        "gender[T.Male] * gender[T.Male] = 0",
        "gender[T.Male] = 0 = 1",
        "1 / gender[T.Male]",
        "gender[T.Male] / 0",
        "",
        "__import__('os').getcwd()",
    ],
)
def test_what_is_not_a_linear_equation(fit, test):
    with pytest.raises(InputError, match="must be a linear equation in"):
        fit.hypotheses(test)
