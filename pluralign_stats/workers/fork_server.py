"""A process that has loaded what takes seconds, and copies of it that begin where it stands.

That of `multiprocessing` runs the script of whoever asks again in each copy, serves one process
only, and lets nobody choose a copy's streams, folder, session and environment. Fork is safe here:
the server runs nothing but imports, and has one thread. It is used on Linux only; libraries of
other systems do not stand it.
"""

import gc
import os
import pickle
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from select import select
from threading import Lock
from typing import Any

#: The variable of the environment that names the door of a server that others may use.
DOOR = "PLURALIGN_FORK_SERVER"

#: Most bytes of a request, of which the environment is most.
_LONGEST = 2**20


@dataclass(frozen=True)
class Request:
    """What a copy is to run: a module as `python -m` would, where, and with what."""

    module: str
    words: Sequence[str]
    environment: Mapping[str, str]
    folder: str


class ForkServer:
    """Starts a server, which ends, with all its copies, when this process does.

    Parameters
    ----------
    modules
        What it imports when it is first asked for a copy; what is not installed is left out.
    environment
        Its environment: threads of numerical libraries are set when these are loaded.

    Attributes
    ----------
    process
        The server.
    door
        Where it listens.
    """

    def __init__(self, modules: Sequence[str], environment: Mapping[str, str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="pluralign-")
        self.door = str(Path(self._folder.name) / "door")
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
            door.bind(self.door)
            door.listen(64)
            self.process = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
                [sys.executable, "-P", "-m", __name__, str(door.fileno()), *modules],
                stdin=subprocess.PIPE,
                # What a copy prints is seen also when it is killed.
                env={**environment, "PYTHONUNBUFFERED": "1"},
                pass_fds=[door.fileno()],
                start_new_session=True,
            )

    def end(self) -> None:
        """End the server, at once; may be called again."""
        self.process.kill()
        self.process.communicate()
        self._folder.cleanup()


def start_python(
    words: Sequence[str], environment: Mapping[str, str], streams: Sequence[int]
) -> "Process":
    """Start what `python -P` does with words, in a session of its own.

    It is a copy where the environment names the door of a server, and the words a module.
    """
    door = environment.get(DOOR)
    if door is not None and words[0] == "-m":
        with suppress(OSError):  # the server has ended
            request = Request(words[1], words[2:], environment, str(Path.cwd()))
            return fork(door, request, streams)
    stdin, stdout, stderr = streams
    return subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
        [sys.executable, "-P", *words],
        stdin=stdin, stdout=stdout, stderr=stderr, env=environment, start_new_session=True,
    )  # fmt: skip


def fork(door: str, request: Request, streams: Sequence[int]) -> "Forked":
    """Let the server behind a door make a copy.

    Parameters
    ----------
    streams
        Its standard input, output and error.

    Raises
    ------
    OSError
        If there is no server any more.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.connect(door)
    socket.send_fds(connection, [pickle.dumps(request)], list(streams))
    told = connection.recv(8)
    if not told:
        raise ConnectionResetError("the fork server has ended")
    return Forked(int.from_bytes(told), connection)


class Forked:
    """A copy, in the form that `subprocess.Popen` gives a process; it ends with whoever asked."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, connection: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._connection = connection
        self._lock = Lock()

    def poll(self) -> int | None:
        """Its exit status; None while it runs."""
        with self._lock:
            if self.returncode is None and select([self._connection], [], [], 0)[0]:
                told = self._connection.recv(8)
                # Without its server nobody can tell how it ends.
                self.returncode = int.from_bytes(told, signed=True) if told else -signal.SIGKILL
                if not told:
                    _end(self.pid, signal.SIGKILL)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, when it has ended."""
        if self.poll() is None:
            select([self._connection], [], [], timeout)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal while it runs."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


#: A process of either kind.
type Process = subprocess.Popen[Any] | Forked


def main(words: Sequence[str]) -> None:
    """Serve; in a copy, run what was asked for."""
    door = socket.socket(fileno=int(words[0]))
    request = _serve(door, words[1:])
    if request is not None:
        os.chdir(request.folder)
        os.environ.clear()
        os.environ.update(request.environment)
        sys.argv = [request.module, *request.words]
        runpy.run_module(request.module, run_name="__main__", alter_sys=True)


def _serve(door: socket.socket, modules: Sequence[str]) -> Request | None:
    """Make copies until standard input ends; in each, return what it is to run."""
    copies: dict[int, socket.socket] = {}
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    while True:
        watched: list[Any] = [0, woken, door, *copies.values()]
        ready = select(watched, [], [])[0]
        if 0 in ready:
            for copy in copies:
                _end(copy, signal.SIGKILL)
            return None
        if woken in ready:
            os.read(woken, 4096)
            _tell_ends(copies)
        for copy, connection in [*copies.items()]:
            if connection in ready:  # whoever asked for it has ended
                _end(copy, signal.SIGTERM)
                copies.pop(copy).close()
        if door in ready:
            connection, _ = door.accept()
            told, streams, _, _ = socket.recv_fds(connection, _LONGEST, 3)
            if not told:
                connection.close()
                continue
            modules = _load(modules)
            with warnings.catch_warnings():
                # The one other thread is that of pyarrow's allocator, which starts it anew.
                warnings.simplefilter("ignore", DeprecationWarning)
                copy = os.fork()
            if not copy:
                for own in (woken, wake, door.detach(), *(c.detach() for c in copies.values())):
                    os.close(own)
                return _begin(connection, told, streams)
            for stream in streams:
                os.close(stream)
            copies[copy] = connection


def _load(modules: Sequence[str]) -> Sequence[str]:
    """Import modules, and return what is left to import: nothing."""
    for name in modules:
        with suppress(ImportError):
            resolve_name(name)
    if modules:
        gc.collect()
        gc.freeze()
    return ()


def _begin(connection: socket.socket, told: bytes, streams: Sequence[int]) -> Request:
    """What a copy does first; once it says who it is, its session can be ended."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    for own, given in enumerate(streams):
        os.dup2(given, own)
        os.close(given)
    connection.send(os.getpid().to_bytes(8))
    connection.close()
    return pickle.loads(told)  # noqa: S301 - from our own process


def _tell_ends(copies: dict[int, socket.socket]) -> None:
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            connection = copies.pop(ended[0], None)
            if connection is not None:
                with connection, suppress(OSError):
                    connection.send(os.waitstatus_to_exitcode(ended[1]).to_bytes(8, signed=True))


def _end(copy: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(copy, number)


if __name__ == "__main__":
    main(sys.argv[1:])
