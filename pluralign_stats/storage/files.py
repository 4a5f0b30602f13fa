"""Files that appear under their names only when all of them are complete."""

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from errno import EISDIR
from os import strerror
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from pluralign_stats.errors import InputError


class Write(Protocol):
    """Writes a file's content."""

    def __call__(self, file: BinaryIO, /) -> object:
        """Write all of it."""


def write_atomic(path: Path, write: Write) -> None:
    """Write a file that is either whole or as it was before, also after a kill.

    Parameters
    ----------
    path
        The file; its folder is there.
    write
        Called with a file, open for bytes, that becomes this one.
    """
    # Always of the same name, so that what a kill leaves is written over.
    staged = path.with_name(f".{path.name}.new")
    try:
        with staged.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(path)
    finally:
        with suppress(OSError):
            staged.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a text file, atomically."""
    write_atomic(path, lambda file: file.write(text.encode()))


def write_json(path: Path, content: Any) -> None:
    """Write JSON, atomically."""
    text = json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True, default=str)
    write_text(path, text + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; an empty one where none can be read."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write_files(stem: str | Path, contents: Mapping[str, bytes], what: str) -> list[Path]:
    """Write files that share a name and differ in ending, all of them or none.

    Parameters
    ----------
    stem
        Their path without ending; its folder is made if need be.
    contents
        Content by ending, such as ``{"csv": b"..."}``.
    what
        What they hold, for messages.

    Raises
    ------
    InputError
        If they cannot be written; what was there before stays.
    """
    stem = Path(stem)
    if not stem.name:
        raise InputError(f"{stem}: the {what} needs a file name; name it, such as {stem / what}")
    staged = {stem.with_name(f".{stem.name}.{secrets.token_hex(4)}.{end}"): end for end in contents}
    made = {path: stem.with_name(f"{stem.name}.{end}") for path, end in staged.items()}
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
        for path, end in staged.items():
            if made[path].is_dir():
                raise OSError(EISDIR, strerror(EISDIR))
            path.write_bytes(contents[end])
        for path, final in made.items():
            path.replace(final)
    except OSError as error:
        raise InputError(
            f"{stem}: the {what} cannot be written ({error.strerror}); choose another folder"
        ) from None
    finally:
        for path in made:
            with suppress(OSError):
                path.unlink()
    return list(made.values())
