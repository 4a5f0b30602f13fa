"""Tables as Parquet files that are whole or not there."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pluralign_stats.errors import PluralignError
from pluralign_stats.storage.files import write_atomic


def write_table(path: Path, rows: pa.Table) -> None:
    """Write a Parquet file, atomically; its folder is made if need be.

    Raises
    ------
    PluralignError
        If it cannot be written, such as on a full disk.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, lambda file: pq.write_table(rows, file))
    except OSError as error:
        raise PluralignError(
            f"{path} could not be written ({error.strerror}); make room or choose another folder, "
            "and run the command again: it goes on from here"
        ) from error


def write_frame(path: Path, frame: pd.DataFrame) -> None:
    """Write a frame without its index, as `write_table` does."""
    write_table(path, pa.Table.from_pandas(frame, preserve_index=False))
