"""Choices from files and frames, and the one-line errors of those that cannot be."""

import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.choices import Choices, simulate_choices

ARENA = pd.DataFrame(
    [
        (1, "ann", "x", "y", "model_a"),
        (2, "ann", "y", "z", "tie"),
        (3, "ben", "x", "z", "model_b"),
        (4, "ben", "z", "y", "tie (bothbad)"),
    ],
    columns=["question_id", "judge", "model_a", "model_b", "winner"],
)

WIDE = {
    "rater": "judge",
    "prompt": "question_id",
    "options": ["model_a", "model_b"],
    "chosen": "winner",
}

TURNS = pd.DataFrame(
    [
        ("c1", 0, "ann", "u1", "m1", 80, True, "UK"),
        ("c1", 0, "ann", "u2", "m2", 60, False, "UK"),
        ("c1", 0, "ann", "u3", "m3", 60, False, "UK"),
        ("c1", 1, "ann", "u4", "m1", 10, False, "UK"),
        ("c1", 1, "ann", "u5", "m1", 20, True, "UK"),
        ("c2", 0, "ben", "u6", "m2", 5, True, "US"),
    ],
    columns=["conversation", "turn", "user", "utterance", "model", "score", "if_chosen", "country"],
)

LONG = {
    "rater": "user",
    "prompt": ["conversation", "turn"],
    "option": "utterance",
    "system": "model",
}


def outcomes(made):
    rows = made.pairs[["rater", "first", "second", "outcome"]]
    return [tuple(map(str, row)) for row in rows.itertuples(index=False)]


def refused(rows=ARENA, **more):
    with pytest.raises(pls.InputError) as told:
        Choices.from_frame(rows, **(WIDE | more))
    assert "\n" not in str(told.value)
    return str(told.value)


def test_comparisons_as_arenas_store_them():
    made = Choices.from_frame(ARENA, **WIDE, shown_in_order=True)
    assert outcomes(made) == [
        ("ann", "x", "y", "first"),
        ("ann", "y", "z", "tie"),
        ("ben", "x", "z", "second"),
        ("ben", "z", "y", "tie"),
    ]
    assert made.options["position"].tolist() == [1, 2] * 4


@pytest.mark.parametrize(
    ("words", "cells"),
    [
        ({}, ["MODEL_A", "tie", "z", "Tie (bothbad)"]),
        ({"words": {"A": "model_a", "B": "model_b"}}, ["a", "tie", "B", "tie"]),
        ({"ties": ["same"]}, ["x", "same", "z", "SAME"]),
    ],
)
def test_winners_by_column_by_name_and_by_word(words, cells):
    made = Choices.from_frame(ARENA.assign(winner=cells), **WIDE, **words)
    assert [row[3] for row in outcomes(made)] == ["first", "tie", "second", "tie"]


def test_one_column_for_each_winner():
    rows = ARENA.assign(a=[1, 0, 0, 0], b=[0, 0, 1, 0])
    how = {k: v for k, v in WIDE.items() if k != "chosen"} | {"scores": ["a", "b"]}
    assert [r[3] for r in outcomes(Choices.from_frame(rows, **how))] == [
        "first",
        "tie",
        "second",
        "tie",
    ]


def test_chosen_and_rejected_tell_no_order():
    rows = ARENA.assign(chosen=ARENA["model_a"], rejected=ARENA["model_b"])
    how = {"rater": "judge", "prompt": "question_id", "chosen": "chosen", "rejected": ["rejected"]}
    made = Choices.from_frame(rows, **how)
    assert {row[3] for row in outcomes(made)} == {"first"}
    assert made.options["position"].isna().all()


def test_scores_of_turns_rank_and_tie():
    made = Choices.from_frame(TURNS, **LONG, score="score", demographics=["country"])
    assert outcomes(made) == [
        ("ann", "u1", "u2", "first"),
        ("ann", "u1", "u3", "first"),
        ("ann", "u2", "u3", "tie"),
        ("ann", "u4", "u5", "second"),
    ]
    assert made.exclusions.to_dict("records") == [{"reason": "choices with one option", "n": 1}]
    assert made.raters["rater"].tolist() == ["ann"]
    assert made.options["system"].tolist() == ["m1", "m2", "m3", "m1", "m1"]


def test_the_chosen_of_several_is_preferred_to_each_other():
    made = Choices.from_frame(TURNS, **LONG, chosen="if_chosen")
    assert [row[1:] for row in outcomes(made)] == [
        ("u1", "u2", "first"),
        ("u1", "u3", "first"),
        ("u4", "u5", "second"),
    ]


def test_a_partial_ranking_in_columns():
    rows = pd.DataFrame(
        [("ann", 1, "x", "y", "z", 2, 1, None)],
        columns=["judge", "question_id", "a", "b", "c", "ra", "rb", "rc"],
    )
    made = Choices.from_frame(
        rows, rater="judge", prompt="question_id", options=["a", "b", "c"],
        ranks=["ra", "rb", "rc"],
    )  # fmt: skip
    assert [row[1:] for row in outcomes(made)] == [
        ("x", "y", "second"),
        ("x", "z", "first"),
        ("y", "z", "first"),
    ]


def test_choices_without_an_answer_are_left_out_and_told():
    made = Choices.from_frame(ARENA.assign(winner=["model_a", None, "NA", "tie"]), **WIDE)
    assert made.exclusions.to_dict("records") == [{"reason": "choices without an answer", "n": 2}]


def test_a_codebook_of_ratings_and_choices(tmp_path):
    ARENA.to_csv(tmp_path / "arena.csv", index=False)
    people = pd.DataFrame({"judge": ["ann", "ben", "cid"], "age": ["old", "young", "old"]})
    people.to_csv(tmp_path / "people.csv", index=False)
    text = (
        "name: both\nfiles: {ratings: ratings.csv, raters: people.csv}\n"
        "columns: {rater: judge, item: item}\ndimensions: {toxicity: }\n"
        "demographics: {age: {levels: [young, old]}}\n"
        "choices: {file: arena.csv, rater: judge, prompt: question_id, "
        "options: [model_a, model_b], chosen: winner}\n"
    )
    (tmp_path / "both.yaml").write_text(text)
    made = pls.read_choices(tmp_path / "both.yaml")
    assert made.levels("age") == ("young", "old")
    assert made.pairs["age"].tolist() == ["old", "old", "young", "young"]
    assert len(made.raters) == 2
    assert sorted(made.hashes) == ["arena.csv", "people.csv"]
    (tmp_path / "people.csv").write_text("judge,age\nann,old\n")
    with pytest.raises(pls.InputError, match=r"column 'judge', rows 4, 5: value 'ben'; allowed"):
        pls.read_choices(tmp_path / "both.yaml")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"winner": ["q", "tie", "x", "tie"]}, "column 'winner', row 0: value 'q'; allowed: an"),
        ({"winner": ["z", "tie", "x", "tie"]}, "column 'winner', row 0: value 'z'; allowed: an"),
        ({"winner": ["x", "draw", "x", "tie"]}, "row 1: value 'draw'; allowed: an option that was"),
        ({"winner": [None] * 4}, "no choice is left: 4 have no answer, 0 one option"),
        ({"model_b": ["x", "z", "z", "y"]}, "row 0: the option 'x' is compared with itself"),
        (
            {"question_id": 1, "model_a": "x", "model_b": "y", "winner": "x"},
            "rows 1, 3: rater 'ann' chooses among the same options to '1' a second time",
        ),
        ({"judge": ["ann", None, "ben", "ben"]}, "column 'judge', row 1: no value; allowed: the"),
        ({"question_id": [1, 2, None, 4]}, "column 'question_id', row 2: no value; allowed: the"),
    ],
)
def test_choices_that_cannot_be(changes, told):
    assert told in refused(ARENA.assign(**changes))


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"options": ["model_a", "model_c"]}, "the data: unknown column for an option: it must be"),
        ({"options": ["model_a"]}, "choices: 'options' must name two columns or more"),
        ({"chosen": None}, "state one of 'chosen', 'ranks' or 'scores'"),
        ({"ranks": ["a", "b"]}, "state one of 'chosen', 'ranks' or 'scores', which says what was"),
        ({"chosen": None, "ranks": ["a"]}, "'ranks' must name 2 columns, one for each option"),
        ({"rank": "a"}, "'rank' is for long files, and this one is wide"),
        ({"option": "model_a"}, "name the options by one of"),
        ({"words": {"A": "a"}}, "what 'A' means must be one of 'model_a', 'model_b', not 'a'"),
        ({"demographics": ["age"]}, "unknown column for 'age'"),
        ({"demographics": {"prompt": {}}}, "the name 'prompt' cannot be used"),
    ],
)
def test_columns_that_do_not_fit(keys, told):
    assert told in refused(**keys)


def test_a_weight_is_a_number_above_0():
    rows = ARENA.assign(n=[1, 2, 0, 1])
    assert "column 'n', row 2: value '0'; allowed: numbers above 0" in refused(rows, weight="n")


def test_two_chosen_of_one_set_are_refused():
    with pytest.raises(pls.InputError, match="rows 0, 1, 3, 4: value 'True'; allowed: one"):
        Choices.from_frame(
            TURNS.assign(if_chosen=[True, True, False] * 2), **LONG, chosen="if_chosen"
        )


def test_a_rater_with_two_answers_is_refused():
    rows = ARENA.assign(age=["old", "young", "old", "old"])
    assert "rater 'ann' has two different answers; keep one" in refused(rows, demographics=["age"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: x\n", "study.yaml: has no section 'choices'"),
        ("name: x\nchoices: {tie: x}\n", r"unknown key 'choices.tie'.* did you mean 'ties'\?"),
        ("name: x\nsauce: y\nchoices: {file: a, rater: b, prompt: c, options: [d, e], chosen: f}\n",
         "unknown key 'sauce': it must be one of"),
        ("name: x\nchoices: {file: a, rater: b, options: [d, e], chosen: f}\n",
         "the key 'choices.prompt' is missing"),
    ],
)  # fmt: skip
def test_codebooks_that_cannot_be(tmp_path, text, told):
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(pls.InputError, match=told) as error:
        pls.read_choices(tmp_path / "study.yaml")
    assert "\n" not in str(error.value)


def test_equal_seeds_simulate_equal_choices():
    one, two = (simulate_choices(seed=4, n_raters=9, choices_per_rater=3) for _ in range(2))
    pd.testing.assert_frame_equal(one.pairs, two.pairs)
    assert one.fingerprint == two.fingerprint
    assert one.data_kind == "simulated"
    assert "9 raters" not in repr(one)
