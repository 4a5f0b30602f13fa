"""Folders that have their name only when complete, and the mark in them that says so."""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

from pluralign_stats.errors import InputError, PluralignError
from pluralign_stats.storage.digest import digest_file
from pluralign_stats.storage.files import read_json, write_json

#: The completion mark, written last.
MARK = "complete.json"


@contextmanager
def new_folder(out: Path, what: str) -> Iterator[Path]:
    """Make a hidden staging folder beside `out`; put it there if the block comes to its end.

    Parameters
    ----------
    out
        The folder to be, absolute; a former one is replaced.
    what
        What it is to hold, for messages.

    Yields
    ------
    Path
        The staging folder; it is gone in the end, however the block ends.

    Raises
    ------
    InputError
        If no folder can be made there.
    PluralignError
        If the folder cannot be given its name; what was there stays whole.
    """
    staging = out.parent / f".{out.name}.building-{token_hex(4)}"
    try:
        try:
            staging.mkdir(parents=True)
        except OSError as error:
            raise InputError(
                f"no {what} can be written to {out} ({error.strerror}); choose another folder"
            ) from error
        yield staging
        take_name(staging, out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def take_name(staging: Path, out: Path) -> None:
    """Put a finished folder under its final name, in place of a former one.

    Raises
    ------
    PluralignError
        If the folders cannot be renamed; what was there stays whole.
    """
    former = out.parent / f"{staging.name}-former"
    try:
        if out.exists():
            out.rename(former)
        staging.rename(out)
    except BaseException as error:
        if former.exists() and not out.exists():
            former.rename(out)
        if isinstance(error, OSError):
            raise PluralignError(
                f"nothing could be put at {out} ({error.strerror}); choose another folder"
            ) from error
        raise
    shutil.rmtree(former, ignore_errors=True)


def staging_folder(folder: Path) -> Path:
    """The folder in which a stage works until `folder` is complete; made if it is not there.

    What a stage that was killed left there is found again by the next one.

    Raises
    ------
    InputError
        If no folder can be made there.
    """
    staging = folder.with_name(f"{folder.name}.partial")
    try:
        staging.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_writable(folder, error) from error
    return staging


def not_writable(path: Path, error: OSError) -> InputError:
    """The error of a place where nothing can be written."""
    return InputError(f"nothing can be written to {path} ({error.strerror}); choose another folder")


def commit(staging: Path, folder: Path, record: Mapping[str, Any]) -> None:
    """Mark the work as complete and give it its name.

    Parameters
    ----------
    staging
        What `staging_folder` gave.
    folder
        The final name; it must not be there yet.
    record
        As for `write_mark`.

    Raises
    ------
    PluralignError
        If the folder cannot be written or renamed, such as on a full disk.
    """
    try:
        write_mark(staging, record)
        staging.rename(folder)
    except OSError as error:
        raise PluralignError(
            f"{folder} could not be completed ({error.strerror}); make room or choose another "
            "folder, and run the command again: it goes on from here"
        ) from error


def write_mark(
    folder: Path, record: Mapping[str, Any], files: Iterable[str] | None = None, name: str = MARK
) -> None:
    """Mark a folder as complete, with the digest of its files.

    Parameters
    ----------
    folder
        The folder.
    record
        What else the mark says: inputs and their digests, versions, settings.
    files
        Names of the files that belong to it; by default all that are there.
    name
        Name of the mark.
    """
    inside = (p for p in sorted(folder.rglob("*")) if p.is_file() and p.name != name)
    names = (str(p.relative_to(folder)) for p in inside) if files is None else files
    digests = {each: digest_file(folder / each) for each in names}
    write_json(folder / name, {**record, "files": digests})


def is_complete(folder: Path) -> bool:
    """Whether the folder has its mark and all files that the mark names, unchanged."""
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
    record = read_json(folder / MARK)
    if not isinstance(record.get("files"), dict):
        raise InputError(
            f"{folder} is not a complete folder of a stage; run the stage that makes it again"
        )
    for name, known in record["files"].items():
        path = folder / name
        if not path.is_file() or digest_file(path) != known:
            raise InputError(
                f"{path} is missing or was changed since it was written; delete {folder} and run "
                "the command that makes it again"
            )
    return record


def remove_folder(folder: Path) -> None:
    """Remove a folder at once: a kill leaves it either as it was or not there under its name."""
    going = folder.with_name(f".{folder.name}.removed")
    shutil.rmtree(going, ignore_errors=True)
    folder.rename(going)
    shutil.rmtree(going)
