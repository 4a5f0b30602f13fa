"""Runs the notebooks of a report side by side, each in a folder of its own."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import as_completed
from pathlib import Path

from pluralign_stats.models.bayes.options import n_cores
from pluralign_stats.progress import WorkProgress
from pluralign_stats.workers.processes import bounded_threads
from reports.execute import run_notebook
from reports.kernel import Kernels
from reports.model import Notebook

#: So many kernels fit into the memory of an ordinary machine.
_MOST_AT_A_TIME = 4


def run_notebooks(
    notebooks: Sequence[Notebook],
    given: Mapping[str, Mapping[str, object]],
    rooms: Mapping[str, Path],
    failed: Path,
    finish: Callable[[Notebook], None],
    shown: bool,
) -> None:
    """Run notebooks, as many at a time as there are cores, up to four.

    The slow ones begin first, else reading order holds. The first that fails stops the others at
    once, and so does an interruption; no kernel outlives the call.

    Parameters
    ----------
    notebooks : sequence of Notebook
        What to run.
    given : mapping of str to mapping
        The parameters to inject by notebook name.
    rooms : mapping of str to Path
        The folder by notebook name in which it runs and leaves what it makes.
    failed : Path
        Folder that takes the executed copy of one that fails.
    finish : callable
        Called with each notebook as it ends, one at a time; its executed copy is in its room.
    shown : bool
        Whether to show on standard error how far the work is.

    Raises
    ------
    PluralignError
        If a notebook fails.
    """
    if not notebooks:
        return
    at_a_time = min(n_cores(), _MOST_AT_A_TIME, len(notebooks))
    kernels = Kernels(at_a_time)
    steps = {notebook.name: notebook.steps for notebook in notebooks}
    with (
        WorkProgress("Report", "cells", steps, shown) as bar,
        bounded_threads(at_a_time, kernels) as pool,
    ):

        def run(notebook: Notebook) -> None:
            name = notebook.name
            bar.advance(name)
            run_notebook(
                notebook, given[name], rooms[name], failed, kernels, lambda: bar.advance(name, 1)
            )

        running = {pool.submit(run, notebook): notebook for notebook in _slow_first(notebooks)}
        for ended in as_completed(running):
            notebook = running[ended]
            ended.result()
            finish(notebook)
            bar.end(notebook.name)


def _slow_first(notebooks: Sequence[Notebook]) -> list[Notebook]:
    """Put first what would else keep the others waiting in the end."""
    return sorted(notebooks, key=lambda notebook: not notebook.slow)
