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
        return (
            "",
            "R is missing, so only ours is timed (peers: R with ordinal, lme4, glmmTMB)",
        )
    command = ["Rscript", str(HERE / "versions.R")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment())
    if done.returncode:
        return "", f"{done.stderr.strip().splitlines()[-1]}, so only ours is timed"
    return done.stdout.strip(), ""


def facts(r: str) -> str:
    """Cores, processor with its instruction sets, and versions in one sentence."""
    import numpy as np

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "numba"))
    return (
        f"{os.cpu_count()} cores ({_processor()}; {instruction_sets()}), "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"{packages} ({blas}); {r or 'no R'}; one BLAS thread."
    )


def _processor() -> str:
    return _told("model name") or platform.processor() or "unknown processor"


#: Instruction sets that decide how fast products of matrices are, x86 and ARM, as Linux names them.
_SETS = ("avx", "avx2", "avx512f", "avx512_bf16", "avx512_fp16", "amx_bf16", "asimd", "sve", "bf16")


def instruction_sets() -> str:
    """Which of the instruction sets that matter this processor has."""
    flags = set((_told("flags") or _told("Features")).split())
    return ", ".join(name for name in _SETS if name in flags) or "instruction sets unknown"


def _told(name: str) -> str:
    """What Linux says of the first processor; nothing elsewhere."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    said = [line.partition(":")[2].strip() for line in lines if line.startswith(name)]
    return said[0] if said else ""
