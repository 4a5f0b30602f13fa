"""A kernel that lives is waited for, however long it is silent; a dead one is told at once."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from pluralign_stats.errors import PluralignError
from reports import execute
from reports.execute import run_notebook
from reports.kernel import Kernels
from reports.model import Job
from reports.notebook import read_notebook
from tests.reports.conftest import Maker

pytestmark = pytest.mark.extended

#: Longer than papermill's limit on output, 4 seconds, and jupyter's on the end of a kernel, 5.
SECONDS = 10

#: Stops the kernel itself, and lets another process wake it.
STOPS = f"""\
import os, signal, subprocess, sys
def stop():
    program = "import os, signal, time; time.sleep({SECONDS}); os.kill(%d, signal.SIGCONT)"
    subprocess.Popen([sys.executable, "-c", program % os.getpid()], start_new_session=True)
    os.kill(os.getpid(), signal.SIGSTOP)
"""

#: As if the machine had no time for the kernel just before it says that it has done a cell.
STOPS_BEFORE_IDLE = f"""{STOPS}
kernel = get_ipython().kernel
publish = kernel._publish_status
def late(status, *words, **more):
    if status == "idle":
        kernel._publish_status = publish
        stop()
    publish(status, *words, **more)
kernel._publish_status = late
"""

#: As if it had none for a kernel that is to end.
STOPS_AT_THE_END = f"""{STOPS}
import atexit, pathlib
atexit.register(lambda: pathlib.Path("ended").touch())
atexit.register(stop)
"""


def run(path: Path, folder: Path) -> list[int]:
    """Run a notebook; returns the cells that were executed."""
    folder.mkdir()
    cells: list[int] = []
    job = Job(read_notebook(path), {}, folder)
    run_notebook(job, folder / "failed", Kernels(1), lambda: cells.append(1))
    return cells


@pytest.mark.parametrize("cell", ["stop()", STOPS_BEFORE_IDLE, STOPS_AT_THE_END])
def test_a_stopped_kernel_is_waited_for(cell: str, notebook: Maker, tmp_path: Path) -> None:
    path = notebook("01_stops", STOPS, cell, "print('went', 'on')")
    assert len(run(path, tmp_path / "work")) == 4
    assert "went on" in (tmp_path / "work" / "01_stops.ipynb").read_text("utf-8")
    assert (tmp_path / "work" / "ended").exists() == (cell == STOPS_AT_THE_END)


def test_a_kernel_that_is_stopped_while_it_starts_is_waited_for(
    notebook: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add(kernels: Kernels, process: subprocess.Popen[bytes]) -> None:
        os.kill(process.pid, signal.SIGSTOP)
        Thread(target=lambda: (time.sleep(SECONDS), process.send_signal(signal.SIGCONT))).start()

    monkeypatch.setattr(Kernels, "add", add)
    assert run(notebook("01_starts", "1 + 1"), tmp_path / "work")


@contextmanager
def competition() -> Iterator[None]:
    """A process for each core that leaves no time to others."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores())]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def cores() -> int:
    return len(os.sched_getaffinity(0))


def test_a_busy_machine_is_no_fault(notebook: Maker, tmp_path: Path) -> None:
    prints = "for line in range(2000): print(line)"
    with competition():
        assert run(notebook("01_prints", prints, prints), tmp_path / "work")


DIES = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


@pytest.mark.parametrize(
    "cell",
    [DIES, f"{STOPS_BEFORE_IDLE}\ndef stop():\n    {DIES}"],
    ids=["in a cell", "before idle"],
)
def test_a_dead_kernel_is_told_in_one_line(cell: str, notebook: Maker, tmp_path: Path) -> None:
    with pytest.raises(PluralignError, match=r"01_dies lost its Python process in cell \[2\]") as e:
        run(notebook("01_dies", cell), tmp_path / "work")
    assert "\n" not in str(e.value)


def test_a_kernel_that_dies_while_it_starts_is_told(
    notebook: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Kernels, "add", lambda _, process: process.kill())
    with pytest.raises(PluralignError, match=r"01_dies could not start Python: Kernel died") as e:
        run(notebook("01_dies", "1"), tmp_path / "work")
    assert "\n" not in str(e.value)


def test_no_wait_for_a_kernel_has_a_limit() -> None:
    assert execute._NO_LIMIT > 3600 * 24 * 365
