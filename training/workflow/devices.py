"""One GPU for each process: Snakemake names none to the jobs of one machine, so we lock them."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from pluralign_stats.storage.lock import file_lock, take
from pluralign_stats.workers.processes import visible_devices
from training.embedded.base import default_cache

#: Seconds between two looks whether a GPU has become free.
_PAUSE = 1.0


@contextmanager
def one_device() -> Iterator[dict[str, str]]:
    """Hold a GPU that no other run of this user holds; waits for one.

    Yields
    ------
    dict
        What to set in the environment of a process that is to use it; nothing without a GPU, and
        nothing in a job of a cluster, which has been given its own.
    """
    devices = [] if "SLURM_JOB_ID" in os.environ else visible_devices()
    if not devices:
        yield {}
        return
    device, lock = _first_free(devices, default_cache())
    try:
        yield {"CUDA_VISIBLE_DEVICES": device}
    finally:
        lock.release()


def _first_free(devices: list[str], folder: Path) -> tuple[str, FileLock]:
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        for device in devices:
            lock = file_lock(folder / f".gpu-{device.replace('/', '-')}.lock")
            if take(lock):
                return device, lock
        time.sleep(_PAUSE)
