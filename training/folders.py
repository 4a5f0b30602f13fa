"""Folders of a stage: resumable while unfinished, under their name only when complete."""

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from glob import escape
from pathlib import Path
from typing import IO, Any

from pluralign_stats.errors import InputError, PluralignError
from training.part import WHOLE, Part

#: Written last; a folder without it is not complete.
MARK = "complete.json"

#: Seconds between two looks whether a lock has become free.
_PAUSE = 0.02

#: Seconds for which parts that begin together wait for each other, where a whole run is at work.
_PATIENCE = 60.0


def work_folder(folder: Path) -> Path:
    """The folder in which the stage works until `folder` is complete; made if it is not there.

    What a stage that was killed left there is found again by the next one.

    Raises
    ------
    InputError
        If no folder can be made there.
    """
    working = folder.with_name(f"{folder.name}.partial")
    try:
        working.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(_not_writable(folder, error)) from error
    return working


def _not_writable(folder: Path, error: OSError) -> str:
    return f"nothing can be written to {folder} ({error.strerror}); choose another folder"


@contextmanager
def only_one(folder: Path, part: Part = WHOLE) -> Iterator[None]:
    """Hold `folder` alone: a second process that asks for it is refused.

    Processes that do different parts hold it together, if they share it in equally many.

    Raises
    ------
    InputError
        If another process holds it, or nothing can be written there.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        held = _lock(folder).open("a+")
        own = None if part.is_whole else _lock(folder, part).open("w")
    except OSError as error:
        raise InputError(_not_writable(folder, error)) from error
    with held, own or nullcontext():
        if not (_alone(held, folder) if own is None else _shared(held, own, folder, part)):
            raise InputError(
                f"another run is writing to {folder}; wait for it, or choose another folder"
            )
        yield


def _alone(held: IO[str], folder: Path) -> bool:
    """Whether a folder could be taken alone; one who only looks (`was_held`) is waited for."""
    while not _locked(held, fcntl.LOCK_EX):
        if not _locked(held, fcntl.LOCK_SH) or _parts_at_work(folder):
            return False
        fcntl.flock(held, fcntl.LOCK_UN)
        time.sleep(_PAUSE)
    return True


def _shared(held: IO[str], own: IO[str], folder: Path, part: Part) -> bool:
    """Whether a part could be taken, beside other parts of equally many.

    One who only looks is waited for, and so are parts that begin at the same time.
    """
    if not _locked(own, fcntl.LOCK_EX):
        return False
    until = time.monotonic() + _PATIENCE
    while True:
        if _locked(held, fcntl.LOCK_EX):
            held.truncate(0)
            held.write(str(part.of))
            held.flush()
        shares = _locked(held, fcntl.LOCK_SH)
        held.seek(0)
        if shares and held.read() == str(part.of):
            return True
        others = _parts_at_work(folder, part)
        if shares == others or time.monotonic() > until:
            return False
        fcntl.flock(held, fcntl.LOCK_UN)
        time.sleep(_PAUSE)


def _parts_at_work(folder: Path, but: Part = WHOLE) -> bool:
    """Whether another process holds one of the parts, or begins to."""
    own = _lock(folder, but)
    for path in folder.parent.glob(f".{escape(folder.name)}.part-*-of-*.lock"):
        with path.open() as lock:
            if path != own and not _locked(lock, fcntl.LOCK_SH):
                return True
    return False


def _locked(lock: IO[str], how: int) -> bool:
    """Whether a lock could be taken at once."""
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def was_held(folder: Path) -> bool | None:
    """Whether a process holds `folder` alone now; None if none ever did."""
    try:
        with _lock(folder).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return True
    return False


def _lock(folder: Path, part: Part = WHOLE) -> Path:
    name = folder.name if part.is_whole else f"{folder.name}.{part.name}"
    return folder.with_name(f".{name}.lock")


def remove_whole(folder: Path) -> None:
    """Remove a folder at once: a kill leaves it either as it was or not there under its name."""
    going = folder.with_name(f".{folder.name}.removed")
    shutil.rmtree(going, ignore_errors=True)
    folder.rename(going)
    shutil.rmtree(going)


def complete(working: Path, folder: Path, record: dict[str, Any]) -> None:
    """Mark the work as complete, with the hash of every file, and give it its name.

    Parameters
    ----------
    working
        What `work_folder` gave.
    folder
        The final name; it must not be there yet.
    record
        What else to write into the mark: inputs and their hashes, versions, settings.

    Raises
    ------
    PluralignError
        If the folder cannot be written or renamed, such as on a full disk.
    """
    files = {
        str(path.relative_to(working)): file_hash(path)
        for path in sorted(working.rglob("*"))
        if path.is_file() and path.name != MARK
    }
    try:
        write_json(working / MARK, {**record, "files": files})
        working.rename(folder)
    except OSError as error:
        raise PluralignError(
            f"{folder} could not be completed ({error.strerror}); make room or choose another "
            "folder, and run the command again: it goes on from here"
        ) from error


def is_complete(folder: Path) -> bool:
    """Whether the folder has its mark and all files that the mark names, of the size they had."""
    try:
        read_mark(folder)
    except InputError:
        return False
    return True


def read_mark(folder: Path) -> dict[str, Any]:
    """What the mark of a complete folder says.

    Raises
    ------
    InputError
        If the folder is not complete, or a file of it is missing or was changed.
    """
    try:
        record = json.loads((folder / MARK).read_text(encoding="utf-8"))
        files = record["files"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{folder} is not a complete folder of a stage; run the stage that makes it again"
        ) from error
    for name, known in files.items():
        path = folder / name
        if not path.is_file() or file_hash(path) != known:
            raise InputError(
                f"{path} is missing or was changed since it was written; delete {folder} and run "
                "the stage that makes it again"
            )
    return record


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: Path, content: Any) -> None:
    """Write JSON that is either whole or not there."""
    write_whole(path, json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Write a text file that is either whole or not there, also after a kill."""
    made = path.with_name(f".{path.name}.new")
    with made.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    made.replace(path)
