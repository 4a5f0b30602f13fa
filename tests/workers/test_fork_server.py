"""A fork server: copies run what they are asked to, end with whoever asked, and are told of."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pool_tasks
import pytest
from test_pool import HERE, gone

from pluralign_stats.workers.fork_server import DOOR, Forked, ForkServer, Request, fork
from pluralign_stats.workers.pool import Pool

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux only")

PROGRAM = """\
import os, sys, time
assert "csv" in sys.modules, "what the server has loaded"
print(__name__, *sys.argv[1:], os.environ.get("OWN"), os.getcwd(), os.getsid(0) == os.getpid())
status = sys.argv[1]
if status == "sleep":
    time.sleep(600)
if status.startswith("-"):
    os.kill(os.getpid(), -int(status))
sys.exit(int(status))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    folder = tmp_path_factory.mktemp("modules")
    (folder / "asked.py").write_text(PROGRAM)
    path = os.pathsep.join([str(folder), HERE])
    made = ForkServer(["csv", "no_such_module"], {**os.environ, "PYTHONPATH": path})
    yield made
    made.end()


def ask(server: ForkServer, folder: Path, *words: str) -> Forked:
    with (folder / "told").open("wb") as told, Path(os.devnull).open() as nothing:
        request = Request("asked", words, {**os.environ, "OWN": "mine"}, str(folder))
        return fork(server.door, request, (nothing.fileno(), told.fileno(), told.fileno()))


def until_it_sleeps(folder: Path) -> None:
    while "sleep" not in (folder / "told").read_text():
        time.sleep(0.01)


def test_a_copy_runs_a_module_with_its_own_streams_folder_and_environment(
    server: ForkServer, tmp_path: Path
) -> None:
    copy = ask(server, tmp_path, "0", "a word")
    assert copy.wait(60) == copy.poll() == copy.returncode == 0
    assert (tmp_path / "told").read_text() == f"__main__ 0 a word mine {tmp_path} True\n"
    assert "OWN" not in os.environ


@pytest.mark.parametrize("status", [3, -signal.SIGKILL, -signal.SIGTERM])
def test_how_a_copy_ends_is_told(server: ForkServer, tmp_path: Path, status: int) -> None:
    assert ask(server, tmp_path, str(status)).wait() == status
    assert ask(server, tmp_path, "0").wait() == 0


def test_a_copy_is_ended_as_any_process_is(server: ForkServer, tmp_path: Path) -> None:
    copy = ask(server, tmp_path, "sleep")
    until_it_sleeps(tmp_path)
    assert copy.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        copy.wait(0.01)
    copy.kill()
    assert copy.wait() == -signal.SIGKILL
    copy.kill()  # of what has ended there is nothing to end


def test_a_copy_of_which_nobody_asks_any_more_ends(server: ForkServer, tmp_path: Path) -> None:
    copy = ask(server, tmp_path, "sleep")
    until_it_sleeps(tmp_path)
    process = copy.pid
    del copy
    assert gone(process)


@pytest.mark.parametrize("how", ["end", "kill"])
def test_no_copy_outlives_its_server(tmp_path: Path, how: str) -> None:
    (tmp_path / "asked.py").write_text(PROGRAM)
    own = ForkServer(["csv"], {**os.environ, "PYTHONPATH": str(tmp_path)})
    copy = ask(own, tmp_path, "sleep")
    until_it_sleeps(tmp_path)
    if how == "kill":
        own.process.kill()
        own.process.wait()
    else:
        own.process.stdin.close()  # as when this process ends, however it does
    assert copy.wait(60) == -signal.SIGKILL
    assert gone(copy.pid)
    own.end()
    with pytest.raises(OSError, match="No such file"):
        ask(own, tmp_path, "0")


def test_workers_of_a_pool_are_copies_where_a_server_is_named(
    server: ForkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", HERE)
    monkeypatch.setenv(DOOR, server.door)
    told = list(Pool(pool_tasks.fail, 1).do(["killed", "exits", "well"]))
    assert [(event.task, event.kind) for event in told] == [
        ("killed", "died"), ("exits", "died"), ("well", "done"),
    ]  # fmt: skip
    (event,) = Pool(pool_tasks.parent, 1).do(["a task"])
    assert event.value == server.process.pid
    monkeypatch.setenv(DOOR, "/no/such/door")
    (event,) = Pool(pool_tasks.parent, 1).do(["a task"])
    assert event.value == os.getpid()
