"""Runs one notebook with papermill, and says in one line why it failed."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pluralign_stats import errors
from pluralign_stats.errors import InputError, PluralignError
from reports.model import Notebook

if TYPE_CHECKING:
    from reports.kernel import Kernels

#: Names of our own exceptions: their message is already written for the user.
_OWN_ERRORS = {
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, PluralignError)
}


#: Seconds: no limit, in the form that papermill takes. A kernel that lives is waited for, however
#: busy or stopped its machine; one that has died is noticed within a second, by its process.
_NO_LIMIT = 10**9


class StoppedError(Exception):
    """A notebook was stopped from outside, since another one had failed or the user asked."""


def run_notebook(
    notebook: Notebook,
    values: Mapping[str, object],
    folder: Path,
    failed: Path,
    kernels: "Kernels",
    on_cell: Callable[[], None],
) -> None:
    """Run a notebook in a kernel of the current interpreter.

    Parameters
    ----------
    notebook : Notebook
        What to run.
    values : mapping of str to object
        The parameters to inject, each declared by the notebook.
    folder : Path
        Working folder of the kernel, which also takes the executed copy, named as the notebook.
    failed : Path
        Folder that takes the executed copy instead if the notebook stops before its end.
    kernels : Kernels
        Starts the kernel, and may end it.
    on_cell : callable
        Called after each executed cell.

    Raises
    ------
    PluralignError
        If a cell raises or the kernel dies; an `InputError` where the kernel raised one.
    StoppedError
        If the kernels were ended; then nothing is kept.
    """
    from papermill.exceptions import PapermillExecutionError

    if kernels.ended:
        raise StoppedError
    copy = folder / notebook.path.name
    begun: list[int] = []
    try:
        _execute(notebook, values, copy, kernels, begun, on_cell)
    except PapermillExecutionError as error:
        kept = _keep(copy, failed)
        raise _cell_failure(notebook, error, kept) from error
    except RuntimeError as error:
        if kernels.ended:
            raise StoppedError from error
        kept = _keep(copy, failed)
        raise _kernel_failure(notebook, error, len(begun), kept) from error


def _execute(
    notebook: Notebook,
    values: Mapping[str, object],
    copy: Path,
    kernels: "Kernels",
    begun: list[int],
    on_cell: Callable[[], None],
) -> None:
    import papermill

    papermill.execute_notebook(
        notebook.node,
        # papermill reads braces in a path as fields to fill in.
        str(copy).replace("{", "{{").replace("}", "}}"),
        parameters=dict(values),
        progress_bar=False,
        start_timeout=_NO_LIMIT,
        execution_timeout=None,
        iopub_timeout=_NO_LIMIT,
        kernel_manager_class=kernels.manager,
        resources={"metadata": {"path": str(copy.parent)}},
        on_cell_execute=lambda cell, cell_index: begun.append(cell_index),
        on_cell_executed=lambda cell, cell_index, execute_reply: on_cell(),
    )


def _keep(copy: Path, failed: Path) -> Path:
    failed.mkdir(exist_ok=True)
    return Path(shutil.move(copy, failed / copy.name))


def _cell_failure(notebook: Notebook, error: Any, kept: Path) -> PluralignError:
    message = next((line.strip() for line in error.evalue.splitlines() if line.strip()), "")
    if error.ename in _OWN_ERRORS:
        return InputError(f"{notebook.name}: {message}")
    raised = f"{error.ename}: {message}" if message else error.ename
    return PluralignError(
        f"notebook {notebook.name} failed in cell [{error.exec_count}] with {raised}; "
        f"look at its executed copy, {kept}"
    )


def _kernel_failure(
    notebook: Notebook, error: RuntimeError, cell: int, kept: Path
) -> PluralignError:
    if not cell:
        reason = str(error).partition("\n")[0]
        return PluralignError(f"notebook {notebook.name} could not start Python: {reason}")
    return PluralignError(
        f"notebook {notebook.name} lost its Python process in cell [{cell}], often for want of "
        f"memory; look at its executed copy, {kept}"
    )
