import pytest

from pluralign_stats import InputError
from pluralign_stats.study.codebook_file import codebook_from

SEVEN = {1: 1, 2: 1, 3: 1, 4: 2, 5: 3, 6: 3, 7: 3}


def book(conversions, scale=(1, 7)):
    content = {
        "name": "c",
        "files": {"ratings": "r.csv"},
        "columns": {"rater": "rater", "item": "item"},
        "dimensions": {"x": {"scale": list(scale), "conversions": conversions}},
    }
    return codebook_from(content, "c.yaml").dimensions["x"].conversions


def test_a_map_to_a_coarser_scale_is_kept():
    assert book({"3-point": SEVEN}) == {"3-point": SEVEN}
    assert book({"binary": {0: 0, 1: 1}}, (0, 1)) == {"binary": {0: 0, 1: 1}}


@pytest.mark.parametrize(
    ("conversions", "message"),
    [
        ({"3-point": {1: 1, 7: 3}}, "must name each rating from 1 to 7 once, not 1, 7"),
        ({"3-point": {**SEVEN, 8: 3}}, "must name each rating from 1 to 7 once"),
        ({"3-point": {**SEVEN, 7: 4}}, "must lead to 1 to 3, not 4"),
        ({"binary": SEVEN}, "must lead to 0 to 1, not 2, 3, 3, 3"),
        ({"3-point": {**SEVEN, 1: 2}}, "must rise with the rating"),
        ({"3-point": dict.fromkeys(range(1, 8), 2)}, "must rise with the rating and tell at least"),
        ({"4-point": SEVEN}, "4-point"),
    ],
)
def test_maps_that_cannot_be_meant_are_refused(conversions, message):
    with pytest.raises(InputError, match=f"^c.yaml: .*{message}"):
        book(conversions)
