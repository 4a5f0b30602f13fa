"""Who may write: one, or several shards of the work; what ends with a killed process."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import filelock
import pytest

from pluralign_stats import InputError
from pluralign_stats.storage.lock import file_lock, held_alone, was_held
from pluralign_stats.storage.shard import WHOLE, Shard, read_shard


def test_only_one_process_may_write(tmp_path: Path) -> None:
    with (
        held_alone(tmp_path / "run"),
        pytest.raises(InputError, match="another run is writing"),
        held_alone(tmp_path / "run"),
    ):
        pass
    with held_alone(tmp_path / "run"):
        pass


def test_who_looks_whether_a_folder_is_held_does_not_hold_it(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert was_held(folder) is None
    assert not list(tmp_path.iterdir())
    with held_alone(folder):
        assert was_held(folder) is True
    assert was_held(folder) is False
    with held_alone(folder):
        pass


@contextmanager
def looked_at(folder: Path, seconds: float) -> Iterator[None]:
    """Hold the gate as one does who looks or begins, and is stopped while doing so."""
    begun = threading.Event()

    def look() -> None:
        with file_lock(folder.with_name(f".{folder.name}.gate.lock")):
            begun.set()
            time.sleep(seconds)

    looker = threading.Thread(target=look)
    looker.start()
    begun.wait()
    yield
    looker.join()


@pytest.mark.parametrize("shard", [WHOLE, Shard(1, 2), Shard(3, 3)])
def test_one_who_looks_and_is_stopped_is_waited_for(tmp_path: Path, shard: Shard) -> None:
    with looked_at(tmp_path / "run", 0.5), held_alone(tmp_path / "run", shard):
        assert was_held(tmp_path / "run") is shard.is_whole


def test_two_shards_hold_a_folder_together_and_nothing_else_does(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    with ExitStack() as held:
        held.enter_context(held_alone(folder, Shard(1, 2)))
        held.enter_context(held_alone(folder, Shard(2, 2)))
        for other in (Shard(1, 2), WHOLE, Shard(3, 3)):
            with pytest.raises(InputError, match="another run is writing"):
                held.enter_context(held_alone(folder, other))
    with held_alone(folder, Shard(3, 3)):
        pass
    with held_alone(folder), pytest.raises(InputError), held_alone(folder, Shard(1, 2)):
        pass
    with held_alone(folder), held_alone(tmp_path / "runs.part-1-of-2"):
        pass


def test_shards_are_read_and_share_everything_once() -> None:
    runs = list(range(11))
    shards = [read_shard(f"{k}/4") for k in range(1, 5)]
    assert sorted(r for shard in shards for r in shard.take(runs)) == runs
    sizes = [len(shard.take(runs)) for shard in shards]
    assert max(sizes) - min(sizes) <= 1
    cost = {0: 5.0, 1: 3.0}
    assert [Shard(k, 2).take([0, 1, 2, 3, 4], lambda run: cost.get(run, 1.0)) for k in (1, 2)] == [
        (0, 4),
        (1, 2, 3),
    ]
    assert read_shard("1/1") == WHOLE
    for wrong in ("0/4", "5/4", "1", "a/b", "1/0"):
        with pytest.raises(InputError, match="a part is K/N"):
            read_shard(wrong)


HOLD = """\
import sys, time
from pathlib import Path
from pluralign_stats.storage.lock import held_alone
from pluralign_stats.storage.shard import read_shard
with held_alone(Path(sys.argv[1]), read_shard(sys.argv[2])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("shard", [WHOLE, Shard(1, 2)])
def test_a_lock_ends_with_a_process_that_is_killed(tmp_path: Path, shard: Shard) -> None:
    folder = tmp_path / "run"
    words = [sys.executable, "-c", HOLD, str(folder), str(shard)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(InputError, match="another run is writing"), held_alone(folder):
            pass
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
    with held_alone(folder):
        assert was_held(folder)


def test_one_who_waits_begins_when_the_holder_has_ended(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    words = [sys.executable, "-c", HOLD, str(folder), "1/1"]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        threading.Timer(0.5, holder.kill).start()
        with held_alone(folder, wait=True):
            assert holder.wait() == -signal.SIGKILL


def test_a_place_that_cannot_be_written_or_locked_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    told = pytest.raises(InputError, match=r"nothing can be written to .*choose another folder")
    with told, held_alone(tmp_path / "file" / "run"):
        pass

    def no_locks(_: int) -> bool:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    # A disk without locks: a file that stood for one would outlive a process that is killed.
    monkeypatch.setattr(filelock._unix, "lock_fd_nonblocking", no_locks)
    told = pytest.raises(InputError, match=r"Function not implemented.*choose another folder")
    with told, held_alone(tmp_path / "run"):
        pass
