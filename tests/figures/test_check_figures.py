import numpy as np
import pytest

import pluralign_stats as pls
from pluralign_stats.checks.calibration import calibration_check
from pluralign_stats.checks.influence import influence_check
from pluralign_stats.checks.residuals import residual_check
from pluralign_stats.figures.checks import calibration, influence, residuals


def test_calibration_shows_what_was_observed(fit, inside):
    check = calibration_check(fit, "politics", n_simulations=39)
    picture = check.figure()
    axes = picture.figure.axes
    assert [ax.get_title(loc="center") for ax in axes] == [f"Rating {k}" for k in range(1, 6)]
    for ax, (_, block) in zip(axes, check.result.released().table.groupby("rating"), strict=True):
        offsets = np.vstack([points.get_offsets().data for points in ax.collections[2:]])
        drawn = {round(float(x), 9) for x in offsets[:, 0] if np.isfinite(x)}
        assert {round(x, 9) for x in block["observed"]} <= drawn
    assert inside(picture)


def test_linear_calibration_has_one_panel(small_study, inside):
    ratings = small_study.ratings
    data = ratings[ratings["dimension"] == small_study.dimensions[0]]
    fit = pls.fit_linear("rating ~ politics + (1|rater) + (1|item)", data)
    picture = calibration(calibration_check(fit, n_simulations=39).result)
    assert len(picture.figure.axes) == 1
    assert inside(picture)


def test_residuals_have_a_panel_for_each_group(fit, inside):
    result = residual_check(fit, n_simulations=39).result
    picture = residuals(result)
    heights = [bar.get_height() for ax in picture.figure.axes for bar in ax.patches]
    np.testing.assert_allclose(heights, result.table["estimate"])
    assert inside(picture)


def test_influence_shows_raters_by_items(fit, texts, inside, in_rows):
    check = influence_check(fit)
    picture = influence(check.result, *check.details)
    points, matrix = picture.figure.axes[:2]
    assert in_rows(points)
    drawn = points.collections[1].get_offsets()[:, 0]
    np.testing.assert_allclose(drawn, check.result.table["estimate"].head(10))
    shown = np.ma.filled(matrix.collections[0].get_array().astype(float), np.nan)
    (details,) = check.details
    largest = details.table.loc[details.table["estimate"].abs().idxmax(), "estimate"]
    assert np.nanmax(np.abs(shown)) == pytest.approx(abs(largest))
    assert np.isnan(shown).any()
    assert np.isfinite(shown).any(axis=1).all()
    words = " ".join(texts(picture))
    assert not any(str(name) in words for name in fit.random[0].design.levels)
    assert inside(picture)


def test_tables_of_another_kind_are_refused(fit):
    with pytest.raises(pls.InputError, match="no column 'observed'"):
        calibration(pls.predictions(fit, by="politics", kind="probability"))
