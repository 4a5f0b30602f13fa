"""A bounded pool of processes: order, progress, errors, deaths, devices, and that all end."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pool_tasks
import pytest

from pluralign_stats.workers.pool import Event, Pool

HERE = str(Path(__file__).parent)


@pytest.fixture(autouse=True)
def _found_by_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", HERE)


def ended(events: list[Event]) -> dict[object, Event]:
    return {event.task: event for event in events if event.ended}


def gone(process: int, seconds: float = 60) -> bool:
    """Whether a process ends; one that nobody has waited for counts as ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False


def test_one_worker_does_tasks_in_order_and_says_how_far_it_is() -> None:
    events = list(Pool(pool_tasks.square, 1).do([2, 0, 1]))
    assert events == [
        Event(2, "progress", (0, 2)), Event(2, "progress", (1, 2)), Event(2, "done", 4),
        Event(0, "done", 0),
        Event(1, "progress", (0, 1)), Event(1, "done", 1),
    ]  # fmt: skip
    assert list(Pool(pool_tasks.square, 4).do([])) == []


def test_there_are_no_more_processes_than_jobs() -> None:
    events = ended(list(Pool(pool_tasks.told, 2).do([f"pid {k}" for k in range(5)])))
    assert len(events) == 5
    assert len({event.value for event in events.values()}) == 2
    assert os.getpid() not in {event.value for event in events.values()}


def test_what_does_the_tasks_may_keep_something() -> None:
    events = list(Pool(pool_tasks.Counter(10), 1).do(["a", "b"]))
    assert [event.value for event in events] == [11, 12]


def test_an_error_is_one_line_and_fails_its_task_alone(tmp_path: Path) -> None:
    log = tmp_path / "log"
    told = ended(list(Pool(pool_tasks.fail, 1, log).do(["input", "fault", "well"])))
    assert told["input"].error == "this one cannot be done"
    assert told["fault"].error == "KeyError: 'x'"
    assert (told["well"].error, told["well"].value) == (None, "well")
    assert not any(event.fatal for event in told.values())
    said = (log / "worker-0.log").read_text()
    assert "Traceback" in said
    assert "InputError" not in said


def test_a_worker_that_dies_takes_no_other_task_down(tmp_path: Path) -> None:
    log = tmp_path / "log"
    told = ended(list(Pool(pool_tasks.fail, 1, log).do(["killed", "exits", "well"])))
    assert (told["killed"].kind, told["exits"].kind) == ("died", "died")
    assert told["killed"].error == "was killed, perhaps for want of memory"
    last = f"ended with status 3: the last words (all of it: {log / 'worker-0.log'})"
    assert told["exits"].error == last
    assert told["well"].value == "well"


def test_a_worker_that_is_killed_as_it_starts_fails_its_task_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start, left = subprocess.Popen, [True]

    def killed(*words: Any, **told: Any) -> "subprocess.Popen[bytes]":
        process = start(*words, **told)
        if left and left.pop():
            process.kill()
            process.wait()
        return process

    monkeypatch.setattr("pluralign_stats.workers.fork_server.subprocess.Popen", killed)
    told = ended(list(Pool(pool_tasks.fail, 1).do(["first", "second"])))
    assert (told["first"].kind, told["second"].value) == ("died", "second")


def test_after_a_fatal_error_nothing_is_begun() -> None:
    events = list(Pool(pool_tasks.fail, 1).do(["well", "stop", "input"]))
    assert [event.task for event in events] == ["well", "stop"]
    assert events[-1] == Event("stop", "failed", "the disk is full", fatal=True)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at Linux's process table")
@pytest.mark.parametrize("how", [GeneratorExit, KeyboardInterrupt])
def test_no_worker_and_nothing_that_one_started_outlives_the_work(how) -> None:
    events = Pool(pool_tasks.sleep, 2).do(["", "", ""])
    processes = [*next(events).value, *next(events).value]
    with pytest.raises(how):
        events.throw(how)
    assert all(gone(process) for process in processes)


CALL = """\
import sys
from pool_tasks import sleep
from pluralign_stats.workers.pool import Pool
list(Pool(sleep, 1).do([sys.argv[1]]))
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at Linux's process table")
def test_a_worker_ends_with_whoever_started_it_however_that_ends(tmp_path: Path) -> None:
    said = tmp_path / "said"
    parent = subprocess.Popen([sys.executable, "-c", CALL, str(said)])
    until = time.monotonic() + 120
    while not (said.exists() and len(said.read_text().split()) == 2):
        assert time.monotonic() < until
        time.sleep(0.02)
    worker, child = map(int, said.read_text().split())
    parent.kill()
    parent.wait()
    assert gone(worker)
    os.kill(child, 9)


def test_each_worker_has_a_device_and_a_thread_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "a,b")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    devices = list(Pool(pool_tasks.told, 2).do(["CUDA_VISIBLE_DEVICES"] * 2))
    assert {event.value for event in devices} == {"a", "b"}
    for forced, threads in ((True, "1"), (False, "3")):
        (event,) = Pool(pool_tasks.told, 1, one_thread_each=forced).do(["OMP_NUM_THREADS"])
        assert event.value == threads


def test_modules_in_the_working_folder_are_none_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("training", "reports", "pluralign_stats"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a file of the user')\n")
    monkeypatch.chdir(tmp_path)
    (event,) = Pool(pool_tasks.told, 1).do(["module"])
    assert event.kind == "done"
    assert not Path(event.value).is_relative_to(tmp_path)
