"""Runs one notebook with papermill, and says in one line why it failed."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pluralign_stats import errors
from pluralign_stats.errors import InputError, PluralignError
from reports.model import Job

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


def run_notebook(job: Job, failed: Path, kernels: "Kernels", on_cell: Callable[[], None]) -> None:
    """Run a notebook in a kernel of the current interpreter.

    Parameters
    ----------
    job : Job
        What to run; its folder takes the executed copy.
    failed : Path
        Folder that takes the executed copy instead if the notebook stops before its end.

    Raises
    ------
    PluralignError
        If a cell raises or the kernel dies; an `InputError` where the kernel raised one.
    StoppedError
        If the kernels were ended; then nothing is kept.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError

    if kernels.ended:
        raise StoppedError
    begun: list[int] = []
    try:
        papermill.execute_notebook(
            job.notebook.node,
            # papermill reads braces in a path as fields to fill in.
            str(job.copy).replace("{", "{{").replace("}", "}}"),
            parameters=dict(job.values),
            progress_bar=False,
            start_timeout=_NO_LIMIT,
            execution_timeout=None,
            iopub_timeout=_NO_LIMIT,
            kernel_manager_class=kernels.manager,
            resources={"metadata": {"path": str(job.folder)}},
            on_cell_execute=lambda cell, cell_index: begun.append(cell_index),
            on_cell_executed=lambda cell, cell_index, execute_reply: on_cell(),
        )
    except PapermillExecutionError as error:
        kept = _keep(job.copy, failed)
        raise _cell_failure(job.notebook.name, error, kept) from error
    except RuntimeError as error:
        if kernels.ended:
            raise StoppedError from error
        kept = _keep(job.copy, failed)
        raise _kernel_failure(job.notebook.name, error, len(begun), kept) from error


def _keep(copy: Path, failed: Path) -> Path:
    failed.mkdir(exist_ok=True)
    return Path(shutil.move(copy, failed / copy.name))


def _cell_failure(name: str, error: Any, kept: Path) -> PluralignError:
    message = next((line.strip() for line in error.evalue.splitlines() if line.strip()), "")
    if error.ename in _OWN_ERRORS:
        return InputError(f"{name}: {message}")
    raised = f"{error.ename}: {message}" if message else error.ename
    return PluralignError(
        f"notebook {name} failed in cell [{error.exec_count}] with {raised}; "
        f"look at its executed copy, {kept}"
    )


def _kernel_failure(name: str, error: RuntimeError, cell: int, kept: Path) -> PluralignError:
    if not cell:
        reason = str(error).partition("\n")[0]
        return PluralignError(f"notebook {name} could not start Python: {reason}")
    return PluralignError(
        f"notebook {name} lost its Python process in cell [{cell}], often for want of "
        f"memory; look at its executed copy, {kept}"
    )
