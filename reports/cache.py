"""What notebooks made before, kept for reports whose inputs are the same."""

import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pluralign_stats
from pluralign_stats.errors import InputError
from pluralign_stats.storage.digest import digest_file, digest_files, digest_values
from pluralign_stats.storage.folders import MARK, new_folder, read_mark, write_mark
from pluralign_stats.versions import installed_versions
from reports.model import Job
from reports.parameters import RESERVED, file_values


@dataclass(frozen=True)
class ChapterCache:
    """A folder that holds what each notebook made last, of a study of this fingerprint."""

    folder: Path
    fingerprint: str

    def holds(self, job: Job) -> bool:
        """Whether it has what a notebook made of these inputs."""
        return self._mark(job).get("inputs") == self._inputs(job)

    def seconds(self, job: Job, n_ratings: int) -> float | None:
        """How long a notebook took the last time, as if of so many ratings; None if not known."""
        mark = self._mark(job)
        took, ratings = mark.get("seconds"), mark.get("ratings")
        if took is None:
            return None
        return float(took) * (n_ratings / ratings if ratings and n_ratings else 1.0)

    def take(self, job: Job) -> bool:
        """Copy what a notebook made of these inputs into its empty folder; whether it was there."""
        if not self.holds(job):
            return False
        place = self.folder / job.notebook.name
        leave = shutil.ignore_patterns(MARK)
        shutil.copytree(place, job.folder, dirs_exist_ok=True, ignore=leave)
        return True

    def put(self, job: Job, seconds: float, n_ratings: int) -> None:
        """Keep what a notebook made in so long of so many ratings, in place of what it made before.

        Raises
        ------
        InputError
            If the folder cannot be written.
        """
        with new_folder(self.folder / job.notebook.name, "copy of a chapter") as staging:
            shutil.copytree(job.folder, staging, dirs_exist_ok=True)
            told = {"inputs": self._inputs(job), "seconds": seconds, "ratings": n_ratings}
            write_mark(staging, told)

    def _mark(self, job: Job) -> dict[str, Any]:
        """What is told of a notebook's last time; nothing if there was none."""
        try:
            return read_mark(self.folder / job.notebook.name)
        except InputError:
            return {}

    def _inputs(self, job: Job) -> str:
        """Digest of all that decides what a notebook makes.

        Files count by their content, and where the study lies does not count.
        """
        files = {name: digest_file(path) for name, path in file_values(job.values).items()}
        own = {k: v for k, v in {**job.values, **files}.items() if k not in RESERVED}
        cells = [(cell.cell_type, cell.source) for cell in job.notebook.node.cells]
        versions = [installed_versions(), _code()]
        return digest_values([cells, own, self.fingerprint, versions])


@cache
def _code() -> str:
    """Digest of the code of analyses: where Pluralign is worked on, its version stays the same."""
    package = Path(pluralign_stats.__file__).parent
    return digest_files(sorted(package.rglob("*.py")))
