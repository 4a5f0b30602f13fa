"""What notebooks made before, kept for reports whose inputs are the same."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pluralign_stats.errors import InputError
from pluralign_stats.storage.digest import digest_file, digest_values
from pluralign_stats.storage.folders import MARK, new_folder, read_mark, write_mark
from pluralign_stats.versions import installed_versions
from reports.model import Notebook
from reports.parameters import RESERVED, file_values


@dataclass(frozen=True)
class ChapterCache:
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
            What `inputs_digest` gave.
        room : Path
            An empty folder, which then holds the executed copy, figures and tables.

        Returns
        -------
        bool
            Whether there was something to take.
        """
        place = self.folder / notebook.name
        try:
            if read_mark(place).get("inputs") != inputs:
                return False
        except InputError:
            return False
        shutil.copytree(place, room, dirs_exist_ok=True, ignore=shutil.ignore_patterns(MARK))
        return True

    def put(self, notebook: Notebook, inputs: str, room: Path) -> None:
        """Keep what a notebook made, in place of what it made before.

        Raises
        ------
        InputError
            If the folder cannot be written.
        """
        with new_folder(self.folder / notebook.name, "copy of a chapter") as staging:
            shutil.copytree(room, staging, dirs_exist_ok=True)
            write_mark(staging, {"inputs": inputs})


def inputs_digest(notebook: Notebook, values: Mapping[str, object], fingerprint: str) -> str:
    """Digest of all that decides what a notebook makes.

    Parameters
    ----------
    notebook : Notebook
        The notebook.
    values : mapping of str to object
        Its parameters; files count by their content, and where the study lies does not count.
    fingerprint : str
        Digest of the study.
    """
    files = {name: digest_file(path) for name, path in file_values(values).items()}
    own = {name: value for name, value in {**values, **files}.items() if name not in RESERVED}
    cells = [(cell.cell_type, cell.source) for cell in notebook.node.cells]
    return digest_values([cells, own, fingerprint, installed_versions()])
