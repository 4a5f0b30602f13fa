"""The kernels of a report: the interpreter that is running, whatever kernels are installed."""

import os
import sys
from pathlib import Path
from typing import Any, ClassVar

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner
from traitlets import default

from pluralign_stats.workers.fork_server import DOOR, ForkServer, Request, fork
from pluralign_stats.workers.processes import Processes, one_thread

#: File in a notebook's working folder that says which modules it has imported.
IMPORTED = ".imported"

#: What nearly all chapters import, which takes longer than many of them do.
_LOADED = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "matplotlib_inline.backend_inline",
    "matplotlib.backends.backend_pdf",
    "matplotlib.backends.backend_svg",
    "fontTools.subset",
    "seaborn",
    "pluralign_stats.report_builder",
    "pluralign_stats.study.read",
    "pluralign_stats.demographics.effects",
)


def load_ipython_extension(shell: Any) -> None:
    """Write down in a kernel what has been imported, after each cell."""
    file = Path.cwd() / IMPORTED

    def write(_result: object) -> None:
        file.write_text("\n".join(sorted(sys.modules)), "utf-8")

    write(None)
    shell.events.register("post_run_cell", write)


class ForkProvisioner(LocalProvisioner):
    """Lets a fork server start a kernel, which then need not load again what others have loaded."""

    async def launch_kernel(self, cmd: list[str], **options: Any) -> Any:
        """Start a copy that runs what a Python of its own would: ``python -P -m MODULE ...``."""
        server: ForkServer = self.parent.kernels.server  # type: ignore[union-attr]
        environment = {**options["env"], "JPY_PARENT_PID": str(server.process.pid)}
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            request = Request(cmd[3], cmd[4:], environment, options["cwd"])
            process = fork(server.door, request, (nothing, 1, 2))
        except OSError as error:
            raise RuntimeError(f"its fork server has ended ({error})") from error
        finally:
            os.close(nothing)
        self.process = process  # type: ignore[assignment]
        self.pid = self.pgid = process.pid
        return self.connection_info


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
        command = [sys.executable, "-P", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
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
        if self.kernels.server is not None:
            self.provisioner = ForkProvisioner(kernel_spec=self.kernel_spec, parent=self)
        await super().start_kernel(**options)
        self.kernels.add(self.provisioner.process)  # type: ignore[union-attr]


class Kernels(Processes):
    """The kernels of one report, so that all of them can be ended at once.

    Attributes
    ----------
    server
        What starts them, where there are several and copies of a process are safe.
    """

    def __init__(self, at_a_time: int) -> None:
        super().__init__()
        self._alone = at_a_time == 1
        self.manager = type("Manager", (CurrentInterpreterManager,), {"kernels": self})
        self.server: ForkServer | None = None
        if not self._alone and sys.platform == "linux":
            self.server = ForkServer(_LOADED, self.environment())

    def end(self) -> None:
        """Kill every kernel, then what has started them."""
        super().end()
        if self.server is not None:
            self.server.end()

    def environment(self) -> dict[str, str]:
        """Return the environment of a kernel: this process's, with thread settings filled in.

        A single kernel takes the threads that the user set; several have one thread each. None
        takes itself for one that a Jupyter server shows, even where a notebook there makes the
        report.
        """
        own = one_thread(forced=not self._alone)
        own.pop("JPY_SESSION_NAME", None)
        if self.server is not None:
            own[DOOR] = self.server.door
        return own
