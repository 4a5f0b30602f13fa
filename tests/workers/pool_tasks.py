"""What workers of the tests do; imported by name in their processes."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from pluralign_stats.errors import InputError
from pluralign_stats.workers.processes import Tell, WorkStoppedError


def square(task: int, tell: Tell) -> int:
    for step in range(task):
        tell((step, task))
    return task**2


def told(task: str, _: Tell) -> Any:
    """What a process sees of its surroundings."""
    if task == "module":
        import training

        return training.__file__
    time.sleep(0.3)  # so that each of several workers gets a task
    return os.environ.get(task) if task.isupper() else os.getpid()


def fail(task: str, _: Tell) -> str:
    match task:
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exits":
            print("printed, not an answer")
            os.write(2, b"the last words\n")
            os._exit(3)
        case "input":
            raise InputError("this one\ncannot be done")
        case "fault":
            raise KeyError("x")
        case "stop":
            raise WorkStoppedError("the disk is full")
    return task


def sleep(task: str, tell: Tell) -> None:
    """Start a process and wait; say both numbers."""
    with subprocess.Popen(["sleep", "600"]) as child:
        if task:
            Path(task).write_text(f"{os.getpid()} {child.pid}")
        tell((os.getpid(), child.pid))
        time.sleep(600)


class Counter:
    """Keeps something from task to task."""

    def __init__(self, first: int) -> None:
        self.n = first

    def __call__(self, task: str, _: Tell) -> int:
        self.n += 1
        return self.n


def parent(_task: str, _: Tell) -> int:
    """Which process has started this one."""
    return os.getppid()
