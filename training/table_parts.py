"""A table written part by part, so that a killed stage loses no more than the part in work."""

import os
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pluralign_stats.errors import PluralignError


def add_part(folder: Path, rows: pa.Table) -> None:
    """Write one more part; it is either whole or not there.

    Raises
    ------
    PluralignError
        If it cannot be written, such as on a full disk.
    """
    number = max((int(p.stem) for p in _parts(folder)), default=-1) + 1
    write_table(folder / f"{number:06d}.parquet", rows)


def read_parts(folder: Path, schema: pa.Schema) -> pa.Table:
    """All rows written so far; a part that cannot be read is removed."""
    tables = [schema.empty_table()]
    for path in _parts(folder):
        try:
            tables.append(pq.read_table(path, schema=schema))
        except (OSError, pa.ArrowException):
            path.unlink()
    return pa.concat_tables(tables)


def write_table(path: Path, rows: pa.Table) -> None:
    """Write a Parquet file that is either whole or not there, also after a kill.

    Raises
    ------
    PluralignError
        If it cannot be written, such as on a full disk.
    """
    made = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with made.open("wb") as file:
            pq.write_table(rows, file)
            file.flush()
            os.fsync(file.fileno())
        made.replace(path)
    except OSError as error:
        made.unlink(missing_ok=True)
        raise PluralignError(
            f"{path} could not be written ({error.strerror}); make room or choose another folder, "
            "and run the command again: it goes on from here"
        ) from error


def write_frame(path: Path, frame: pd.DataFrame) -> None:
    """Write a frame without its index, as `write_table` does."""
    write_table(path, pa.Table.from_pandas(frame, preserve_index=False))


def _parts(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("*.parquet") if p.stem.isdigit())
