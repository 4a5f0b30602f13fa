"""Runs notebooks of a report in the process of the test: a kernel each costs seconds to start."""

import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import papermill
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from nbformat import NotebookNode, v4
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines

from reports.kernel import IMPORTED
from tests.here import simulate_here


class HereEngine(Engine):
    """Executes cells with IPython, as a kernel does, but for the process around it."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, **options: Any
    ) -> None:
        folder = Path(options["resources"]["metadata"]["path"])
        with chdir(folder), _shell() as shell:
            for k, cell in enumerate(nb_man.nb.cells):
                nb_man.cell_start(cell, k)
                if cell.cell_type == "code":
                    options["on_cell_execute"](cell, k)
                    _execute(shell, cell)
                    options["on_cell_executed"](cell, k, None)
                nb_man.cell_complete(cell, k)
        (folder / IMPORTED).write_text("\n".join(sys.modules), "utf-8")


@contextmanager
def _shell() -> Iterator[InteractiveShell]:
    shell = InteractiveShell.instance()
    try:
        yield shell
    finally:
        plt.close("all")
        InteractiveShell.clear_instance()


def _execute(shell: InteractiveShell, cell: NotebookNode) -> None:
    """Run a cell and note what it prints and shows; what it raises is raised."""
    with capture_output() as shown:
        result = shell.run_cell(cell.source, store_history=True)
    result.raise_error()
    cell.execution_count = shell.execution_count - 1
    if shown.stdout:
        cell.outputs.append(v4.new_output("stream", name="stdout", text=shown.stdout))
    cell.outputs += [
        v4.new_output("display_data", data=one.data, metadata=one.metadata or {})
        for one in shown.outputs
    ]


def run_here(patched: pytest.MonkeyPatch) -> None:
    """Let reports run their notebooks in this process, one after the other, and all they start."""
    simulate_here(patched)
    execute = papermill.execute_notebook
    papermill_engines.register("here", HereEngine)
    patched.setattr("reports.run.n_cores", lambda: 1)
    patched.setattr(
        papermill, "execute_notebook", lambda *a, **k: execute(*a, engine_name="here", **k)
    )
