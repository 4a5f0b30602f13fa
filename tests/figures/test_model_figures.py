from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection

import pluralign_stats as pls
from pluralign_stats.checks.random_effects import random_effects_table
from pluralign_stats.figures.models import caterpillar, shares


def test_shares_stand_at_their_places(fit, texts, inside, bars):
    result = pls.predictions(fit, by="politics", kind="probability")
    picture = shares(result)
    ax = picture.figure.axes[0]
    starts, widths = np.array(bars(ax)).T
    np.testing.assert_allclose(widths, result.table["estimate"])
    np.testing.assert_allclose((starts + widths)[4::5], 1)
    np.testing.assert_allclose(starts[::5], 0)
    assert "simulated study" in " ".join(texts(picture))
    n = result.released().table.drop_duplicates("group").set_index("group")["n_raters"]
    labels = [t.get_text().replace("\n", " ") for t in ax.get_yticklabels()]
    shown = [g if np.isnan(k) else f"{g} ({k:,.0f})" for g, k in n.items()]
    assert labels == shown
    assert inside(picture)
    assert picture.alt.endswith(result.sentence)


def test_the_size_of_a_small_group_is_not_told(fit, texts):
    result = pls.predictions(fit, by=["gender", "politics"], kind="probability")
    small = result.table.drop_duplicates("group").set_index("group")["n_raters"]
    small = small[small < 10]
    assert len(small)
    words = " ".join(texts(shares(result))).replace("\n", " ")
    assert not any(group in words for group in small.index)
    opened = shares(result.released(min_cell=1))
    words = " ".join(texts(opened)).replace("\n", " ")
    for group, n in small.items():
        assert f"{group} (<10)" in words
        assert f"{group} ({n:.0f})" not in words


def test_ratings_in_words_keep_their_order(fit):
    result = pls.predictions(fit, kind="probability")
    words = ["never", "barely", "partly", "mostly", "always"]
    table = result.table.assign(rating=words)
    picture = shares(pls.Result(table, result.sentence, result.meta))
    legend = picture.figure.legends[0]
    assert [t.get_text() for t in legend.get_texts()] == words


def test_caterpillars_are_sorted_and_name_no_rater(fit, texts, inside):
    raters = random_effects_table(fit, "rater")
    picture = caterpillar(raters)
    lines = [c for c in picture.figure.axes[0].collections if isinstance(c, LineCollection)]
    drawn = sorted((s[0, 1], s[:, 0].mean()) for line in lines for s in line.get_segments())
    assert [place for place, _ in drawn] == list(range(1, len(raters.table) + 1))
    middles = [middle for _, middle in drawn]
    expected = fit.random_effects().query("group == 'rater'")["estimate"].sort_values()
    np.testing.assert_allclose(middles, expected, atol=1e-9)
    shown = " ".join(texts(picture)) + raters.to_csv_text()
    assert not any(str(name) in shown for name in fit.random[0].design.levels)
    assert f"{len(middles)} raters" in shown
    assert inside(picture)


def test_intervals_of_random_effects_are_conditional(fit):
    table = random_effects_table(fit, "item", conf_level=0.8).table
    effects = fit.random_effects().query("group == 'item'").sort_values("estimate")
    np.testing.assert_allclose(table["estimate"], effects["estimate"])
    np.testing.assert_allclose(
        table["conf_high"] - table["estimate"], 1.2815516 * effects["std_error"]
    )
    assert table["group"].tolist() == effects["level"].tolist()
    counts = fit.design.data.groupby("item")["rater"].nunique()
    few = (counts[table["group"]] < 10).to_numpy()
    assert table["n_ratings"].isna().tolist() == few.tolist()


def test_item_labels_do_not_overlap(fit):
    rng = np.random.default_rng(1)
    effect = np.sort(rng.normal(size=500))
    table = pd.DataFrame(
        {
            "term": "item",
            "group": [f"item-{k:03d}" for k in range(500)],
            "estimate": effect,
            "conf_low": effect - 1,
            "conf_high": effect + 1,
            "n_ratings": 50.0,
            "effect": "Intercept",
        }
    )
    picture = caterpillar(pls.Result(table, "Five hundred items."))
    boxes = [t.get_window_extent() for t in picture.figure.axes[0].get_yticklabels()]
    assert 20 <= len(boxes) < 60
    assert all(a.y1 <= b.y0 for a, b in pairwise(boxes))


def test_tables_of_another_kind_are_refused(fit):
    with pytest.raises(pls.InputError, match=r"no column 'rating'.*belongs to another figure"):
        shares(pls.predictions(fit, by="politics"))
