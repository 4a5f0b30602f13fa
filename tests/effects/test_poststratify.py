import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats import InputError, example_population, poststratify
from pluralign_stats.simulate.parameters import LEVELS


@pytest.fixture(scope="module")
def data():
    """Three towns and two jobs, all answers known, few raters with a job in the last town."""
    rng = np.random.default_rng(4)
    n, m = 120, 4
    frame = pd.DataFrame({"rater": np.repeat(np.arange(n), m), "item": rng.integers(0, 12, n * m)})
    town, job = rng.choice(list("abc"), n, p=[0.5, 0.3, 0.2]), rng.choice(["no", "yes"], n)
    frame["town"], frame["job"] = (pd.Categorical(x[frame["rater"]]) for x in (town, job))
    latent = 0.8 * (frame["town"] == "b") + 0.5 * (frame["job"] == "yes")
    latent = latent + rng.normal(size=n)[frame["rater"]] + rng.logistic(size=n * m)
    return frame.assign(rating=np.digitize(latent, [-1.0, 0.0, 1.0, 2.0]) + 1)


@pytest.fixture(scope="module")
def people():
    cells = pd.MultiIndex.from_product([list("abc"), ["no", "yes"]], names=["town", "job"])
    return cells.to_frame(index=False).assign(n=[100, 300, 50, 50, 400, 100])


@pytest.fixture(scope="module")
def linear(data):
    return pls.fit_linear("rating ~ town * job + (1|rater) + (1|item)", data)


@pytest.fixture(scope="module")
def ordinal(data):
    return pls.fit_ordinal("rating ~ town + job + (1|rater) + (1|item)", data)


def rows_by(result, *keys):
    return result.table.set_index([*keys, "weighting"])


# By hand ----------------------------------------------------------------------------------------


def test_a_linear_model_is_weighted_by_hand(linear, people):
    matrix = linear.design.fixed
    cells = people.astype({"town": "category", "job": "category"})
    weight = people["n"] / people["n"].sum()
    population = weight.to_numpy() @ matrix.of(cells)
    sample = matrix.columns.mean(axis=0)
    table = rows_by(poststratify(linear, people))
    beta, V = linear.params.to_numpy(), linear.vcov.to_numpy()
    for name, row in (
        ("population", population),
        ("sample", sample),
        ("difference", population - sample),
    ):
        found = table.loc[name]
        assert found["estimate"] == pytest.approx(row @ beta)
        assert found["std_error"] == pytest.approx(np.sqrt(row @ V @ row))
    assert table["n_ratings"].tolist() == [linear.nobs] * 3


def test_an_ordinal_model_is_weighted_by_hand_within_groups_too(ordinal, people):
    result = poststratify(ordinal, people, by="town")
    table = rows_by(result, "group")
    predicted = ordinal.predict(people)
    assert result.table["group"].unique().tolist() == ["all", "a", "b", "c"]
    for town in "abc":
        own = (people["town"] == town).to_numpy()
        expected = np.average(predicted[own], weights=people["n"][own])
        assert table.loc[(town, "population"), "estimate"] == pytest.approx(expected, abs=1e-7)
        rated = ordinal.design.data["town"] == town
        mean = ordinal.predict()[rated].mean()
        assert table.loc[(town, "sample"), "estimate"] == pytest.approx(mean, abs=1e-7)
        assert table.loc[(town, "sample"), "n_ratings"] == rated.sum()
    whole = np.average(predicted, weights=people["n"])
    assert table.loc[("all", "population"), "estimate"] == pytest.approx(whole, abs=1e-7)
    gap = table["estimate"].unstack()
    np.testing.assert_allclose(gap["difference"], gap["population"] - gap["sample"])
    by_town = ordinal.predictions(by="town").table.set_index("group")
    for column in ("estimate", "std_error"):
        sample = table.xs("sample", level="weighting")[column]
        np.testing.assert_allclose(sample[list("abc")], by_town.loc[list("abc"), column])


def test_shares_of_ratings_and_of_positive_ones(ordinal, people):
    predicted = ordinal.predict(people, "probability")
    expected = np.average(predicted, weights=people["n"], axis=0)
    result = poststratify(ordinal, people, kind="probability")
    found = result.table[result.table["weighting"] == "population"]
    np.testing.assert_allclose(found["estimate"], expected, atol=1e-7)
    assert found["rating"].tolist() == [1, 2, 3, 4, 5]
    for least, share in ((None, expected[3:].sum()), (5, expected[4])):
        positive = poststratify(ordinal, people, kind="positive", positive_from=least)
        row = rows_by(positive).loc["population"]
        assert row["estimate"] == pytest.approx(share, abs=1e-7)
        assert 0 < row["conf_low"] < row["estimate"] < row["conf_high"] < 1
        told = f"Positive is a rating of {least or 4} or higher."
        assert told in positive.meta.notes


def test_of_a_posterior_each_draw_is_weighted(gaussian):
    levels = LEVELS["gender"][:2], LEVELS["politics"]
    cells = pd.MultiIndex.from_product(levels, names=["gender", "politics"]).to_frame(index=False)
    cells["share"] = [0.1, 0.2, 0.2, 0.1, 0.2, 0.2]
    drawn = gaussian.draws.coefficients @ (cells["share"] @ gaussian.design.fixed.of(cells))
    result = poststratify(gaussian, cells, conf_level=0.9)
    row = rows_by(result).loc["population"]
    assert row["estimate"] == pytest.approx(drawn.mean())
    assert row["sd"] == pytest.approx(drawn.std(ddof=1))
    assert row["conf_low"] == pytest.approx(np.quantile(drawn, 0.05))
    assert "std_error" not in result.table
    assert result.meta.interval == "credible intervals (equal tails)"


# Counts that are estimates ----------------------------------------------------------------------


def test_errors_of_counts_widen_intervals_as_drawn_counts_do(linear, ordinal, people):
    errors = np.array([40.0, 60, 20, 10, 80, 30])
    rng = np.random.default_rng(1)
    n = people["n"].to_numpy() + errors * rng.normal(size=(200_000, 6)) / 4
    for fit in (linear, ordinal):
        exact = rows_by(poststratify(fit, people, by="town"), "group")
        found = rows_by(poststratify(fit, people.assign(n_error=errors / 4), by="town"), "group")
        predicted = fit.predict(people)
        for town, own in (("all", people["n"] > 0), ("b", people["town"] == "b")):
            drawn = n[:, own] @ predicted[own] / n[:, own].sum(axis=1)
            for weighting in ("population", "difference"):
                was, row = exact.loc[(town, weighting)], found.loc[(town, weighting)]
                added = row["std_error"] ** 2 - was["std_error"] ** 2
                assert np.sqrt(added) == pytest.approx(drawn.std(), rel=0.03)
                assert row["estimate"] == was["estimate"]
                ratio = (row["conf_high"] - row["conf_low"]) / (was["conf_high"] - was["conf_low"])
                assert ratio == pytest.approx(row["std_error"] / was["std_error"])
            same = exact.loc[(town, "sample")], found.loc[(town, "sample")]
            assert same[0]["std_error"] == same[1]["std_error"]


def test_errors_of_counts_enter_shares_and_draws(ordinal, people, gaussian):
    for kind in ("positive", "probability"):
        exact = poststratify(ordinal, people, kind=kind).table
        wide = poststratify(ordinal, people.assign(n_error=100), kind=kind).table
        own = exact["weighting"] == "population"
        assert (wide["conf_low"] < exact["conf_low"])[own].all()
        assert (wide["conf_high"] > exact["conf_high"])[own].all()
        assert ((wide["conf_low"] > 0) & (wide["conf_high"] < 1))[own].all()
    levels = LEVELS["gender"][:2], LEVELS["politics"]
    cells = pd.MultiIndex.from_product(levels, names=["gender", "politics"]).to_frame(index=False)
    exact = rows_by(poststratify(gaussian, cells.assign(n=100))).loc["population"]
    wide = rows_by(poststratify(gaussian, cells.assign(n=100, n_error=60))).loc["population"]
    mean = gaussian.design.fixed.of(cells) @ gaussian.draws.coefficients.mean(axis=0)
    added = np.sqrt((((mean - mean.mean()) * 60 / 600) ** 2).sum())
    assert np.sqrt(wide["sd"] ** 2 - exact["sd"] ** 2) == pytest.approx(added, rel=0.2)


# Random effects ---------------------------------------------------------------------------------


def test_groups_that_the_population_names_keep_their_predicted_effects(data, people):
    fit = pls.fit_linear("rating ~ 1 + (1|town:job) + (1|rater) + (1|item)", data)
    result = poststratify(fit, people, by="town")
    part = fit.random[0]
    level = people["town"].astype(str) + ":" + people["job"]
    effects = pd.Series(part.modes[:, 0], part.design.levels)[level].to_numpy()
    own = (people["town"] == "c").to_numpy()
    expected = fit.params["Intercept"] + np.average(effects[own], weights=people["n"][own])
    found = rows_by(result, "group").loc[("c", "population"), "estimate"]
    assert found == pytest.approx(expected)
    assert any("predicted effects of town:job" in note for note in result.meta.notes)


def test_other_random_effects_are_averaged_over(ordinal, people):
    notes = poststratify(ordinal, people).meta.notes
    assert any("Averaged over the distribution of the random effects" in note for note in notes)


# Populations ------------------------------------------------------------------------------------


def test_several_tables_are_one_with_a_column(ordinal, people):
    whole = poststratify(ordinal, people, by="town").table
    tables = {town: own.drop(columns="town") for town, own in people.groupby("town")}
    pd.testing.assert_frame_equal(poststratify(ordinal, tables, by="town").table, whole)
    shares = {
        town: own.drop(columns="n").assign(share=own["n"] / own["n"].sum())
        for town, own in tables.items()
    }
    # Without their sizes the towns do not add up to a population.
    groups = whole[whole["group"] != "all"].reset_index(drop=True)
    pd.testing.assert_frame_equal(poststratify(ordinal, shares, by="town").table, groups)


def test_cells_that_nobody_of_the_sample_is_in_are_told(data, people):
    fit = pls.fit_ordinal(
        "rating ~ town + job + (1|rater)", data[(data["town"] != "c") | (data["job"] == "no")]
    )
    notes = poststratify(fit, people).meta.notes
    told = "1 of 6 cells of the population, with 10.0% of its people, have nobody in the sample"
    assert any(told in note for note in notes)


def test_a_group_of_random_effects_may_be_new(data, people):
    fit = pls.fit_linear("rating ~ job + (1|town) + (1|rater)", data)
    more = pd.concat([people, pd.DataFrame({"town": ["d"], "job": ["no"], "n": [50]})])
    table = rows_by(poststratify(fit, more.reset_index(drop=True), by="town"), "group")
    assert table.loc[("d", "population"), "estimate"] == pytest.approx(fit.params["Intercept"])
    assert table.loc[[("d", "sample"), ("d", "difference")], "estimate"].isna().all()
    assert table.drop(index="d", level="group")["estimate"].notna().all()


def test_cells_of_nobody_do_not_count(ordinal, people):
    none = pd.DataFrame({"town": ["unknown"], "job": ["no"], "n": [0]})
    more = pd.concat([people, none], ignore_index=True)
    pd.testing.assert_frame_equal(
        poststratify(ordinal, more).table, poststratify(ordinal, people).table
    )


def test_a_population_that_cannot_be_used_is_refused(ordinal, linear, people):
    shares = people.drop(columns="n").assign(share=0.2)
    cases = [
        (people.drop(columns="job"), {}, "the population lacks 'job'"),
        (people.drop(columns="n"), {}, "it has neither"),
        (people.assign(share=0.1), {}, "it has both"),
        (people.assign(n=[-1, 1, 1, 1, 1, 1]), {}, "row 0 has -1"),
        (people.assign(n=[1, np.inf, 1, 1, 1, 1]), {}, "row 1 has inf"),
        (people.assign(n="many"), {}, "must be numbers"),
        (people.assign(n=0), {}, "has nobody"),
        (shares, {}, "must sum to 1, not 1.2"),
        (people.assign(n_error=-1), {}, "'n_error' of the population must be finite and not below"),
        (shares.assign(n_error=1), {}, "has 'n_error' without counts"),
        (people.replace("a", "x"), {}, "'town' must be one of 'a', 'b', 'c', not 'x'"),
        (people.mask(people == "yes"), {}, "no 'job' in row 1"),
        ("people.csv", {}, "as 'population', not 'people.csv'"),
        ({"a": people}, {}, "several tables needs 'by'"),
        ({}, {"by": "town"}, "has no table"),
        ({"a": people, "b": shares}, {"by": "town"}, "all have a column 'share'"),
        (people, {"by": "land"}, "'by' must be one of 'town', 'job', not 'land'"),
        (people.assign(land="x"), {"by": "land"}, "cannot be grouped"),
        (people, {"kind": "linear"}, "'kind' must be one of"),
        (people, {"positive_from": 4}, "is for kind='positive'"),
        (people, {"kind": "positive", "positive_from": 9}, "at most 5, not 9"),
    ]
    for population, options, told in cases:
        with pytest.raises(InputError) as error:
            poststratify(ordinal, population, **options)
        assert told in str(error.value)
        assert "\n" not in str(error.value)
    with pytest.raises(InputError, match="come from an ordinal model"):
        poststratify(linear, people, kind="positive")


def test_the_example_fits_the_simulated_study_and_says_what_it_is(small_study):
    table = example_population()
    for name in ("country", "age", "gender"):
        assert set(table[name]) <= set(LEVELS[name])
    assert table.groupby("country")["n"].sum().to_dict() == {
        "Germany": 70_000_000,
        "US": 260_000_000,
    }
    ratings = small_study.where(dimension="toxicity").ratings
    fit = pls.fit_linear("rating ~ age + country + (1|rater) + (1|item)", ratings)
    result = poststratify(fit, table, by="country")
    assert result.table["group"].unique().tolist() == ["all", "US", "Germany"]
    assert any("no official statistics" in note for note in result.meta.notes)
    assert "Weighted by the population, the average prediction is" in result.sentence
