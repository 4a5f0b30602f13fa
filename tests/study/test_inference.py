import pytest

from pluralign_stats.study.inference import identifier, words_of_name


@pytest.mark.parametrize(
    ("column", "role", "name"),
    [
        ("toxicity", "dimension", "toxicity"),
        ("How helpful is it?", "dimension", "How_helpful_is_it"),
        ("1. Größe (cm)", "demographic", "demographic_1_Größe_cm"),
        ("class", "demographic", "class_demographic"),
        ("language", "demographic", "language_demographic"),
        ("rating", "dimension", "rating"),
        ("???", "covariate", "covariate"),
        ("gender", "demographic", "gender_2"),
        ("x" * 80, "dimension", "x" * 40),
    ],
)
def test_names_that_can_stand_in_formulas(column, role, name):
    assert identifier(column, {"gender"}, role) == name
    assert name.isidentifier()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rater_age", ["rater", "age"]),
        ("RaterAge1", ["rater", "age1"]),
        ("PROLIFIC_PID", ["prolific", "pid"]),
        ("Duration (in seconds)", ["duration", "in", "seconds"]),
    ],
)
def test_the_words_of_a_name(name, words):
    assert words_of_name(name) == words
