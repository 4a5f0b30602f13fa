"""A chapter of a report as its notebook declares it, and what it is given to run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Tags that say what a notebook needs begin so.
NEEDS = "needs:"


@dataclass(frozen=True)
class Parameter:
    """One annotated assignment of a notebook's cell tagged ``parameters``.

    Parameters
    ----------
    name, type : str
        Its name and its annotation, one of `TYPES`.
    default : object
        The value that the notebook gives it.
    """

    name: str
    type: str
    default: object


@dataclass(frozen=True)
class Notebook:
    """One notebook as a chapter of a report, before it runs.

    Parameters
    ----------
    path : Path
        The notebook's file, absolute.
    node : nbformat.NotebookNode
        Its content.
    title : str
        Its first markdown heading, as plain text.
    question : str
        The first paragraph after that heading, as plain text; may be empty.
    parameters : Mapping[str, Parameter]
        What its cell tagged ``parameters`` declares.
    """

    path: Path
    node: Any
    title: str
    question: str
    parameters: Mapping[str, Parameter]

    @property
    def name(self) -> str:
        """The file's name without its ending, such as ``01_overview``."""
        return self.path.stem

    @property
    def tags(self) -> list[str]:
        """Tags of the cell with its parameters."""
        tags = (cell.metadata.get("tags", []) for cell in code_cells(self.node))
        return next((own for own in tags if "parameters" in own), [])

    @property
    def slow(self) -> bool:
        """Whether its parameters are tagged ``slow``, as those of a notebook that takes long."""
        return "slow" in self.tags

    @property
    def needs(self) -> tuple[str, ...]:
        """What it has an answer from, each enough: tags such as ``needs:outcomes_file``."""
        return tuple(tag.removeprefix(NEEDS) for tag in self.tags if tag.startswith(NEEDS))

    @property
    def steps(self) -> int:
        """How many cells run, the one that papermill injects included."""
        written = sum(bool(cell.source.strip()) for cell in code_cells(self.node))
        return written + 1


@dataclass(frozen=True)
class Job:
    """A notebook that is to run.

    Parameters
    ----------
    notebook : Notebook
        What to run.
    values : mapping of str to object
        The parameters to inject, each declared by the notebook.
    folder : Path
        Working folder of the kernel, in which it leaves what it makes.
    """

    notebook: Notebook
    values: Mapping[str, object]
    folder: Path

    @property
    def copy(self) -> Path:
        """The executed copy, named as the notebook."""
        return self.folder / self.notebook.path.name


def code_cells(node: Any) -> list[Any]:
    """Return the code cells of a notebook node."""
    return [cell for cell in node.cells if cell.cell_type == "code"]
