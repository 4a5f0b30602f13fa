from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError, fit_ordinal
from pluralign_stats.models.categories import categories_of

WORDS = ["no", "perhaps", "yes"]


def found(values, *, keep_unused=False):
    column = pd.Series(values, name="rating")
    return categories_of(column.dropna(), column, keep_unused=keep_unused)


@pytest.mark.parametrize(
    ("values", "labels", "scores"),
    [
        ([3, 1, 2, 1], ("1", "2", "3"), [1, 2, 3]),
        ([0.5, 1.0, 0.5], ("0.5", "1"), [0.5, 1]),
        ([True, False], ("False", "True"), [0, 1]),
        (pd.array([5, None, 1], dtype="Int64"), ("1", "5"), [1, 5]),
        (pd.array([True, None, False], dtype="boolean"), ("False", "True"), [0, 1]),
        (pd.Categorical(["yes", "no"], WORDS), ("no", "yes"), [1, 3]),
        (pd.Categorical(["perhaps", "yes"], WORDS), ("perhaps", "yes"), [2, 3]),
        (pd.Categorical(["5", "2", "4"], list("12345")), ("2", "4", "5"), [2, 4, 5]),
        (pd.Categorical(["2", "0"], list("0123")), ("0", "2"), [0, 2]),
        (pd.Categorical(["-1", "1"], ["-1", "0", "1"]), ("-1", "1"), [-1, 1]),
        (pd.Categorical([1, 5, 2], range(1, 6)), ("1", "2", "5"), [1, 2, 5]),
        (pd.Categorical([0.5, 2.0], [0.5, 1.0, 2.0]), ("0.5", "2"), [0.5, 2]),
        (pd.Categorical(["5 yes", "1 no"], ["1 no", "3", "5 yes"]), ("1 no", "5 yes"), [1, 3]),
        (pd.Categorical([1, 3], [3, 2, 1]), ("3", "1"), [3, 1]),
    ],
)
def test_categories_in_their_order(values, labels, scores):
    made = found(values)
    assert made.labels == labels
    np.testing.assert_array_equal(made.scores, scores)
    given = pd.Series(values).dropna()
    assert [labels[c] for c in made.codes] == [
        f"{v:g}" if isinstance(v, float) else str(v) for v in given
    ]


def test_unused_categories_are_left_out_or_kept():
    values = pd.Categorical(["no", "yes"], WORDS)
    assert found(values).unused == ("perhaps",)
    kept = found(values, keep_unused=True)
    assert (kept.labels, kept.unused) == (tuple(WORDS), ("perhaps",))
    assert kept.cuts == ["no|perhaps", "perhaps|yes"]
    assert kept.codes.tolist() == [0, 2]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["yes", "no"], "holds text, whose order is not known"),
        ([2, 2], "is 2 in every row used"),
        (np.arange(61), "61 different values, which is too many"),
        ([1.0, np.inf], "is inf in some row"),
        (
            pd.Categorical(["1", "2", "10"]),
            "not in the order of their numbers: '1', '10', '2'; reorder",
        ),
        (pd.Categorical([1, 3, 2], [3, 1, 2]), "not in the order of their numbers: 3, 1, 2"),
    ],
)
def test_responses_that_are_not_categories(values, message):
    with pytest.raises(InputError, match=message):
        found(values)


def test_every_score_of_the_scale_is_known():
    made = found(pd.Categorical(["no", "perhaps"], WORDS))
    np.testing.assert_array_equal(made.scale, [1, 2, 3])
    np.testing.assert_array_equal(made.scores, [1, 2])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pd.Categorical(["low", "mid", "high"]), True),
        (pd.Categorical(["low", "mid", "high"], ["low", "mid", "high"]), False),
        (pd.Categorical(["high", "low", "mid"], ["high", "low", "mid"], ordered=True), False),
        (pd.Categorical(["no", "yes"]), False),
        (pd.Categorical(["1", "2", "3"]), False),
    ],
)
def test_words_in_alphabetical_order_may_have_another(values, expected):
    assert found(values).alphabetical is expected


@pytest.mark.parametrize(
    ("written", "scores"),
    [
        ([".5", "1.", "1e1"], [0.5, 1, 10]),
        (["\N{MINUS SIGN}1", "0", "+1"], [-1, 0, 1]),
        ([Decimal("0.5"), Decimal("1.5"), Decimal(4)], [0.5, 1.5, 4]),
        (["10 %", "50 %", "90 %"], [1, 2, 3]),
        (["1_0", "20", "30"], [1, 2, 3]),
        (["nan", "inf", "x"], [1, 2, 3]),
        (["1", "1.0", "2"], [1, 2, 3]),
    ],
)
def test_numbers_count_what_they_are_however_they_are_written(written, scores):
    made = found(pd.Categorical(written, written, ordered=True))
    np.testing.assert_array_equal(made.scores, scores)
    assert made.labels == tuple(map(str, written))


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([1.0000001, 1.0000002, 3.0], ("1.0000001", "1.0000002", "3.0")),
        ([0.3, 0.1 + 0.2, 1.0], ("0.3", "0.30000000000000004", "1.0")),
        ([1 / 3, 2 / 3, 1.0], ("0.333333", "0.666667", "1")),
    ],
)
def test_different_numbers_have_different_labels(values, labels):
    assert found(values).labels == labels
    data = pd.DataFrame({"rating": values * 20})
    fit = fit_ordinal("rating ~ 1", data)
    assert list(fit.family.labels) == list(labels)
    assert set(fit.simulate(1)) == set(values)
    scale = data.assign(rating=pd.Categorical(data["rating"], values, ordered=True))
    assert set(fit_ordinal("rating ~ 1", scale).simulate(1)) == set(values)
