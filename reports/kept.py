"""What notebooks made before, kept for reports whose inputs are the same."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pluralign_stats.folders import building_folder, take_name
from pluralign_stats.versions import installed_versions
from reports.model import Notebook
from reports.parameters import RESERVED, file_values

#: Says of what inputs a kept folder was made.
_MARK = ".inputs"


@dataclass(frozen=True)
class Kept:
    """A folder that holds what each notebook made last.

    Parameters
    ----------
    folder : Path
        The folder; it is made if it does not exist.
    """

    folder: Path

    def take(self, notebook: Notebook, inputs: str, room: Path) -> bool:
        """Copy what a notebook made of these inputs into a folder, if it is kept.

        Parameters
        ----------
        notebook : Notebook
            The notebook.
        inputs : str
            What `digest` gave.
        room : Path
            An empty folder, which then holds the executed copy, figures and tables.

        Returns
        -------
        bool
            Whether there was something to take.
        """
        place = self.folder / notebook.name
        mark = place / _MARK
        if not mark.is_file() or mark.read_text("utf-8") != inputs:
            return False
        shutil.copytree(place, room, dirs_exist_ok=True, ignore=shutil.ignore_patterns(_MARK))
        return True

    def put(self, notebook: Notebook, inputs: str, room: Path) -> None:
        """Keep what a notebook made, in place of what it made before.

        Raises
        ------
        InputError
            If the folder cannot be written.
        """
        place = self.folder / notebook.name
        with building_folder(place, "copy of a chapter") as building:
            shutil.copytree(room, building, dirs_exist_ok=True)
            (building / _MARK).write_text(inputs, "utf-8")
            take_name(building, place)


def digest(notebook: Notebook, values: Mapping[str, object], fingerprint: str) -> str:
    """Hash of all that decides what a notebook makes.

    Parameters
    ----------
    notebook : Notebook
        The notebook.
    values : mapping of str to object
        Its parameters; files count by their content, and where the study lies does not count.
    fingerprint : str
        Hash of the study.
    """
    files = {name: _content(path) for name, path in file_values(values).items()}
    own = {name: value for name, value in {**values, **files}.items() if name not in RESERVED}
    cells = [(cell.cell_type, cell.source) for cell in notebook.node.cells]
    told = json.dumps([cells, own, fingerprint, installed_versions()], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def _content(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
