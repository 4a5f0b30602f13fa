import numpy as np
import pandas as pd
import pytest

from pluralign_stats.outcomes.schema import HEALTH_COLUMNS
from training.judges.quality import collapsed, distinct, generation_quality


def generations(responses, run="r", language="en", **columns):
    frame = pd.DataFrame({"run": run, "language": language, "response": responses})
    usual = {"n_tokens": 4, "finished": True, "base_logprob": -1.0, "malformed": False}
    return frame.assign(**usual | columns)


VARIED = [f"reply w{i} x{i} y{i}" for i in range(40)]


def test_measures_by_hand():
    frame = generations(
        ["a b a", "a b a", "c", ""],
        n_tokens=[4, 4, 2, 1],
        finished=[True, True, True, False],
        base_logprob=[-1.0, -2.0, -3.0, -4.0],
        malformed=[False, False, False, True],
    )
    row = generation_quality(frame).iloc[0]
    assert row[["n", "mean_tokens", "base_logprob"]].tolist() == [4, 11 / 4, -2.5]
    assert row["distinct_1"] == 3 / 7
    assert row["distinct_2"] == 2 / 4
    assert row["distinct_share"] == 3 / 4
    assert row["top_share"] == 2 / 4
    assert row["malformed_share"] == row["unfinished_share"] == 1 / 4


def test_one_row_for_each_run_and_language():
    frame = pd.concat(
        generations(VARIED[:n], run, language)
        for n, (run, language) in enumerate([("a", "de"), ("a", "en"), ("b", "en")], start=3)
    )
    table = generation_quality(frame.sample(frac=1, random_state=1))
    assert list(table.columns) == list(HEALTH_COLUMNS)
    assert table[["run", "language", "n"]].to_numpy().tolist() == [
        ["a", "de", 3],
        ["a", "en", 4],
        ["b", "en", 5],
    ]


def test_no_words_have_no_variety():
    assert np.isnan(distinct([[], []], 1))
    assert np.isnan(distinct([["a"]], 2))


def test_a_missing_response_counts_as_empty():
    row = generation_quality(generations([None, None])).iloc[0]
    assert (row["distinct_share"], row["top_share"]) == (0.5, 1.0)


CONTROL = generation_quality(generations(VARIED))


@pytest.mark.parametrize(
    ("responses", "columns", "flagged"),
    [
        (VARIED, {}, False),
        (VARIED[:30] + ["same"] * 6 + VARIED[36:], {}, False),
        (VARIED[:33] + ["same"] * 7, {}, True),
        (VARIED[:20] + VARIED[:20], {}, False),
        (VARIED[:19] * 2 + VARIED[:2], {}, True),
        ([f"one two w{i}" for i in range(40)], {}, True),
        (VARIED, {"malformed": [True] * 6 + [False] * 34}, False),
        (VARIED, {"malformed": [True] * 7 + [False] * 33}, True),
        (VARIED, {"finished": [False] * 7 + [True] * 33}, True),
    ],
)
def test_what_counts_as_collapsed(responses, columns, flagged):
    table = generation_quality(generations(responses, **columns), CONTROL)
    assert table["collapsed"].tolist() == [flagged]


def test_replies_without_words_have_collapsed():
    table = generation_quality(generations([f"{'.' * i}" for i in range(40)]), CONTROL)
    assert table["collapsed"].item()


def test_a_control_that_is_broken_itself_sets_the_measure():
    odd = {"malformed": [True] * 12 + [False] * 28}
    alone = generation_quality(generations(VARIED, **odd))
    assert alone["collapsed"].item()
    assert not collapsed(alone, alone).item()


def test_without_control_variety_is_not_judged():
    few = generations(VARIED[:10] * 4)
    assert not generation_quality(few)["collapsed"].item()
    assert generation_quality(few, CONTROL)["collapsed"].item()


def test_a_language_that_the_control_lacks_is_judged_alone():
    few = generations(VARIED[:10] * 4, language="de")
    assert not generation_quality(few, CONTROL)["collapsed"].item()


def test_few_replies_are_not_blamed_for_repeating():
    assert not generation_quality(generations(["a", "b", "a"]))["collapsed"].item()
