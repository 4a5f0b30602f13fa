"""Contrasts where some raters left a question at the answer at which it stands."""

import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.demographics import default_answers
from pluralign_stats.demographics.unanswered import mixture_weights

RATERS = np.array([50.0, 30.0, 20.0])


@pytest.mark.parametrize("share", [0.0, 0.1, 0.4, 0.9])
@pytest.mark.parametrize("like_level", [False, True])
@pytest.mark.parametrize(("default", "level"), [(0, 2), (0, 1), (2, 0)])
def test_weights_turn_the_mixture_back(share, like_level, default, level):
    true = np.array([0.4, -0.3, 1.1])
    answered = RATERS.copy()
    answered[default] *= 1 - share
    others = true[level] if like_level else answered @ true / answered.sum()
    recorded = true.copy()
    recorded[default] = (1 - share) * true[default] + share * others
    weight = mixture_weights(RATERS, default, level, share, like_level=like_level)
    assert weight @ recorded == pytest.approx(true[level] - true[default])
    assert weight.sum() == pytest.approx(0)


def test_if_all_answered_it_is_the_contrast_of_the_model(small_study):
    made = default_answers(small_study, "politics", "Conservative", "toxicity", default="Liberal",
                           shares=[0])  # fmt: skip
    (first, second) = made.table.itertuples()
    assert first.estimate == second.estimate
    assert first.conf_low == second.conf_low < first.estimate < first.conf_high
    assert first.contrast == "Conservative vs Liberal"


def test_it_grows_with_the_share_as_those_without_an_answer_pull_groups_together(small_study):
    table = default_answers(
        small_study, "politics", "", "emotional_awareness", default="Liberal"
    ).table
    for _, rows in table.groupby("non_answers"):
        assert rows["estimate"].abs().is_monotonic_increasing
        assert rows["std_error"].is_monotonic_increasing
    alike = table[(table["share"] == 0.2) & (table["non_answers"] == "Conservative")].iloc[0]
    whole = table[table["share"] == 0].iloc[0]
    assert alike["estimate"] == pytest.approx(whole["estimate"] / 0.8)


def test_the_sentence_has_the_tables_numbers(small_study):
    made = default_answers(small_study, "politics", "", "emotional_awareness", default="Liberal")
    last = made.table.iloc[-1]
    assert (
        f"{last['estimate']:.2f} [{last['conf_low']:.2f}, {last['conf_high']:.2f}]".replace(
            "-", "−"
        )
        in made.sentence
    )
    assert "30% did not" in made.sentence
    assert pd.api.types.is_float_dtype(made.table["share"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "no question is stated to stand at an answer"),
        ({"demographic": "politic", "default": "Liberal"}, "the demographic"),
        ({"demographic": "politics", "default": "Left"}, "the level of 'politics'"),
        ({"demographic": "politics", "default": "Liberal", "level": "Liberal"}, "the level of"),
        ({"demographic": "politics", "default": "Liberal", "shares": [1]}, "'shares' must be"),
        ({"demographic": "politics", "default": "Liberal", "shares": [-0.1]}, "'shares' must be"),
        ({"demographic": "politics", "default": "Liberal", "min_cell": 10**6}, "fewer than"),
    ],
)
def test_what_cannot_be_asked_is_refused(small_study, options, message):
    with pytest.raises(InputError, match=message):
        default_answers(small_study, **options)
