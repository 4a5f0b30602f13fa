import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.feedback.pairs import preference_pairs
from pluralign_stats.feedback.recipe import Recipe
from pluralign_stats.feedback.scales import convert_scale

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
