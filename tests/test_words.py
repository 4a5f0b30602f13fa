import pytest

from pluralign_stats.words import counted, first_up, has, is_are, joined, plain_coefficient, some


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
    ],
)
def test_counts_have_their_nouns_in_the_right_number(n, noun, told):
    assert counted(n, noun) == told


def test_verbs_and_lists():
    assert [is_are(n) for n in (0, 1, 2)] == ["are", "is", "are"]
    assert [has(n) for n in (0, 1, 2)] == ["have", "has", "have"]
    assert [joined(x) for x in ([], ["a"], ["a", "b"], "abc")] == ["", "a", "a and b", "a, b and c"]
    assert some("abcde") == "a; b; c; d; and others"
    assert some("ab") == "a; b"


def test_coefficients_are_words_in_which_variables_can_be_named():
    assert plain_coefficient("age[T.41-50]") == "age: 41-50"
    assert plain_coefficient("a[T.x]:b[T.y]") == "a: x × b: y"
    assert plain_coefficient("1|2: language[T.de]") == "1|2: language: de"
    assert plain_coefficient("sd(item)") == "sd(item)"


def test_sentences_begin_with_a_capital():
    assert first_up("consensus gives none.") == "Consensus gives none."
    assert first_up("") == ""
