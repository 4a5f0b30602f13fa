import warnings

import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.describe import positive_given_positive
from pluralign_stats.describe.joint import joint_positives


@pytest.fixture(scope="module")
def made():
    """Pairs of 40 raters, uneven in number, whose ratings depend on the rater; some are missing."""
    rng = np.random.default_rng(3)
    rater = np.repeat(np.arange(40), rng.integers(1, 8, 40))
    leaning = rng.normal(size=40)[rater]
    positive = leaning[:, None] + rng.normal(size=(len(rater), 3)) > [-0.3, 0, 0.4]
    answered = rng.random(positive.shape) > 0.15
    return positive & answered, answered, rater


def brute_force(positive, answered):
    share, n = np.full((3, 3), np.nan), np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            rows = [k for k in range(len(positive)) if positive[k, i] and answered[k, j]]
            n[i, j] = len(rows)
            share[i, j] = np.mean([positive[k, j] for k in rows]) if rows else np.nan
    return share, n


def test_shares_and_counts_against_brute_force(made):
    found = joint_positives(*made, n_bootstrap=100, seed=1)
    share, n = brute_force(*made[:2])
    np.testing.assert_allclose(found.share, share, rtol=1e-12)
    np.testing.assert_array_equal(found.n, n)
    assert (np.diag(found.share) == 1).all()


def test_the_bootstrap_resamples_whole_raters(made):
    positive, answered, rater = made
    found = joint_positives(*made, n_bootstrap=600, seed=1)
    rng, replicates = np.random.default_rng(77), []
    rows_of = [np.flatnonzero(rater == r) for r in range(40)]
    for _ in range(600):
        rows = np.concatenate([rows_of[r] for r in rng.integers(40, size=40)])
        replicates.append(brute_force(positive[rows], answered[rows])[0])
    low, high = np.quantile(replicates, [0.025, 0.975], axis=0)
    off = ~np.eye(3, dtype=bool)
    width, expected = (found.high - found.low)[off], (high - low)[off]
    # An end of such an interval has a standard error of some 4 % of its width at 600 samples.
    np.testing.assert_allclose(width, expected, rtol=0.2)
    np.testing.assert_allclose(width.mean(), expected.mean(), rtol=0.1)
    np.testing.assert_allclose(found.low[off], low[off], atol=0.2 * expected.max())


def test_the_interval_is_wider_than_if_ratings_were_independent(made):
    positive, answered, rater = made
    whole = joint_positives(*made, n_bootstrap=400, seed=1)
    single = joint_positives(positive, answered, np.arange(len(rater)), n_bootstrap=400, seed=1)
    off = ~np.eye(3, dtype=bool)
    assert (whole.high - whole.low)[off].mean() > 1.1 * (single.high - single.low)[off].mean()


def test_the_seed_makes_the_interval(made):
    runs = [joint_positives(*made, n_bootstrap=100, seed=s) for s in (1, 1, 2)]
    np.testing.assert_array_equal(runs[0].low, runs[1].low)
    assert not np.array_equal(runs[0].low, runs[2].low)


def test_the_level_sets_the_width(made):
    narrow, wide = (
        joint_positives(*made, n_bootstrap=300, seed=1, conf_level=c) for c in (0.5, 0.99)
    )
    off = ~np.eye(3, dtype=bool)
    assert ((narrow.high - narrow.low) < (wide.high - wide.low))[off].all()


def test_what_is_never_positive_has_no_share_and_makes_no_noise(made):
    positive, answered, rater = made
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = joint_positives(
            positive & [True, False, True], answered, rater, n_bootstrap=100, seed=1
        )
    assert np.isnan(found.share[1]).all()
    assert np.isnan(found.low[1]).all()
    assert found.share[0, 1] == found.high[0, 1] == 0


def test_the_table_of_a_study(small_study):
    result = positive_given_positive(small_study, n_bootstrap=100)
    table = result.table
    assert len(table) == 20
    wide = small_study.ratings.pivot(index=["rater", "item"], columns="dimension", values="rating")
    given = wide[(wide["sensitivity"] >= 4) & wide["helpfulness"].notna()]
    row = table.set_index(["given", "dimension"]).loc[("Sensitivity and openness", "Helpfulness")]
    assert row["estimate"] == pytest.approx((given["helpfulness"] >= 4).mean())
    assert row["n_ratings"] == len(given)
    assert (table["conf_low"] <= table["estimate"]).all()
    assert (table["estimate"] <= table["conf_high"]).all()
    assert "on Stereotypical bias and Toxicity that is bad" in result.meta.notes[0]
    assert result.meta.data == "simulated"


def test_what_counts_as_positive_is_the_codebooks(toy):
    book = toy.changed("study.yaml", "valence: -1", "valence: -1\n    positive_from: 5")
    table = positive_given_positive(toy.read({"study.yaml": book}), n_bootstrap=100).table
    row = table[table["given"] == "Toxicity"].iloc[0]
    assert row["n_ratings"] == 3  # toxicity is 5: p2 on a2, p4 on a1, p5 on b1
    assert row["estimate"] == pytest.approx(1 / 3)  # helpfulness 1, 4, 3


def test_on_two_ratings_the_upper_one_is_positive(study_of):
    rows = [(f"p{k}", "i", a, b) for k, (a, b) in enumerate([(0, 1), (1, 1), (1, 0), (0, 0)])]
    frame = pd.DataFrame(rows, columns=["rater", "item", "a", "b"])
    book = {"a": {"scale": [0, 1], "valence": -1}, "b": {"scale": [0, 1]}}
    result = positive_given_positive(study_of(frame, dimensions=book), n_bootstrap=100)
    row = result.table.set_index("given").loc["A"]
    assert (row["estimate"], row["n_ratings"]) == (0.5, 2)
    assert result.meta.notes == ("A rating is positive where it is 1; on A that is bad.",)


def test_each_dimension_has_the_middle_of_its_own_scale(study_of):
    rows = [(f"p{k}", "i", *r) for k, r in enumerate([(3, 50, 0.6), (4, 51, 0.5), (5, 80, 0.9)])]
    frame = pd.DataFrame(rows, columns=["rater", "item", "a", "b", "c"])
    unit = {"from": 0, "to": 1, "continuous": True}
    book = {"a": {}, "b": {"scale": [0, 100]}, "c": {"scale": unit}}
    result = positive_given_positive(study_of(frame, dimensions=book), n_bootstrap=100)
    table = result.table.set_index(["given", "dimension"])
    assert table.loc[("A", "B"), ["estimate", "n_ratings"]].tolist() == [1, 2]
    assert table.loc[("C", "B"), ["estimate", "n_ratings"]].tolist() == [0.5, 2]
    rule = "4 or more (A), 51 or more (B), more than 0.5 (C)"
    assert result.meta.notes == (f"A rating is positive where it is {rule}.",)


def test_bad_arguments(small_study):
    with pytest.raises(InputError, match="n_bootstrap must be 100 or more"):
        positive_given_positive(small_study, n_bootstrap=10)
    with pytest.raises(
        InputError, match=r"conf_level must lie between 0 and 1, such as 0.95, not 0"
    ):
        positive_given_positive(small_study, conf_level=0)
