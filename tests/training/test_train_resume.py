"""Runs that are killed, and checkpoints that are torn."""

import json
import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
import tiny
from train_runs import condition, prepare, train_with_kills

pytestmark = pytest.mark.extended


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.make_model("llama", tmp_path_factory.mktemp("base") / "llama")


@pytest.fixture(scope="module")
def whole(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Folder of a run by an optimizer that nothing breaks off; each is made once."""

    @cache
    def made(optimizer: str) -> Path:
        from training.tuning.run import train_condition

        folder = tmp_path_factory.mktemp(optimizer) / "whole"
        assert train_condition(prepare(folder, condition(optimizer, base)), str(base))
        return folder

    return made


def files(folder: Path) -> dict[str, bytes]:
    """Everything in a run folder but what a clock says."""
    clocks = {"complete.json"}
    paths = (p for p in folder.rglob("*") if p.is_file() and p.name not in clocks)
    return {str(p.relative_to(folder)): p.read_bytes() for p in paths}


@pytest.mark.parametrize("optimizer", ["dpo", "kto", "grpo"])
def test_a_run_that_is_killed_again_and_again_ends_as_one_that_is_not(
    optimizer: str, base: Path, whole: Callable[[str], Path], tmp_path: Path
) -> None:
    killed = prepare(tmp_path / "killed", condition(optimizer, base))
    # Before the kills, so that the copies of this process have loaded what trains.
    expected = files(whole(optimizer))
    assert train_with_kills(killed, base, seconds=0.6, seed=11) >= 1
    assert files(killed) == expected


def stop_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Let training break off behind a step, as a kill would."""
    from training.optimize.arguments import Teller

    def tell(self: object, args: object, state: object, control: object, **_: object) -> None:
        if state.global_step == step:
            raise KeyboardInterrupt

    monkeypatch.setattr(Teller, "on_step_end", tell)


def test_a_torn_checkpoint_is_discarded_and_the_one_before_it_used(
    base: Path,
    whole: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from training.optimize import arguments
    from training.tuning.run import train_condition

    made = condition("dpo", base)
    torn = prepare(tmp_path / "torn", made)
    with monkeypatch.context() as patch:
        stop_at(patch, 7)
        with pytest.raises(KeyboardInterrupt):
            train_condition(torn, str(base))
    checkpoints = tmp_path / "torn.partial" / "checkpoints-dpo"
    assert sorted(p.name for p in checkpoints.glob("checkpoint-*")) == [
        "checkpoint-4",
        "checkpoint-6",
    ]
    weights = checkpoints / "checkpoint-6" / "optimizer.pt"
    weights.write_bytes(weights.read_bytes()[:-100])
    used = []
    find = arguments.last_checkpoint
    monkeypatch.setattr(arguments, "last_checkpoint", lambda p: used.append(find(p)) or used[-1])
    with caplog.at_level(logging.WARNING):
        train_condition(torn, str(base))
    assert "checkpoint of step 6" in caplog.text
    assert "discarded" in caplog.text
    assert [p.name for p in used] == ["checkpoint-4"]
    assert files(torn) == files(whole("dpo"))


def test_with_no_checkpoint_left_training_begins_again(
    base: Path,
    whole: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from training.optimize.checkpoints import last_checkpoint
    from training.tuning.run import train_condition

    made = condition("dpo", base)
    torn = prepare(tmp_path / "torn", made)
    with monkeypatch.context() as patch:
        stop_at(patch, 5)
        with pytest.raises(KeyboardInterrupt):
            train_condition(torn, str(base))
    checkpoints = tmp_path / "torn.partial" / "checkpoints-dpo"
    for path in checkpoints.glob("checkpoint-*"):
        (path / "complete.json").unlink()
    assert last_checkpoint(checkpoints) is None
    assert not list(checkpoints.glob("checkpoint-*"))
    train_condition(torn, str(base))
    assert files(torn) == files(whole("dpo"))


def test_a_table_that_a_kill_tears_is_written_again(
    base: Path,
    whole: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from training.tuning.run import train_condition

    def torn(_: object, where: Any, **__: object) -> None:
        if hasattr(where, "write"):
            where.write(b"torn")
        else:
            Path(where).write_bytes(b"torn")
        raise KeyboardInterrupt

    made = condition("dpo", base)
    killed = prepare(tmp_path / "killed", made)
    with monkeypatch.context() as patch:
        patch.setattr(pyarrow.parquet, "write_table", torn)
        with pytest.raises(KeyboardInterrupt):
            train_condition(killed, str(base))
    assert not killed.exists()
    train_condition(killed, str(base))
    assert files(killed) == files(whole("dpo"))


def test_grpo_meets_no_prompt_that_is_longer_than_the_context(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.bases.tokenizer import load_tokenizer
    from training.optimize import grpo, reward
    from training.optimize.arguments import TrainerConfig
    from training.optimize.data import rows_of
    from training.tuning import run
    from training.tuning.plan import longest

    feedback = tiny.pairs()
    feedback.loc[0, "prompt_text"] = "good " * 200
    made = condition("grpo", base)
    prepare(tmp_path / "run", made, feedback)
    tokenizer = load_tokenizer(str(base))
    rows = rows_of(feedback, tokenizer, longest(made, str(base)))
    config = TrainerConfig(
        "grpo", tmp_path / "run.partial", str(base), tokenizer, made.training, 3, lambda *_: None
    )
    met: list[str] = []
    monkeypatch.setattr(reward, "train_reward", lambda *_: None)
    monkeypatch.setattr(reward, "load_rewards", lambda *_: None)
    monkeypatch.setattr(grpo, "grpo_trainer", lambda _, prompts, __: met.extend(prompts))
    monkeypatch.setattr(run, "run_trainer", lambda *_: None)
    run._train(config, rows)
    assert met == sorted(set(feedback["prompt_text"][1:]))


def test_metrics_have_one_line_for_each_time_they_were_due(whole: Callable[[str], Path]) -> None:
    folder = whole("dpo")
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 4, 6, 8]
    assert {line["stage"] for line in lines} == {"dpo"}
    assert not (folder / "checkpoints-dpo").exists()
