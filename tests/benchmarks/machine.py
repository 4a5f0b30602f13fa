"""The machine that is measured on: one thread a process, versions, and whether R is there."""

import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent

#: One thread in every linear algebra library, for the processes that are measured.
ONE_THREAD = dict.fromkeys(
    ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"], "1"
)


def environment(**more: str) -> dict[str, str]:
    """The environment of a process that is measured."""
    return {**os.environ, **ONE_THREAD, **more}


def r_facts() -> tuple[str, str]:
    """Versions of R and its packages, or else what is missing, in one line."""
    if not shutil.which("Rscript"):
        return "", "R is missing, so only ours is timed (peers: R with the packages ordinal, lme4)"
    command = ["Rscript", str(HERE / "versions.R")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment())
    if done.returncode:
        return "", f"{done.stderr.strip().splitlines()[-1]}, so only ours is timed"
    return done.stdout.strip(), ""


def facts(r: str) -> str:
    """Cores, processor and versions in one sentence."""
    import numpy as np

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "numba"))
    return (
        f"{os.cpu_count()} cores ({_processor()}), {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, {packages} ({blas}); {r or 'no R'}; one BLAS thread."
    )


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown processor"
