import pytest

import pluralign_stats as pls
from pluralign_stats import InputError


def labels(picture):
    return [t.get_text() for t in picture.figure.axes[0].get_yticklabels()]


def test_one_panel_a_dimension_and_one_row_a_contrast(small_effects):
    result = small_effects.differences
    picture = pls.forest_figure(result)
    assert len(picture.figure.axes) == result.table["dimension"].nunique()
    rows = labels(picture)
    for row in result.table.drop_duplicates(["term", "contrast"]).itertuples():
        level, _, reference = row.contrast.partition(" vs ")
        assert f"{row.term}, vs {reference}" in rows
        n = result.table.loc[result.table["contrast"] == row.contrast, "n_raters"].max()
        assert f"{level} ({n:,.0f})" in rows


def test_one_demographic(small_effects):
    picture = pls.forest_figure(small_effects.differences, "Gender")
    assert labels(picture)[0] == "Gender, vs Female"
    assert len(labels(picture)) == 2
    with pytest.raises(InputError, match=r"the demographic must be one of .*did you mean 'Gender'"):
        pls.forest_figure(small_effects.differences, "Gendr")


def test_points_stand_at_the_estimates(small_effects):
    result = small_effects.differences
    picture = pls.forest_figure(result, "Gender")
    for ax, dimension in zip(
        picture.figure.axes, dict.fromkeys(result.table["dimension"]), strict=True
    ):
        rows = result.table[
            (result.table["dimension"] == dimension) & (result.table["term"] == "Gender")
        ]
        drawn = sorted(x for points in ax.collections for x, _ in points.get_offsets() if x)
        assert set(rows["estimate"]) <= set(drawn)


def test_two_readings_at_once_are_refused(small_effects):
    with pytest.raises(InputError, match="two readings; draw one"):
        pls.forest_figure(small_effects.percents)
