import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError
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
        (pd.Categorical(["yes", "no"], WORDS), ("no", "yes"), [1, 2]),
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
    assert (kept.labels, kept.unused) == (tuple(WORDS), ())
    assert kept.cuts == ["no|perhaps", "perhaps|yes"]
    assert kept.codes.tolist() == [0, 2]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["yes", "no"], "holds text, whose order is not known"),
        ([2, 2], "is 2 in every row used"),
        (np.arange(61), "61 different values, which is too many"),
        ([1.0, np.inf], "is inf in some row"),
    ],
)
def test_responses_that_are_not_categories(values, message):
    with pytest.raises(InputError, match=message):
        found(values)
