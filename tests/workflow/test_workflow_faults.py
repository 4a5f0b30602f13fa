"""What a run survives: each time it comes to the results of a run that nothing disturbed."""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from small_run import children, failed, finish, results, run, start

from training.workflow.config import read_run
from training.workflow.layout import Layout
from training.workflow.step import provenance

pytestmark = pytest.mark.extended

WORKER, STEP = "pluralign_stats.workers.worker", "training.workflow.step"

#: What runs one after the other in a run: modules, with the words behind them.
MOMENTS = (
    "pluralign_stats reproduce",
    "snakemake",
    f"{STEP} study",
    f"{STEP} plan",
    f"{STEP} items",
    f"{STEP} train",
    WORKER,
    f"{STEP} generate",
    "pluralign_stats generate",
    f"{STEP} judge",
)


def _one_run(out: Path, word: str = "mean") -> Path:
    (found,) = (p for p in (out / "runs").glob("[!.]*") if word in p.name)
    return found


def _marks(out: Path) -> dict[str, str]:
    """The completion mark of every run, which is written anew by each training."""
    return {p.parent.name: p.read_text() for p in out.glob("runs/*/complete.json")}


def _running(process: int) -> dict[str, int]:
    """What of `MOMENTS` a run is at, with a process that does it."""
    found = {}
    for child in children(process):
        try:
            command = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        found |= {moment: child for moment in MOMENTS if f" -m {moment} " in f"{command} "}
    return found


def _make_fives_of_fours(ratings: Path) -> None:
    lines = ratings.read_text().splitlines()
    column = lines[0].split(",").index("rating_toxicity")
    cells = [line.split(",") for line in lines]
    for row in cells[1:]:
        row[column] = "5" if row[column] == "4" else row[column]
    ratings.write_text("\n".join(",".join(row) for row in cells) + "\n")


def test_of_a_changed_study_only_what_it_affects_is_done_again_and_a_death_takes_no_other_down(
    reference, copied
) -> None:
    """A 4 becomes a 5: the binary scale sees no difference, the 5-point scale does.

    Of the two trainings the first is killed as the kernel does it for want of memory; the next call
    trains it again.
    """
    out = copied()
    _make_fives_of_fours(out / "study" / "ratings.csv")
    before, marks = results(out), _marks(out)
    process = start(reference.config, out, "--json", "--jobs", 1)
    while WORKER not in (running := _running(process.pid)):
        assert process.poll() is None
        time.sleep(0.05)
    os.kill(running[WORKER], signal.SIGKILL)
    status, told, err = finish(process)
    assert status == 2
    (gone,) = failed(out)
    assert f"1 of the conditions failed: {gone}: the process that trained it was killed" in err
    assert json.loads(told)["study_changed"]
    (trained,) = (name for name, mark in _marks(out).items() if mark != marks[name])
    assert trained != gone
    survived = _marks(out)[trained]
    status, told, err = run(reference.config, out, "--json", "--jobs", 1)
    assert status == 0, err
    assert not json.loads(told)["study_changed"]
    assert _marks(out)[trained] == survived
    kept = [name for name, mark in _marks(out).items() if mark == marks[name]]
    assert [name.split("-")[1] for name in kept] == ["binary"]
    assert len(marks) == 3
    config = read_run(str(reference.config))
    assert (
        "2 conditions were trained since, and 1,"
        in provenance(config, Layout(out))["study changed"]
    )
    after = results(out)
    same = {path for path in before if before[path] == after[path]}
    assert {path for path in before if "binary" in path or "control" in path} <= same
    assert not any("5-point" in path and "adapter" in path for path in same)


def test_a_full_disk_ends_in_one_line_and_room_is_enough_to_go_on(reference, tmp_path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    size = sum(p.stat().st_size + 4096 for p in reference.out.rglob("*")) + 2**17
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(small)]
    try:
        if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("a small file system cannot be mounted here")
    except OSError:
        pytest.skip("a small file system cannot be mounted here")
    try:
        out = Path(shutil.copytree(reference.out, small / "out"))
        gone = _one_run(out).name
        shutil.rmtree(out / "runs" / gone)
        free = shutil.disk_usage(small).free
        filler = small / "filler"
        filler.write_bytes(b"0" * max(free - 2**15, 0))
        status, told, err = run(reference.config, out, "--jobs", 1)
        assert (status, told) == (2, "")
        assert "again: it goes on" in err
        assert "Traceback" not in err
        filler.unlink()
        subprocess.run(["mount", "-o", "remount,size=64m", str(small)], check=True)
        status, _, err = run(reference.config, out, "--jobs", 1)
        assert status == 0, err
        assert results(out) == results(reference.out)
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_killed_twenty_times_it_comes_to_the_same_results(reference, tmp_path) -> None:
    """Now all its processes, now only the one that was typed; soon after each moment began.

    A moment that was over when the run was called again is followed by the next.
    """
    out, rng, struck = tmp_path / "out", random.Random(1), []
    for kill in range(20):
        later = MOMENTS[kill * len(MOMENTS) // 20 :]
        process = start(reference.config, out, "--jobs", 2)
        while not (seen := _running(process.pid).keys() & set(later)):
            assert process.poll() is None, finish(process)
            time.sleep(0.01)
        struck += seen
        time.sleep(rng.uniform(0, 1.5))
        victims = children(process.pid) if rng.random() < 0.5 else [process.pid]
        for victim in victims:
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                continue
        finish(process)
    assert {*struck} == {*MOMENTS}
    status, _, err = run(reference.config, out, "--jobs", 2)
    assert status == 0, err
    assert results(out) == results(reference.out)
