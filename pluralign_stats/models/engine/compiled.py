"""Compiles functions with numba, and keeps what was compiled for later processes."""

from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from numba import njit

from pluralign_stats.storage.digest import digest_files

#: Modules of compiled functions, which are compiled into one another.
MODULES = (
    "bayes/by_rater.py",
    "bayes/density.py",
    "bayes/log_densities.py",
    "bayes/pointwise.py",
    "bayes/transforms.py",
    "engine/beta_kernels.py",
    "engine/kernels.py",
)

_MODELS = Path(__file__).parents[1]

#: What compiled functions were compiled from. numba itself looks only at a function's own file.
SOURCE = digest_files(_MODELS / name for name in MODULES)


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function of `MODULES` at its first call; a division by zero gives inf or nan.

    What was compiled is used again by other processes until one of the modules changes.
    """
    made = njit(cache=True, nogil=True, error_model="numpy")(function)
    kept = made._cache._cache_file
    kept._source_stamp = SOURCE
    kept._load_index = lambda load=kept._load_index: _readable(load)
    return made


def _readable(load: Callable[[], dict]) -> dict:
    """What is kept; nothing where it names types that former modules had."""
    try:
        return load()
    except (AttributeError, ImportError, EOFError, UnpicklingError):
        return {}
