import pytest

from pluralign_stats.study.known_answers import (
    is_declined,
    is_no_answer,
    is_no_rating,
    known_order,
    numbered,
)


@pytest.mark.parametrize(
    ("words", "order"),
    [
        (["Yes", "No"], ["No", "Yes"]),
        (["Yes", "Unsure", "No"], ["No", "Unsure", "Yes"]),
        (["True", "False"], ["False", "True"]),
        (["Ja", "Nein"], ["Nein", "Ja"]),
        (["agree", "disagree"], ["disagree", "neutral", "agree"]),
        (["Agree", "Strongly agree"], ["strongly disagree", "disagree", "Agree", "Strongly agree"]),
        (
            ["neutral", "strongly agree", "disagree"],
            ["strongly disagree", "disagree", "neutral", "agree", "strongly agree"],
        ),
        (
            ["Stimme voll zu", "Stimme überhaupt nicht zu", "neutral"],
            [
                *("Stimme überhaupt nicht zu", "stimme nicht zu", "neutral"),
                *("stimme zu", "Stimme voll zu"),
            ],
        ),
        (["often", "never", "always"], ["never", "sometimes", "often", "always"]),
        (["Good", "Bad", "Very good"], ["very bad", "Bad", "okay", "Good", "Very good"]),
        (["somewhat agree", "strongly agree", "agree", "neutral"], None),
    ],
)
def test_answers_in_a_known_order(words, order):
    known = known_order(words)
    if order is None:  # seven steps: the words of each that was not given are the set's own
        assert [step[0] for step in known][4:] == ["somewhat agree", "agree", "strongly agree"]
    else:
        assert [step[0] for step in known] == order


@pytest.mark.parametrize("words", [["red", "blue"], ["agree"], ["agree", "stimme zu"], ["1", "2"]])
def test_words_of_no_known_set_have_no_order(words):
    assert known_order(words) is None


def test_two_words_of_one_step_have_no_order():
    assert known_order(["never", "rarely", "seldom"]) is None


def test_numbers_before_words():
    words = ["1 - never", "5 (always)", "3: at times", "4", "2. rarely"]
    assert numbered(words) == dict(zip(words, [1, 5, 3, 4, 2], strict=True))


@pytest.mark.parametrize(
    "words", [["18-30", "31-40"], ["1 a", "1 b"], ["a 1", "b 2"], ["1 a", "b"]]
)
def test_ranges_and_words_alone_are_not_numbered(words):
    assert numbered(words) is None


def test_words_for_no_answer():
    assert is_declined("Prefer not to say")
    assert is_declined("ICH MÖCHTE KEINE ANGABEN MACHEN")
    assert is_no_answer("DATA_EXPIRED")
    assert is_no_rating("Don't know")
    assert not any(map(is_declined, ["Other", "None", "No"]))
    assert not any(map(is_no_answer, ["None", "Unknown", "NA", "0"]))
