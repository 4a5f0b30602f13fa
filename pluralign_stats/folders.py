"""Folders that appear under their name only when complete."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pluralign_stats.errors import InputError, PluralignError


@contextmanager
def building_folder(out: Path, what: str) -> Iterator[Path]:
    """Make a hidden folder beside `out` to build in; remove it in the end.

    Parameters
    ----------
    out
        The folder to be, absolute.
    what
        What is built, for messages.

    Raises
    ------
    InputError
        If no folder can be made there.
    """
    building = out.parent / f".{out.name}.building-{secrets.token_hex(4)}"
    try:
        try:
            building.mkdir(parents=True)
        except OSError as error:
            raise InputError(
                f"no {what} can be written to {out} ({error.strerror}); choose another folder"
            ) from error
        yield building
    finally:
        shutil.rmtree(building, ignore_errors=True)


def take_name(building: Path, out: Path) -> None:
    """Put a finished folder under its final name, in place of a former one.

    Parameters
    ----------
    building
        The finished folder; it is renamed.
    out
        Its final name. What is there stays whole if the renaming fails.

    Raises
    ------
    PluralignError
        If the folders cannot be renamed.
    """
    former = out.parent / f"{building.name}-former"
    try:
        if out.exists():
            out.rename(former)
        building.rename(out)
    except BaseException as error:
        if former.exists() and not out.exists():
            former.rename(out)
        if isinstance(error, OSError):
            raise PluralignError(
                f"nothing could be put at {out} ({error.strerror}); choose another folder"
            ) from error
        raise
    shutil.rmtree(former, ignore_errors=True)
