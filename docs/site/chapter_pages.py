"""Writes the pages of the notebooks: as they are, or as executed copies show them."""

import shutil
from pathlib import Path

import nbformat

import pluralign_stats as pls
from reports.model import Job, Notebook
from reports.notebook import find_notebooks
from reports.publish import publish_notebook, sanitizer
from reports.run import run_notebooks

_WORDS = """# Notebooks

Each notebook asks one question of a study. `pluralign report` runs all of them and binds them into
one report; `pluralign lab` opens them in JupyterLab, with your study, to change and to try.
"""

_WITHOUT = "Here they stand as they come, without results.\n"
_WITH = "Here they stand with what they showed of a study; where it is simulated, they say so.\n"


def chapter_pages(folder: Path, executed: Path | None) -> dict[str, str]:
    """Give the notebooks, and a page that lists them with their questions.

    Parameters
    ----------
    folder
        The notebooks.
    executed
        Folder of executed copies under the same names, looked for at any depth; one that is not
        there is shown without results.
    """
    notebooks = find_notebooks(sorted(folder.glob("[0-9][0-9]_*.ipynb")))
    pages = {f"notebooks/{n.path.name}": _as_page(n, executed) for n in notebooks}
    numbered = {n.name: f"{n.name.split('_')[0]} {n.title}" for n in notebooks}
    rows = "\n".join(f"| [{numbered[n.name]}]({n.path.name}) | {n.question} |" for n in notebooks)
    names = "\n".join(f"{title} <{name}>" for name, title in numbered.items())
    pages["notebooks/index.md"] = (
        f"{_WORDS}{_WITH if executed else _WITHOUT}\n| Notebook | Question |\n|---|---|\n{rows}\n\n"
        f"```{{toctree}}\n:hidden:\n\n{names}\n```\n"
    )
    return pages


def execute(folder: Path, out: Path) -> Path:
    """Run the notebooks on a small simulated study and return the folder of executed copies."""
    out = out.resolve()
    shutil.rmtree(out, ignore_errors=True)
    study = pls.write_simulated_study(out, seed=1, n_raters=300)
    notebooks = find_notebooks(sorted(folder.glob("[0-9][0-9]_*.ipynb")))
    jobs = [Job(n, {"study_file": f"../{study.name}"}, out / n.name) for n in notebooks]
    for job in jobs:
        job.folder.mkdir()
    clean = sanitizer([job.folder for job in jobs], study.resolve(), None, out)

    def finish(job: Job, _seconds: float) -> None:
        publish_notebook(job.copy, clean)

    run_notebooks(jobs, out, finish, shown=True)
    return out


def _as_page(notebook: Notebook, executed: Path | None) -> str:
    """The text of a notebook, or of its executed copy without the parameters given to it."""
    copies = sorted(executed.rglob(notebook.path.name)) if executed else []
    node = nbformat.read(copies[0], as_version=4) if copies else notebook.node
    cells = [c for c in node.cells if "injected-parameters" not in c.metadata.get("tags", [])]
    shown = {**node, "cells": cells, "metadata": {"kernelspec": _KERNEL}}
    return nbformat.writes(nbformat.from_dict(shown))


_KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
