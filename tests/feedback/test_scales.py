import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.feedback import preferences
from pluralign_stats.feedback.pairs import preference_pairs
from pluralign_stats.feedback.parts import parts_of
from pluralign_stats.feedback.recipe import Recipe
from pluralign_stats.feedback.scales import conversion_note, convert_scale, dimension_conversion
from pluralign_stats.feedback.selection import select
from pluralign_stats.feedback.unpaired import unpaired_feedback

FIVE = np.array([1.0, 2, 3, 4, 5, np.nan])


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        ("5-point", [1, 2, 3, 4, 5]),
        ("as-rated", [1, 2, 3, 4, 5]),
        ("3-point", [1, 1, 2, 3, 3]),
        ("binary", [0, 0, 0, 1, 1]),
    ],
)
def test_the_definitions(scale, expected):
    np.testing.assert_array_equal(convert_scale(FIVE, scale), [*expected, np.nan])
    shifted = convert_scale(FIVE - 3, scale, -2, 2)
    if scale != "as-rated":
        np.testing.assert_array_equal(shifted, [*expected, np.nan])


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        ("5-point", [1, 1, 2, 3, 3, 4, 5]),
        ("3-point", [1, 1, 1, 2, 2, 3, 3]),
        ("binary", [0, 0, 0, 0, 1, 1, 1]),
    ],
)
def test_a_scale_of_many_ratings_is_cut_into_parts_of_equal_width(scale, expected):
    hundred = np.array([1.0, 20, 21, 50, 51, 80, 100, np.nan])
    np.testing.assert_array_equal(convert_scale(hundred, scale, 1, 100), [*expected, np.nan])
    unit = (hundred - 1) / 99
    np.testing.assert_array_equal(
        convert_scale(unit, scale, 0, 1, continuous=True), [*expected, np.nan]
    )
    np.testing.assert_array_equal(convert_scale(hundred, "as-rated", 1, 100), hundred)


def test_what_is_no_rating_of_the_scale_is_refused():
    with pytest.raises(InputError, match=r"must be whole numbers 1 to 100, not 50.5"):
        convert_scale(np.array([1.0, 50.5]), "binary", 1, 100)
    with pytest.raises(InputError, match=r"must be numbers 0 to 1, not 1.5"):
        convert_scale(np.array([0.5, 1.5]), "binary", 0, 1, continuous=True)


def test_a_series_keeps_its_index():
    series = pd.Series(FIVE, index=list("abcdef"), name="rating")
    made = convert_scale(series, "3-point")
    assert made.index.tolist() == list("abcdef")
    assert made.name == "rating"
    assert made["e"] == 3


def test_other_scales_need_a_map_of_their_own():
    with pytest.raises(InputError, match=r"a scale of 7 ratings \(1 to 7\) has no binary form"):
        convert_scale(np.array([1.0]), "binary", 1, 7)
    with pytest.raises(InputError, match=r"'5-point', .*not '5point'; did you mean '5-point'"):
        convert_scale(FIVE, "5point")
    with pytest.raises(InputError, match="must be whole numbers 1 to 5, not 7"):
        convert_scale(np.array([1.0, 7.0]), "binary")


def test_the_codebooks_map_is_used(study_of):
    frame = pd.DataFrame(
        [
            (f"p{k}", i, "q", r)
            for i, rs in {"a": [7, 6], "b": [5, 3]}.items()
            for k, r in enumerate(rs)
        ],
        columns=["rater", "item", "prompt", "rating"],
    )
    columns = {"rater": "rater", "item": "item", "prompt": "prompt"}
    places = dict(zip(range(1, 8), [1, 1, 1, 2, 3, 3, 3], strict=True))
    book = {"scale": [1, 7], "conversions": {"3-point": places}}
    study = study_of(frame, columns=columns, dimensions={"rating": book})
    table = preference_pairs(study, Recipe(weights={"rating": 1}, scale="3-point")).table
    assert table[["chosen", "n", "p"]].to_numpy().tolist() == [["a", 2, 0.75]]
    with pytest.raises(
        InputError, match=r"dimension 'rating': a scale of 7 .* 'conversions: \{bin"
    ):
        preference_pairs(study, Recipe(weights={"rating": 1}, scale="binary"))
    rated = preference_pairs(study, Recipe(weights={"rating": 1}, scale="as-rated")).table
    assert rated["n"].tolist() == [4]


SLIDER = {
    "whole": ([0, 100], [90, 60, 45, 20]),
    "continuous": ({"from": 0, "to": 1, "continuous": True}, [0.9, 0.6, 0.45, 0.2]),
}


@pytest.fixture(params=SLIDER)
def slider(request, study_of):
    """Two raters of each of two responses: 90 and 45 to a, 60 and 20 to b."""
    scale, (a, b, c, d) = SLIDER[request.param]
    rows = [("p1", "a", "q", a), ("p1", "b", "q", b), ("p2", "a", "q", c), ("p2", "b", "q", d)]
    frame = pd.DataFrame(rows, columns=["rater", "item", "prompt", "rating"])
    columns = {"rater": "rater", "item": "item", "prompt": "prompt"}
    unit = 100 if request.param == "whole" else 1
    return study_of(frame, columns=columns, dimensions={"rating": {"scale": scale}}), unit


def test_preferences_between_ratings_on_a_slider(slider):
    study, unit = slider
    recipe = Recipe(weights={"rating": 1}, scale="as-rated")
    table = preference_pairs(study, recipe).table.set_index("chosen")
    assert table["n"].to_dict() == {"a": 3, "b": 1}  # only 60 over 45 prefers b
    assert table.loc["b", "margin"] == pytest.approx(0.15 * unit)
    wide = recipe.model_copy(update={"min_margin": 0.2 * unit})
    made = preference_pairs(study, wide)
    assert made.table[["chosen", "n", "p"]].to_numpy().tolist() == [["a", 3, 0.875]]
    assert made.excluded["reason"].iloc[-1].startswith("comparisons of two ratings that tie or")
    assert made.excluded["n"].iloc[-1] == 1


def test_recipes_work_on_parts_of_a_slider_unless_told_otherwise(slider):
    study, _ = slider
    table = preference_pairs(study, Recipe(weights={"rating": 1})).table.set_index("chosen")
    # On five points the ratings are 5 and 3 against 3 or 4 and 2 (60 lies on a border).
    assert table["utility_chosen"].max() <= 5
    made = unpaired_feedback(study, Recipe(weights={"rating": 1}, scale="binary"))
    said = made.table.set_index(["item", "desirable"])["n"].to_dict()
    assert said == {("a", True): 1, ("a", False): 1, ("b", True): 1, ("b", False): 1}


def test_the_note_names_the_ratings_of_each_place(slider):
    study, unit = slider
    told = conversion_note(study.codebook, ["rating"], "binary")
    parts = "0 to 50 as 0, 51 to 100 as 1" if unit == 100 else "0 to 0.5 as 0, 0.5 to 1 as 1"
    assert told.endswith(f"states no 'conversions' to the binary scale: {parts}.")
    assert conversion_note(study.codebook, ["rating"], "as-rated") == ""


def test_borders_of_the_codebook_are_used(study_of):
    rows = [(f"p{k}", "i", rating) for k, rating in enumerate([1, 59, 60, 100])]
    frame = pd.DataFrame(rows, columns=["rater", "item", "rating"])
    book = {"scale": [1, 100], "conversions": {"binary": [60]}}
    study = study_of(frame, dimensions={"rating": book})
    convert = dimension_conversion("rating", study.codebook.dimensions["rating"], "binary")
    assert convert(study.ratings["rating"].to_numpy()).tolist() == [0, 0, 1, 1]
    assert conversion_note(study.codebook, ["rating"], "binary") == ""


@pytest.mark.parametrize("strategy", ["preserve", "majority", "mean", "median", "random"])
def test_feedback_is_the_same_in_runs_of_any_size(small_study, monkeypatch, strategy):
    recipe = Recipe(weights={"toxicity": 1, "helpfulness": 0.37}, strategy=strategy)
    whole = preference_pairs(small_study, recipe)
    monkeypatch.setattr(preferences, "_ENTRIES", 100)
    parts = preference_pairs(small_study, recipe)
    pd.testing.assert_frame_equal(parts.table, whole.table, rtol=1e-12)
    pd.testing.assert_frame_equal(parts.excluded, whole.excluded)


def test_parts_of_raters_are_the_same_in_runs_of_any_size(small_study, monkeypatch):
    recipe, found = Recipe(weights={"toxicity": 1}), []
    for entries in (preferences._ENTRIES, 100):
        monkeypatch.setattr(preferences, "_ENTRIES", entries)
        found.append(parts_of(select(small_study, recipe)).part)
    np.testing.assert_allclose(found[1], found[0], rtol=1e-12)


def test_ratings_on_different_scales_are_not_added_up(slider_study):
    both = {"toxicity": 1.0, "warmth": 1.0}
    with pytest.raises(InputError, match=r"toxicity from 0 to 100, warmth from 0 to 1\) cannot"):
        preference_pairs(slider_study, Recipe(weights=both, scale="as-rated"))
    made = preference_pairs(slider_study, Recipe(weights=both))
    assert made.table["margin"].max() <= 8  # two dimensions of five points
