import numpy as np
import pandas as pd
import pytest

from pluralign_stats.describe import retest
from pluralign_stats.describe.self_agreement import reliability

FIRST = np.array([1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 1, 2, 2, 3, 3, 4, 5, 5, 1, 2], dtype=float)
SECOND = np.array([1, 2, 3, 5, 5, 4, 4, 2, 2, 1, 2, 2, 3, 3, 4, 4, 5, 5, 1, 1], dtype=float)

#: Kappa(table(first, second), weights = "Fleiss-Cohen") of R's vcd 1.4-11.
KAPPA = 0.913366336634


def by_definition(x, y, levels):
    """Weighted kappa from the table of both ratings, as Cohen has it."""
    seen = pd.crosstab(x, y).reindex(index=levels, columns=levels, fill_value=0).to_numpy()
    seen = seen / seen.sum()
    weight = np.subtract.outer(levels, levels) ** 2
    return 1 - (weight * seen).sum() / (weight * np.outer(seen.sum(1), seen.sum(0))).sum()


def test_weighted_kappa_is_that_of_r_and_of_its_definition():
    found = reliability(FIRST, SECOND, np.arange(20), 100, 1)
    assert found.kappa == pytest.approx(KAPPA, abs=1e-9)
    assert found.kappa == pytest.approx(by_definition(FIRST, SECOND, np.arange(1, 6)), abs=1e-12)
    assert found.same == 13 / 20
    assert found.shift == pytest.approx(SECOND.mean() - FIRST.mean())


def test_of_numbers_it_is_lins_concordance_wherever_they_lie():
    rng = np.random.default_rng(3)
    x = rng.normal(size=50)
    y = x + rng.normal(size=50) + 0.4
    lin = 2 * np.cov(x, y, bias=True)[0, 1] / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)
    for far in (0, 1e6):
        found = reliability(x + far, y + far, np.arange(50), 100, 1)
        assert found.kappa == pytest.approx(lin, abs=1e-9)


def test_ratings_that_are_all_equal_tell_nothing():
    same = np.full(10, 3.0)
    found = reliability(same, same, np.arange(10), 100, 1)
    assert np.isnan(found.kappa)
    assert len(found.replicates) == 0


def test_raters_are_resampled_whole():
    """Copies of each pair by the same rater tell no more than one of them."""
    rater = np.arange(20)
    once = reliability(FIRST, SECOND, rater, 400, 1).replicates
    thrice = reliability(
        np.tile(FIRST, 3), np.tile(SECOND, 3), np.tile(rater, 3), 400, 1
    ).replicates
    assert thrice == pytest.approx(once)


@pytest.fixture
def twice(study_of):
    """20 raters who rate one item once and another one twice, five of them a third time."""
    rows = [(f"p{k:02}", "a", 1 + k % 5) for k in range(20)]
    rows += [(f"p{k:02}", "b", int(FIRST[k])) for k in range(20)]
    rows += [(f"p{k:02}", "b", int(SECOND[k])) for k in range(20)]
    rows += [(f"p{k:02}", "b", 5) for k in range(5)]
    frame = pd.DataFrame(rows, columns=["rater", "item", "rating"])
    return study_of(frame, repeats="retest")


def test_models_see_the_first_rating_and_the_table_compares_the_first_two(twice):
    assert len(twice.ratings) == 40
    assert twice.ratings["rating"][20:].tolist() == FIRST.tolist()
    found = retest(twice, n_bootstrap=200)
    row = found.table.iloc[0]
    assert row["estimate"] == pytest.approx(KAPPA, abs=1e-9)
    assert row["conf_low"] < KAPPA < row["conf_high"]
    assert (row["n_raters"], row["n_ratings"]) == (20, 20)
    assert "Ratings after the second one are not compared." in found.meta.notes
    assert found.sentence.startswith("Raters agree with themselves on Rating with a kappa of 0.9")


def test_few_raters_who_rated_again_are_not_shown(twice):
    few = twice.where(rater=[f"p{k:02}" for k in range(9)])
    found = retest(few, n_bootstrap=100)
    assert found.table.empty
    assert found.sentence.startswith("Fewer than 10 raters rated an item again")
    assert "nothing can be said" in retest(twice.where(item="a"), n_bootstrap=100).sentence
