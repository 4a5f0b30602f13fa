"""What notebooks made before, kept for reports whose inputs are the same."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from pluralign_stats.errors import InputError
from pluralign_stats.storage.digest import digest_file, digest_values
from pluralign_stats.storage.folders import MARK, new_folder, read_mark, write_mark
from pluralign_stats.versions import installed_versions
from reports.model import Job
from reports.parameters import RESERVED, file_values


@dataclass(frozen=True)
class ChapterCache:
    """A folder that holds what each notebook made last, of a study of this fingerprint."""

    folder: Path
    fingerprint: str

    def take(self, job: Job) -> bool:
        """Copy what a notebook made of these inputs into its empty folder; whether it was there."""
        place = self.folder / job.notebook.name
        try:
            if read_mark(place).get("inputs") != self._inputs(job):
                return False
        except InputError:
            return False
        leave = shutil.ignore_patterns(MARK)
        shutil.copytree(place, job.folder, dirs_exist_ok=True, ignore=leave)
        return True

    def put(self, job: Job) -> None:
        """Keep what a notebook made, in place of what it made before.

        Raises
        ------
        InputError
            If the folder cannot be written.
        """
        with new_folder(self.folder / job.notebook.name, "copy of a chapter") as staging:
            shutil.copytree(job.folder, staging, dirs_exist_ok=True)
            write_mark(staging, {"inputs": self._inputs(job)})

    def _inputs(self, job: Job) -> str:
        """Digest of all that decides what a notebook makes.

        Files count by their content, and where the study lies does not count.
        """
        files = {name: digest_file(path) for name, path in file_values(job.values).items()}
        own = {k: v for k, v in {**job.values, **files}.items() if k not in RESERVED}
        cells = [(cell.cell_type, cell.source) for cell in job.notebook.node.cells]
        return digest_values([cells, own, self.fingerprint, installed_versions()])
