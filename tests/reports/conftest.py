"""A study and small notebooks to make reports of."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PARAMETERS = """\
study_file: str = "study.yaml"  # the codebook
data_folder: str = ""
out: str = ""
seed: int = 1
share: float = 0.5
labels: list[str] = ["a", "b"]
quick: bool = False
note: str = "none"
"""


@dataclass(frozen=True)
class FakeStudy:
    """What a report asks of a study."""

    name: str = "toy"
    title: str = "A toy <study>"
    source: str = "Nobody & Co., 2026"
    simulated: bool = True
    fingerprint: str = "c0ffee" * 10

    def summary_counts(self) -> dict[str, int]:
        return {"ratings": 5475}

    def released_counts(self) -> dict[str, int]:
        return {"raters": 1095, "items": 200}


@pytest.fixture
def study() -> FakeStudy:
    return FakeStudy()


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    file = tmp_path / "my study" / "study.yaml"
    file.parent.mkdir()
    file.write_text("name: toy\n")
    return file


Maker = Callable[..., Path]


@pytest.fixture
def notebook(tmp_path: Path) -> Maker:
    """Write a notebook of the given code cells and return its file."""

    def make(
        name: str,
        *cells: str,
        parameters: str = PARAMETERS,
        text: str = "# A *title*\n\nWho rates how?\n\nMore.",
        tagged: int = 1,
        tags: tuple[str, ...] = ("parameters",),
    ) -> Path:
        import nbformat.v4
        from nbformat import write

        node: Any = nbformat.v4.new_notebook()
        node.cells = [nbformat.v4.new_markdown_cell(text)]
        for _ in range(tagged):
            cell = nbformat.v4.new_code_cell(parameters, metadata={"tags": list(tags)})
            node.cells.append(cell)
        node.cells += [nbformat.v4.new_code_cell(source) for source in cells]
        folder = tmp_path / "chapters"
        folder.mkdir(exist_ok=True)
        write(node, folder / f"{name}.ipynb")
        return folder / f"{name}.ipynb"

    return make
