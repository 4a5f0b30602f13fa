"""Shares of the work, locks, marks, and what is set aside."""

import json
from contextlib import ExitStack
from pathlib import Path

import pytest
from small_run import small_config, write_config

from pluralign_stats.simulate.study import write_simulated_study
from pluralign_stats.storage.shard import Shard
from pluralign_stats.study.read import read_study
from training.conditions.grid import Grid
from training.tuning.plan import plan_training
from training.tuning.stage import share_of
from training.workflow import devices, marks
from training.workflow.config import read_run
from training.workflow.layout import Layout, needs
from training.workflow.marks import digest, to_do
from training.workflow.step import provenance, set_aside

pytestmark = pytest.mark.extended


def test_parts_of_a_grid_share_its_conditions_and_begin_with_different_models(tmp_path) -> None:
    made = write_simulated_study(
        tmp_path / "s", 7, n_raters=60, n_prompts=8, responses_per_prompt=2
    )
    grid = Grid.model_validate(
        {
            "optimizers": ["dpo", "grpo"],
            "base_models": ["embedded", "embedded-thinking"],
            "seeds": [1, 2],
            "min_examples": 1,
        }
    )
    planned = plan_training(grid, read_study(made)).planned
    shares = [share_of(planned, Shard(k, 2)) for k in (1, 2)]
    assert {p.condition.id for s in shares for p in s} == {p.condition.id for p in planned}
    assert len(shares[0]) == len(shares[1]) == 4
    assert shares[0][0].condition.base_model != shares[1][0].condition.base_model
    for share in shares:
        assert sum(p.condition.optimizer == "grpo" for p in share) == 2


@pytest.fixture
def done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple:
    """A run of which every step has its mark."""
    monkeypatch.setenv("PLURALIGN_CACHE", str(tmp_path / "cache"))
    marks.base_folder("embedded").mkdir(parents=True)
    (marks.base_folder("embedded") / "complete.json").write_text('{"files": {}}')
    run = read_run(str(write_config(tmp_path, small_config(Path("embedded"), report={}))))
    layout = Layout(tmp_path / "out")
    layout.study(run).parent.mkdir(parents=True)
    layout.study(run).write_text("name: x\n")
    layout.steps.mkdir()
    layout.plan.write_text(json.dumps({"conditions": [{"id": "a"}]}))
    whole = json.dumps({"files": {}})
    for folder in (
        layout.runs / "a", layout.generations / "a",
        layout.scores(run, "embedded"), layout.judged(run, "embedded"),
    ):  # fmt: skip
        folder.mkdir(parents=True)
        (folder / "complete.json").write_text(whole)
    for folder in (layout.report, layout.ratings):
        folder.mkdir()
        for name in ("report.json", "index.html"):
            (folder / name).write_text("{}")
    layout.mark("study").write_text(json.dumps({"fingerprint": "f"}))
    for step in needs(run):
        told = {"digest": digest(step, run, layout), "fingerprint": "f", "runs": ["a"]}
        layout.mark(step).write_text(json.dumps(told))
    return run, layout


AFTER_PLAN = ["train", "generate", "judge-embedded", "report"]
AFTER_STUDY = ["plan", "train", "generate", "judge-embedded", "items-embedded", "ratings", "report"]


@pytest.mark.parametrize(
    ("gone", "left"),
    [
        (None, []),
        ("runs/a/complete.json", AFTER_PLAN),
        ("generations/a/complete.json", ["generate", "judge-embedded", "report"]),
        ("report/index.html", ["report"]),
        ("ratings/index.html", ["ratings", "report"]),
        ("plan.json", ["plan", *AFTER_PLAN]),
        ("study/study.yaml", ["study", *AFTER_STUDY]),
        (".steps/items-embedded.json", ["items-embedded", "report"]),
    ],
)
def test_what_is_missing_is_done_again_with_what_needs_it(done, gone, left) -> None:
    run, layout = done
    if gone:
        (layout.out / gone).unlink()
    assert to_do(run, layout) == left
    assert not any(layout.mark(step).exists() for step in left)


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ({"generate": {"samples": 3}}, ["generate", "judge-embedded", "report"]),
        ({"generate": {"samples": 1, "max_tokens": 12, "batch": 8}}, []),
        ({"title": "Another"}, ["ratings", "report"]),
        ({"report": {"parameters": {"seed": 2}}}, ["ratings", "report"]),
        ({"changes": {"seeds": 2}}, ["base-embedded-thinking", "plan", *AFTER_PLAN]),
        ({"judges": {"embedded": {"judge": "embedded", "patience": 9}}}, []),
        ({"judges": {"other": {"judge": "embedded"}}}, ["judge-other", "items-other", "report"]),
        ({"study": {"simulate": {"seed": 2}}}, ["study", *AFTER_STUDY]),
    ],
)
def test_what_is_set_otherwise_is_done_again(done, tmp_path, change, left) -> None:
    _, layout = done
    config = small_config(Path("embedded"), **{"report": {}, **change})
    assert to_do(read_run(str(write_config(tmp_path, config))), layout) == left


def test_a_base_model_is_made_anew_only_where_there_is_to_be_training(done) -> None:
    run, layout = done
    (marks.base_folder("embedded") / "complete.json").unlink()
    assert to_do(run, layout) == []
    layout.plan.unlink()
    assert to_do(run, layout) == ["base-embedded", "plan", *AFTER_PLAN]


def test_a_step_in_which_something_failed_is_tried_again(done) -> None:
    run, layout = done
    told = json.loads(layout.mark("train").read_text())
    layout.mark("train").write_text(json.dumps({**told, "failed": {"a": "killed"}}))
    assert provenance(run, layout)["failed conditions"] == ["a: killed"]
    assert to_do(run, layout)[0] == "train"


def test_what_a_plan_does_not_hold_is_set_aside_and_comes_back(tmp_path: Path) -> None:
    runs, aside = tmp_path / "runs", tmp_path / "aside"
    for name in ("a", "b.partial", ".workers"):
        (runs / name).mkdir(parents=True)
    set_aside(runs, aside, {"a"})
    assert {p.name for p in runs.iterdir()} == {"a", ".workers"}
    set_aside(runs, aside, {"b"})
    assert {p.name for p in runs.iterdir()} == {"b.partial", ".workers"}
    assert {p.name for p in aside.iterdir()} == {"a"}


def test_no_two_processes_hold_one_gpu(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(devices, "visible_devices", lambda: ["0", "1"])
    monkeypatch.setattr(devices, "default_cache", lambda: tmp_path)
    monkeypatch.setattr(devices, "_PAUSE", 0.01)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    with ExitStack() as held:
        given = [held.enter_context(devices.one_device()) for _ in range(2)]
        assert given == [{"CUDA_VISIBLE_DEVICES": "0"}, {"CUDA_VISIBLE_DEVICES": "1"}]

        def give_up(seconds: float) -> None:
            raise TimeoutError

        monkeypatch.setattr(devices.time, "sleep", give_up)
        with pytest.raises(TimeoutError), devices.one_device():
            pass
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    with devices.one_device() as own:
        assert own == {}
