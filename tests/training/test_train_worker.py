"""What a worker says of a condition that fails: a full disk, a fault, a death."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import tiny
from train_runs import condition, prepare

from training.folders import is_complete, was_held
from training.tuning import worker
from training.tuning.pool import News, Pool, Task


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.make_model("llama", tmp_path_factory.mktemp("base") / "llama")


def did(folder: Path, base: Path) -> dict[str, Any]:
    told: list[dict[str, Any]] = []
    worker.do_task({"folder": str(folder), "base": str(base)}, told.append)
    return told[-1]


def test_a_full_disk_is_one_line_and_training_goes_on_once_there_is_room(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.optimize import checkpoints

    folder = prepare(tmp_path / "run", condition("dpo", base))
    written = checkpoints.mark

    def mark(path: Path) -> None:
        if path.name == "checkpoint-4":
            raise OSError(errno.ENOSPC, "No space left on device")
        written(path)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "mark", mark)
        told = did(folder, base)
    assert told["news"] == "failed"
    assert told["full"]
    assert "is full; make room and run the command again" in told["error"]
    assert "\n" not in told["error"]
    assert not folder.exists()
    assert did(folder, base) == {"news": "done", "passed": True}


def test_a_disk_that_is_really_full(base: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(small)]
    try:
        if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("a small file system cannot be mounted here")
    except OSError:
        pytest.skip("a small file system cannot be mounted here")
    try:
        told = did(prepare(small / "run", condition("dpo", base, lora_rank=16)), base)
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert told["news"] == "failed"
    assert told["full"], told


def test_another_fault_is_one_line_and_no_full_disk(base: Path, tmp_path: Path) -> None:
    folder = prepare(tmp_path / "run", condition("dpo", base))
    (tmp_path / "run.partial" / "feedback.parquet").write_bytes(b"no table")
    told = did(folder, base)
    assert told["news"] == "failed"
    assert not told["full"]
    assert "\n" not in told["error"]


TWO = """\
compute_environment: LOCAL_MACHINE
distributed_type: MULTI_CPU
num_machines: 1
num_processes: 2
main_process_port: 0
use_cpu: true
mixed_precision: "no"
"""

LAUNCH = """\
import sys
from pathlib import Path
from training.tuning.pool import Pool, Task
folder, base, here = map(Path, sys.argv[1:])
list(Pool(1, here / "log", here / "two.yaml").do([Task(folder, str(base))]))
"""


def test_two_processes_train_one_condition_and_end_with_who_launched_them(
    base: Path, tmp_path: Path
) -> None:
    (tmp_path / "two.yaml").write_text(TWO)
    folder = prepare(tmp_path / "run", condition("dpo", base, checkpoint_steps=1, log_steps=1))
    words = [sys.executable, "-c", LAUNCH, str(folder), str(base), str(tmp_path)]
    launcher = subprocess.Popen(words)
    end = time.monotonic() + 900
    while not list(tmp_path.glob("run.partial/checkpoints-dpo/checkpoint-*/whole.json")):
        assert time.monotonic() < end
        assert launcher.poll() is None
        time.sleep(0.02)
    assert was_held(folder)
    launcher.kill()
    launcher.wait()
    while was_held(folder):
        assert time.monotonic() < end
        time.sleep(0.02)
    pool = Pool(1, tmp_path / "log", tmp_path / "two.yaml")
    news = list(pool.do([Task(folder, str(base))]))
    assert news[-1] == News(Task(folder, str(base)), ended=True)
    assert is_complete(folder)


def test_a_worker_that_dies_takes_no_other_condition_down(tmp_path: Path) -> None:
    tasks = [Task(tmp_path / name, "none") for name in ("a", "b")]
    program = tmp_path / "program.py"
    program.write_text(
        "import json, os, signal, sys\n"
        "for line in sys.stdin:\n"
        "    task = json.loads(line)\n"
        "    if task['folder'].endswith('a'):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    print(json.dumps({'news': 'step', 'stage': 'dpo', 'step': 1, 'of': 2}), flush=True)\n"
        "    print(json.dumps({'news': 'done', 'passed': True}), flush=True)\n"
    )
    pool = Pool(1, tmp_path / "log", program=[str(program)])
    news = list(pool.do(tasks))
    ended = [n for n in news if n.ended]
    assert [n.error is None for n in ended] == [False, True]
    assert "was killed, perhaps for want of memory" in str(ended[0].error)
    assert News(tasks[1], "dpo", 1, 2) in news
