import numpy as np
import pytest

from pluralign_stats import InputError
from pluralign_stats.settings import MOST_LEVELS
from pluralign_stats.study.codebook_file import codebook_from
from pluralign_stats.study.questions import Dimension
from pluralign_stats.study.scale import Scale

UNIT = {"from": 0, "to": 1, "continuous": True}
SIGNED = {"from": -1, "to": 1, "continuous": True}


def book(**dimension):
    content = {
        "name": "c",
        "files": {"ratings": "r.csv"},
        "columns": {"rater": "rater", "item": "item"},
        "dimensions": {"x": dimension},
    }
    return codebook_from(content, "c.yaml")


@pytest.mark.parametrize("written", [[1, 5], {"from": 1, "to": 5}, [1.0, 5.0], ["1", "5"]])
def test_whole_numbers_can_be_written_in_several_ways(written):
    scale = book(scale=written).dimensions["x"].scale
    assert (scale.low, scale.high, scale.continuous) == (1, 5, False)
    assert tuple(scale) == (1, 5)
    assert list(scale.levels) == [1, 2, 3, 4, 5]
    assert scale.model_dump() == [1, 5]


def test_a_continuous_scale_reads_back_as_it_was_written():
    scale = book(scale=UNIT).dimensions["x"].scale
    assert scale.continuous
    assert scale.model_dump() == UNIT
    assert Scale.model_validate(scale.model_dump()) == scale
    assert scale.allowed == "numbers 0 to 1"
    with pytest.raises(ValueError, match="has no levels"):
        _ = scale.levels


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ([5, 1], "lower to a higher number, not 5 to 1"),
        ({"from": 1, "to": 1, "continuous": True}, "lower to a higher number, not 1 to 1"),
        ([0, 0.5], r"not one of whole numbers; .* write \{from: 0, to: 0.5, continuous: true\}"),
        ({"from": 0, "to": 0.5}, "not one of whole numbers"),
        ("1-100", r"as in \[1, 5\], or .* not '1-100'"),
        (100, "lowest and the highest rating"),
        ([1, 2, 3], "lowest and the highest rating"),
        ({"min": 0, "max": 1}, "unknown key 'min'.* 'from', 'to', 'continuous'"),
        ({"from": 0}, r"the key 'dimensions.x.scale.to' is missing"),
        ({"from": "0,5", "to": 1}, "a number, not '0,5'; decimals are written with a point"),
        ({"from": 0, "to": float("inf"), "continuous": True}, "a finite number, not inf"),
        ([float("nan"), 1], "a finite number, not nan"),
        ([False, True], "a finite number, not False"),
        ({"from": 0, "to": 1, "continuous": "slider"}, "continuous' is 'slider'"),
    ],
)
def test_scales_that_cannot_be_meant_are_refused(written, message):
    with pytest.raises(InputError, match=f"^c.yaml: .*{message}"):
        book(scale=written)


@pytest.mark.parametrize(
    ("scale", "positive", "told"),
    [
        ((1, 5), 4, "4 or more"),
        ((0, 1), 1, "1"),
        ((1, 2), 2, "2"),
        ((-1, 1), 1, "1"),
        ((1, 3), 3, "3"),
        ((1, 4), 3, "3 or more"),
        ((1, 6), 4, "4 or more"),
        ((1, 7), 5, "5 or more"),
        ((-2, 2), 1, "1 or more"),
        ((0, 10), 6, "6 or more"),
        ((1, 10), 6, "6 or more"),
        ((0, 100), 51, "51 or more"),
        ((1, 100), 51, "51 or more"),
        (UNIT, np.nextafter(0.5, 1), "more than 0.5"),
        (SIGNED, np.nextafter(0.0, 1), "more than 0"),
    ],
)
def test_ratings_above_the_middle_are_positive_unless_stated(scale, positive, told):
    dimension = Dimension(scale=scale)
    assert dimension.positive == positive
    assert dimension.positive_told == told
    low, high = dimension.scale
    ends = np.array([low, dimension.scale.middle, high]) >= dimension.positive
    assert ends.tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("scale", "least", "allowed"),
    [
        ((0, 1), 0, "1 to 1"),
        ((0, 1), 2, "1 to 1"),
        ((1, 5), 3.5, "2 to 5"),
        (UNIT, 0, "above 0 to 1"),
        (UNIT, 1.1, "above 0 to 1"),
    ],
)
def test_a_rule_by_which_every_or_no_rating_is_positive_is_refused(scale, least, allowed):
    with pytest.raises(InputError, match=f"'positive_from' must be {allowed}, not {least}"):
        book(scale=scale, positive_from=least)


def test_a_stated_rule_is_told_by_dimension():
    made = codebook_from(
        {
            "name": "c",
            "files": {"ratings": "r.csv"},
            "columns": {"rater": "rater", "item": "item"},
            "dimensions": {
                "a": {"scale": UNIT, "positive_from": 0.75},
                "b": {"scale": [0, 100]},
                "c": {"scale": [0, 100]},
            },
        },
        "c.yaml",
    )
    rule = "A rating is positive where it is"
    assert made.positive_rule() == f"{rule} 0.75 or more (A), 51 or more (B, C)"
    assert made.positive_rule(["b", "c"]) == f"{rule} 51 or more"


@pytest.mark.parametrize(("high", "categorical"), [(MOST_LEVELS, True), (MOST_LEVELS + 1, False)])
def test_many_ratings_are_numbers(high, categorical):
    assert Scale.of(1, high).categorical is categorical
    assert not Scale.of(1, 5, continuous=True).categorical


def test_what_a_scale_holds():
    values = np.array([-1, 0, 0.5, 1, 2, np.nan, np.inf])
    whole, unit = Scale.of(0, 1), Scale.model_validate(UNIT)
    assert whole.holds(values).tolist() == [False, True, False, True, False, False, False]
    assert unit.holds(values).tolist() == [False, True, True, True, False, False, False]


@pytest.mark.parametrize(
    ("scale", "n", "starts"),
    [
        ((1, 100), 5, [21, 41, 61, 81]),
        ((0, 100), 5, [20, 40, 61, 81]),
        ((0, 100), 3, [34, 67]),
        ((0, 100), 2, [51]),
        ((1, 100), 2, [51]),
        ((-50, 50), 2, [1]),
        (UNIT, 4, [0.25, np.nextafter(0.5, 1), np.nextafter(0.75, 1)]),
    ],
)
def test_parts_of_equal_width(scale, n, starts):
    assert Dimension(scale=scale).scale.starts(n).tolist() == starts


@pytest.mark.parametrize("scale", [(0, 100), (1, 100), (0, 20), (-50, 50), UNIT, SIGNED])
@pytest.mark.parametrize("n", [3, 5])
def test_turning_a_scale_round_turns_its_parts_round(scale, n):
    scale = Dimension(scale=scale).scale
    ratings = np.linspace(scale.low, scale.high, 101).round(9)
    ratings = ratings[scale.holds(ratings)]
    turned = (scale.low + scale.high - ratings).round(9)
    part, of_turned = (np.searchsorted(scale.starts(n), r, side="right") for r in (ratings, turned))
    assert (part + of_turned == n - 1).all()


@pytest.mark.parametrize(
    ("scale", "first", "last", "n"),
    [
        ((1, 100), "1 to 10", "91 to 100", 10),
        ((0, 100), "0 to 9", "91 to 100", 10),
        ((1, 16), "1 to 2", "15 to 16", 8),
        ((0, 20), "0 to 2", "18 to 20", 7),
        (UNIT, "0 to 0.1", "0.9 to 1", 10),
        (SIGNED, "−1 to −0.8", "0.8 to 1", 10),
    ],
)
def test_many_ratings_are_shown_in_parts_that_hold_equally_many(scale, first, last, n):
    starts, names = Dimension(scale=scale).scale.shown()
    assert (names[0], names[-1], len(names)) == (first, last, n)
    assert len(starts) == n - 1
