"""The kernel of a report: the interpreter that is running, whatever kernels are installed."""

import os
import sys
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from traitlets import default

#: One thread per process is many times faster for small models than sharing the cores.
_THREAD_SETTINGS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


class CurrentInterpreterManager(AsyncKernelManager):
    """Starts `sys.executable` instead of looking for an installed kernel by name.

    A kernel named ``python3`` may be missing, or belong to another environment that shadows this
    one; a report must run with the packages whose versions it prints.
    """

    @property
    def kernel_spec(self) -> KernelSpec:
        """The command that starts the kernel."""
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(
            argv=[*command, "--IPKernelApp.log_level=CRITICAL"],
            display_name="Python 3",
            language="python",
            metadata={"supported_encryption": ["curve"]},
        )

    @default("transport_encryption")
    def _encrypt_where_possible(self) -> str:
        return "auto"

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
        """Start the kernel with one thread per numerical library unless the user set another."""
        options.setdefault("env", kernel_environment())
        await super().start_kernel(**options)


def kernel_environment() -> dict[str, str]:
    """Return the environment of the kernel: this process's, with thread settings filled in."""
    return dict.fromkeys(_THREAD_SETTINGS, "1") | dict(os.environ)
