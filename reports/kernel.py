"""The kernels of a report: the interpreter that is running, whatever kernels are installed."""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from subprocess import Popen
from threading import Lock
from typing import Any, ClassVar

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


#: File in a notebook's working folder that says which modules it has imported.
IMPORTED = ".imported"


def load_ipython_extension(shell: Any) -> None:
    """Write down in a kernel what has been imported, after each cell."""
    file = Path.cwd() / IMPORTED

    def write(_result: object) -> None:
        file.write_text("\n".join(sorted(sys.modules)), "utf-8")

    write(None)
    shell.events.register("post_run_cell", write)


class CurrentInterpreterManager(AsyncKernelManager):
    """Starts `sys.executable` instead of looking for an installed kernel by name.

    A kernel named ``python3`` may be missing, or belong to another environment that shadows this
    one; a report must run with the packages whose versions it prints.
    """

    #: Those that it belongs to.
    kernels: ClassVar["Kernels"]

    @default("shutdown_wait_time")
    def _let_it_end(self) -> float:
        """Seconds after which a kernel whose notebook has ended is killed."""
        return 120.0

    @property
    def kernel_spec(self) -> KernelSpec:
        """The command that starts the kernel."""
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(
            argv=[
                *command,
                "--IPKernelApp.log_level=CRITICAL",
                f"--IPKernelApp.extra_extensions={__name__}",
            ],
            display_name="Python 3",
            language="python",
            metadata={"supported_encryption": ["curve"]},
        )

    @default("transport_encryption")
    def _encrypt_where_possible(self) -> str:
        return "auto"

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
        """Start the kernel, and count it among those that can be ended."""
        options.setdefault("env", self.kernels.environment())
        await super().start_kernel(**options)
        self.kernels.add(self.provisioner.process)  # type: ignore[union-attr]


class Kernels:
    """The kernels of one report, so that all of them can be ended at once.

    Parameters
    ----------
    at_a_time : int
        How many run side by side.
    """

    def __init__(self, at_a_time: int) -> None:
        self._alone = at_a_time == 1
        self._lock = Lock()
        self._processes: list[Popen[bytes]] = []
        self.ended = False
        self.manager = type("Manager", (CurrentInterpreterManager,), {"kernels": self})

    def environment(self) -> dict[str, str]:
        """Return the environment of a kernel: this process's, with thread settings filled in.

        A single kernel takes the threads that the user set; several have one thread each. None
        takes itself for one that a Jupyter server shows, even where a notebook there makes the
        report.
        """
        threads = dict.fromkeys(_THREAD_SETTINGS, "1")
        own = {name: value for name, value in os.environ.items() if name != "JPY_SESSION_NAME"}
        return threads | own if self._alone else own | threads

    def add(self, process: Popen[bytes]) -> None:
        """Count a kernel that has started; where all were ended meanwhile, end it too."""
        with self._lock:
            self._processes.append(process)
            if self.ended:
                _kill(process)

    def end(self) -> None:
        """Kill every kernel, and all that start from now on."""
        with self._lock:
            self.ended = True
            for process in self._processes:
                _kill(process)


def _kill(process: Popen[bytes]) -> None:
    """Kill a kernel that runs, with what it has started: each leads a group of processes."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
