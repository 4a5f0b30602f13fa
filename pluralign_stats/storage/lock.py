"""Who may write to a place: one process, or several that share the work out.

A lock is one of the kernel's (`flock`, by the library filelock): it ends with the process that
holds it, also with one that is killed, and so is never stale; its file stays. It reaches over
machines where their shared disk passes locks on, as NFS from version 4 and Lustre with ``flock``
do. A disk that knows no locks is refused: a file that only stands for a lock outlives its process.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from pluralign_stats.errors import InputError
from pluralign_stats.storage.folders import not_writable
from pluralign_stats.storage.shard import WHOLE, Shard

#: Seconds between two looks whether a place has become free.
_PAUSE = 1.0


def file_lock(path: Path) -> FileLock:
    """The lock that a file stands for; ``with`` waits for it."""
    return FileLock(path, fallback_to_soft=False, poll_interval=0.01)


@contextmanager
def held_alone(folder: Path, shard: Shard = WHOLE, wait: bool = False) -> Iterator[None]:
    """Hold `folder` alone: a second process that asks for it is refused.

    Processes that do different shards hold it together, if they share it in equally many.

    Parameters
    ----------
    folder
        The place; its lock lies beside it.
    shard
        The share of the work that this process does.
    wait
        Whether to wait for another process that holds it, rather than refuse.

    Raises
    ------
    InputError
        If another process holds it, or nothing can be written there.
    """
    own = file_lock(_lock_file(folder, shard))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        while not _taken(own, folder, shard):
            if not wait:
                raise InputError(
                    f"another run is writing to {folder}; wait for it, or choose another folder"
                )
            time.sleep(_PAUSE)
    except OSError as error:
        raise not_writable(folder, error) from error
    try:
        yield
    finally:
        own.release()


def was_held(folder: Path) -> bool | None:
    """Whether a process holds `folder` alone now; None if none ever did."""
    path = _lock_file(folder)
    if not path.exists():
        return None
    with _gate(folder):
        return not take(file_lock(path), keep=False)


def take(lock: FileLock, keep: bool = True) -> bool:
    """Whether a lock could be taken at once; it is held then, unless it is not to be kept."""
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    if not keep:
        lock.release()
    return True


def _taken(own: FileLock, folder: Path, shard: Shard) -> bool:
    """Take the lock unless a process holds one that rules it out."""
    with _gate(folder):
        free = all(take(file_lock(path), keep=False) for path in _ruling_out(folder, shard))
        return free and take(own)


def _gate(folder: Path) -> FileLock:
    """Held for a moment by whoever takes a lock or looks at one, so that none meets a looker."""
    return file_lock(folder.with_name(f".{folder.name}.gate.lock"))


def _ruling_out(folder: Path, shard: Shard) -> list[Path]:
    """The locks that none may hold beside a shard: those of the whole, and of other divisions."""
    shards = re.compile(rf"\.{re.escape(folder.name)}\.part-\d+-of-(\d+)\.lock")
    found = [(path, shards.fullmatch(path.name)) for path in folder.parent.glob(".*.lock")]
    others = [path for path, name in found if name and (shard.is_whole or int(name[1]) != shard.of)]
    return others if shard.is_whole else [_lock_file(folder), *others]


def _lock_file(folder: Path, shard: Shard = WHOLE) -> Path:
    name = folder.name if shard.is_whole else f"{folder.name}.{shard.name}"
    return folder.with_name(f".{name}.lock")
