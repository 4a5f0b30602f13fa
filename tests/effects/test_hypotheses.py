from unicodedata import normalize

import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError, fit_linear, fit_ordinal, hypotheses
from pluralign_stats.models.few_units import few_units


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
    raised = few_units(fit, "politics").inflation
    assert row["std_error"] == pytest.approx(np.sqrt(raised * variance))


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
        "2 ** gender[T.Male]",
        "gender[T.Male] gender[T.Male]",
        "gender[T.Male]s = 0",
        "`gender[T.Male] = 0",
        "__import__('os').getcwd()",
    ],
)
def test_what_is_not_a_linear_equation(fit, test):
    with pytest.raises(InputError, match="must be a linear equation in"):
        fit.hypotheses(test)


@pytest.fixture(scope="module")
def named():
    """Groups whose names are numbers or calculations, and their observed means."""
    rng = np.random.default_rng(5)
    names = {
        "treated": ["0", "1"],
        "arm": ["2", "0", "1"],
        "age": ["18-30", "31-40", "60+"],
        "party": ["a", "b", "a - b", "it's", "x:y", "[q]", "-1", "2e3"],
    }
    data = pd.DataFrame({k: pd.Categorical(rng.choice(v, 400), v) for k, v in names.items()})
    return data.assign(treated=data["treated"].astype(int), rating=rng.integers(1, 6, 400))


@pytest.mark.parametrize(
    ("by", "equation", "weights", "constant"),
    [
        ("treated", "`1` - `0` = 0", {"1": 1, "0": -1}, 0),
        ("treated", "'1' = \"0\"", {"1": 1, "0": -1}, 0),
        ("treated", "2 * `1` - `0` = 1", {"1": 2, "0": -1}, -1),
        ("treated", "`1` = 3.5", {"1": 1}, -3.5),
        ("treated", "`1` - 1.0", {"1": 1}, -1),
        ("arm", "`2` - `0` = 0", {"2": 1, "0": -1}, 0),
        ("arm", "(`2` + `1`) / 2 - `0` = 0", {"2": 0.5, "1": 0.5, "0": -1}, 0),
        ("arm", "2 * `2` = 1 * `1` + `0`", {"2": 2, "1": -1, "0": -1}, 0),
        ("arm", "-2 * (`2` - `1`) = `0` * 2 - `1` / 2", {"2": -2, "1": 2.5, "0": -2}, 0),
        ("arm", "`0` = 0.5*`1` + 0.5*`2`", {"0": 1, "1": -0.5, "2": -0.5}, 0),
        ("arm", "`0` = 2.0 * 0.5", {"0": 1}, -1),
        ("arm", "`0` = 2", {"0": 1}, -2),
        ("age", "`31-40` = `18-30`", {"31-40": 1, "18-30": -1}, 0),
        ("age", "`60+` - `18-30` = .5e0", {"60+": 1, "18-30": -1}, -0.5),
        ("party", "a = b", {"a": 1, "b": -1}, 0),
        ("party", "`a - b` = 2", {"a - b": 1}, -2),
        ("party", "it's - x:y = [q] - 3", {"it's": 1, "x:y": -1, "[q]": -1}, 3),
        ("party", '"it\'s" + `-1` - `2e3`', {"it's": 1, "-1": 1, "2e3": -1}, 0),
    ],
)
def test_numbers_are_constants_and_names_like_them_stand_in_quotes(
    named, by, equation, weights, constant
):
    means = named["rating"].groupby(named[by].astype(str)).mean()
    fit = fit_linear(f"rating ~ {by}" if by != "treated" else "rating ~ C(treated)", named)
    row = fit.hypotheses(equation, by=by).table.iloc[0]
    expected = sum(w * means[name] for name, w in weights.items()) + constant
    assert row["estimate"] == pytest.approx(expected)
    assert row["term"] == equation


@pytest.mark.parametrize(
    ("by", "equation", "message"),
    [
        ("treated", "1 - 0 = 0", "1 may be a name or a number, as in 1.0; .* as in `1`"),
        ("treated", "`1` - 0 = 0", "0 may be a name or a number"),
        ("treated", "1.0 - 0.0 = 0.0", "says nothing of any of '`0`', '`1`'"),
        ("treated", "`2` = 0", "a name must be one of '0', '1', not '2'"),
        ("arm", "2 - 0 = 0", "2 may be a name or a number"),
        ("age", "31-40 = 18-30", "31-40 may be a name or a calculation; .* as in `31-40`"),
        ("age", "60+ - 1 = 0", "60[+] may be a name or a calculation"),
        ("party", "a - b = 0", "a - b may be a name or a calculation"),
        ("party", "a = -1", "-1 may be a name or a calculation"),
        ("party", "a = 2e3", "2e3 may be a name or a number"),
        ("party", "a = 2e3", r"as in 2000[.]0; "),
        ("party", "a = a", "says nothing of any of"),
        ("arm", "`0` = 0.5*1 + 0.5*2", "1 may be a name or a number, as in 1.0"),
        ("arm", "`0` = 1 * 0.5", "1 may be a name or a number"),
        ("arm", "`0` = 1 * 2", "1 may be a name or a number"),
        ("arm", "`0` = (1 + 2) / 2.0", "1 may be a name or a number"),
        ("arm", "`0` = 2 / 4", "2 may be a name or a number"),
        ("arm", "`0` = -(2) * 3 + 1.0", "2 may be a name or a number"),
        ("arm", "`0` = `1` + 0.5 * 2", "2 may be a name or a number"),
        ("party", [3], "must be text"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused_with_advice(named, by, equation, message):
    fit = fit_linear(f"rating ~ {by}" if by != "treated" else "rating ~ C(treated)", named)
    with pytest.raises(InputError, match=message):
        fit.hypotheses(equation, by=by)


def test_a_name_of_two_groups_is_refused():
    data = pd.DataFrame(
        {"a": ["x, y", "x", "x", "z"] * 5, "b": ["z", "y, z", "z", "z"] * 5, "y": np.arange(20.0)}
    )
    fit = fit_linear("y ~ a + b", data)
    with pytest.raises(InputError, match="'x, y, z' stands for several estimates"):
        fit.hypotheses("x, y, z = 0", by=["a", "b"])
    row = fit.hypotheses("z, z - `x, z` = 0", by=["a", "b"]).table.iloc[0]
    assert row["estimate"] == pytest.approx(1.0)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("asked", ["NFC", "NFD"])
def test_names_are_found_in_either_form_of_unicode(form, asked):
    rng = np.random.default_rng(2)
    names = [normalize(form, name) for name in ("Café", "Bar")]
    data = pd.DataFrame({"place": rng.choice(names, 80), "rating": rng.integers(1, 6, 80)})
    row = fit_linear("rating ~ place", data).hypotheses(normalize(asked, "Café = Bar"), by="place")
    means = data.groupby("place")["rating"].mean()
    assert row.table["estimate"].iloc[0] == pytest.approx(means[names[0]] - means[names[1]])
