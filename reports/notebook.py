"""Finds the notebooks and reads what a report needs to know of each before it runs."""

import logging
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pluralign_stats.errors import InputError, MissingExtraError, listing, one_of
from reports.model import Notebook
from reports.parameters import declared_parameters

#: What a report imports beyond the core; all of it comes with the extra `report`.
_PACKAGES = (
    "bs4",
    "ipykernel",
    "jinja2",
    "nbconvert",
    "nbformat",
    "nh3",
    "papermill",
    "plutoprint",
)

# What papermill logs would reach standard error beside the one line that says the same.
logging.getLogger("papermill").addHandler(logging.NullHandler())


def notebook_folder() -> Path:
    """Return the folder of the notebooks that come with Pluralign.

    An installed wheel holds them inside this package; in a checkout they lie beside it.

    Raises
    ------
    InputError
        If neither place exists.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if folder.is_dir():
            return folder
    raise InputError(
        f"Pluralign's notebooks are missing (looked for {package / 'notebooks'}); install it again"
    )


def require_packages() -> None:
    """Refuse to go on where the packages of the extra `report` are missing.

    Raises
    ------
    MissingExtraError
        If one of them is not installed.
    """
    if any(find_spec(package) is None for package in _PACKAGES):
        raise MissingExtraError("A report", "report")


def find_notebooks(paths: Sequence[Path] | None = None) -> list[Notebook]:
    """Read the notebooks of a report in the order in which they run.

    Parameters
    ----------
    paths : sequence of Path, optional
        Notebook files; by default every ``NN_name.ipynb`` of `notebook_folder`, by number.

    Raises
    ------
    InputError
        If there are none, one is missing or cannot be read, or two share a name.
    """
    if paths is None:
        paths = shipped_notebooks()
    if not paths:
        raise InputError("no notebook was chosen; name at least one, such as 01_overview.ipynb")
    _refuse_clashes(path.stem for path in paths)
    return [read_notebook(Path(path)) for path in paths]


def choose(notebooks: Sequence[Notebook], names: Sequence[str]) -> list[Notebook]:
    """Return the notebooks of these names or numbers, in reading order; all where none is named.

    Raises
    ------
    InputError
        If there is no such notebook.
    """
    numbers = {notebook.name.partition("_")[0]: notebook.name for notebook in notebooks}
    known = {notebook.name for notebook in notebooks}
    for name in names:
        if numbers.get(name, name) not in known:
            raise InputError(one_of("chapter", name, sorted(known)))
    wanted = {numbers.get(name, name) for name in names} or known
    return [notebook for notebook in notebooks if notebook.name in wanted]


def list_chapters() -> list[dict[str, Any]]:
    """What a report would hold: name, title, question and names of parameters of each notebook."""
    return [
        {"name": n.name, "title": n.title, "question": n.question, "parameters": list(n.parameters)}
        for n in find_notebooks()
    ]


def shipped_notebooks() -> list[Path]:
    """Return the files ``NN_name.ipynb`` of `notebook_folder`, by number."""
    folder = notebook_folder()
    found = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not found:
        raise InputError(f"no notebook NN_name.ipynb lies in {folder}; install Pluralign again")
    return found


def read_notebook(path: Path) -> Notebook:
    """Read one notebook and its declared parameters without running anything.

    Raises
    ------
    InputError
        If the file is missing, is no notebook, has no heading, or its parameters are not typed.
    """
    node = _load(path)
    title, question = _title_and_question(node)
    if not title:
        raise InputError(
            f"notebook {path.name} has no markdown heading; begin it with '# Its title'"
        )
    return Notebook(path.resolve(), node, title, question, declared_parameters(node, path.name))


def _load(path: Path) -> Any:
    import nbformat
    from nbformat.reader import NotJSONError

    if not path.is_file():
        raise InputError(f"there is no notebook {path}; name an existing .ipynb file")
    try:
        node = nbformat.read(path, as_version=4)
    except (NotJSONError, nbformat.ValidationError, UnicodeDecodeError, AttributeError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{path} is not a Jupyter notebook ({reason}); name another") from error
    # The kernel is always the current interpreter; a copy opens with that of its reader.
    node.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    return node


def _title_and_question(node: Any) -> tuple[str, str]:
    from bs4 import BeautifulSoup
    from nbconvert.filters import markdown2html

    text = "\n\n".join(cell.source for cell in node.cells if cell.cell_type == "markdown")
    soup = BeautifulSoup(markdown2html(text), "html.parser")
    heading = soup.find(["h1", "h2", "h3"])
    if heading is None:
        return "", ""
    for anchor in heading.select("a.anchor-link"):
        anchor.decompose()
    paragraph = heading.find_next("p")
    return _plain(heading), _plain(paragraph) if paragraph else ""


def _plain(element: Any) -> str:
    return " ".join(element.get_text().split())


def _refuse_clashes(names: Iterable[str]) -> None:
    seen = list(names)
    twice = sorted({name for name in seen if seen.count(name) > 1})
    if twice:
        raise InputError(
            f"two notebooks are named {listing(twice)}, and each needs a page of its own; "
            "rename one or leave it out"
        )
    if "index" in seen:
        raise InputError("a notebook is named 'index', the report's own first page; rename it")
