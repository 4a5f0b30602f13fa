from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats import InputError
from pluralign_stats.results import Metadata, Result


def labels(picture):
    return [t.get_text() for t in picture.figure.axes[0].get_yticklabels()]


def test_one_panel_a_dimension_and_one_row_a_contrast(small_effects):
    result = small_effects.differences
    picture = pls.figures.forest(result)
    assert len(picture.figure.axes) == result.table["dimension"].nunique()
    rows = labels(picture)
    for row in result.table.drop_duplicates(["term", "contrast"]).itertuples():
        level, _, reference = row.contrast.partition(" vs ")
        assert f"{row.term}, vs {reference}" in rows
        shown = result.released().table
        n = shown.loc[shown["contrast"] == row.contrast, "n_raters"].max()
        assert (level if np.isnan(n) else f"{level} ({n:,.0f})") in rows


def test_one_demographic(small_effects, in_rows):
    picture = pls.figures.forest(small_effects.differences, "Gender")
    assert in_rows(picture.figure.axes[0])
    assert labels(picture)[0] == "Gender, vs Female"
    assert len(labels(picture)) == 2
    table = small_effects.differences.released().table.query("term == 'Gender'")
    far = table.loc[table["estimate"].abs().idxmax()]
    assert f"Gender: {(table['p_adjusted'] < 0.05).sum()} of {len(table)} points" in picture.alt
    assert f"farthest from 0: {far['dimension']}, {far['contrast']}, " in picture.alt
    with pytest.raises(InputError, match=r"the demographic must be one of .*did you mean 'Gender'"):
        pls.figures.forest(small_effects.differences, "Gendr")


def test_points_stand_at_the_estimates(small_effects):
    result = small_effects.differences
    picture = pls.figures.forest(result, "Gender")
    for ax, dimension in zip(
        picture.figure.axes, dict.fromkeys(result.table["dimension"]), strict=True
    ):
        rows = result.table[
            (result.table["dimension"] == dimension) & (result.table["term"] == "Gender")
        ]
        drawn = sorted(x for points in ax.collections for x, _ in points.get_offsets() if x)
        assert set(rows["estimate"]) <= set(drawn)


def test_two_readings_are_two_points_of_a_row(small_effects, texts):
    result = small_effects.percents
    picture = pls.figures.forest(result, "Gender")
    assert {"mean reading", "odds reading"} <= set(texts(picture))
    shown = result.released().table
    (ax, *_), dimension = picture.figure.axes, shown["dimension"].iloc[0]
    own = shown[(shown["dimension"] == dimension) & (shown["term"] == "Gender")]
    drawn = {x: y for points in ax.collections for x, y in points.get_offsets() if x}
    mean, odds = (own.loc[own["reading"] == r, "estimate"].to_numpy() for r in ("mean", "odds"))
    heights = [{drawn[x] for x in numbers} for numbers in (mean, odds)]
    assert all(heights)
    assert not set.intersection(*heights)


def test_what_is_set_beside_an_estimate_is_drawn_without_interval(texts):
    table = pd.DataFrame(
        {"term": ["a", "b"], "estimate": [1.0, 2.0], "planted": [1.5, 2.5],
         "conf_low": [0.5, 1.5], "conf_high": [1.5, 2.5]}
    )  # fmt: skip
    picture = pls.figures.forest(Result(table, "Two.", Metadata("t", unit="points")))
    (ax,) = picture.figure.axes
    assert {"estimate", "planted", "a", "b", "Points"} <= set(texts(picture))
    assert {x for c in ax.collections for x, _ in c.get_offsets()} >= {1.0, 2.0, 1.5, 2.5}
    lines = [s for c in ax.collections if hasattr(c, "get_segments") for s in c.get_segments()]
    assert sum(len(line) == 2 for line in lines) == 2


def test_a_table_without_estimates_has_a_panel_for_each_number(texts):
    table = pd.DataFrame({"term": ["a", "b"], "against": ["x", "y"], "df": [1, 2],
                          "p_value": [0.5, 0.1], "none": [np.nan, np.nan]})  # fmt: skip
    picture = pls.figures.forest(Result(table, "Two.", Metadata("t")))
    assert [ax.get_title() for ax in picture.figure.axes] == ["df", "p"]
    assert {"a, x", "b, y"} <= set(texts(picture))
    lone = pd.DataFrame({"raters": [60], "items": [20], "n_ratings": [240], "estimate": [1.0]})
    assert "60 raters, 20 items" in texts(pls.figures.forest(Result(lone, "One.", Metadata("t"))))


def test_what_a_row_lacks_is_not_among_its_words(texts):
    table = pd.DataFrame({"term": ["a", "b"], "group": ["x", np.nan], "estimate": [1.0, 2.0]})
    words = texts(pls.figures.forest(Result(table, "Two.", Metadata("t"))))
    assert {"a, x", "b"} <= set(words)
    assert not any("nan" in word for word in words)


def test_of_very_many_rows_the_first_are_drawn_and_that_is_told(texts):
    table = pd.DataFrame({"term": [f"t{k}" for k in range(101)], "estimate": 1.0})
    words = texts(pls.figures.forest(Result(table, "Many.", Metadata("t"))))
    assert "the first 100 of 101 rows" in words
    assert "t99" in words
    assert "t100" not in words


def test_without_p_points_are_filled_by_the_interval(small_effects, texts):
    table = small_effects.differences.table.drop(columns=["p_value", "p_adjusted"])
    first = table["dimension"] == table["dimension"].iloc[0]
    result = replace(small_effects.differences, table=table[first])
    picture = pls.figures.forest(result)
    apart = ((table["conf_low"] > 0) | (table["conf_high"] < 0))[first]
    faces = picture.figure.axes[0].collections[-1].get_facecolor()
    white = (faces[:, :3] == 1).all(axis=1)
    assert (~white).sum() == apart.sum()
    assert white.sum() == (~apart).sum()
    assert any("filled: interval leaves out 0" in text for text in texts(picture))


def test_arrows_go_from_observed_means_to_estimates(inside, texts):
    table = pd.DataFrame(
        {
            "given": ["Gender: Female"] * 2 + ["Gender: Male"] * 2,
            "group": ["Liberal", "Conservative"] * 2,
            "observed": [2.25, 2.0, 1.75, 3.0],
            "estimate": [2.2, 2.1, 1.9, 2.5],
            "conf_low": [2.0, 1.9, 1.6, 2.0],
            "conf_high": [2.4, 2.3, 2.2, 3.0],
            "n_raters": [200.0, np.nan, 90.0, 12.0],
        }
    )
    picture = pls.figures.intersections(Result(table, "Four groups.", Metadata("Cells")))
    (ax,) = picture.figure.axes
    drawn = {round(float(x), 9) for c in ax.collections for x in c.get_offsets()[:, 0]}
    assert set(table["observed"]) | set(table["estimate"]) <= drawn
    words = texts(picture)
    assert {"Gender: Female", "Liberal (200)", "Conservative", "Conservative (12)"} <= set(words)
    assert inside(picture)
    with pytest.raises(InputError, match="no column 'given'"):
        pls.figures.intersections(Result(table.drop(columns="given"), ""))
