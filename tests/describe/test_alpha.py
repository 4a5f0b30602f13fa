import krippendorff
import numpy as np
import pandas as pd
import pytest

from pluralign_stats.describe import agreement
from pluralign_stats.describe.alpha import interval_alpha, item_sums

#: Four coders and twelve units: Krippendorff (2011), Computing Krippendorff's Alpha-Reliability.
CODERS = """\
1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 ."""


def alpha_of(table):
    """Alpha of a (coders, units) table with missing ratings."""
    unit = np.broadcast_to(np.arange(table.shape[1]), table.shape)
    given = ~np.isnan(table)
    return interval_alpha(item_sums(unit[given], table[given]).sum(axis=0)[None])[0]


def test_the_published_example():
    rows = [[float(x) if x != "." else np.nan for x in line.split()] for line in CODERS.split("\n")]
    assert round(alpha_of(np.array(rows)), 3) == 0.849


@pytest.mark.parametrize("seed", range(5))
def test_as_the_krippendorff_package_has_it(seed):
    rng = np.random.default_rng(seed)
    table = rng.normal(50, 10, 30) + rng.normal(0, 15, (6, 30))
    table[rng.random(table.shape) < 0.4] = np.nan
    expected = krippendorff.alpha(reliability_data=table, level_of_measurement="interval")
    assert alpha_of(table) == pytest.approx(expected, rel=1e-9)


def test_no_alpha_without_pairs_or_without_differences():
    assert np.isnan(alpha_of(np.array([[1.0, np.nan], [np.nan, 2.0]])))
    assert np.isnan(alpha_of(np.array([[0.1, 0.1], [0.1, 0.1]])))
    assert alpha_of(np.array([[0.1, 0.7], [0.1, 0.7]])) == 1


def test_the_scale_decides_on_the_metric(slider_study):
    result = agreement(slider_study, n_bootstrap=200)
    method = result.table.set_index("dimension")["method"].str.rpartition(" ")[2]
    assert method.to_dict() == {"Toxicity": "interval", "Trust": "ordinal", "Warmth": "interval"}
    assert any("Alpha on Toxicity and Warmth takes ratings for n" in n for n in result.meta.notes)
    data = slider_study.ratings
    wide = data[data["dimension"] == "warmth"].pivot(index="rater", columns="item", values="rating")
    expected = krippendorff.alpha(reliability_data=wide, level_of_measurement="interval")
    row = result.table.set_index("dimension").loc["Warmth"]
    assert row["estimate"] == pytest.approx(expected, rel=1e-9)
    assert row["conf_low"] < row["estimate"] < row["conf_high"]


def test_resampled_intervals_cover_the_alpha_of_all_items():
    """Of 40 sets of 60 items, about 38 intervals hold the alpha of 40,000 items."""

    def drawn(rng, n):
        level = rng.normal(0, 1, n)
        return item_sums(np.repeat(np.arange(n), 4), np.repeat(level, 4) + rng.normal(0, 1, 4 * n))

    rng = np.random.default_rng(5)
    truth = interval_alpha(drawn(rng, 40_000).sum(axis=0)[None])[0]
    assert truth == pytest.approx(0.5, abs=0.02)  # variance of items over the whole
    held = 0
    for _ in range(40):
        sums = drawn(rng, 60)
        picks = rng.integers(60, size=(300, 60))
        low, high = np.quantile(interval_alpha(sums[picks].sum(axis=1)), [0.025, 0.975])
        held += low <= truth <= high
    assert held >= 34


def test_whole_numbers_give_the_same_from_a_file_of_either_order(study_of):
    frame = pd.DataFrame(
        {"rater": ["a", "b", "a", "b"], "item": ["i", "i", "k", "k"], "rating": [10, 20, 70, 60]}
    )
    book = {"rating": {"scale": [0, 100]}}
    made = [
        agreement(study_of(f, dimensions=book), n_bootstrap=100, min_cell=2).table["estimate"][0]
        for f in (frame, frame.iloc[::-1])
    ]
    assert made[0] == made[1] == pytest.approx(1 - 100 / (2 * (9000 - 160**2 / 4) / 3))
