import dataclasses
import json

import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.feedback.pairs import preference_pairs
from pluralign_stats.feedback.pairs_folder import FeedbackJob, write_feedback
from pluralign_stats.feedback.recipe import Recipe, read_recipe

JOB = FeedbackJob(Recipe(weights={"toxicity": 1}, budget=30), held_out=0.25)


def test_the_folder_holds_everything(small_study, tmp_path):
    out = tmp_path / "a" / "pairs"
    assert write_feedback(small_study, JOB, out)
    split = json.loads((out / "split.json").read_text())
    assert len(split["held_out"]) == 2
    made = preference_pairs(small_study, JOB.recipe, split["train"])
    pd.testing.assert_frame_equal(pd.read_parquet(out / "pairs.parquet"), made.table)
    pd.testing.assert_frame_equal(pd.read_parquet(out / "examples.parquet"), made.examples())
    assert pd.read_csv(out / "excluded.csv").to_dict() == made.excluded.to_dict()
    assert read_recipe(out / "recipe.yaml") == JOB.recipe
    record = json.loads((out / "complete.json").read_text())
    assert record["fingerprint"] == small_study.fingerprint
    assert set(record["files"]) == {p.name for p in out.iterdir()} - {"complete.json"}
    assert [p.name for p in out.parent.iterdir()] == ["pairs"]


def test_repeating_does_nothing_and_other_inputs_are_refused(small_study, tmp_path):
    out = tmp_path / "pairs"
    assert write_feedback(small_study, JOB, out)
    before = {p: p.stat().st_mtime_ns for p in out.iterdir()}
    assert not write_feedback(small_study, JOB, out)
    assert before == {p: p.stat().st_mtime_ns for p in out.iterdir()}
    other = dataclasses.replace(JOB, split_seed=1)
    with pytest.raises(InputError, match="holds feedback of another split_seed; choose another"):
        write_feedback(small_study, other, out)
    (out / "examples.parquet").write_bytes(b"")
    with pytest.raises(InputError, match=r"examples.parquet is missing or was changed"):
        write_feedback(small_study, JOB, out)
    (out / "complete.json").unlink()
    with pytest.raises(InputError, match="exists and holds no feedback"):
        write_feedback(small_study, JOB, out)


def test_unpaired_feedback_as_csv_of_all_prompts(small_study, tmp_path):
    job = FeedbackJob(Recipe(weights={"toxicity": 1}), unpaired=True, held_out=0, form="csv")
    write_feedback(small_study, job, tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "unpaired.csv")
    assert table["prompt"].nunique() == small_study.items["prompt"].nunique()
    assert json.loads((tmp_path / "out" / "split.json").read_text())["held_out"] == []


def test_a_failure_leaves_nothing(small_study, tmp_path):
    job = FeedbackJob(Recipe(weights={"toxicity": 1}, budget=10**9))
    with pytest.raises(InputError, match="the budget is"):
        write_feedback(small_study, job, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
