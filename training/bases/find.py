"""Base models by their names: where they lie, how long their context is, what tells them apart."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pluralign_stats.errors import InputError
from pluralign_stats.storage.digest import digest_parts, digest_text
from pluralign_stats.storage.folders import MARK

#: Miniature base models that are made on first use.
EMBEDDED: tuple[Literal["embedded", "embedded-thinking"], ...] = ("embedded", "embedded-thinking")

#: Larger files are told apart by their size, beginning and end.
_HASHED_WHOLE = 2**28

_PART = 2**20


def find_base(name: str, cache: Path | None = None) -> str:
    """Folder of a base model, or its name on the hub.

    Parameters
    ----------
    name
        A folder, a name on the hub, or a miniature model's name.
    cache
        Where miniature models are kept; default: the user's cache folder.

    Raises
    ------
    InputError
        If the folder holds no model.
    """
    for kind in EMBEDDED:
        if name == kind:
            from training.embedded.base import base_model

            return str(base_model(kind, cache))
    folder = Path(name)
    if not folder.exists() and (folder.is_absolute() or name.startswith(".")):
        raise InputError(f"the base model {name} does not exist; give a folder or a hub name")
    if folder.is_dir() and not (folder / "config.json").is_file():
        raise InputError(
            f"{name} holds no model (no config.json); give a folder that save_pretrained wrote"
        )
    return str(folder.resolve()) if folder.is_dir() else name


def context_length(base: str) -> int | None:
    """Most tokens that a base model takes; None if its configuration does not say."""
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(base).get_text_config()
    return getattr(config, "max_position_embeddings", None)


def named_ends(base: str) -> int | list[int] | None:
    """Tokens that end a turn by a model's own generation settings, where it has any."""
    from transformers import GenerationConfig

    try:
        return GenerationConfig.from_pretrained(base).eos_token_id
    except OSError:
        return None


def base_fingerprint(base: str) -> str:
    """SHA-256 that tells base models apart: of all their files, or of a hub model's revision."""
    folder = Path(base)
    if not folder.is_dir():
        from transformers import AutoConfig

        config = AutoConfig.from_pretrained(base)
        return digest_text(f"{base}@{getattr(config, '_commit_hash', None)}")
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MARK)
    return digest_parts(part for path in files for part in _parts(path, folder))


def _parts(path: Path, folder: Path) -> Iterator[bytes]:
    yield str(path.relative_to(folder)).encode()
    size = path.stat().st_size
    yield str(size).encode()
    with path.open("rb") as file:
        if size <= _HASHED_WHOLE:
            yield from iter(lambda: file.read(_PART), b"")
        else:
            yield file.read(_PART)
            file.seek(-_PART, os.SEEK_END)
            yield file.read(_PART)
