"""Parameters by which all notebooks together do as little as they allow."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from pluralign_stats.figures import plot
from pluralign_stats.models.bayes.options import FEWEST_DRAWS
from reports import notebook_folder
from tests.here import simulate_here

LITTLE_WORK = {
    "draws": FEWEST_DRAWS,
    "tune": FEWEST_DRAWS,
    "n_bootstrap": 100,
    "n_replicates": 19,
    "n_simulations": 10,
    "n_detectable": 50,
    "raters": 100,
    "single_items": False,
    "about_raters": False,
}


def draw_as(patched: pytest.MonkeyPatch, *formats: str) -> None:
    """Let figures be laid out as ever, but written in some formats only: most of a chapter's work.

    Where a notebook shows them, their words stand for them.
    """
    patched.setattr(plot, "FORMATS", {kind: plot.FORMATS[kind] for kind in formats})
    patched.setattr(plot.Plot, "_repr_html_", lambda shown: shown.alt)


def run_chapter(
    number: str, codebook: Path, capsys: pytest.CaptureFixture | None = None, **given: object
) -> str:
    """Run the code of one chapter as its notebook would, and return what it printed."""
    (notebook,) = notebook_folder().glob(f"{number}_*.ipynb")
    names: dict[str, object] = {}
    with pytest.MonkeyPatch.context() as patched:
        simulate_here(patched)
        _run_cells(notebook, codebook, given, names)
    plt.close("all")
    return capsys.readouterr().out if capsys else ""


def _run_cells(
    notebook: Path, codebook: Path, given: dict[str, object], names: dict[str, object]
) -> None:
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        exec("".join(cell["source"]), names)
        if "parameters" in cell["metadata"].get("tags", []):
            given = {"study_file": str(codebook), "out": str(codebook.parent / "out")} | given
            wanted = LITTLE_WORK | {"about_raters": True, "single_items": True} | given
            names |= {name: value for name, value in wanted.items() if name in names}
