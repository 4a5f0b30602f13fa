"""Settings of a process that loads models."""

import ctypes
import os
import sys

#: glibc's names of its options, and what they are set to: blocks of up to 32 MiB, its own limit,
#: come from memory that is kept, and 256 MiB of it are kept when they are free.
_MMAP_THRESHOLD, _TRIM_THRESHOLD = (-3, 2**25), (-1, 2**28)


def prepare_process() -> None:
    """Set up a process before it loads packages and models; may be called again.

    Packages neither report use to their makers nor draw progress bars. Memory that one training
    step frees is kept for the next one: to ask the system for it again takes a miniature model
    longer than a tenth of a step.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TQDM_DISABLE", "1")
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    # Seconds without an answer after which the hub is given up; by default 10.
    os.environ.setdefault("HF_HUB_ETAG_TIMEOUT", "120")
    os.environ.setdefault("HF_HUB_DOWNLOAD_TIMEOUT", "120")
    _keep_memory()


def _keep_memory() -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(*_MMAP_THRESHOLD)
        mallopt(*_TRIM_THRESHOLD)
