"""Compressed data files: what is in them, and what it is called."""

import io
import zipfile
from pathlib import Path, PurePath
from typing import BinaryIO

import pyarrow as pa

from pluralign_stats.errors import InputError, listing, one_line

_STREAMS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".lz4": "lz4"}
#: Endings of compressed files.
COMPRESSED = (*_STREAMS, ".xz", ".zip")
#: What archives hold beside the files that were put into them.
_BESIDE = ("__MACOSX/", ".DS_Store")


def unpacked(content: bytes, name: str) -> tuple[bytes, str]:
    """Unpack a file, if its ending says that it is compressed.

    Parameters
    ----------
    content, name
        The bytes and the name of the file.

    Returns
    -------
    content, name
        What was in it, and the name whose ending tells its format.

    Raises
    ------
    InputError
        If it is not what its ending says, or an archive of several files.
    """
    ending = PurePath(name).suffix.lower()
    if ending not in COMPRESSED:
        return content, name
    try:
        if ending == ".zip":
            return _in_archive(content, name)
        return _stream(content, ending), PurePath(name).stem
    except (OSError, EOFError, ValueError, pa.ArrowException, zipfile.BadZipFile) as error:
        raise InputError(
            f"{name}: is not a readable {ending} file ({one_line(error)}); write it again"
        ) from None


def opened(path: Path) -> tuple[BinaryIO, str]:
    """A file, unpacked if it is compressed, and the name whose ending tells its format."""
    if path.suffix.lower() not in COMPRESSED:
        return path.open("rb"), path.name
    content, name = unpacked(path.read_bytes(), path.name)
    return io.BytesIO(content), name


def _stream(content: bytes, ending: str) -> bytes:
    if ending == ".xz":
        import lzma

        try:
            return lzma.decompress(content)
        except lzma.LZMAError as error:
            raise OSError(str(error)) from None
    with pa.CompressedInputStream(pa.BufferReader(content), _STREAMS[ending]) as stream:
        return bytes(stream.read())


def _in_archive(content: bytes, name: str) -> tuple[bytes, str]:
    """The one file of an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inside = [
            each.filename
            for each in archive.infolist()
            if not each.is_dir() and not any(part in each.filename for part in _BESIDE)
        ]
        if len(inside) != 1:
            held = f"holds {listing(inside, 5)}" if inside else "holds no file"
            raise InputError(f"{name}: {held}; allowed: an archive of one file; unpack it")
        try:
            return archive.read(inside[0]), PurePath(inside[0]).name
        except RuntimeError:
            raise InputError(f"{name}: is protected by a password; unpack it") from None
