"""What a worker says of a condition that fails: a full disk, a fault, its launcher's death."""

import errno
import os
import subprocess
import sys
import threading
import time
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import pytest
import tiny
from train_runs import condition, prepare

from pluralign_stats.storage.folders import is_complete
from pluralign_stats.storage.lock import was_held
from pluralign_stats.workers.pool import Event, Pool
from pluralign_stats.workers.worker import _do
from training.tuning.stage import launcher
from training.tuning.worker import TrainingTask, train_task

pytestmark = pytest.mark.extended


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.make_model("llama", tmp_path_factory.mktemp("base") / "llama")


def did(folder: Path, base: Path) -> Event[TrainingTask]:
    """The end of a condition that is trained here, as a worker says it."""
    answers, own = Pipe(duplex=False)
    task = TrainingTask(folder, str(base))
    threading.Thread(target=_do, args=(train_task, task, own)).start()
    while True:
        kind, value, fatal = answers.recv()
        if kind != "progress":
            return Event(task, kind, value, fatal)


def test_a_full_disk_is_one_line_and_training_goes_on_once_there_is_room(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.optimize import checkpoints

    folder = prepare(tmp_path / "run", condition("dpo", base))
    written = checkpoints.write_mark

    def write_mark(path: Path, record: dict[str, Any]) -> None:
        if path.name == "checkpoint-4":
            raise OSError(errno.ENOSPC, "No space left on device")
        written(path, record)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "write_mark", write_mark)
        told = did(folder, base)
    assert told.kind == "failed"
    assert told.fatal
    assert "is full; make room and run the command again" in told.value
    assert "\n" not in told.value
    assert not folder.exists()
    assert did(folder, base) == Event(TrainingTask(folder, str(base)), "done", True)


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
    assert told.kind == "failed"
    assert told.fatal, told


def test_another_fault_is_one_line_and_no_full_disk(base: Path, tmp_path: Path) -> None:
    folder = prepare(tmp_path / "run", condition("dpo", base))
    (tmp_path / "run.partial" / "feedback.parquet").write_bytes(b"no table")
    told = did(folder, base)
    assert told.kind == "failed"
    assert not told.fatal
    assert "\n" not in told.value


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
from pluralign_stats.workers.pool import Pool
from training.tuning.stage import launcher
from training.tuning.worker import TrainingTask, train_task
folder, base, here = map(Path, sys.argv[1:])
pool = Pool(train_task, 1, here / "log", launcher(here / "two.yaml"))
list(pool.do([TrainingTask(folder, str(base))]))
"""


def test_two_processes_train_one_condition_and_end_with_who_launched_them(
    base: Path, tmp_path: Path
) -> None:
    (tmp_path / "two.yaml").write_text(TWO)
    folder = prepare(tmp_path / "run", condition("dpo", base, checkpoint_steps=1, log_steps=1))
    words = [sys.executable, "-c", LAUNCH, str(folder), str(base), str(tmp_path)]
    parent = subprocess.Popen(words)
    end = time.monotonic() + 900
    while not list(tmp_path.glob("run.partial/checkpoints-dpo/checkpoint-*/complete.json")):
        assert time.monotonic() < end
        assert parent.poll() is None
        time.sleep(0.02)
    assert was_held(folder)
    parent.kill()
    parent.wait()
    while was_held(folder):
        assert time.monotonic() < end
        time.sleep(0.02)
    pool = Pool(train_task, 1, tmp_path / "log", launcher(tmp_path / "two.yaml"))
    events = list(pool.do([TrainingTask(folder, str(base))]))
    assert events[-1] == Event(TrainingTask(folder, str(base)), "done", True)
    assert is_complete(folder)
