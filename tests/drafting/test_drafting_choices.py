"""Files of choices drafted: pairs and sets with a winner, ranks, options with a mark."""

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.drafting.study import Stated, draft_study
from pluralign_stats.errors import InputError

N = 60
MODELS = np.array(["gpt", "claude", "llama", "qwen"])


def base(**columns):
    """One row for each choice of two models, of which the first is shown as a."""
    rng = np.random.default_rng(4)
    pair = np.stack([rng.permutation(4)[:2] for _ in range(N)])
    first = rng.random(N) < 0.5
    frame = pd.DataFrame(
        {
            "judge": [f"j{k % 12}" for k in range(N)],
            "question_id": [f"q{k // 4}" for k in range(N)],
            "model_a": MODELS[pair[:, 0]],
            "model_b": MODELS[pair[:, 1]],
            "gender": ["Female" if k % 2 else "Male" for k in range(N)],
            "first": first,
        }
    )
    return frame.assign(**columns)


def said(a, b, tie=None):
    """A word for what is best, with some ties."""

    def word(frame):
        words = np.where(frame["first"], a, b).astype(object)
        return np.where(np.arange(N) % 5 == 0, tie or words, words)

    return word


def texts(frame):
    long = "a rather long answer to what a person wanted to know, number"
    return frame.assign(
        response_a=[f"{long} {k}" for k in range(N)],
        response_b=[f"{long} {k}, otherwise" for k in range(N)],
    )


def draft(tmp_path, frame, *more, ask=None, stated=None):
    frame.drop(columns="first", errors="ignore").to_csv(tmp_path / "c.csv", index=False)
    paths = [tmp_path / "c.csv", *more]
    return draft_study(paths, tmp_path, stated or Stated(), ask)


WIDE = {"options": ["model_a", "model_b"], "chosen": "winner"}
FORMS = [
    (base(winner=said("model_a", "model_b", "tie")), WIDE),
    (base(winner=said("A", "B", "Tie")), WIDE | {"words": {"A": "model_a", "B": "model_b"}}),
    (
        base(winner=said("Model A", "Model B", "about the same")),
        WIDE | {"ties": ["about the same"],
                "words": {"Model A": "model_a", "Model B": "model_b"}},
    ),
    (
        base(winner=said("A is better", "B is better")),
        WIDE | {"words": {"A is better": "model_a", "B is better": "model_b"}},
    ),
    (
        base(preferred=lambda f: np.where(f["first"], f["model_a"], f["model_b"])),
        {"options": ["model_a", "model_b"], "chosen": "preferred"},
    ),
    (
        base(winner=said("2", "1")).rename(columns={"model_a": "answer2", "model_b": "answer1"}),
        {"options": ["answer1", "answer2"], "chosen": "winner",
         "words": {"1": "answer1", "2": "answer2"}},
    ),
    (
        base(choice=said("left", "right", "neither")).rename(
            columns={"model_a": "left_bot", "model_b": "right_bot"}
        ),
        {"options": ["left_bot", "right_bot"], "chosen": "choice", "ties": ["neither"],
         "words": {"left": "left_bot", "right": "right_bot"}},
    ),
    (
        texts(base(winner=said("model_a", "model_b"))),
        WIDE | {"texts": ["response_a", "response_b"]},
    ),
    (
        base().rename(columns={"model_a": "chosen", "model_b": "rejected"}),
        {"chosen": "chosen", "rejected": ["rejected"]},
    ),
    (
        base(rank_a=lambda f: 2 - f["first"], rank_b=lambda f: 1 + f["first"]),
        {"options": ["model_a", "model_b"], "ranks": ["rank_a", "rank_b"]},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("frame", "section"), FORMS)
def test_options_and_what_was_preferred_are_seen(frame, section, tmp_path):
    drafted = draft(tmp_path, frame)
    found = drafted.content["choices"]
    words = {str(word): column for word, column in found.get("words", {}).items()}
    found |= {"words": words} if words else {}
    assert {k: v for k, v in found.items() if k not in ("file", "rater", "prompt")} == section
    assert (found["file"], found["rater"], found["prompt"]) == ("c.csv", "judge", "question_id")
    assert list(drafted.content["demographics"]) == ["gender"]
    assert drafted.of_choices


def test_words_are_drafted_so_that_the_choices_are_those_planted(tmp_path):
    frame = base(winner=said("A", "B", "Both are good"))
    content = draft(tmp_path, frame).content
    content["choices"]["shown_in_order"] = True
    (tmp_path / "c.yaml").write_text(str(content).replace("'", '"').replace("True", "true"))
    pairs = pls.read_choices(tmp_path / "c.yaml").pairs
    outcome = np.where(frame["first"], "first", "second")
    outcome[::5] = "tie"
    assert pairs["outcome"].astype(str).tolist() == outcome.tolist()


def long(**columns):
    """Three options each, of which the first is the best."""
    rows = base().loc[np.repeat(np.arange(N), 3), ["judge", "question_id", "gender"]]
    place = np.tile(np.arange(3), N)
    rows = rows.reset_index(drop=True).assign(
        response_id=[f"u{k}" for k in range(3 * N)], model_name=MODELS[place]
    )
    return rows.assign(**columns)


def test_a_mark_or_a_rank_beside_each_option(tmp_path):
    place = np.tile(np.arange(3), N)
    marked = draft(tmp_path, long(if_chosen=place == 0)).content["choices"]
    assert (marked["option"], marked["chosen"], marked["system"]) == (
        "response_id",
        "if_chosen",
        "model_name",
    )
    ranked = draft(tmp_path, long(rank=place + 1)).content["choices"]
    assert ranked["rank"] == "rank"


def test_ratings_with_a_mark_beside_them_are_both(tmp_path):
    rng = np.random.default_rng(1)
    place = np.tile(np.arange(3), N)
    frame = long(if_chosen=place == 0, score=rng.integers(1, 101, 3 * N))
    drafted = draft(tmp_path, frame)
    assert not drafted.of_choices
    assert list(drafted.content["dimensions"]) == ["score"]
    assert drafted.content["choices"]["chosen"] == "if_chosen"


def test_raters_in_a_file_of_their_own(tmp_path):
    people = pd.DataFrame(
        {"id": [f"j{k}" for k in range(12)], "sex": ["f", "m"] * 6, "age": range(30, 42)}
    )
    people.to_csv(tmp_path / "people.csv", index=False)
    frame = base(winner=said("model_a", "model_b")).drop(columns="gender")
    content = draft(tmp_path, frame, tmp_path / "people.csv").content
    assert content["files"]["raters"] == {"path": "people.csv", "rename": {"id": "judge"}}
    assert list(content["demographics"]) == ["sex", "age"]


def test_the_order_is_asked_and_left_open_otherwise(tmp_path):
    frame = base(winner=said("model_a", "model_b"))
    asked = []

    def ask(question, allowed, default):
        asked.append((question, allowed, default))
        return "yes"

    assert draft(tmp_path, frame, ask=ask).content["choices"]["shown_in_order"] is True
    assert asked == [
        (
            "Do 'model_a', 'model_b' stand in the order in which they were shown?",
            ["yes", "no", "open"],
            "open",
        )
    ]
    quiet = draft(tmp_path, frame)
    assert "shown_in_order" not in quiet.content["choices"]
    assert "whether 'model_a', 'model_b' stand in the order" in quiet.open[0]


def test_what_no_column_says_is_an_error_of_one_line(tmp_path):
    frame = base(winner=said("model_a", "model_b"))
    with pytest.raises(InputError, match=r"c\.csv: holds choices, and no column says who chose"):
        draft(tmp_path, frame.drop(columns="judge"))
    with pytest.raises(InputError, match="what the options respond to; name it with --prompt"):
        draft(tmp_path, frame.drop(columns="question_id"))
    named = frame.rename(columns={"question_id": "topic"})
    content = draft(tmp_path, named, stated=Stated(prompt="topic")).content
    assert content["choices"]["prompt"] == "topic"


def test_words_of_no_known_meaning_are_left_to_decide(tmp_path):
    frame = base(winner=said("model_a", "model_b"))
    frame.loc[[3, 4], "winner"] = "timeout"
    assert (
        "what 'timeout' of 'winner' mean: state 'words' or 'ties'" in draft(tmp_path, frame).open[0]
    )


def test_ratings_of_two_questions_are_no_choices(tmp_path):
    rng = np.random.default_rng(2)
    frame = base(q1=rng.integers(1, 6, N), q2=rng.integers(1, 6, N), best="yes")
    drafted = draft(tmp_path, frame.drop(columns=["model_a", "model_b"]).assign(
        item=[f"i{k % 7}" for k in range(N)]
    ))  # fmt: skip
    assert list(drafted.content["dimensions"]) == ["q1", "q2"]
