"""Entries that are kept as they come: append-only, so that a kill at any point loses none."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from pluralign_stats.errors import InputError, PluralignError
from pluralign_stats.storage.lock import file_lock


class Store:
    """Entries by key, in a file of one JSON line each that is only ever appended to.

    Each entry is on the disk before it counts. A last line that a kill tore is passed over. Several
    processes may share the file: one writes at a time, and each sees what the others wrote.

    Parameters
    ----------
    path
        The file; made with the first entry. None keeps entries in memory only.
    what
        What an entry is, for messages.
    advice
        What to do where the file cannot be used, for messages.

    Attributes
    ----------
    entries
        What is there, by key; the first of a key counts.
    unread
        Lines that could not be read.

    Raises
    ------
    InputError
        If the file cannot be read.
    """

    def __init__(self, path: Path | None, what: str, advice: str = "choose another folder") -> None:
        self.path = path
        self.entries: dict[str, dict[str, Any]] = {}
        self.unread = 0
        self._what = what
        self._advice = advice
        self._seen = 0
        self._refresh()

    def get(self, key: str) -> dict[str, Any] | None:
        """The entry of a key, also one that another process has just written."""
        if key not in self.entries:
            self._refresh()
        return self.entries.get(key)

    def prepare(self) -> None:
        """Make sure that an entry can be kept, before it is paid for.

        Raises
        ------
        PluralignError
            If the file cannot be written.
        """
        if self.path is not None:
            with self._open(self.path):
                pass

    def add(self, entries: Mapping[str, Mapping[str, Any]]) -> None:
        """Append entries and wait until they are on the disk.

        Raises
        ------
        PluralignError
            If they cannot be written, such as on a full disk.
        """
        lines = [json.dumps({"key": key, **entry}) for key, entry in entries.items()]
        if self.path is None:
            self._take(line.encode() for line in lines)
            return
        content = "".join(f"{line}\n" for line in lines).encode()
        with self._open(self.path) as file:
            file.write(_fresh_line(file) + content)
            file.flush()
            os.fsync(file.fileno())
        self._refresh()

    def accept(self, entry: dict[str, Any]) -> None:
        """Take an entry that has been read.

        Raises
        ------
        ValueError, KeyError, TypeError
            If it is none.
        """
        self.entries.setdefault(str(entry.pop("key")), entry)

    @contextmanager
    def _open(self, path: Path) -> Iterator[BinaryIO]:
        """The file, for this process alone."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with file_lock(path.with_name(f".{path.name}.lock")), path.open("a+b") as file:
                yield file
        except OSError as error:
            raise PluralignError(
                f"{path}: no {self._what} can be kept ({error.strerror}); make room or "
                f"{self._advice}, and run the command again: it goes on from here"
            ) from error

    def _refresh(self) -> None:
        """Read the whole lines that have come since the last look."""
        try:
            if self.path is None or self.path.stat().st_size <= self._seen:
                return
            with self.path.open("rb") as file:
                file.seek(self._seen)
                content = file.read()
        except FileNotFoundError:
            return
        except OSError as error:
            raise InputError(
                f"{self.path}: no {self._what} can be read ({error.strerror}); {self._advice}"
            ) from error
        whole = content[: content.rfind(b"\n") + 1]
        self._seen += len(whole)
        self._take(whole.splitlines())

    def _take(self, lines: Iterator[bytes] | list[bytes]) -> None:
        for line in lines:
            try:
                self.accept(json.loads(line))
            except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError,
                    RecursionError):  # fmt: skip
                self.unread += 1


def _fresh_line(file: BinaryIO) -> bytes:
    """A line break if a kill has torn the last line."""
    end = file.seek(0, os.SEEK_END)
    if end == 0:
        return b""
    file.seek(end - 1)
    return b"" if file.read(1) == b"\n" else b"\n"
