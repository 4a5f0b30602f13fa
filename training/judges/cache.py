"""A cache of paid replies: append-only, one JSON line each, that survives a kill at any point."""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from pluralign_stats.errors import InputError, PluralignError


def key_of(**parts: Any) -> str:
    """SHA-256 of everything that decides a reply: equal for equal questions."""
    content = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


class ReplyCache:
    """Replies by key, in a file that is only ever appended to.

    Each entry is on the disk before it counts. A last line that a kill tore is passed over. Several
    processes may share the file: one writes at a time, and each sees what the others wrote.

    Parameters
    ----------
    path
        The file; made before the first call.

    Attributes
    ----------
    calls, tokens
        How many entries the file holds and how many tokens they took, whoever asked for them.
    unread
        Lines that could not be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.calls = 0
        self.tokens = 0
        self.unread = 0
        self.last: dict[str, Any] = {}
        self._entries: dict[str, dict[str, Any]] = {}
        self._seen = 0
        self._refresh()

    def get(self, key: str) -> dict[str, Any] | None:
        """The entry of a key, also one that another process has just written."""
        if key not in self._entries:
            self._refresh()
        return self._entries.get(key)

    def prepare(self) -> None:
        """Make sure that a reply can be kept, before one is paid for.

        Raises
        ------
        PluralignError
            If the file cannot be written.
        """
        with self._open():
            pass

    def add(self, key: str, entry: dict[str, Any]) -> None:
        """Append an entry and wait until it is on the disk.

        Raises
        ------
        PluralignError
            If it cannot be written, such as on a full disk.
        """
        line = json.dumps({"key": key, **entry}).encode() + b"\n"
        with self._open() as file:
            file.write(_fresh_line(file) + line)
            file.flush()
            os.fsync(file.fileno())
        self._refresh()

    @contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        """The file, for this process alone."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield file
        except OSError as error:
            raise PluralignError(
                f"{self.path}: no reply can be kept ({error.strerror}); make room or name another "
                "file with --cache, and run the command again: it goes on from here"
            ) from error

    def _refresh(self) -> None:
        """Read the whole lines that have come since the last look."""
        try:
            if self.path.stat().st_size <= self._seen:
                return
            with self.path.open("rb") as file:
                file.seek(self._seen)
                content = file.read()
        except FileNotFoundError:
            return
        except OSError as error:
            raise InputError(
                f"{self.path}: the cache cannot be read ({error.strerror}); name another file"
            ) from error
        whole = content[: content.rfind(b"\n") + 1]
        self._seen += len(whole)
        for line in whole.splitlines():
            self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            entry = json.loads(line)
            key, tokens = str(entry["key"]), int(entry.get("tokens") or 0)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            self.unread += 1
            return
        self.calls += 1
        self.tokens += tokens
        self.last = entry
        self._entries.setdefault(key, entry)


def _fresh_line(file: BinaryIO) -> bytes:
    """A line break if a kill has torn the last line."""
    end = file.seek(0, os.SEEK_END)
    if end == 0:
        return b""
    file.seek(end - 1)
    return b"" if file.read(1) == b"\n" else b"\n"
