from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.checks.calibration import calibration_check
from pluralign_stats.checks.influence import influence_check
from pluralign_stats.checks.random_effects import random_effects_table
from pluralign_stats.checks.residuals import residual_check
from pluralign_stats.figures.models import (
    calibration_figure,
    caterpillar_figure,
    influence_figure,
    residual_figure,
    shares_figure,
)


@pytest.fixture(scope="module")
def fit(small_study):
    ratings = small_study.ratings
    data = ratings[ratings["dimension"] == small_study.dimensions[0]]
    return pls.fit_ordinal("rating ~ gender + politics + (1|rater) + (1|item)", data)


def texts(picture):
    """Every word of a figure that is seen."""
    found = [t for t in picture.figure.findobj(lambda a: hasattr(a, "get_text")) if t.get_visible()]
    return [t.get_text() for t in found if t.get_text()]


def inside(picture):
    """Whether nothing that is drawn lies beyond the edge of the figure."""
    box, (width, height) = picture.figure.get_tightbbox(), picture.figure.get_size_inches()
    return (
        box.x0 >= -0.02 and box.y0 >= -0.02 and box.x1 <= width + 0.02 and box.y1 <= height + 0.02
    )


def test_shares_stand_at_their_places(fit):
    result = pls.predictions(fit, by="politics", kind="probability")
    picture = shares_figure(result)
    ax = picture.figure.axes[0]
    widths = [bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(widths, result.table["estimate"])
    ends = [bar.get_x() + bar.get_width() for bar in ax.patches][4::5]
    np.testing.assert_allclose(ends, 1)
    assert "simulated study" in " ".join(texts(picture))
    n = result.table.drop_duplicates("group").set_index("group")["n_raters"]
    labels = [t.get_text().replace("\n", " ") for t in ax.get_yticklabels()]
    shown = [f"{g} ({k:,.0f})" if k >= 10 else f"{g} (<10)" for g, k in n.items()]
    assert labels == shown
    assert inside(picture)
    assert picture.alt.endswith(result.sentence)


def test_the_size_of_a_small_group_is_not_told(fit):
    result = pls.predictions(fit, by=["gender", "politics"], kind="probability")
    small = result.table.drop_duplicates("group").set_index("group")["n_raters"]
    small = small[small < 10]
    assert len(small)
    words = " ".join(texts(shares_figure(result))).replace("\n", " ")
    for group, n in small.items():
        assert f"{group} (<10)" in words
        assert f"{group} ({n:.0f})" not in words


def test_ratings_in_words_keep_their_order(fit):
    result = pls.predictions(fit, kind="probability")
    words = ["never", "barely", "partly", "mostly", "always"]
    table = result.table.assign(rating=words)
    picture = shares_figure(pls.Result(table, result.sentence, result.meta))
    legend = picture.figure.legends[0]
    assert [t.get_text() for t in legend.get_texts()] == words


def test_caterpillars_are_sorted_and_name_no_rater(fit):
    raters = random_effects_table(fit, "rater")
    picture = caterpillar_figure(raters)
    line = picture.figure.axes[0].collections[0]
    middles = [segment[:, 0].mean() for segment in line.get_segments()]
    expected = fit.random_effects().query("group == 'rater'")["estimate"].sort_values()
    np.testing.assert_allclose(middles, expected, atol=1e-9)
    shown = " ".join(texts(picture)) + raters.to_csv_text()
    assert not any(str(name) in shown for name in fit.random[0].design.levels)
    assert f"{len(middles)} levels of rater" in shown
    assert inside(picture)


def test_intervals_of_random_effects_are_conditional(fit):
    table = random_effects_table(fit, "item", conf_level=0.8).table
    effects = fit.random_effects().query("group == 'item'").sort_values("estimate")
    np.testing.assert_allclose(table["estimate"], effects["estimate"])
    np.testing.assert_allclose(
        table["conf_high"] - table["estimate"], 1.2815516 * effects["std_error"]
    )
    named = table["group"].isin(effects["level"])
    counts = fit.design.data.groupby("item")["rater"].nunique()
    assert list(named) == [counts[level] >= 10 for level in effects["level"]]
    assert (table.loc[~named, "n_ratings"].isna()).all()


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
    picture = caterpillar_figure(pls.Result(table, "Five hundred items."))
    boxes = [t.get_window_extent() for t in picture.figure.axes[0].get_yticklabels()]
    assert 20 <= len(boxes) < 60
    assert all(a.y1 <= b.y0 for a, b in pairwise(boxes))


def test_calibration_shows_what_was_observed(fit):
    check = calibration_check(fit, "politics", n_simulations=39)
    picture = check.figure()
    axes = picture.figure.axes
    assert [ax.get_title(loc="center") for ax in axes] == [f"Rating {k}" for k in range(1, 6)]
    for ax, (_, block) in zip(axes, check.result.table.groupby("rating"), strict=True):
        offsets = np.vstack([points.get_offsets().data for points in ax.collections[2:]])
        drawn = {round(float(x), 9) for x in offsets[:, 0] if np.isfinite(x)}
        assert {round(x, 9) for x in block["observed"]} <= drawn
    assert inside(picture)


def test_linear_calibration_has_one_panel(small_study):
    ratings = small_study.ratings
    data = ratings[ratings["dimension"] == small_study.dimensions[0]]
    fit = pls.fit_linear("rating ~ politics + (1|rater) + (1|item)", data)
    picture = calibration_figure(calibration_check(fit, n_simulations=39).result)
    assert len(picture.figure.axes) == 1
    assert inside(picture)


def test_residuals_have_a_panel_for_each_group(fit):
    result = residual_check(fit, n_simulations=39).result
    picture = residual_figure(result)
    heights = [bar.get_height() for ax in picture.figure.axes for bar in ax.patches]
    np.testing.assert_allclose(heights, result.table["estimate"])
    assert inside(picture)


def test_influence_shows_raters_by_items(fit):
    check = influence_check(fit)
    picture = influence_figure(check.result, *check.details)
    points, matrix = picture.figure.axes[:2]
    drawn = points.collections[1].get_offsets()[:, 0]
    np.testing.assert_allclose(drawn, check.result.table["estimate"].head(10))
    shown = np.ma.filled(matrix.images[0].get_array().astype(float), np.nan)
    (details,) = check.details
    largest = details.table.loc[details.table["estimate"].abs().idxmax(), "estimate"]
    assert np.nanmax(np.abs(shown)) == pytest.approx(abs(largest))
    assert np.isnan(shown).any()
    assert np.isfinite(shown).any(axis=1).all()
    words = " ".join(texts(picture))
    assert not any(str(name) in words for name in fit.random[0].design.levels)
    assert inside(picture)


def test_tables_of_another_kind_are_refused(fit):
    with pytest.raises(pls.InputError, match=r"no column 'rating'.*belongs to another figure"):
        shares_figure(pls.predictions(fit, by="politics"))
    with pytest.raises(pls.InputError, match="no column 'observed'"):
        calibration_figure(pls.predictions(fit, by="politics", kind="probability"))
