import pytest

from pluralign_stats import InputError
from pluralign_stats.study.codebook_file import codebook_from

SEVEN = {1: 1, 2: 1, 3: 1, 4: 2, 5: 3, 6: 3, 7: 3}


def book(conversions, scale=(1, 7)):
    content = {
        "name": "c",
        "files": {"ratings": "r.csv"},
        "columns": {"rater": "rater", "item": "item"},
        "dimensions": {"x": {"scale": scale, "conversions": conversions}},
    }
    return codebook_from(content, "c.yaml").dimensions["x"].conversions


def test_a_map_to_a_coarser_scale_is_kept():
    assert book({"3-point": SEVEN}) == {"3-point": SEVEN}
    assert book({"binary": {0: 0, 1: 1}}, (0, 1)) == {"binary": {0: 0, 1: 1}}


def test_borders_can_be_stated_instead():
    borders = {"5-point": [20, 40, 60, 80], "binary": [50]}
    made = book(borders, (1, 100))
    assert made == {"5-point": (20, 40, 60, 80), "binary": (50,)}
    unit = {"from": 0, "to": 1, "continuous": True}
    assert book({"3-point": [0.2, 0.9]}, unit) == {"3-point": (0.2, 0.9)}
    assert book({"binary": [5]}) == {"binary": (5,)}


@pytest.mark.parametrize(
    ("conversions", "scale", "message"),
    [
        ({"5-point": [20, 40, 60]}, (1, 100), "needs 4 borders .*, not 3"),
        ({"binary": []}, (1, 100), "needs 1 borders"),
        ({"3-point": [60, 40]}, (1, 100), "rising borders above 1 and up to 100"),
        ({"binary": [1]}, (1, 100), "rising borders above 1"),
        ({"binary": [50.5]}, (1, 100), "ratings of the scale all, not 50.5"),
        ({"binary": [2]}, {"from": 0, "to": 1, "continuous": True}, "rising borders above 0"),
        ({"binary": {0: 0, 1: 1}}, {"from": 0, "to": 1, "continuous": True}, "list the lowest"),
    ],
)
def test_borders_that_cannot_be_meant_are_refused(conversions, scale, message):
    with pytest.raises(InputError, match=f"^c.yaml: .*{message}"):
        book(conversions, scale)


@pytest.mark.parametrize(
    ("conversions", "message"),
    [
        ({"3-point": {1: 1, 7: 3}}, "must name each rating from 1 to 7 once, not 1, 7"),
        ({"3-point": {**SEVEN, 8: 3}}, "must name each rating from 1 to 7 once"),
        ({"3-point": {**SEVEN, 7: 4}}, "must lead to 1 to 3, not 4"),
        ({"binary": SEVEN}, "must lead to 0 to 1, not 2, 3, 3, 3"),
        ({"3-point": {**SEVEN, 1: 2}}, "must rise with the rating"),
        ({"3-point": dict.fromkeys(range(1, 8), 2)}, "must rise with the rating and tell at least"),
        ({"4-point": SEVEN}, "is '4-point', but input should be '5-point', '3-point' or 'binary'"),
    ],
)
def test_maps_that_cannot_be_meant_are_refused(conversions, message):
    with pytest.raises(InputError, match=f"^c.yaml: .*{message}"):
        book(conversions)
