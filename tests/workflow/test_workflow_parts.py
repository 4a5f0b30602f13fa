"""Shares of the work, locks, and what is set aside."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from pluralign_stats.simulate.study import write_simulated_study
from pluralign_stats.storage.shard import Shard
from pluralign_stats.study.read import read_study
from training.conditions.grid import Grid
from training.tuning.plan import plan_training
from training.tuning.stage import share_of
from training.workflow import devices
from training.workflow.step import drop_other, set_aside

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


def test_what_a_plan_does_not_hold_is_set_aside_and_comes_back(tmp_path: Path) -> None:
    runs, aside = tmp_path / "runs", tmp_path / "aside"
    for name in ("a", "b.partial", ".workers"):
        (runs / name).mkdir(parents=True)
    set_aside(runs, aside, {"a"})
    assert {p.name for p in runs.iterdir()} == {"a", ".workers"}
    set_aside(runs, aside, {"b"})
    assert {p.name for p in runs.iterdir()} == {"b.partial", ".workers"}
    assert {p.name for p in aside.iterdir()} == {"a"}


def test_scores_of_a_judge_that_was_set_otherwise_are_taken_away(tmp_path: Path) -> None:
    out, known = tmp_path / "scores", tmp_path / "judge-main"
    out.mkdir()
    for settings, stays in (({"a": 1}, True), ({"a": 1}, True), ({"a": 2}, False)):
        drop_other(out, settings, known)
        assert out.exists() is stays


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
