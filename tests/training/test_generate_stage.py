"""The stage of generation: every run asked once, whatever happens on the way."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from tiny_chat_models import save_model, save_run

import pluralign_stats as pls
from pluralign_stats.errors import InputError, PluralignError
from pluralign_stats.feedback.split import split_prompts
from pluralign_stats.storage.files import write_json
from pluralign_stats.storage.folders import is_complete, read_mark
from pluralign_stats.storage.lock import held_alone
from pluralign_stats.storage.store import Store
from pluralign_stats.workers.pool import Event
from training.engines.engine import Generation, GenerationOptions, Request
from training.engines.transformers_engine import TransformersEngine
from training.generation import jobs as generate_jobs
from training.generation import run as generate_run
from training.generation.plan import SCHEMA, row_seed
from training.generation.prompts import Prompt, study_prompts
from training.generation.runs import refuse_trained
from training.generation.stage import Generated, generate_all
from training.judges.stage import find_generations

pytestmark = pytest.mark.extended

OPTIONS = GenerationOptions(samples=2, max_tokens=12, batch=8, seed=3)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of one base model."""
    place = tmp_path_factory.mktemp("stage")
    base = save_model(place / "base")
    for seed in (1, 2):
        save_run(place / "runs", base, seed)
    return place / "runs"


@pytest.fixture(scope="module")
def done(runs: Path, small_study: pls.Study) -> tuple[Path, Generated]:
    """Their generations, made without interruption."""
    out = runs.parent / "generations"
    return out, generate_all(runs, out, OPTIONS, small_study)


@pytest.fixture
def prompts_file(tmp_path: Path) -> Path:
    path = tmp_path / "prompts.csv"
    rows = "\n".join(f"q{i:03d},en,what is {'good ' * (i % 3)} home" for i in range(30))
    path.write_text(f"prompt,language,text\n{rows}\n", "utf-8")
    return path


def _table(folder: Path) -> pd.DataFrame:
    return pq.read_table(folder / "generations.parquet").to_pandas()


def _only(runs: Path, folder: Path, n: int = 1) -> Path:
    """A folder with the first runs only."""
    for run in sorted(p for p in runs.iterdir() if p.is_dir())[:n]:
        shutil.copytree(run, folder / run.name)
    return folder


def _counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of answers that the engine is asked for from now on."""
    asked: list[int] = []
    real = TransformersEngine.generate

    def counting(self: TransformersEngine, requests: list[Request]) -> list[Generation]:
        asked.append(len(requests))
        return real(self, requests)

    monkeypatch.setattr(TransformersEngine, "generate", counting)
    return asked


def test_every_run_and_the_control_answer_all_held_out_prompts(
    runs: Path, done: tuple[Path, Generated], small_study: pls.Study
) -> None:
    out, told = done
    tuned = sorted(p.name for p in runs.iterdir() if p.is_dir())
    (control,) = set(told.made) - set(tuned)
    assert control.startswith("control-")
    assert sorted(told.made) == sorted([control, *tuned])
    assert not told.failed
    asked = study_prompts(small_study, split_prompts(small_study, 0.5, 0).held_out)
    for name in told.made:
        assert is_complete(out / name)
        table = _table(out / name)
        keys = table[["prompt", "language", "sample"]].apply(tuple, axis=1).tolist()
        assert keys == [(p.prompt, p.language, s) for p in asked for s in range(2)]
        assert table["prompt_text"].tolist() == [p.text for p in asked for _ in range(2)]
        assert set(table["run"]) == {name}
        assert table["seed"].tolist() == [row_seed(3, name, *key) for key in keys]
        assert list(table) == SCHEMA.names


def test_run_json_has_the_factors_of_the_outcome_table(done: tuple[Path, Generated]) -> None:
    out, told = done
    for name in told.made:
        described = json.loads((out / name / "run.json").read_text("utf-8"))
        assert described["id"] == name
        assert described["base_model"].endswith("base")
        factors = described["factors"]
        assert factors["optimizer"] == ("control" if name.startswith("control") else "dpo")
        assert set(factors) >= {"group", "scale", "strategy", "objective", "base_model", "seed"}
        assert len(read_mark(out / name)["base"]) == 64


def test_tuned_runs_do_not_speak_as_the_control(done: tuple[Path, Generated]) -> None:
    out, told = done
    said = [tuple(_table(out / name)["response"]) for name in told.made]
    assert len(set(said)) == len(said)


def test_a_second_call_asks_nothing(
    runs: Path,
    done: tuple[Path, Generated],
    small_study: pls.Study,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = _counted(monkeypatch)
    again = generate_all(runs, done[0], OPTIONS, small_study)
    assert not asked
    assert not again.made
    assert sorted(again.kept) == sorted(done[1].made)


def test_other_options_are_refused_and_change_nothing(
    runs: Path, done: tuple[Path, Generated], small_study: pls.Study
) -> None:
    out, told = done
    marks = {name: (out / name / "complete.json").read_bytes() for name in told.made}
    other = GenerationOptions(samples=2, max_tokens=12, temperature=0.5, seed=3)
    with pytest.raises(InputError, match=r"temperature was 1\.0, is now 0\.5\); choose another"):
        generate_all(runs, out, other, small_study)
    assert marks == {name: (out / name / "complete.json").read_bytes() for name in told.made}


def test_jobs_and_batches_change_nothing(
    runs: Path, done: tuple[Path, Generated], small_study: pls.Study, tmp_path: Path
) -> None:
    out, told = done
    other = GenerationOptions(samples=2, max_tokens=12, batch=5, seed=3)
    generate_all(runs, tmp_path / "out", other, small_study, jobs=2)
    for name in told.made:
        one, two = _table(out / name), _table(tmp_path / "out" / name)
        pd.testing.assert_frame_equal(one, two, check_exact=False, atol=1e-4)


def _kept(out: Path) -> int:
    """How many answers of unfinished runs are on the disk."""
    found = out.glob("*.partial/answers/answers.jsonl")
    return sum(path.read_bytes().count(b"\n") for path in found)


def test_killed_in_the_middle_it_goes_on_to_the_same_table(
    runs: Path, prompts_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = _only(runs, tmp_path / "runs")
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    call = (
        "import sys; from pathlib import Path; from training.generation.stage import *; "
        "generate_all(Path(sys.argv[1]), Path(sys.argv[2]), "
        "GenerationOptions(samples=2, max_tokens=12, batch=1, seed=3), "
        "prompts_file=Path(sys.argv[3]))"
    )
    command = [sys.executable, "-c", call, str(one), str(torn), str(prompts_file)]
    child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while _kept(torn) < 5:
        assert child.poll() is None
        time.sleep(0.001)
    child.send_signal(signal.SIGKILL)
    child.wait()
    found = _kept(torn)
    assert not list(torn.glob("*/complete.json"))
    assert found < 60

    options = GenerationOptions(samples=2, max_tokens=12, batch=1, seed=3)
    asked = _counted(monkeypatch)
    generate_all(one, torn, options, prompts_file=prompts_file)
    assert sum(asked) == 2 * 60 - found
    told = generate_all(one, whole, options, prompts_file=prompts_file)
    for name in told.made:
        pd.testing.assert_frame_equal(_table(whole / name), _table(torn / name))
        assert not (torn / name / "answers").exists()


def test_after_a_kill_answers_may_be_as_long_as_before(tmp_path: Path) -> None:
    prompts = [Prompt(f"q{i}", "en", "good " * (i + 1)) for i in range(4)]
    checked: list[list[str]] = []
    engine: Any = SimpleNamespace(
        use=lambda _: None,
        check=checked.append,
        generate=lambda requests: [Generation(None, "yes", 1, True, -1.0) for _ in requests],
    )
    run: Any = SimpleNamespace(id="run", folder=None)
    asks = generate_run.plan("run", prompts, 1, 3)
    options = GenerationOptions(samples=1, batch=1, seed=3)
    store = Store(tmp_path / "answers.jsonl", "answer")
    begun = generate_run._fill(run, asks, store, engine, options)
    assert [next(begun) for _ in range(3)] == [0, 1, 1]
    begun.close()
    again = Store(tmp_path / "answers.jsonl", "answer")
    assert list(generate_run._fill(run, asks, again, engine, options)) == [2, 1, 1]
    assert checked[0] == checked[1] == [prompt.text for prompt in prompts]


def test_prompts_that_runs_were_trained_on_are_refused(tmp_path: Path) -> None:
    run: Any = SimpleNamespace(folder=tmp_path)
    control: Any = SimpleNamespace(folder=None)
    asked = {"prompt_text": ["Who cooks at home?", "Wer kocht?", "Who cooks at home?"]}
    pd.DataFrame(asked).to_parquet(tmp_path / "feedback.parquet")
    new = Prompt("a", "en", "Who cooks at work?")
    refuse_trained([new], [control, run])
    refuse_trained([], [control, run])
    for text in ("Who cooks at home?", "  who COOKS  at home", "Wer kocht?"):
        file = [new, Prompt("mine", "de", text), Prompt("other", "en", text)]
        with pytest.raises(InputError, match=r"2 of 3 prompts .* have the text .*'mine' in 'de'"):
            refuse_trained(file, [control, run])


def test_a_trained_prompt_in_the_file_stops_before_anything_is_asked(
    runs: Path, prompts_file: Path, tmp_path: Path
) -> None:
    one = _only(runs, tmp_path / "runs")
    (run,) = (path for path in one.iterdir() if path.is_dir())
    pd.DataFrame({"prompt_text": ["What is home"]}).to_parquet(run / "feedback.parquet")
    with pytest.raises(InputError, match="10 of 30 prompts"):
        generate_all(one, tmp_path / "out", OPTIONS, prompts_file=prompts_file)
    assert not (tmp_path / "out").exists()


def test_killed_before_the_mark_nothing_is_asked_again(
    runs: Path, prompts_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = _only(runs, tmp_path / "runs")

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(generate_run, "commit", killed)
        with pytest.raises(KeyboardInterrupt):
            generate_all(one, tmp_path / "out", OPTIONS, prompts_file=prompts_file)
    asked = _counted(monkeypatch)
    generate_all(one, tmp_path / "out", OPTIONS, prompts_file=prompts_file)
    assert sum(asked) == 60  # the run behind the control that was finished


def test_workers_end_with_a_parent_that_is_killed(
    runs: Path, tmp_path: Path, small_study: pls.Study
) -> None:
    study = pls.write_simulated_study(
        tmp_path / "study", 7, n_raters=60, n_prompts=40, responses_per_prompt=2
    )
    call = (
        "import sys; from pathlib import Path; import pluralign_stats as pls; "
        "from training.generation.stage import *; "
        "generate_all(Path(sys.argv[1]), Path(sys.argv[2]), "
        "GenerationOptions(samples=50, max_tokens=12, batch=1), pls.read_study(sys.argv[3]), "
        "jobs=2)"
    )
    command = [sys.executable, "-c", call, str(runs), str(tmp_path / "out"), str(study)]
    parent = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    while _kept(tmp_path / "out") < 3:
        assert parent.poll() is None
        time.sleep(0.01)
    workers = _children(parent.pid)
    assert len(workers) >= 2
    parent.kill()
    parent.wait()
    end = time.monotonic() + 600
    while any(Path(f"/proc/{pid}").exists() and _alive(pid) for pid in workers):
        assert time.monotonic() < end, "workers outlive their parent"
        time.sleep(0.05)


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_failed_verification_is_refused_and_the_others_speak(
    runs: Path, prompts_file: Path, tmp_path: Path
) -> None:
    some = _only(runs, tmp_path / "runs")
    bad = save_run(some, runs.parent / "base", 5, verdict={"passed": False, "reason": "it sings"})
    told = generate_all(some, tmp_path / "out", OPTIONS, prompts_file=prompts_file)
    assert set(told.failed) == {bad.name}
    assert "its adapter failed verification: it sings" in told.failed[bad.name]
    assert len(told.made) == 2
    assert not (tmp_path / "out" / bad.name).exists()


def test_an_adapter_that_is_not_applied_is_refused_and_the_others_speak(
    runs: Path, prompts_file: Path, tmp_path: Path
) -> None:
    """Its verification says that it passed, but the adapter changes nothing."""
    some = _only(runs, tmp_path / "runs")
    good = next(some.iterdir())
    shown = json.loads((good / "verification.json").read_text("utf-8"))
    silent = save_run(some, runs.parent / "base", 6, scale=0.0, verdict=shown)
    told = generate_all(some, tmp_path / "out", OPTIONS, prompts_file=prompts_file)
    assert set(told.failed) == {silent.name}
    assert "is not active" in told.failed[silent.name]
    assert not (tmp_path / "out" / silent.name).exists()
    assert is_complete(tmp_path / "out" / good.name)


def test_a_changed_run_is_refused(runs: Path, prompts_file: Path, tmp_path: Path) -> None:
    some = _only(runs, tmp_path / "runs")
    (run,) = some.iterdir()
    (run / "adapter" / "adapter_config.json").write_text("{}", "utf-8")
    told = generate_all(some, tmp_path / "out", OPTIONS, prompts_file=prompts_file)
    assert "was changed since it was written" in told.failed[run.name]


def test_a_base_model_that_is_gone_fails_its_runs_only(
    runs: Path, prompts_file: Path, tmp_path: Path
) -> None:
    some = _only(runs, tmp_path / "runs")
    lost = save_model(tmp_path / "lost")
    gone = save_run(some, lost)
    shutil.rmtree(lost)
    told = generate_all(some, tmp_path / "out", OPTIONS, prompts_file=prompts_file)
    assert gone.name in told.failed
    assert len(told.failed) == 2
    assert "does not exist" in told.failed[gone.name]
    assert len(told.made) == 2


def test_runs_that_have_not_ended_are_left_out_and_it_is_told_how_they_stand(
    runs: Path, prompts_file: Path, tmp_path: Path
) -> None:
    some = _only(runs, tmp_path / "runs")
    for name in ("killed", "next", "now", "torn"):
        (some / f"{name}.partial").mkdir()
    write_json(some / "torn.partial" / "failed.json", {"id": "torn", "error": "it rained"})
    with held_alone(some / "killed"), held_alone(some / "torn"):
        pass
    with held_alone(some / "now"):
        told = generate_all(some, tmp_path / "out", OPTIONS, prompts_file=prompts_file)
    assert told.unfinished.keys() == {"killed", "next", "now"}
    assert told.unfinished["killed"].startswith("broken off in training: pluralign train")
    assert told.unfinished["next"].startswith("not begun: pluralign train")
    assert told.unfinished["now"] == "still in training"
    assert told.failed.keys() == {"torn"}
    assert "training failed: it rained (pluralign train, called again" in told.failed["torn"]
    assert len(told.made) == 2


def test_each_chat_template_of_a_base_model_has_its_control(
    runs: Path, prompts_file: Path, tmp_path: Path
) -> None:
    some = _only(runs, tmp_path / "runs")
    base = runs.parent / "base"
    other = tmp_path / "other.jinja"
    own = (base / "chat_template.jinja").read_text("utf-8")
    other.write_text("{{ 'so ' }}" + own, "utf-8")
    save_run(some, base, 7, chat_template=other)
    told = generate_all(some, tmp_path / "out", OPTIONS, prompts_file=prompts_file)
    found, _ = find_generations(tmp_path / "out")
    assert len(found) == 4
    for run in found:
        if not run.is_control:
            assert run.control
            assert run.control.factors["chat_template"] == run.factors["chat_template"]
    made = [json.loads((tmp_path / "out" / n / "run.json").read_text("utf-8")) for n in told.made]
    templates = [(m["factors"]["optimizer"], m["factors"]["chat_template"]) for m in made]
    assert sorted(templates) == sorted(
        (optimizer, template)
        for optimizer in ("control", "dpo")
        for template in ("own", str(other))
    )


def test_each_base_model_has_its_control(runs: Path, prompts_file: Path, tmp_path: Path) -> None:
    some = _only(runs, tmp_path / "runs")
    save_run(some, save_model(tmp_path / "thinking", "reasoning"))
    told = generate_all(some, tmp_path / "out", OPTIONS, prompts_file=prompts_file)
    controls = [name for name in told.made if name.startswith("control-")]
    assert len(controls) == 2
    thinking = _table(tmp_path / "out" / next(c for c in controls if "thinking" in c))
    assert thinking["thinking"].notna().all()
    assert (
        thinking.loc[~thinking["finished"] & (thinking["response"] == ""), "base_logprob"]
        .isna()
        .all()
    )


@pytest.mark.parametrize("written", [0, 1, 5, 9, 10, 11])
def test_a_full_disk_is_told_and_leaves_nothing_that_looks_complete(
    runs: Path,
    prompts_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    written: int,
) -> None:
    """Inputs, eight parts, their table, run.json and the mark: the disk is full at any of them."""
    one = _only(runs, tmp_path / "runs")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _after(written, full))
        with pytest.raises(PluralignError, match=r"No space left on device.*goes on from here"):
            generate_all(one, tmp_path / "out", OPTIONS, prompts_file=prompts_file)
    assert not list((tmp_path / "out").glob("*/complete.json"))
    assert generate_all(one, tmp_path / "out", OPTIONS, prompts_file=prompts_file).made


def _after(n: int, fails: Callable[[int], None]) -> Callable[[int], None]:
    calls = iter(range(1000))
    return lambda file: fails(file) if next(calls) >= n else None


def test_two_cannot_write_to_one_folder(runs: Path, prompts_file: Path, tmp_path: Path) -> None:
    with held_alone(tmp_path / "out"), pytest.raises(InputError, match="another run is writing"):
        generate_all(runs, tmp_path / "out", OPTIONS, prompts_file=prompts_file)


@pytest.mark.parametrize(
    ("folder", "message"),
    [("none", "is no folder of runs"), ("empty", "holds no complete run; make them")],
)
def test_without_runs_it_says_what_to_do(tmp_path: Path, folder: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=message):
        generate_all(tmp_path / folder, tmp_path / "out")


def test_without_anything_to_ask_it_says_so(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing to ask of control-.*give a study"):
        generate_all(runs, tmp_path / "out", OPTIONS)


def test_a_worker_that_dies_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dying:
        def __init__(self, *_: Any) -> None: ...

        def do(self, tasks: Sequence[Any]) -> list[Event[Any]]:
            return [Event(tasks[0], "progress", 1), Event(tasks[0], "died", "was killed")]

    monkeypatch.setattr(generate_jobs, "Pool", Dying)
    tasks: list[Any] = ["a", "b"]
    events = generate_jobs.do_all(tasks, GenerationOptions(), 2)
    assert next(events).value == 1
    with pytest.raises(PluralignError, match=r"worker process was killed.*goes on from here"):
        next(events)
