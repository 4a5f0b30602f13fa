"""A worker process: does one task after another, and says how far it is.

It gets what to do, then tasks, on its standard input; it ends when that does, also in the middle of
a task, so that nothing goes on when nobody waits for it. Launched with the two as an argument, it
does that task alone, perhaps as one of several processes of which the first speaks.
"""

import base64
import logging
import os
import pickle
import queue
import sys
import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

from pluralign_stats.errors import PluralignError
from pluralign_stats.workers.processes import Do, WorkStoppedError, is_first


def main(words: Sequence[str]) -> int:
    """Serve standard input, or do the one task that is named."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    answers = Connection(_own_output(), readable=False)
    given: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(given,), daemon=True).start()
    if words:
        do, task = pickle.loads(base64.b85decode(words[0]))  # noqa: S301 - from our own pool
        return 0 if _do(do, task, answers) else 1
    do = pickle.loads(given.get())  # noqa: S301
    while True:
        _do(do, pickle.loads(given.get()), answers)  # noqa: S301


def _own_output() -> int:
    """Standard output for our answers alone; what libraries print goes to standard error."""
    own = os.dup(1)
    os.dup2(2, 1)
    return own


def _read(given: "queue.SimpleQueue[bytes]") -> None:
    """Queue what standard input holds; end the process with it, whatever it is doing."""
    source = Connection(os.dup(0), writable=False)
    try:
        while True:
            given.put(source.recv_bytes())
    except (EOFError, OSError):
        os._exit(1)


def _do[T](do: Do[T], task: T, answers: "Connection[Any, Any]") -> bool:
    """Do a task and say how it ended, in one line if badly."""

    def say(kind: str, value: Any, fatal: bool = False) -> None:
        if is_first():
            answers.send((kind, value, fatal))

    try:
        result = do(task, lambda value: say("progress", value))
    except BaseException as error:
        say("failed", _line(error), isinstance(error, WorkStoppedError))
        if not isinstance(error, Exception):
            raise
        return False
    say("done", result)
    return True


def _line(error: BaseException) -> str:
    said = " ".join(str(error).split())
    if isinstance(error, PluralignError):
        return said
    logging.getLogger(__name__).exception("a task failed")
    return f"{type(error).__name__}: {said}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
