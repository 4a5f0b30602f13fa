import pytest

from pluralign_stats.study.infer_ratings import infer_scale, pooled


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        (["1", "2", "5"], [1, 5]),
        (["2", "3", "4"], [1, 5]),
        (["1", "4"], [1, 4]),
        (["0", "1"], [0, 1]),
        (["1.0", "7.0"], [1, 7]),
        (["0", "10"], [0, 10]),
        (["-2", "-1", "2"], [-2, 2]),
        (["1", "100"], [1, 100]),
        (["3", "97"], [0, 100]),
        (["-40", "90"], [-100, 100]),
        (["0", "3000"], [0, 3000]),
        (["0.2", "0.9"], {"from": 0, "to": 1, "continuous": True}),
        (["1.5", "4"], {"from": 1, "to": 5, "continuous": True}),
        (["0.5", "93"], {"from": 0, "to": 100, "continuous": True}),
        (["3", "3"], [1, 5]),
    ],
)
def test_scales_of_numbers(values, scale):
    taken = infer_scale(values)
    assert taken.content == {"scale": scale}
    assert taken.why.startswith("ratings from ")


def test_codes_far_outside_hold_no_rating():
    taken = infer_scale(["1", "5", "99", "-99"])
    assert taken.content == {"scale": [1, 5], "missing": ["-99", "99"]}
    assert "no rating: '-99', '99'" in taken.told
    assert infer_scale(["1", "55", "99"]).content == {"scale": [1, 100]}


def test_words_in_a_known_order():
    taken = infer_scale(["Yes", "Unsure", "No", "Prefer not to say"])
    assert taken.content == {
        "scale": [1, 3],
        "labels": {1: "No", 2: "Unsure", 3: "Yes"},
        "missing": ["Prefer not to say"],
    }
    assert infer_scale(["agree", "neutral", "don't know"]).content["missing"] == ["don't know"]


def test_two_words_are_none_and_one():
    assert infer_scale(["True", "False"]).content == {
        "scale": [0, 1],
        "labels": {0: "False", 1: "True"},
    }


def test_numbers_before_words_give_the_scale():
    taken = infer_scale(["1 - awful", "2", "3", "4", "5 - great"])
    assert taken.content == {"scale": [1, 5], "labels": {1: "1 - awful", 5: "5 - great"}}


def test_words_of_no_known_order_are_not_guessed():
    assert infer_scale(["meh", "wow"]) is None
    assert infer_scale(["1", "2", "wow"]) is None
    taken = infer_scale(["meh", "wow", "n/a"], ["meh", "so", "wow"])
    assert taken.content == {
        "scale": [1, 3],
        "labels": {1: "meh", 2: "so", 3: "wow"},
        "missing": ["n/a"],
    }


def test_like_questions_share_the_ends_that_one_of_them_shows():
    values = {"a": ["1", "5"], "b": ["1", "4"], "c": ["1", "7"], "d": ["3", "90"]}
    taken = pooled({name: infer_scale(found) for name, found in values.items()})
    scales = {name: scale.content["scale"] for name, scale in taken.items()}
    assert scales == {"a": [1, 5], "b": [1, 5], "c": [1, 7], "d": [0, 100]}
    assert "like questions go from 1 to 5" in taken["b"].why
