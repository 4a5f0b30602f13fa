"""From the path of a data file to a raw table, whatever the file's format."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet

from pluralign_stats.errors import InputError, listing
from pluralign_stats.storage.digest import digest_bytes
from pluralign_stats.study.combine import join_tables, stack_tables
from pluralign_stats.study.compression import COMPRESSED, unpacked
from pluralign_stats.study.contents import Contents
from pluralign_stats.study.csv_file import read_csv
from pluralign_stats.study.excel_file import ENDINGS as EXCEL
from pluralign_stats.study.excel_file import read_excel
from pluralign_stats.study.files import File, Format, Join, Stack
from pluralign_stats.study.header_rows import below_headers
from pluralign_stats.study.json_file import read_json, read_json_lines
from pluralign_stats.study.labelled_file import read_sas, read_spss, read_stata
from pluralign_stats.study.nested import laid_flat
from pluralign_stats.study.tables import RawTable, renamed, tabulate, with_prefix
from pluralign_stats.study.text import nfc
from pluralign_stats.study.wide import made_long
from pluralign_stats.study.wide_columns import NOTHING, Sought

_ENDINGS: dict[Format, tuple[str, ...]] = {
    "csv": (".csv", ".tsv", ".tab", ".txt"),
    "xlsx": EXCEL,
    "parquet": (".parquet", ".pq"),
    "feather": (".feather", ".arrow"),
    "json": (".json",),
    "jsonl": (".jsonl", ".ndjson"),
    "spss": (".sav", ".zsav", ".por"),
    "stata": (".dta",),
    "sas": (".sas7bdat", ".xpt"),
}
_FORMATS = {ending: kind for kind, endings in _ENDINGS.items() for ending in endings}
#: Names under which exports of Prolific have answers that are gone.
_GONE = ("CONSENT_REVOKED", "DATA_EXPIRED")


def read_table(
    spec: File | Stack | Join, folder: Path, missing: tuple[str, ...], sought: Sought = NOTHING
) -> RawTable:
    """Read a data file as text, or several that belong together.

    Parameters
    ----------
    spec
        What the codebook says of it.
    folder
        What its path is relative to.
    missing
        Missing-value codes.
    sought
        Columns that the codebook names, by which those of items are told from others.

    Raises
    ------
    InputError
        If a file is absent, empty, in another encoding, of an unknown format or damaged, or files
        do not fit together.
    """
    if isinstance(spec, File):
        return _read_file(spec, folder, missing, sought)
    if isinstance(spec, Stack):
        tables = {tag: _read_file(f, folder, missing, sought) for tag, f in spec.files.items()}
        return stack_tables(_told_apart(tables, spec), spec.column, spec.restart or ())
    parts = [read_table(part, folder, missing, sought) for part in spec.join]
    joined = join_tables(parts, spec.by)
    return made_long(joined, spec.wide, sought) if spec.wide else joined


class _Unlisted(File):
    """A file that no codebook describes."""

    def advise(self, setting: str) -> str:
        """Without a codebook the file is to be as files are unless stated."""
        return "save it as CSV in UTF-8 with commas between fields"


def read_unlisted(path: Path) -> RawTable:
    """Read a data file that no codebook describes as text; its ending tells the format.

    Raises
    ------
    InputError
        See `read_table`.
    """
    return read_table(_Unlisted(path=str(path.absolute())), Path(), ())


def _read_file(spec: File, folder: Path, missing: tuple[str, ...], sought: Sought) -> RawTable:
    path = _found(folder / spec.path)
    stored = _read_bytes(path)
    content, inside = unpacked(stored, path.name)
    kind = spec.format or _FORMATS.get(Path(inside).suffix.lower())
    if kind is None:
        raise InputError(_unknown_format(path.name, Path(inside).suffix, spec))
    contents = _contents(kind, content, spec.model_copy(update={"path": inside}), path.name)
    frame, notes = laid_flat(contents.frame, spec, path.name)
    table = tabulate(path.name, frame, (*missing, *_GONE), digest_bytes(stored))
    sheet = "" if spec.sheet is None else f" ({spec.sheet})"
    table = replace(
        table,
        name=f"{path.name}{sheet}",
        declared=contents.declared,
        notes=(*contents.notes, *notes),
        wordings=contents.wordings,
        labels=contents.labels,
    )
    table = renamed(table, spec.rename)
    table = made_long(table, spec.wide, sought) if spec.wide else table
    for column, prefix in spec.prefix.items():
        table = with_prefix(table, column, prefix)
    return table


def _unknown_format(name: str, ending: str, spec: File) -> str:
    """Say that an ending tells no format, and which do."""
    if not ending:
        return f"{name}: has no ending that tells the format; {spec.advise('format: csv')}"
    known = listing((e for endings in _ENDINGS.values() for e in endings), 40)
    return (
        f"{name}: the ending '{ending}' does not tell the format; read are {known}, and these "
        f"compressed ({listing(COMPRESSED)}); save it as one of them, or "
        + spec.advise("format: csv")
    )


def _contents(kind: Format, content: bytes, spec: File, name: str) -> Contents:
    """What the reader of a format finds in a file."""
    match kind:
        case "csv":
            return below_headers(read_csv(content, spec, name), spec, name)
        case "xlsx":
            return below_headers(read_excel(content, spec, name), spec, name)
        case "spss":
            return read_spss(content, spec, name)
        case "stata":
            return read_stata(content, spec, name)
        case "sas":
            return read_sas(content, spec, name)
    readers = {
        "parquet": _read_parquet,
        "feather": _read_feather,
        "json": read_json,
        "jsonl": read_json_lines,
    }
    return Contents(readers[kind](content, spec, name))


def _told_apart(tables: dict[str, RawTable], spec: Stack) -> dict[str, RawTable]:
    """Tables of files with one name under their folder's name too."""
    names = [table.name for table in tables.values()]
    made = {}
    for (tag, table), path in zip(tables.items(), spec.paths, strict=True):
        (own, digest), *_ = table.hashes.items()
        alone = names.count(table.name) == 1
        name, own = (table.name, own) if alone else ("/".join(Path(path).parts[-2:]),) * 2
        made[tag] = replace(table, name=name, hashes={own: digest})
    return made


def _found(path: Path) -> Path:
    """The path of a file, whatever Unicode form the file system keeps its names in."""
    wanted = Path(nfc(str(path)))
    for part in range(len(path.parts)):
        here = Path(*path.parts[: part + 1])
        if not here.exists() and here.parent.is_dir():
            alike = (p for p in here.parent.iterdir() if nfc(p.name) == wanted.parts[part])
            path = next(alike, here).joinpath(*path.parts[part + 1 :])
    return path


def _read_bytes(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(
            f"{path}: no such file; correct 'files' in the codebook, or name its folder (--data)"
        ) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if not content.strip():
        raise InputError(f"{path.name}: is empty; it needs a header and at least one row of data")
    return content


def _read_parquet(content: bytes, spec: File, name: str) -> pd.DataFrame:
    return _arrow(pa.parquet.read_table, "Parquet", content, name)


def _read_feather(content: bytes, spec: File, name: str) -> pd.DataFrame:
    return _arrow(pa.feather.read_table, "Feather", content, name)


def _arrow(read: Callable[..., pa.Table], kind: str, content: bytes, name: str) -> pd.DataFrame:
    try:
        frame = read(io.BytesIO(content)).to_pandas(integer_object_nulls=True)
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{name}: is not a readable {kind} file ({str(error).splitlines()[0]}); "
            "write it again or state another 'format' in the codebook"
        ) from None
    named = [level for level in frame.index.names if level is not None]
    frame = frame.reset_index(named)
    return frame.set_axis(pd.RangeIndex(1, 1 + len(frame)))
