import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from pluralign_stats import InputError, comparisons, fit_linear, fit_ordinal, predictions


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(12)
    n, m = 120, 4
    rater = np.repeat(np.arange(n), m)
    frame = pd.DataFrame({"rater": rater, "item": rng.integers(0, 12, n * m)})
    frame["group"] = pd.Categorical(rng.choice(list("abc"), n)[rater])
    frame["land"] = pd.Categorical(rng.choice(["US", "DE"], n)[rater], ["US", "DE"])
    frame["age"] = rng.normal(size=n)[rater]
    latent = 0.7 * (frame["group"] == "b") + 0.4 * frame["age"] + rng.normal(size=n)[rater]
    latent += rng.normal(0, 0.6, 12)[frame["item"]] + rng.logistic(size=n * m)
    frame["rating"] = np.digitize(latent, [-1.5, 0, 1, 2.5]) + 1
    return frame


@pytest.fixture(scope="module")
def fit(data):
    return fit_ordinal("rating ~ group * age + land + (1|rater) + (1|item)", data)


def mean_by_simulation(fit, data, n=4000):
    """Mean rating with random effects drawn anew for every row, by brute force."""
    rng = np.random.default_rng(5)
    X = fit.design.fixed.of(data)
    eta = X @ fit.params.to_numpy()[: X.shape[1]]
    noise = rng.normal(0, np.hypot(*fit.random_sd), (n, 1))
    cumulative = expit(fit.thresholds.to_numpy() - eta[:, None, None] - noise)
    return 5 - cumulative.sum(axis=2).mean(axis=1)


def test_averages_are_over_the_random_effects(fit, data):
    few = data.iloc[::40]
    np.testing.assert_allclose(fit.predict(few), mean_by_simulation(fit, few), atol=0.03)
    plugged = fit.predict(few, averaging="zero")
    assert (fit.predict(few) - plugged).abs().max() > 0.02
    own = fit.predict(averaging="conditional")
    assert np.corrcoef(own, data["rating"])[0, 1] > np.corrcoef(fit.predict(), data["rating"])[0, 1]


def test_predictions_of_new_raters_among_known_ones_are_averaged(fit, data):
    new = data.head(1).assign(rater=-1)
    known = fit.predict(data.head(1), averaging="conditional").iloc[0]
    for unknown in (new, new.assign(rater=np.nan), new.drop(columns="rater")):
        if "rater" in unknown:
            assert fit.predict(unknown, averaging="conditional").iloc[0] != known
        else:
            with pytest.raises(
                InputError,
                match=r"grouping variable of the new data must be one of .*, not 'rater'",
            ):
                fit.predict(unknown, averaging="conditional")
    nobody = new.assign(item=-1)
    assert fit.predict(nobody, averaging="conditional").iloc[0] == pytest.approx(
        fit.predict(nobody).iloc[0]
    )


def test_standard_errors_are_those_of_the_delta_method(fit):
    """Derivatives by all parameters, the random effects' included, by finite differences."""
    table = fit.contrasts("group").table
    made = []
    for j in range(len(fit.joint.estimates)):
        ends = []
        for step in (1e-4, -1e-4):
            values = fit.joint.estimates.copy()
            values[j] += step
            ends.append(contrasts_at(fit, values))
        made.append((ends[0] - ends[1]) / 2e-4)
    slopes = np.array(made).T
    expected = np.sqrt(np.diag(slopes @ fit.joint.vcov @ slopes.T))
    np.testing.assert_allclose(table["std_error"], expected, rtol=1e-5)


def contrasts_at(fit, values):
    """Differences of mean ratings at other parameters, through `simulation` of one point."""
    from pluralign_stats.models.average import Averager

    means = []
    for level in "abc":
        data = fit.design.data
        given = data.assign(group=pd.Categorical([level] * len(data), list("abc")))
        averager = Averager(fit, given, np.zeros(len(data), dtype=int), 1)
        means.append(averager.at(values).estimates[0, 0])
    return np.array([means[1] - means[0], means[2] - means[0]])


def test_simulated_intervals_come_near_those_of_the_delta_method(fit):
    delta = fit.contrasts("group").table
    simulated = fit.contrasts("group", interval="simulation", n_draws=4000, seed=3).table
    for column in ("conf_low", "conf_high"):
        gap = (simulated[column] - delta[column]).abs() / delta["std_error"]
        assert (gap < 0.15).all()
    again = fit.contrasts("group", interval="simulation", n_draws=4000, seed=3)
    pd.testing.assert_frame_equal(simulated, again.table)
    assert "simulation" in again.meta.interval


def test_by_groups_and_new_data(fit, data):
    by = fit.contrasts("group", by="land").table
    assert by["group"].tolist() == ["US", "US", "DE", "DE"]
    only = fit.contrasts("group", newdata=data[data["land"] == "DE"]).table
    germans = by[by["group"] == "DE"]
    np.testing.assert_allclose(germans["estimate"], only["estimate"])
    np.testing.assert_allclose(germans["std_error"], only["std_error"])
    for row in by.itertuples():
        block = data[(data["land"] == row.group) & (data["group"] == row.contrast[0])]
        assert (row.n_raters, row.n_ratings) == (block["rater"].nunique(), len(block))


def test_new_data_need_not_hold_the_factor_that_is_set(fit, data):
    new = data.drop(columns=["group", "rating", "rater", "item"])
    np.testing.assert_allclose(
        fit.contrasts("group", newdata=new).table["estimate"],
        fit.contrasts("group").table["estimate"],
    )


def test_incomplete_new_rows_are_left_out_and_counted(fit, data):
    new = data.assign(age=data["age"].where(np.arange(len(data)) > 9))
    result = fit.predictions(newdata=new)
    assert "Rows left out because a variable is missing: 10." in result.meta.notes
    expected = fit.predictions(newdata=data.iloc[10:]).table["estimate"]
    np.testing.assert_allclose(result.table["estimate"], expected)


def test_probabilities_add_up_and_their_differences_cancel(fit):
    shares = fit.predictions(by="group", kind="probability").table
    np.testing.assert_allclose(shares.groupby("group")["estimate"].sum(), 1)
    changes = fit.comparisons("land", kind="probability").table
    assert changes["rating"].tolist() == [1, 2, 3, 4, 5]
    assert changes["estimate"].sum() == pytest.approx(0, abs=1e-12)
    mean = fit.comparisons("land").table["estimate"].iloc[0]
    assert changes["estimate"] @ changes["rating"] == pytest.approx(mean)


def test_sequential_pairs(fit):
    table = fit.contrasts("group", pairs="sequential").table
    assert table["contrast"].tolist() == ["b vs a", "c vs b"]


def test_functions_and_methods_are_the_same(fit):
    pd.testing.assert_frame_equal(predictions(fit).table, fit.predictions().table)
    pd.testing.assert_frame_equal(comparisons(fit, "age").table, fit.comparisons("age").table)


def test_adjustments_are_within_a_group(fit):
    table = fit.contrasts("group", by="land", adjust="bh").table
    for _, family in table.groupby("group"):
        p = np.sort(family["p_value"])
        np.testing.assert_allclose(
            np.sort(family["p_adjusted"]), [min(2 * p[0], p[1]), p[1]], rtol=1e-9
        )
    plain = fit.contrasts("group", adjust="none").table
    np.testing.assert_allclose(plain["p_adjusted"], plain["p_value"])


def test_a_linear_model_has_no_category_probabilities(data):
    linear = fit_linear("rating ~ group + (1|rater)", data)
    with pytest.raises(InputError, match=r"'kind' must be one of .*; category.*fit_ordinal"):
        linear.predictions(kind="probability")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pairs": "some"}, "'pairs' must be one of"),
        ({"by": "nope"}, "'by' must be one of"),
        ({"adjust": "bonferroni"}, "'adjust' must be one of"),
        ({"interval": "bootstrap"}, "'interval' must be one of"),
        ({"averaging": "typical"}, "'averaging' must be one of"),
        ({"conf_level": 95}, "conf_level"),
        ({"kind": "odds"}, "'kind' must be one of"),
        ({"n_draws": 1, "interval": "simulation"}, "'n_draws' must be 100 or more"),
    ],
)
def test_unknown_options(fit, options, message):
    with pytest.raises(InputError, match=message):
        fit.contrasts("group", **options)


def test_a_variable_that_is_not_in_the_model(fit):
    with pytest.raises(InputError, match="the variable must be one of"):
        fit.comparisons("rater")
