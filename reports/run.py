"""Runs the notebooks of a report side by side, each in a folder of its own."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from pathlib import Path

from pluralign_stats.models.bayes.options import n_cores
from pluralign_stats.progress import WorkProgress
from pluralign_stats.workers.processes import bounded_threads
from reports.execute import run_notebook
from reports.kernel import Kernels
from reports.model import Job

#: So many kernels fit into the memory of an ordinary machine.
_MOST_AT_A_TIME = 4


def run_notebooks(
    jobs: Sequence[Job],
    failed: Path,
    finish: Callable[[Job, float], None],
    shown: bool,
) -> None:
    """Run notebooks, as many at a time as there are cores, up to four.

    The slow ones begin first, else reading order holds. The first that fails stops the others at
    once, and so does an interruption; no kernel outlives the call.

    Parameters
    ----------
    failed : Path
        Folder that takes the executed copy of one that fails.
    finish : callable
        Called with each as it ends and the seconds it took, one at a time; its executed copy is in
        its folder.

    Raises
    ------
    PluralignError
        If a notebook fails.
    """
    if not jobs:
        return
    at_a_time = side_by_side(len(jobs))
    kernels = Kernels(at_a_time)
    steps = {job.notebook.name: job.notebook.steps for job in jobs}
    with (
        WorkProgress("Report", "cells", steps, shown) as bar,
        bounded_threads(at_a_time, kernels) as pool,
    ):

        def run(job: Job) -> float:
            name, began = job.notebook.name, time.perf_counter()
            bar.advance(name)
            run_notebook(job, failed, kernels, lambda: bar.advance(name, 1))
            return time.perf_counter() - began

        running = {pool.submit(run, job): job for job in _slow_first(jobs)}
        for ended in as_completed(running):
            finish(running[ended], ended.result())
            bar.end(running[ended].notebook.name)


def side_by_side(n_jobs: int) -> int:
    """How many notebooks run at a time."""
    return min(n_cores(), _MOST_AT_A_TIME, max(n_jobs, 1))


def _slow_first(jobs: Sequence[Job]) -> list[Job]:
    """Put first what would else keep the others waiting in the end."""
    return sorted(jobs, key=lambda job: not job.notebook.slow)
