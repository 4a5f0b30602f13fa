"""SHA-256 of bytes, texts, plain values, files and code, and seeds drawn from names."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def digest_bytes(content: bytes) -> str:
    """Digest of bytes, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def digest_parts(parts: Iterable[bytes]) -> str:
    """Digest of bytes that come part by part."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(part)
    return whole.hexdigest()


def digest_text(text: str) -> str:
    """Digest of a text; one that is no proper Unicode has one as well."""
    return digest_bytes(text.encode("utf-8", "surrogatepass"))


def digest_values(content: Any) -> str:
    """Digest of plain values, in which the order of keys does not count.

    What JSON does not know, such as a path, counts as its text.
    """
    return digest_text(json.dumps(content, sort_keys=True, ensure_ascii=False, default=str))


def digest_file(path: Path) -> str:
    """Digest of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_files(paths: Iterable[Path]) -> str:
    """Digest of the contents of files, one after the other."""
    return digest_parts(path.read_bytes() for path in paths)


def seed_of(name: str, n_bytes: int) -> int:
    """A whole number of so many bytes that hangs on a name alone."""
    return int(digest_text(name)[: 2 * n_bytes], 16)
