"""Builds a report: checks everything, runs the notebooks, writes the pages, takes the name."""

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pluralign_stats.storage.folders import new_folder, write_mark
from reports.cache import ChapterCache
from reports.contents import Chapter, Contents, judged
from reports.downloads import Collector
from reports.expected import size_of, told_time
from reports.folder import KIND, MARK, check_target, files_of
from reports.kernel import IMPORTED
from reports.model import Job, Notebook
from reports.needs import LeftOut, sort_out
from reports.notebook import choose, find_notebooks, require_packages
from reports.pages import write_pages
from reports.parameters import assign_parameters, given_files, with_file_names
from reports.pdf import write_pdf
from reports.provenance import gather, repeat_command
from reports.publish import Sanitizer, publish_notebook, sanitizer
from reports.run import run_notebooks, side_by_side

if TYPE_CHECKING:
    from pluralign_stats.study.study import Study


class ReportInterruptedError(KeyboardInterrupt):
    """A report was interrupted by the user.

    Attributes
    ----------
    n_kept, n_chapters
        How many chapters the next run will find ready, of how many.
    """

    def __init__(self, n_kept: int, n_chapters: int) -> None:
        super().__init__()
        self.n_kept, self.n_chapters = n_kept, n_chapters


_NOTHING: Mapping[str, object] = MappingProxyType({})

#: The folder of the folders in which the notebooks run; it is gone in the end.
_ROOMS = ".rooms"


def build_report(
    study: "Study",
    study_file: Path,
    out: Path,
    *,
    data_folder: Path | None = None,
    parameters: Mapping[str, object] = _NOTHING,
    notebooks: Sequence[Path] | None = None,
    chapters: Sequence[str] = (),
    cache: Path | None = None,
    progress: bool = True,
    extra_provenance: Mapping[str, object] = _NOTHING,
) -> Path:
    """Run notebooks on a study and put the report of them at `out`.

    The report is built in a hidden folder beside `out` and renamed when it is complete, so that
    `out` never holds half a report. A former report there is replaced, anything else refused.

    Parameters
    ----------
    study : Study
        The study, for titles and provenance.
    study_file : Path
        Its codebook, which the notebooks read.
    out : Path
        The report's folder.
    data_folder : Path, optional
        Where the study's data lie if not beside the codebook.
    parameters : mapping of str to object, optional
        Values for the notebooks' parameters; texts are read by the declared type. Those whose
        name ends in ``_file`` are paths, from the current folder on.
    notebooks : sequence of Path, optional
        What to run, in this order; by default all that come with Pluralign.
    chapters : sequence of str, optional
        Names of those among them, or their numbers, that the report is to hold; by default all
        that have something to answer from: those about tuned models are left out where their
        scores are not given, and the report says how to get them.
    cache : Path, optional
        Folder in which what each notebook makes is kept, and from which it is taken if the
        notebook, its parameters, the study and the installed versions are the same.
    progress : bool, default True
        Whether to show on standard error how far the report is.
    extra_provenance : mapping of str to object, optional
        Further lines for the provenance; ``command`` replaces the command to repeat the report.

    Returns
    -------
    Path
        The report's ``index.html``.

    Raises
    ------
    InputError
        If a parameter, notebook, chapter or folder cannot be used; then nothing has run.
    PluralignError
        If a notebook fails. Its executed copy is then in ``OUT-failed``, and a former report at
        `out` is as it was.
    ReportInterruptedError
        If interrupted by the user; chapters that had run are in `cache`.
    """
    require_packages()
    started = datetime.now(UTC)
    out, study_file = out.resolve(), study_file.resolve()
    data_folder = data_folder.resolve() if data_folder else None
    found = find_notebooks(notebooks)
    assigned = assign_parameters(found, parameters)
    chosen, left_out = choose(found, chapters), list[LeftOut]()
    if not chapters:
        chosen, left_out = sort_out(chosen, assigned, study)
    values = {notebook.name: assigned[notebook.name] for notebook in chosen}
    files = given_files(values)
    read = [study_file, data_folder, *files, *(notebook.path for notebook in chosen), cache]
    check_target(out, filter(None, read))
    with new_folder(out, "report") as staging:
        own = {"study_file": str(study_file), "data_folder": str(data_folder or "")}
        jobs = [_job(n, {**values[n.name], **own}, staging / _ROOMS) for n in chosen]
        places = [*(job.folder for job in jobs), staging]
        clean = sanitizer(places, study_file, data_folder, out, files)
        memory = ChapterCache(cache.resolve(), study.fingerprint) if cache else None
        failed = out.with_name(f"{out.name}-failed")
        n_ratings = size_of(study.summary_counts()["ratings"])
        try:
            made, modules = _run(jobs, staging, failed, clean, memory, progress, n_ratings)
        except KeyboardInterrupt as error:
            n_kept = sum(memory.holds(job) for job in jobs) if memory else 0
            raise ReportInterruptedError(n_kept, len(jobs)) from error
        shown, extra = with_file_names(values), dict(extra_provenance)
        command = extra.pop("command", None) or repeat_command(
            study_file, data_folder, out, shown, chapters
        )
        origin = gather(study, chosen, shown, str(command), started, extra, modules)
        origin = replace(origin, **clean.value(asdict(origin)))
        _finish(staging, Contents(judged(made), origin, left_out))
    return out / "index.html"


def check_parameters(parameters: Mapping[str, object], chapters: Sequence[str] = ()) -> None:
    """Refuse parameters and chapters that the notebooks of a report do not know or cannot take.

    Raises
    ------
    InputError
        If a name is unknown or a value ill-typed.
    """
    require_packages()
    found = find_notebooks(None)
    assign_parameters(found, parameters)
    choose(found, chapters)


def _job(notebook: Notebook, values: Mapping[str, object], rooms: Path) -> Job:
    """A notebook with its values and those that the report sets, as far as it declares them."""
    folder = rooms / notebook.name
    given = {**values, "out": str(folder)}
    return Job(notebook, {k: v for k, v in given.items() if k in notebook.parameters}, folder)


def _run(
    jobs: Sequence[Job],
    staging: Path,
    failed: Path,
    clean: Sanitizer,
    cache: ChapterCache | None,
    shown: bool,
    n_ratings: int,
) -> tuple[list[Chapter], set[str]]:
    """Run the notebooks and bring what each wrote into the report; also what they imported."""
    from reports.cells import chapter_body

    collector = Collector(staging)
    copies = staging / "notebooks"
    for folder in (*(job.folder for job in jobs), copies):
        folder.mkdir(parents=True)
    chapters: dict[str, Chapter] = {}
    modules: set[str] = set()

    def finish(job: Job, seconds: float = 0.0) -> None:
        name = job.notebook.name
        body = chapter_body(publish_notebook(job.copy, clean))
        modules.update((job.folder / IMPORTED).read_text("utf-8").split())
        if cache and name not in taken:
            cache.put(job, seconds, n_ratings)
        job.copy.rename(copies / job.copy.name)
        chapters[name] = Chapter(job.notebook, body, collector.collect(name, job.folder))

    taken = {job.notebook.name: job for job in jobs if cache and cache.take(job)}
    for job in taken.values():
        finish(job)
    new = [job for job in jobs if job.notebook.name not in taken]
    if shown:
        at_a_time = side_by_side(len(new))
        told = told_time(new, len(taken), cache, n_ratings, at_a_time)
        print(f"Report: {told}", file=sys.stderr, flush=True)
    run_notebooks(new, failed, finish, shown)
    shutil.rmtree(staging / _ROOMS)
    return [chapters[job.notebook.name] for job in jobs], modules


def _finish(staging: Path, contents: Contents) -> None:
    """Write pages, PDF and, last of all, the mark that says the report is complete."""
    write_pages(staging, contents)
    write_pdf(staging, contents)
    told = {**asdict(contents.provenance), "left_out": [asdict(each) for each in contents.left_out]}
    write_mark(staging, {"kind": KIND, **told}, files_of(staging), MARK)
