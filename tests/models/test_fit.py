import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from pluralign_stats import InputError, fit_linear


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(4)
    n, m = 50, 4
    frame = pd.DataFrame({"rater": np.repeat([f"r{i}" for i in range(n)], m)})
    frame["group"] = pd.Categorical(np.repeat(rng.choice(list("abc"), n), m))
    frame["text"] = np.repeat(rng.choice(["x", "y"], n), m)
    frame["age"] = np.repeat(rng.normal(size=n), m)
    frame["rating"] = 3 + np.repeat(rng.normal(size=n), m) + rng.normal(size=n * m)
    return frame


@pytest.fixture(scope="module")
def fit(data):
    return fit_linear("rating ~ group + text + age + (1|rater)", data)


def test_predictions_are_of_the_fixed_effects(fit, data):
    X = np.column_stack(
        [np.ones(len(data)), data["group"] == "b", data["group"] == "c", data["text"] == "y"]
    )
    expected = X @ fit.params.iloc[:4] + fit.params["age"] * data["age"].to_numpy()
    np.testing.assert_allclose(fit.predict(), expected, rtol=1e-12)
    pd.testing.assert_series_equal(fit.predict(data.iloc[::-1]), fit.predict().iloc[::-1])


def test_new_data_need_not_hold_every_level_nor_the_rater(fit):
    new = pd.DataFrame({"group": ["c"], "text": ["x"], "age": [2.0]}, index=["here"])
    b = fit.params
    expected = b["Intercept"] + b["group[T.c]"] + 2 * b["age"]
    assert fit.predict(new)["here"] == pytest.approx(expected)


@pytest.mark.parametrize(("column", "value"), [("group", "d"), ("text", "z")])
def test_an_unseen_level_is_refused(fit, data, column, value):
    with pytest.raises(InputError, match=f"'{column}' must be one of .*, not '{value}'"):
        fit.predict(data.head(2).assign(**{column: value}))


def test_an_absent_variable_is_refused(fit, data):
    with pytest.raises(
        InputError, match=r"a variable of the new data must be one of .*, not 'age'"
    ):
        fit.predict(data.drop(columns="age"))


@pytest.mark.parametrize("column", ["group", "text", "age"])
def test_a_missing_value_has_no_prediction(fit, data, column):
    new = data.head(3).copy()
    new[column] = new[column].where(new.index != 1)
    predicted = fit.predict(new)
    assert predicted.isna().tolist() == [False, True, False]


def test_random_effects_are_shrunken_means_of_residuals(fit, data):
    found = fit.random_effects().set_index("level")
    residual = data["rating"] - fit.predict()
    variance, noise = fit.random_sd["rater"] ** 2, fit.random_sd["residual"] ** 2
    # All raters have four ratings: the mean, shrunk by the reliability of a mean of four.
    reliability = variance / (variance + noise / 4)
    expected = reliability * residual.groupby(data["rater"]).mean()
    np.testing.assert_allclose(found["estimate"], expected[found.index], rtol=1e-9)
    np.testing.assert_allclose(found["std_error"], np.sqrt(variance * (1 - reliability)))
    assert found["estimate"].sum() == pytest.approx(0, abs=1e-9)


def test_random_effects_solve_the_mixed_model_equations():
    """Henderson's: uneven groups, against dense linear algebra."""
    rng = np.random.default_rng(7)
    group = np.repeat(np.arange(20), rng.integers(1, 9, 20))
    data = pd.DataFrame({"g": group, "x": rng.normal(size=len(group))})
    data["y"] = rng.normal(size=20)[group] + rng.normal(size=len(group))
    fit = fit_linear("y ~ x + (1|g)", data)
    Z = np.eye(20)[group]
    X = np.column_stack([np.ones(len(group)), data["x"]])
    ratio = (fit.random_sd["residual"] / fit.random_sd["g"]) ** 2
    left = np.block([[X.T @ X, X.T @ Z], [Z.T @ X, Z.T @ Z + ratio * np.eye(20)]])
    solved = np.linalg.solve(left, np.concatenate([X.T @ data["y"], Z.T @ data["y"]]))
    np.testing.assert_allclose(fit.params, solved[:2], rtol=1e-8)
    found = fit.random_effects().set_index("level")["estimate"]
    np.testing.assert_allclose(found[[str(k) for k in range(20)]], solved[2:], atol=1e-8)
    covariance = np.linalg.inv(left)[:2, :2] * fit.random_sd["residual"] ** 2
    np.testing.assert_allclose(fit.vcov, covariance, rtol=1e-8)


def test_the_summary(fit):
    result = fit.summary(conf_level=0.9)
    table = result.table.set_index("term")
    assert list(table.index) == list(fit.params.index)
    b, se, df = fit.params["age"], fit.se["age"], table.loc["age", "df"]
    assert df == pytest.approx(45, rel=1e-3)  # 50 raters less their 5 effects: balanced
    assert table.loc["age", "conf_low"] == pytest.approx(b - student.ppf(0.95, df) * se)
    assert table.loc["age", "conf_high"] == pytest.approx(b + student.ppf(0.95, df) * se)
    assert result.meta.conf_level == 0.9
    assert "200 ratings, 50 raters; rows left out for missing values: 0" in result.sentence
    assert "rating ~ group + text + age + (1|rater)" in repr(fit)
    assert "<table" in fit._repr_html_()


def test_plain_attributes(fit):
    assert fit.nobs == 200
    assert fit.thresholds.empty
    assert fit.converged is True
    np.testing.assert_allclose(fit.se**2, np.diag(fit.vcov))


def test_a_fit_can_be_pickled(fit, data):
    again = pickle.loads(pickle.dumps(fit))
    pd.testing.assert_series_equal(again.params, fit.params)
    pd.testing.assert_series_equal(again.predict(data), fit.predict(data))
    pd.testing.assert_frame_equal(again.contrasts("group").table, fit.contrasts("group").table)


def test_tables_of_a_model_say_whether_the_ratings_were_simulated(fit, small_study, toy):
    def kinds(ratings):
        made = fit_linear("rating ~ gender + (1|rater)", ratings)
        results = (made.summary(), made.contrasts("gender"), made.percent("gender"))
        return {result.meta.data for result in results}

    ratings = small_study.ratings
    assert kinds(ratings) == {"simulated"}
    assert kinds(ratings[ratings["dimension"] == "toxicity"].dropna()) == {"simulated"}
    assert kinds(small_study.where(dimension="toxicity").ratings) == {"simulated"}
    assert kinds(toy.read().ratings) == {"observed"}
    assert fit.summary().meta.data == "unstated"
