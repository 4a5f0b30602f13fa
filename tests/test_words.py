import pytest

from pluralign_stats.formatting import format_number
from pluralign_stats.words import (
    counted,
    counted_levels,
    first_up,
    has,
    is_are,
    joined,
    levels_of,
    p_told,
    some,
)


@pytest.mark.parametrize(
    ("n", "noun", "told"),
    [
        (0, "rater", "no raters"),
        (1, "rater", "1 rater"),
        (2, "dimension", "2 dimensions"),
        (1095.0, "rater", "1,095 raters"),
        (1, "analysis", "1 analysis"),
        (3, "analysis", "3 analyses"),
        (2, "simulated study", "2 simulated studies"),
        (2, "country", "2 countries"),
        (3, "mother city", "3 mother cities"),
        (0, "strategy", "no strategies"),
        (2, "essay", "2 essays"),
        (2, "class", "2 classes"),
        (2, "batch", "2 batches"),
        (2, "box", "2 boxes"),
        (2, "degree", "2 degrees"),
        (1, "class", "1 class"),
    ],
)
def test_counts_have_their_nouns_in_the_right_number(n, noun, told):
    assert counted(n, noun) == told


@pytest.mark.parametrize(
    ("n", "group", "told"),
    [
        (8, "rater", "8 raters"),
        (1, "item", "1 item"),
        (1200, "user_id", "1,200 levels of user_id"),
        (1, "country", "1 level of country"),
        (2, "class", "2 levels of class"),
        (3, ("rater", "item"), "3 raters and items"),
        (2, "law and order", "2 levels of law and order"),
        (2, ("user_id", "item"), "2 levels of user_id and items"),
        (2, ("a", "b"), "2 levels of a and b"),
        (2, "rater and item", "2 levels of rater and item"),
        (4, "rater:item", "4 levels of rater:item"),
    ],
)
def test_groups_that_a_user_named_are_called_by_their_levels(n, group, told):
    assert counted_levels(n, group) == told
    assert levels_of(group, n) == told.partition(" ")[2]


@pytest.mark.parametrize(
    ("p", "told", "in_table"),
    [
        (0.0499, "p = 0.0499", "0.0499"),
        (0.04999, "p = 0.04999", "0.04999"),
        (0.0502, "p = 0.0502", "0.0502"),
        (0.0494, "p = 0.049", "0.049"),
        (0.0506, "p = 0.051", "0.051"),
        (0.05, "p = 0.050", "0.050"),
        (0.012, "p = 0.012", "0.012"),
        (0.5, "p = 0.50", "0.500"),
        (0.0004, "p < 0.001", "<0.001"),
    ],
)
def test_a_p_is_written_on_its_side_of_the_level(p, told, in_table):
    assert p_told(p) == told
    assert format_number("p_value", p) == in_table


def test_verbs_and_lists():
    assert [is_are(n) for n in (0, 1, 2)] == ["are", "is", "are"]
    assert [has(n) for n in (0, 1, 2)] == ["have", "has", "have"]
    assert [joined(x) for x in ([], ["a"], ["a", "b"], "abc")] == ["", "a", "a and b", "a, b and c"]
    assert some("abcde") == "a; b; c; d; and others"
    assert some("ab") == "a; b"


def test_sentences_begin_with_a_capital():
    assert first_up("consensus gives none.") == "Consensus gives none."
    assert first_up("") == ""
