import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.describe import agreement
from pluralign_stats.describe.alpha import coincidences_of, ordinal_alpha
from pluralign_stats.describe.reliability import resampled

#: Four coders and twelve units: Krippendorff (2011), Computing Krippendorff's Alpha-Reliability.
CODERS = """\
1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 ."""
LEVELS = np.arange(1, 6)


def ordinal_agreement(counts, n_bootstrap, seed):
    return resampled(coincidences_of(counts), ordinal_alpha, n_bootstrap, seed)


def published_counts():
    rows = [[int(x) if x != "." else 0 for x in line.split()] for line in CODERS.splitlines()]
    return np.array([[unit.count(k) for k in LEVELS] for unit in zip(*rows, strict=True)])


def alpha_by_definition(counts):
    """Observed over expected disagreement, both averaged over pairs of ratings."""
    units = counts[counts.sum(axis=1) >= 2]
    n, levels = units.sum(axis=0), range(units.shape[1])

    def distance(a, b):
        low, high = min(a, b), max(a, b)
        return (n[low : high + 1].sum() - (n[low] + n[high]) / 2) ** 2

    metric = np.array([[distance(a, b) for b in levels] for a in levels])
    observed = sum(unit @ metric @ unit / (unit.sum() - 1) for unit in units) / n.sum()
    expected = n @ metric @ n / (n.sum() - 1) / n.sum()
    return 1 - observed / expected


def test_the_published_example():
    found = ordinal_agreement(published_counts(), 100, 1)
    assert round(found.alpha, 3) == 0.815
    assert found.n_items == 11
    assert found.alpha == pytest.approx(alpha_by_definition(published_counts()), abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_random_ratings_against_the_definition(seed):
    counts = np.random.default_rng(seed).integers(0, 3, size=(12, 5))
    found = ordinal_agreement(counts, 100, 1)
    assert found.alpha == pytest.approx(alpha_by_definition(counts), abs=1e-12)


def test_perfect_agreement_and_none_that_could_be_measured():
    perfect = ordinal_agreement(np.array([[3, 0], [0, 2], [0, 4]]), 100, 1)
    assert perfect.alpha == 1
    for counts in ([[1, 0], [0, 1]], [[2, 0], [3, 0]]):
        nothing = ordinal_agreement(np.array(counts), 100, 1)
        assert np.isnan(nothing.alpha)
        assert len(nothing.replicates) == 0


def test_items_with_one_rating_do_not_count():
    counts = published_counts()
    alone = np.vstack([counts, np.eye(5, dtype=int)])
    first, second = (ordinal_agreement(c, 200, 3) for c in (counts, alone))
    assert first.alpha == second.alpha
    assert first.n_items == second.n_items
    np.testing.assert_array_equal(first.replicates, second.replicates)


def test_the_bootstrap_is_the_seeds():
    runs = [ordinal_agreement(published_counts(), 100, seed).replicates for seed in (1, 1, 2)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_the_bootstrap_resamples_items_as_explicit_loops_do():
    counts = np.random.default_rng(5).integers(0, 4, size=(40, 5))
    found = ordinal_agreement(counts, 400, 1).replicates
    rng = np.random.default_rng(99)
    loops = [alpha_by_definition(counts[rng.integers(40, size=40)]) for _ in range(400)]
    assert np.mean(found) == pytest.approx(np.mean(loops), abs=4 * np.std(loops) / np.sqrt(200))
    assert np.std(found) == pytest.approx(np.std(loops), rel=0.15)  # 3 standard errors


def draw_counts(rng, n_items):
    """Ratings of three raters who hear the item through noise."""
    item = rng.normal(size=(n_items, 1))
    latent = item + rng.normal(size=(n_items, 3))
    ratings = np.digitize(latent, [-1.5, -0.5, 0.5, 1.5])
    return np.stack([np.bincount(row, minlength=5) for row in ratings])


def test_the_interval_covers():
    rng = np.random.default_rng(8)
    truth = ordinal_agreement(draw_counts(rng, 40_000), 0, 1).alpha
    hits = 0
    for seed in range(80):
        found = ordinal_agreement(draw_counts(rng, 80), 150, seed)
        low, high = np.quantile(found.replicates, [0.025, 0.975])
        hits += low <= truth <= high
    # 95 % of 80 is 76; three binomial standard errors below that are 70.2.
    assert hits > 70


@pytest.fixture(scope="module")
def table(small_study):
    return agreement(small_study, "gender", n_bootstrap=100).table


def test_the_table_of_a_study(small_study, table):
    assert list(table) == [
        *("dimension", "group", "estimate", "conf_low", "conf_high"),
        *("n_items", "n_raters", "n_ratings", "method"),
    ]
    every = table[table["group"] == "All raters"]
    assert list(every["dimension"]) == [
        small_study.codebook.label(d) for d in small_study.dimensions
    ]
    ratings = small_study.ratings.dropna(subset="rating")
    ratings = ratings[ratings["dimension"] == "toxicity"]
    row = every.set_index("dimension").loc["Toxicity"]
    counts = pd.crosstab(ratings["item"], ratings["rating"]).reindex(columns=LEVELS, fill_value=0)
    assert row["estimate"] == pytest.approx(alpha_by_definition(counts.to_numpy()), abs=1e-12)
    assert row["n_ratings"] == len(ratings)
    assert row["n_raters"] == ratings["rater"].nunique()
    assert row["conf_low"] < row["estimate"] < row["conf_high"]


def test_within_groups_the_sentence_counts_who_is_apart(small_study, table):
    sentence = agreement(small_study, "gender", n_bootstrap=100).sentence
    alpha = table[table["group"] == "All raters"].set_index("dimension")["estimate"]
    groups = table[table["group"] != "All raters"].dropna(subset="estimate")
    inside = [r.conf_low <= alpha[r.dimension] <= r.conf_high for r in groups.itertuples()]
    n = len(groups) - sum(inside)
    some, none = f"In {n} of {len(groups)} cases", f": in {len(groups)} cases"
    assert (some if n else none) in sentence


def test_groups_are_measured_by_their_own_ratings(small_study, table):
    men = agreement(small_study.where(gender="Male"), n_bootstrap=100).table
    part = table[table["group"] == "Male"].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        men.drop(columns="group"), part.drop(columns="group"), check_dtype=False
    )


def test_small_groups_are_left_out(small_study, table):
    sizes = small_study.raters["gender"].value_counts()
    small = [g for g in sizes.index if sizes[g] < 10]
    assert small
    assert set(table["group"]) == {"All raters", *(set(sizes.index) - set(small))}


def test_bad_arguments(small_study):
    with pytest.raises(InputError, match="did you mean 'gender'"):
        agreement(small_study, "gendr")
    with pytest.raises(InputError, match="n_bootstrap must be 100 or more, not 99"):
        agreement(small_study, n_bootstrap=99)
    with pytest.raises(InputError, match="conf_level must lie between 0 and 1"):
        agreement(small_study, conf_level=95)
    with pytest.raises(InputError, match="min_cell must be 1 or more, not 0"):
        agreement(small_study, min_cell=0)
