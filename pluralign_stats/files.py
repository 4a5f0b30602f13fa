"""Files that appear under their names only when all of them are complete."""

import secrets
from collections.abc import Mapping
from errno import EISDIR
from os import strerror
from pathlib import Path

from pluralign_stats.errors import InputError


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
    building = {
        stem.with_name(f".{stem.name}.{secrets.token_hex(4)}.{end}"): end for end in contents
    }
    made = {path: stem.with_name(f"{stem.name}.{end}") for path, end in building.items()}
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
        for path, end in building.items():
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
            if path.exists():
                path.unlink()
    return list(made.values())
