import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.study.questions import Dimension
from pluralign_stats.study.schema import check_ratings
from pluralign_stats.study.tables import tabulate


def check(ratings, scale=(1, 5)):
    n = len(ratings)
    frame = pd.DataFrame({"rater": ["p1"] * n, "item": [f"i{k}" for k in range(n)]})
    frame["rating"] = pd.Series(ratings, dtype=float)
    frame.index = pd.RangeIndex(2, 2 + n)
    table = tabulate("t.csv", frame.astype(str).rename(columns={"rating": "x"}), ("nan",), "0")
    check_ratings(frame, table, "x", "dim", Dimension(scale=scale))
    return frame, table


@pytest.mark.parametrize(("scale", "good"), [((1, 5), [1, 5, None]), ((-2, 2), [-2, 0, 2])])
def test_ratings_on_the_scale_pass(scale, good):
    check(good, scale)


@pytest.mark.parametrize(("scale", "bad"), [((1, 5), 0), ((1, 5), 6), ((1, 5), 1.5), ((-2, 2), 3)])
def test_ratings_off_the_scale_do_not(scale, bad):
    low, high = scale
    message = (
        rf"t.csv: column 'x', row 3: value '{float(bad)}'; allowed: whole numbers {low} to {high}"
    )
    with pytest.raises(InputError, match=message):
        check([1, bad, 2], scale)


UNIT = {"from": 0, "to": 1, "continuous": True}


def test_ratings_between_whole_numbers_pass_on_a_continuous_scale():
    check([0, 0.25, 1 / 3, 1, None], UNIT)


@pytest.mark.parametrize("bad", [-0.01, 1.001, float("inf"), float("-inf")])
def test_ratings_off_a_continuous_scale_do_not(bad):
    message = rf"column 'x', row 3: value '{bad}'; allowed: numbers 0 to 1; correct the file"
    with pytest.raises(InputError, match=message):
        check([1, bad, 0.5], UNIT)


def test_a_rating_between_whole_numbers_is_refused_with_how_to_allow_it():
    with pytest.raises(InputError, match=r"\{from: 1, to: 100, continuous: true\}"):
        check([1, 50.5, 2], (1, 100))
    with pytest.raises(InputError, match=r"scale: \{from: 1, to: 5, continuous: true\}\)$"):
        check([1, 2.5, 4.5, 5])


@pytest.mark.parametrize(
    ("ratings", "scale", "advice"),
    [
        (
            [1, 101, 2],
            (1, 100),
            r"\(scale: \[1, 101\]\); if 101 means no answer, state 'missing: \[",
        ),
        (
            [1, 99, 3, 98],
            (1, 5),
            r"if 98, 99 mean no answer, state 'missing: \[98, 99\]' of 'dim', or",
        ),
        (
            [0.5, 99, 3],
            (0, 5),
            r"from: 0, to: 5, continuous: true\}\); if 99 means .* by 'filters'",
        ),
        ([10, 20, 30, 40, 50], (1, 5), r"\(scale: \[1, 50\]\)$"),
        ([10.2, 20, 30, 40, 50], (1, 5), r"\(scale: \{from: 1, to: 50, continuous: true\}\)$"),
        ([1, 1.5, 2], {"from": 0, "to": 1, "continuous": True}, r"if 2 means no answer"),
        ([1, float("inf"), 2], (1, 5), r"or the scale in the codebook \(scale: \[1, 5\]\)$"),
    ],
)
def test_the_advice_fits_what_was_found(ratings, scale, advice):
    with pytest.raises(InputError, match=advice) as raised:
        check(ratings, scale)
    assert "\n" not in str(raised.value)


def test_another_scale_needs_other_conversions():
    dimension = Dimension(scale=(1, 2), conversions={"binary": {1: 0, 2: 1}})
    frame, table = check([1, 2, 1])
    frame["rating"] = [1, 1.5, 2]
    with pytest.raises(InputError, match=r"continuous: true\}\) and its 'conversions'$"):
        check_ratings(frame, table, "x", "dim", dimension)


def test_every_second_rating_of_an_item_is_named():
    frame, table = check([1, 2, 3, 4])
    frame["item"] = ["a", "b", "a", "a"]
    with pytest.raises(InputError, match=r"rows 4, 5: rater 'p1' rates item 'a' a second time on"):
        check_ratings(frame, table, "x", "dim", Dimension())


def test_two_ratings_count_as_two_even_where_one_is_empty():
    frame, table = check([1, None])
    frame["item"] = "a"
    with pytest.raises(InputError, match=r"row 3: rater 'p1' rates item 'a' a second time"):
        check_ratings(frame, table, "x", "dim", Dimension())
