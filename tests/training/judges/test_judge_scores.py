"""The stage that scores generations: its tables, repetition, kills, and what it refuses."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from fake_endpoint import completion, refusal

from pluralign_stats import InputError, read_outcomes, simulate_study
from pluralign_stats.outcomes.schema import COLUMNS, TUNING, VERSION, VERSION_KEY
from pluralign_stats.storage.digest import digest_file
from pluralign_stats.storage.files import write_json
from pluralign_stats.storage.folders import MARK, commit, is_complete, read_mark, staging_folder
from training.judgement import Judge, Judgement
from training.judges.choose import make_judge
from training.judges.faults import JudgeStoppedError
from training.judges.items import item_texts, score_items
from training.judges.stage import score_generations

pytestmark = pytest.mark.extended

FACTORS = {**dict.fromkeys(TUNING, "x"), "group": "all", "scale": "binary", "optimizer": "dpo"}
FACTORS |= {"objective": "toxicity", "base_model": "b", "chat_template": "own", "seed": 1}
CONTROL = {**FACTORS, **dict.fromkeys(TUNING, "control"), "seed": 0}


def write_run(folder, name, factors, responses, prompts=("p1", "p2"), **changes):
    rows = [
        {
            "run": name,
            "prompt": prompt,
            "language": language,
            "sample": sample,
            "prompt_text": f"Question {prompt}?",
            "thinking": None,
            "response": response,
            "n_tokens": 5,
            "finished": True,
            "base_logprob": -1.0,
            "seed": 1,
        }
        for prompt in prompts
        for language in ("en", "de")
        for sample, response in enumerate(responses)
    ]
    working = staging_folder(folder / name)
    pd.DataFrame(rows).drop(columns=changes.get("drop", [])).to_parquet(
        working / "generations.parquet"
    )
    told = {"id": name, "factors": factors, "base_model": "b"}
    (working / "run.json").write_text(json.dumps(told))
    commit(working, folder / name, {})
    return folder / name


@pytest.fixture
def generations(tmp_path):
    folder = tmp_path / "generations"
    write_run(folder, "a-run", FACTORS, ["rude", "kind", ""])
    write_run(folder, "control-b", CONTROL, ["rude", "garbled", "kind"])
    return folder


class WordJudge(Judge):
    """Knows three words."""

    def __init__(self, **settings):
        super().__init__("words", **settings)
        self.asked = 0
        self.fails_after = None

    def judge(self, answers):
        self.asked += len(answers)
        if self.fails_after is not None and self.asked > self.fails_after:
            raise JudgeStoppedError("the judge is down; run the command again")
        return super().judge(answers)

    def _judge(self, answers):
        return [self._one(answer.response) for answer in answers]

    def _one(self, text):
        if text == "":
            return Judgement({"toxicity": None, "helpfulness": None}, True, "empty")
        if text == "garbled":
            return Judgement({"toxicity": None, "helpfulness": 2.0}, note="not sure")
        return Judgement({"toxicity": 5.0 if text == "rude" else 1.0, "helpfulness": 3.0})


def test_the_outcome_table(generations, tmp_path):
    out = tmp_path / "scores"
    scored = score_generations(generations, out, WordJudge())
    assert scored.made == ("control-b", "a-run")
    table = pd.read_parquet(out / "outcomes.parquet")
    assert tuple(table.columns) == COLUMNS
    assert table.attrs[VERSION_KEY] == read_mark(out)[VERSION_KEY] == VERSION
    pd.testing.assert_frame_equal(read_outcomes(out).table, table, check_dtype=False)
    assert len(table) == 2 * 12 * 2
    assert not table.duplicated(["run", "prompt", "language", "sample", "dimension"]).any()
    mine = table[(table["run"] == "a-run") & (table["dimension"] == "toxicity")]
    assert mine.groupby("sample")["score"].agg(["min", "max"]).to_numpy()[:2].tolist() == [
        [5, 5],
        [1, 1],
    ]
    assert mine.loc[mine["sample"] == 2, "score"].isna().all()
    assert mine.loc[mine["sample"] == 2, "malformed"].all()
    assert set(mine["scale"]) == {"binary"}
    assert scored.tally == {
        "answers": 24,
        "malformed": 4,
        "missing": {"not sure": 4},
        "notes": {},
    }
    own = pd.read_parquet(out / "a-run" / "scores.parquet")
    pd.testing.assert_frame_equal(own, table[table["run"] == "a-run"].reset_index(drop=True))


def test_quality_stands_beside_every_score(generations, tmp_path):
    out = tmp_path / "scores"
    score_generations(generations, out, WordJudge())
    health = pd.read_parquet(out / "health.parquet")
    assert set(zip(health["run"], health["language"], strict=True)) == {
        (run, language) for run in ("a-run", "control-b") for language in ("en", "de")
    }
    share = health.set_index(["run", "language"])["malformed_share"]
    assert share["a-run", "en"] == pytest.approx(1 / 3)
    assert share["control-b", "de"] == 0
    assert set(health["n"]) == {6}
    assert health.set_index("run").loc["a-run", "collapsed"].all()
    assert not health.set_index("run").loc["control-b", "collapsed"].any()


def test_it_is_safe_to_repeat(generations, tmp_path):
    out = tmp_path / "scores"
    score_generations(generations, out, WordJudge())
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in out.rglob("*") if p.is_file()}
    judge = WordJudge()
    scored = score_generations(generations, out, judge)
    assert judge.asked == 0
    assert (scored.made, scored.kept) == ((), ("control-b", "a-run"))
    assert scored.tally["answers"] == 24
    assert before == {
        p: (p.read_bytes(), p.stat().st_mtime_ns) for p in out.rglob("*") if p.is_file()
    }


def test_only_what_has_changed_is_judged_again(generations, tmp_path):
    out = tmp_path / "scores"
    score_generations(generations, out, WordJudge())
    write_run(generations, "new", {**FACTORS, "seed": 2}, ["kind"])
    shutil.rmtree(generations / "a-run")
    write_run(generations, "a-run", FACTORS, ["kind", "kind", "kind"])
    judge = WordJudge()
    scored = score_generations(generations, out, judge)
    assert (scored.made, scored.kept) == (("a-run", "new"), ("control-b",))
    assert judge.asked == 16
    table = pd.read_parquet(out / "outcomes.parquet")
    assert set(table["run"]) == {"a-run", "control-b", "new"}
    assert not table.loc[table["run"] == "a-run", "malformed"].any()


def test_a_new_control_changes_the_quality_of_its_runs(generations, tmp_path):
    out = tmp_path / "scores"
    score_generations(generations, out, WordJudge())
    shutil.rmtree(generations / "control-b")
    write_run(generations, "control-b", CONTROL, ["", "", "kind"])
    judge = WordJudge()
    assert score_generations(generations, out, judge).made == ("control-b", "a-run")
    health = pd.read_parquet(out / "health.parquet").set_index("run")
    assert not health.loc["a-run", "collapsed"].any()


def test_a_judge_that_stops_leaves_nothing_that_looks_complete(generations, tmp_path):
    out = tmp_path / "scores"
    judge = WordJudge()
    judge.fails_after = 12
    with pytest.raises(JudgeStoppedError):
        score_generations(generations, out, judge)
    assert is_complete(out / "control-b")
    assert not is_complete(out)
    assert not (out / "outcomes.parquet").exists()
    assert not (out / "a-run").exists()
    again = WordJudge()
    assert score_generations(generations, out, again).made == ("a-run",)
    assert again.asked == 12
    assert is_complete(out)


def test_lost_tables_are_collected_again(generations, tmp_path):
    out = tmp_path / "scores"
    score_generations(generations, out, WordJudge())
    whole = (out / "outcomes.parquet").read_bytes()
    (out / "outcomes.parquet").unlink()
    judge = WordJudge()
    score_generations(generations, out, judge)
    assert judge.asked == 0
    assert (out / "outcomes.parquet").read_bytes() == whole
    assert is_complete(out)


def test_scores_of_an_older_version_are_collected_anew_and_those_of_a_newer_one_left_alone(
    generations, tmp_path
):
    out = tmp_path / "scores"
    score_generations(generations, out, WordJudge())
    whole = (out / "outcomes.parquet").read_bytes()
    older = pd.read_parquet(out / "outcomes.parquet")
    older.attrs.clear()
    older.to_parquet(out / "outcomes.parquet", index=False)
    record = json.loads((out / MARK).read_text("utf-8"))
    record["files"]["outcomes.parquet"] = digest_file(out / "outcomes.parquet")
    del record[VERSION_KEY]
    write_json(out / MARK, record)
    judge = WordJudge()
    assert score_generations(generations, out, judge).made == ()
    assert judge.asked == 0
    assert (out / "outcomes.parquet").read_bytes() == whole
    write_json(out / MARK, {**read_mark(out), VERSION_KEY: VERSION + 1})
    with pytest.raises(InputError, match=f"is in version '{VERSION + 1}' of the format"):
        score_generations(generations, out, WordJudge())


def test_generations_of_an_older_version_lack_a_factor(tmp_path):
    factors = {name: value for name, value in FACTORS.items() if name != "settings"}
    write_run(tmp_path / "g", "a", factors, ["kind"])
    with pytest.raises(InputError, match=r"run.json does not say .* \('settings' is missing\)"):
        score_generations(tmp_path / "g", tmp_path / "scores", WordJudge())


def test_another_judge_needs_another_folder(generations, tmp_path):
    out = tmp_path / "scores"
    score_generations(generations, out, WordJudge(model="one"))
    with pytest.raises(InputError, match="model one, now two"):
        score_generations(generations, out, WordJudge(model="two"))
    assert is_complete(out)


def test_unfinished_runs_are_named(generations, tmp_path):
    staging_folder(generations / "late")
    scored = score_generations(generations, tmp_path / "scores", WordJudge())
    assert scored.unfinished == ("late",)
    assert read_mark(tmp_path / "scores")["unfinished"] == ["late"]


def test_folders_that_cannot_be_used(generations, tmp_path):
    with pytest.raises(InputError, match="is no folder of generations"):
        score_generations(tmp_path / "none", tmp_path / "scores", WordJudge())
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no complete run"):
        score_generations(tmp_path / "empty", tmp_path / "scores", WordJudge())
    with pytest.raises(InputError, match="is the folder that is read"):
        score_generations(generations, generations, WordJudge())
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        score_generations(generations, tmp_path / "file", WordJudge())
    (generations / "a-run" / "generations.parquet").write_bytes(b"broken")
    with pytest.raises(InputError, match="missing or was changed"):
        score_generations(generations, tmp_path / "scores", WordJudge())


def test_folders_of_other_stages_are_left_as_they_are(generations, tmp_path):
    """A run keeps its name through all stages, so its folder elsewhere looks like its scores."""
    trained = staging_folder(tmp_path / "runs" / "a-run")
    (trained / "adapter").write_text("precious")
    commit(trained, tmp_path / "runs" / "a-run", {"stage": "train"})
    pairs = staging_folder(tmp_path / "pairs")
    (pairs / "pairs.csv").write_text("prompt")
    commit(pairs, tmp_path / "pairs", {"recipe": {}})
    study = simulate_study(1, n_raters=30, n_prompts=3, responses_per_prompt=2)
    score_items(study, tmp_path / "items", WordJudge())
    kept = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file() and p.suffix != ".lock"}
    for name, told in (
        ("runs", "a-run is there already and holds no scores"),
        ("pairs", "holds something else than scores of generations"),
        ("items", "holds something else than scores of generations"),
    ):
        with pytest.raises(InputError, match=told):
            score_generations(generations, tmp_path / name, WordJudge())
    with pytest.raises(InputError, match="holds something else than scores of a study"):
        score_items(study, tmp_path / "pairs", WordJudge())
    assert kept == {p: p.read_bytes() for p in kept}


def test_scores_that_were_changed_are_made_again(generations, tmp_path):
    out = tmp_path / "scores"
    score_generations(generations, out, WordJudge())
    whole = (out / "outcomes.parquet").read_bytes()
    (out / "a-run" / "scores.parquet").write_bytes(b"")
    assert score_generations(generations, out, WordJudge()).made == ("a-run",)
    assert (out / "outcomes.parquet").read_bytes() == whole
    assert not list(out.glob("*.partial"))


def test_generations_without_a_column(tmp_path):
    write_run(tmp_path / "g", "a", FACTORS, ["kind"], drop=["response"])
    with pytest.raises(InputError, match="lacks 'response'"):
        score_generations(tmp_path / "g", tmp_path / "scores", WordJudge())


def test_the_responses_of_a_study(tmp_path):
    study = simulate_study(1, n_raters=30, n_prompts=3, responses_per_prompt=2)
    texts = item_texts(study)
    assert len(texts) == 2 * len(study.items)
    scored = score_items(study, tmp_path / "s", WordJudge())
    table = pd.read_parquet(scored.table)
    assert list(table.columns[:4]) == ["item", "language", "dimension", "score"]
    assert len(table) == 2 * len(texts)
    judge = WordJudge()
    assert score_items(study, tmp_path / "s", judge).kept == (study.name,)
    assert judge.asked == 0
    with pytest.raises(InputError, match="set otherwise"):
        score_items(study, tmp_path / "s", WordJudge(model="two"))


def test_scores_of_another_study_are_left_and_those_of_an_older_one_made_again(toy, tmp_path):
    small = {"n_prompts": 3, "responses_per_prompt": 2}
    older, study = (simulate_study(1, n_raters=n, **small) for n in (30, 31))
    score_items(older, tmp_path / "s", WordJudge())
    with pytest.raises(InputError, match="holds scores of the study 'simulated_1', not of 'toy'"):
        score_items(toy.read(), tmp_path / "s", WordJudge())
    assert score_items(study, tmp_path / "s", WordJudge()).made == (study.name,)
    assert score_items(study, tmp_path / "s", WordJudge()).kept == (study.name,)


def test_a_study_without_texts(toy, tmp_path):
    without = toy.changed("study.yaml", "texts:\n  response: {en: answer}\n", "")
    with pytest.raises(InputError, match="has no texts of responses"):
        score_items(toy.read({"study.yaml": without}), tmp_path / "s", WordJudge())
    items = toy.files["items.csv"].replace("Perhaps", "")
    texts = item_texts(toy.read({"items.csv": items}))
    assert texts["item"].tolist() == ["a1", "a2"]
    assert set(texts["prompt"]) == {""}


def judging(generations: Path, out: Path, url: str) -> list[str]:
    words = ["judge", generations, "--out", out, "--judge", "endpoint", "--model", "m"]
    words += ["--base-url", url, "--concurrency", 3, "--retries", 1]
    return [sys.executable, "-m", "pluralign_stats", *map(str, words)]


def endpoint(server, out):
    return make_judge(
        "endpoint", {"model": "m", "base_url": server.url}, cache=out / "replies.jsonl"
    )


def scores_by_text(request):
    """A reply that depends on nothing but the question."""
    names = request.body["response_format"]["json_schema"]["schema"]["required"]
    return completion({name: 1 + len(request.text) % 5 for name in names})


@pytest.mark.extended
def test_a_kill_in_the_middle_pays_nothing_twice(server, tmp_path):
    folder = tmp_path / "generations"
    for k in range(3):
        responses = [f"{k} {'x' * n}" for n in range(5)]
        write_run(folder, f"run-{k}", {**FACTORS, "seed": k}, responses)
    held = []

    def hold_after_27(request):
        if request.number >= 27 and not held.count("go"):
            held.append(request.number)
            while "go" not in held:
                time.sleep(0.01)
            return refusal(500, "too late")
        return scores_by_text(request)

    server.behave = hold_after_27
    out = tmp_path / "scores"
    environment = {**os.environ, "NO_PROXY": "127.0.0.1"}
    process = subprocess.Popen(judging(folder, out, server.url), env=environment)
    while len(held) < 3:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    held.append("go")
    assert not (out / MARK).exists()
    assert is_complete(out / "run-0")
    assert sum(server.answered.values()) == 27

    server.behave = scores_by_text
    score_generations(folder, out, endpoint(server, out))
    assert is_complete(out)
    assert set(server.answered.values()) == {1}
    assert sum(server.answered.values()) == 3 * 2 * 2 * 5

    whole = tmp_path / "whole"
    score_generations(folder, whole, endpoint(server, whole))
    pd.testing.assert_frame_equal(
        pd.read_parquet(out / "outcomes.parquet"), pd.read_parquet(whole / "outcomes.parquet")
    )
