"""Ratings given again and raters described in two ways, in a draft."""

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.drafting.study import Stated, draft_study
from pluralign_stats.study.codebook_file import codebook_from
from pluralign_stats.study.study import Study


def ratings():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"worker": np.repeat([f"w{k}" for k in range(24)], 5)})
    frame["reply"] = np.concatenate([[f"r{k}" for k in rng.permutation(10)[:5]] for _ in range(24)])
    frame["toxic"] = 1 + rng.permutation(len(frame)) % 5
    return frame


def people():
    frame = pd.DataFrame({"worker": [f"w{k}" for k in range(24)]})
    return frame.assign(sex=["f", "m"] * 12, age=[20 + 2 * k for k in range(24)])


def drafted(folder, ask=None, **frames):
    paths = [folder / f"{name}.csv" for name in frames]
    for path, frame in zip(paths, frames.values(), strict=True):
        frame.to_csv(path, index=False)
    draft = draft_study(paths, folder, Stated(), ask)
    study = Study.of(codebook_from(draft.content, "study.yaml"), draft.tables)
    return draft, study


def answering(**answers):
    """Answer questions by a word in them; good to all others."""

    def ask(question, allowed, guess):
        asked.append(question)
        return next((a for word, a in answers.items() if word in question), "good")

    asked: list[str] = []
    return ask, asked


def test_files_without_any_have_no_rules(tmp_path):
    ask, asked = answering()
    draft, _ = drafted(tmp_path, ask, ratings=ratings(), people=people())
    assert {"repeats", "raters"}.isdisjoint(draft.content)
    assert len(asked) == 1  # whether a high rating is good


def test_copies_of_rows_are_left_out_without_a_question(tmp_path):
    frame = ratings()
    ask, asked = answering()
    draft, study = drafted(tmp_path, ask, all=pd.concat([frame, frame.iloc[[3, 50]]]))
    assert draft.content["repeats"] == "first"
    assert len(study.ratings) == len(frame)
    assert len(asked) == 1
    assert any("copies of an earlier row" in each.why for each in draft.inferred)


@pytest.mark.parametrize("answer", ["first", "last", "retest"])
def test_which_of_several_ratings_counts_is_asked(tmp_path, answer):
    frame = ratings()
    later = frame.head(30).assign(toxic=lambda table: 6 - table["toxic"])
    both = pd.concat([frame, later])
    draft, study = drafted(tmp_path, answering(again=answer)[0], all=both)
    assert draft.content["repeats"] == answer
    assert len(study.ratings) == len(frame)
    assert not any("'repeats'" in each for each in draft.open)
    draft, study = drafted(tmp_path, None, all=both)
    assert draft.content["repeats"] == "retest"
    assert any("'repeats': first, last, mean, or retest" in each for each in draft.open)
    assert len(study.repeats)


def test_several_dimensions_of_a_long_file_are_no_repeats(tmp_path):
    wide = ratings().assign(kind=lambda table: 6 - table["toxic"])
    long = wide.melt(["worker", "reply"], var_name="question", value_name="score")
    draft, study = drafted(tmp_path, None, all=long)
    assert "repeats" not in draft.content
    assert study.dimensions == ("toxic", "kind")


@pytest.mark.parametrize("one_file", [True, False])
@pytest.mark.parametrize(("answer", "sex"), [("first", "f"), ("last", "m"), ("missing", None)])
def test_raters_with_two_answers_are_asked_about(tmp_path, one_file, answer, sex):
    described = pd.concat([people(), people().head(1).assign(sex="m")])
    frames = {"ratings": ratings(), "people": described}
    if one_file:
        joined = ratings().merge(people())
        joined.loc[joined.index[4], "sex"] = "m"
        frames = {"all": joined}
    draft, study = drafted(tmp_path, answering(two=answer)[0], **frames)
    assert draft.content["raters"] == {"described_twice": answer}
    first = study.raters.set_index("rater").loc["w0", "sex"]
    assert first == sex if sex else pd.isna(first)


def test_guesses_about_raters_are_left_to_decide(tmp_path):
    described = pd.concat([people().head(20), people().head(1).assign(sex="m")])
    draft, study = drafted(tmp_path, None, ratings=ratings(), people=described)
    rules = {"described_twice": "missing", "not_described": "add"}
    assert draft.content["raters"] == rules
    assert any("'described_twice'" in each for each in draft.open)
    assert study.summary_counts()["raters"] == 24


def test_items_described_twice_are_no_raters(tmp_path):
    items = pd.DataFrame(
        {"reply": [f"r{k}" for k in (*range(10), 3)], "model": list("ab" * 5 + "b")}
    )
    with pytest.raises(pls.InputError, match="shares no names with"):
        drafted(tmp_path, None, ratings=ratings(), items=items)
