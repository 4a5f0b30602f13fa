"""A grid trained by worker processes: kept, repeated, failed, killed."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny

import pluralign_stats as pls
from pluralign_stats.errors import InputError, PluralignError
from pluralign_stats.storage.folders import is_complete
from pluralign_stats.study.study import Study
from pluralign_stats.workers.pool import Event
from training.conditions.condition import CONDITION, read_condition
from training.conditions.grid import Grid, read_grid
from training.conditions.names import EXCLUDED, FEEDBACK, INPUTS
from training.tuning import stage
from training.tuning.plan import plan_training
from training.tuning.stage import Trained, pending, train_all
from training.tuning.worker import TrainingTask, failure

pytestmark = pytest.mark.extended

GRID = """\
scales: [5-point, binary]
base_models: [{base}]
strategies: mean
seeds: [1]
min_examples: 4
training:
  dpo: {{learning_rate: 1e-2, max_steps: 4, batch_size: 4, accumulation: 1, lora_rank: 4,
         checkpoint_steps: 1, log_steps: 1}}
"""


@pytest.fixture(scope="module")
def study() -> Study:
    return pls.simulate_study(7, n_raters=60, n_prompts=8, responses_per_prompt=2)


@pytest.fixture(scope="module")
def base(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    texts = study.items.filter(like="_text_").to_numpy().ravel()
    words = sorted({word for text in texts for word in re.findall(r"\w+|[^\w\s]+", text)})
    return tiny.make_model("llama", tmp_path_factory.mktemp("base") / "llama", words)


def grid_of(base: Path, folder: Path, text: str = GRID) -> Grid:
    path = folder / "grid.yaml"
    path.write_text(text.format(base=base))
    return read_grid(path)


def adapters(out: Path) -> dict[str, bytes]:
    paths = out.glob("*/adapter/adapter_model.safetensors")
    return {path.parts[-3]: path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def trained(
    base: Path, study: Study, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Grid, Path, Trained]:
    folder = tmp_path_factory.mktemp("grid")
    grid = grid_of(base, folder)
    return grid, folder / "runs", train_all(grid, study, folder / "runs", progress=False)


def test_every_condition_gets_a_whole_folder(trained: tuple[Grid, Path, Trained]) -> None:
    _, out, result = trained
    assert len(result.trained) == 2
    assert [result.failed, result.kept, result.waiting] == [{}, [], []]
    for name in result.trained:
        assert is_complete(out / name)
        condition = read_condition(out / name)
        assert condition.id == name
        versions = json.loads((out / name / "environment.json").read_text())["versions"]
        assert versions.keys() >= {"trl", "peft", "torch", "transformers"}
        arguments = json.loads((out / name / "arguments.json").read_text())["dpo"]
        assert arguments["learning_rate"] == 1e-2
        assert len(arguments) > 100
    assert len(set(adapters(out).values())) == 2


def test_repeating_keeps_what_is_there(trained: tuple[Grid, Path, Trained], study: Study) -> None:
    grid, out, first = trained
    before = adapters(out)
    again = train_all(grid, study, out, progress=False)
    assert sorted(again.kept) == sorted(first.trained)
    assert not again.trained
    assert adapters(out) == before


def test_other_ratings_repeat_only_the_conditions_that_they_change(
    trained: tuple[Grid, Path, Trained], study: Study
) -> None:
    grid, out, _ = trained
    other = pls.simulate_study(8, n_raters=60, n_prompts=8, responses_per_prompt=2)
    assert len(pending(plan_training(grid, other), out)) == 2
    assert not pending(plan_training(grid, study), out)


def test_a_run_folder_that_was_changed_is_an_error(
    trained: tuple[Grid, Path, Trained], study: Study, tmp_path: Path
) -> None:
    grid, out, result = trained
    shutil.copytree(out, tmp_path / "runs")
    (tmp_path / "runs" / result.trained[0] / "metrics.jsonl").write_text("")
    with pytest.raises(InputError, match="was changed since it was written"):
        pending(plan_training(grid, study), tmp_path / "runs")


def test_a_failed_verification_is_a_failure_also_when_repeated(
    trained: tuple[Grid, Path, Trained], study: Study, tmp_path: Path
) -> None:
    from pluralign_stats.storage.digest import digest_file
    from pluralign_stats.storage.files import write_json
    from pluralign_stats.storage.folders import MARK

    grid, out, result = trained
    shutil.copytree(out, tmp_path / "runs")
    folder = tmp_path / "runs" / result.trained[0]
    verdict = json.loads((folder / "verification.json").read_text())
    write_json(
        folder / "verification.json", verdict | {"passed": False, "reason": "nothing learned"}
    )
    mark = json.loads((folder / MARK).read_text())
    mark["files"]["verification.json"] = digest_file(folder / "verification.json")
    write_json(folder / MARK, mark)
    again = train_all(grid, study, tmp_path / "runs", progress=False)
    assert list(again.failed) == [folder.name]
    assert "nothing learned" in again.failed[folder.name]
    assert len(again.kept) == 1


class Nobody:
    """Workers that never come to a task."""

    def __init__(self, *_: object) -> None:
        pass

    def do(self, tasks: list[TrainingTask]) -> list[Event[TrainingTask]]:
        return []


class Failing(Nobody):
    """Workers with which nothing works."""

    def do(self, tasks: list[TrainingTask]) -> list[Event[TrainingTask]]:
        return [Event(task, "failed", "it rained") for task in tasks]


def test_what_failed_is_recorded_until_it_is_tried_again(
    base: Path, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = grid_of(base, tmp_path)
    monkeypatch.setattr(stage, "Pool", Failing)
    result = train_all(grid, study, tmp_path / "runs", progress=False)
    assert set(result.failed.values()) == {"it rained"}
    partial = sorted((tmp_path / "runs").glob("*.partial"))
    assert [failure(path) for path in partial] == ["it rained", "it rained"]
    monkeypatch.setattr(stage, "Pool", Nobody)
    assert len(train_all(grid, study, tmp_path / "runs", progress=False).waiting) == 2
    assert [failure(path) for path in partial] == [None, None]


def test_a_run_of_other_ratings_is_replaced_whenever_the_command_is_killed(
    trained: tuple[Grid, Path, Trained],
    study: Study,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed at each of its removals in turn, the command can always be called again."""
    grid, out, result = trained
    other = pls.simulate_study(8, n_raters=60, n_prompts=8, responses_per_prompt=2)
    monkeypatch.setattr(stage, "Pool", Nobody)
    remove = shutil.rmtree
    for last in range(8):
        runs = tmp_path / f"runs-{last}"
        shutil.copytree(out, runs)
        left = [last]

        def killed(path: Path, left: list[int] = left, **told: Any) -> None:
            if not told:
                for file in [*path.rglob("*.parquet")][:1]:
                    file.unlink()
                left[0] -= 1
                if left[0] < 0:
                    raise KeyboardInterrupt
            remove(path, **told)

        with monkeypatch.context() as patch:
            patch.setattr(shutil, "rmtree", killed)
            for rated in (other, study):
                with suppress(KeyboardInterrupt):
                    train_all(grid, rated, runs, progress=False)
        again = train_all(grid, other, runs, progress=False)
        assert sorted(again.waiting) == sorted(result.trained)
        for name in again.waiting:
            assert not (runs / name).exists()
            prepared = {p.name for p in (runs / f"{name}.partial").iterdir()}
            assert prepared == {FEEDBACK, EXCLUDED, INPUTS, CONDITION}


@pytest.mark.parametrize("written", range(8))
def test_a_disk_that_is_full_before_training_is_told(
    base: Path, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    grid = grid_of(base, tmp_path)
    left = [written]

    def full(_: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(stage, "Pool", Nobody)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(PluralignError, match=r"No space left on device.*goes on from here"):
            train_all(grid, study, tmp_path / "runs", progress=False)
    assert len(train_all(grid, study, tmp_path / "runs", progress=False).waiting) == 2


def test_completions_that_do_not_fit_are_refused_before_anything_is_trained(
    base: Path, study: Study, tmp_path: Path
) -> None:
    text = GRID + "  grpo: {{max_new_tokens: 190}}\noptimizers: grpo\n"
    with pytest.raises(InputError, match=r"context of .* has 192; lower max_new_tokens"):
        train_all(grid_of(base, tmp_path, text), study, tmp_path / "runs", progress=False)
    assert not list((tmp_path / "runs").glob("*"))


def test_texts_that_leave_nothing_are_refused_before_anything_is_trained(
    base: Path, study: Study, tmp_path: Path
) -> None:
    long = study.items.copy()
    for name in [c for c in long if c.startswith("response_text_")]:
        long[name] = "good " * 400
    with pytest.raises(InputError, match=r"has 0 examples.*longer than the context of 192"):
        train_all(
            grid_of(base, tmp_path), replace(study, _items=long), tmp_path / "runs", progress=False
        )
    assert not list((tmp_path / "runs").glob("*"))


def test_a_second_process_is_refused(base: Path, study: Study, tmp_path: Path) -> None:
    from pluralign_stats.storage.lock import held_alone

    grid = grid_of(base, tmp_path)
    with held_alone(tmp_path / "runs"), pytest.raises(InputError, match="another run is writing"):
        train_all(grid, study, tmp_path / "runs", progress=False)


PROGRAM = """\
import sys
from pathlib import Path
import pluralign_stats as pls
from training.conditions.grid import read_grid
from training.tuning.stage import train_all
study = pls.simulate_study(7, n_raters=60, n_prompts=8, responses_per_prompt=2)
train_all(read_grid(sys.argv[1]), study, Path(sys.argv[2]), jobs=1, progress=False)
"""


def children(process: int) -> list[int]:
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    pairs = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
    return [pid for pid, parent in pairs if parent == process]


def test_killing_the_command_ends_its_workers_and_the_next_one_goes_on(
    base: Path, study: Study, trained: tuple[Grid, Path, Trained], tmp_path: Path
) -> None:
    grid, whole, _ = trained
    grid_of(base, tmp_path)
    out = tmp_path / "runs"
    words = [sys.executable, "-c", PROGRAM, str(tmp_path / "grid.yaml"), str(out)]
    command = subprocess.Popen(words)
    deadline = time.monotonic() + 900
    while not list(out.glob("*.partial/checkpoints-dpo/checkpoint-*/complete.json")):
        assert time.monotonic() < deadline
        assert command.poll() is None
        time.sleep(0.02)
    workers = children(command.pid)
    assert workers
    os.kill(command.pid, signal.SIGKILL)
    command.wait()
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert not [p for p in out.glob("*/complete.json") if not is_complete(p.parent)]
    result = train_all(grid, study, out, progress=False)
    assert len(result.trained) + len(result.kept) == 2
    assert adapters(out) == adapters(whole)
