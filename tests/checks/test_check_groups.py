import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.checks.groups import group_rows, joined, whole


def test_fitted_ratings_are_cut_into_groups_that_are_large_enough(ordinal_fit):
    groups = group_rows(ordinal_fit, None)
    fitted = ordinal_fit.predict(kind="mean").to_numpy()
    assert len(groups.labels) == 5
    for k in range(4):
        assert fitted[groups.codes == k].max() < fitted[groups.codes == k + 1].min()
    raters = ordinal_fit.design.data.groupby(groups.codes)["rater"].nunique()
    np.testing.assert_array_equal(groups.n_raters, raters)
    assert groups.n_ratings.sum() == ordinal_fit.nobs


def test_small_neighbours_are_joined():
    codes = np.repeat([0, 1, 2, 3], [30, 3, 20, 4])
    made = joined(codes, np.arange(57), 10)
    np.testing.assert_array_equal(made, np.repeat([0, 1, 1, 1], [30, 3, 20, 4]))
    np.testing.assert_array_equal(joined(codes, np.arange(57), 100), np.zeros(57))
    # Raters count, not their ratings.
    np.testing.assert_array_equal(joined(codes, np.zeros(57, dtype=int), 2), np.zeros(57))


def test_small_levels_are_left_out(ratings, ordinal_fit):
    rare = pd.Series(np.where(ratings["rater"].isin(["person-1", "person-2"]), "rare", "usual"))
    rare[ratings["rater"].isin([f"person-{k}" for k in range(10, 30)])] = "known"
    groups = group_rows(ordinal_fit, rare.rename("region"))
    # The next smallest is left out too, or the total would give away the smallest.
    assert groups.labels == ("usual",)
    assert groups.term == "region"
    assert groups.notes == ("Levels left out for having, or giving away, fewer than 10 raters: 2.",)
    assert (groups.codes >= 0).sum() == groups.n_ratings[0] == (rare == "usual").sum()


def test_series_are_matched_by_index(ratings, ordinal_fit):
    shuffled = ratings["kind"].sample(frac=1, random_state=1)
    np.testing.assert_array_equal(
        group_rows(ordinal_fit, shuffled).codes, group_rows(ordinal_fit, "kind").codes
    )


def test_weighted_means(ordinal_fit):
    groups = group_rows(ordinal_fit, "kind")
    weight = np.arange(1.0, ordinal_fit.nobs + 1)
    values = ordinal_fit.design.data[["x"]].to_numpy()
    b = (ordinal_fit.design.data["kind"] == "b").to_numpy()
    expected = np.average(values[b, 0], weights=weight[b])
    assert groups.means(values, weight)[1, 0] == pytest.approx(expected)


def test_without_grouping_factors_there_are_no_raters(ratings):
    unknown = pls.fit_ordinal("rating ~ kind", ratings.drop(columns="rater"))
    assert np.isnan(whole(unknown).n_raters).all()
    known = pls.fit_ordinal("rating ~ kind", ratings)
    assert whole(known).n_raters == [ratings["rater"].nunique()]


def test_who_the_raters_are(ratings):
    renamed = ratings.rename(columns={"rater": "person"}).assign(country=ratings["kind"])
    formula = "rating ~ x + (1|person) + (1|item) + (1|country)"
    assert pls.fit_ordinal(formula, renamed).design.raters.columns == ("person",)
    assert not pls.fit_ordinal("rating ~ x + (1|country)", renamed).design.raters.known
    assert not pls.fit_ordinal("rating ~ x + (1|item)", renamed).design.raters.known


def test_bad_groups_are_refused(ordinal_fit, ratings):
    with pytest.raises(pls.InputError, match=r"'by' must be one of .*did you mean 'kind'.*by=data"):
        group_rows(ordinal_fit, "kin")
    with pytest.raises(pls.InputError, match="a row for each row of the data"):
        group_rows(ordinal_fit, ratings["kind"].iloc[:-1])
    with pytest.raises(pls.InputError, match="a name or a pandas Series, not list"):
        group_rows(ordinal_fit, ["kind"])
    with pytest.raises(pls.InputError, match="no level of 'rater' has 10 raters"):
        group_rows(ordinal_fit, "rater")
