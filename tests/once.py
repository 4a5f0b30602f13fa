"""What takes long to make is made by the first worker that asks; the others wait and share it."""

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def once(tmp: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that is made once in a run of all tests."""
    base = tmp.getbasetemp()
    folder = (base.parent if base.name.startswith("popen-") else base) / name
    with FileLock(f"{folder}.lock"):
        if not (folder / "made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            (folder / "made").touch()
    return folder


def kept[T](tmp: pytest.TempPathFactory, name: str, make: Callable[[], T]) -> T:
    """An object that is computed once in a run of all tests; every worker has a copy."""
    folder = once(tmp, name, lambda new: (new / "object").write_bytes(pickle.dumps(make())))
    return pickle.loads((folder / "object").read_bytes())
