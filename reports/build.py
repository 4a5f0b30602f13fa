"""Builds a report: checks everything, runs the notebooks, writes the pages, takes the name."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from pluralign_stats.storage.folders import new_folder, write_mark
from reports.cache import ChapterCache, inputs_digest
from reports.contents import Chapter, Contents, judged
from reports.downloads import Collector
from reports.folder import KIND, MARK, check_target, files_of
from reports.kernel import IMPORTED
from reports.model import Notebook
from reports.notebook import choose, find_notebooks, require_packages
from reports.pages import write_pages
from reports.parameters import assign_parameters, given_files, with_file_names
from reports.pdf import write_pdf
from reports.provenance import Provenance, ReportedStudy, gather, repeat_command
from reports.publish import Scrubber, publish_notebook, scrubber
from reports.run import run_notebooks

_NOTHING: Mapping[str, object] = MappingProxyType({})

#: The folder of the folders in which the notebooks run; it is gone in the end.
_ROOMS = ".rooms"


def build_report(
    study: ReportedStudy,
    study_file: Path,
    out: Path,
    *,
    data_folder: Path | None = None,
    parameters: Mapping[str, object] = _NOTHING,
    notebooks: Sequence[Path] | None = None,
    chapters: Sequence[str] = (),
    kept: Path | None = None,
    progress: bool = True,
    extra_provenance: Mapping[str, object] = _NOTHING,
) -> Path:
    """Run notebooks on a study and put the report of them at `out`.

    The report is built in a hidden folder beside `out` and renamed when it is complete, so that
    `out` never holds half a report. A former report there is replaced, anything else refused.

    Parameters
    ----------
    study : ReportedStudy
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
        Names of those among them, or their numbers, that the report is to hold; by default all.
    kept : Path, optional
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
    """
    require_packages()
    started = datetime.now(UTC)
    source = _Source(study_file.resolve(), data_folder.resolve() if data_folder else None)
    out = out.resolve()
    found = find_notebooks(notebooks)
    values = assign_parameters(found, parameters)
    chosen = choose(found, chapters)
    values = {notebook.name: values[notebook.name] for notebook in chosen}
    files = given_files(values)
    own = [notebook.path for notebook in chosen]
    check_target(out, [*source.paths, *files, *own, *([kept] if kept else [])])
    with new_folder(out, "report") as staging:
        rooms = {notebook.name: staging / _ROOMS / notebook.name for notebook in chosen}
        places = [*rooms.values(), staging]
        clean = scrubber(places, source.study_file, source.data_folder, out, files)
        given = {n.name: values[n.name] | source.parameters(n, rooms[n.name]) for n in chosen}
        memory = _Memory(ChapterCache(kept.resolve()), study.fingerprint, given) if kept else None
        made, modules = _run(chosen, given, rooms, staging, out, clean, memory, progress)
        extra = dict(extra_provenance)
        shown = with_file_names(values)
        command = extra.pop("command", None) or repeat_command(
            source.study_file, source.data_folder, out, shown, chapters
        )
        origin = gather(study, chosen, shown, str(command), started, extra, modules)
        _finish(staging, made, replace(origin, **clean.value(asdict(origin))))
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


@dataclass(frozen=True)
class _Source:
    """The files of the study."""

    study_file: Path
    data_folder: Path | None

    @property
    def paths(self) -> list[Path]:
        return [self.study_file, *([self.data_folder] if self.data_folder else [])]

    def parameters(self, notebook: Notebook, out: Path) -> dict[str, object]:
        """Return what the report itself sets, as far as the notebook declares it."""
        own = {
            "study_file": str(self.study_file),
            "data_folder": str(self.data_folder or ""),
            "out": str(out),
        }
        return {name: value for name, value in own.items() if name in notebook.parameters}


@dataclass(frozen=True)
class _Memory:
    """What notebooks made before, found by what they are given now."""

    kept: ChapterCache
    fingerprint: str
    given: Mapping[str, Mapping[str, object]]

    def take(self, notebook: Notebook, room: Path) -> bool:
        return self.kept.take(notebook, self._inputs(notebook), room)

    def put(self, notebook: Notebook, room: Path) -> None:
        self.kept.put(notebook, self._inputs(notebook), room)

    def _inputs(self, notebook: Notebook) -> str:
        return inputs_digest(notebook, self.given[notebook.name], self.fingerprint)


def _run(
    notebooks: Sequence[Notebook],
    given: Mapping[str, Mapping[str, object]],
    rooms: Mapping[str, Path],
    staging: Path,
    out: Path,
    clean: Scrubber,
    memory: _Memory | None,
    shown: bool,
) -> tuple[list[Chapter], set[str]]:
    """Run the notebooks and bring what each wrote into the report; also what they imported."""
    from reports.cells import chapter_body

    collector = Collector(staging)
    copies = staging / "notebooks"
    for folder in (*rooms.values(), copies):
        folder.mkdir(parents=True)

    chapters: dict[str, Chapter] = {}
    modules: set[str] = set()

    def finish(notebook: Notebook) -> None:
        room = rooms[notebook.name]
        copy = room / notebook.path.name
        body = chapter_body(publish_notebook(copy, clean))
        modules.update((room / IMPORTED).read_text("utf-8").split())
        if memory and notebook in new:
            memory.put(notebook, room)
        copy.rename(copies / copy.name)
        collected = collector.collect(notebook.name, room)
        chapters[notebook.name] = Chapter(notebook, body, collected)

    new = [n for n in notebooks if not (memory and memory.take(n, rooms[n.name]))]
    for notebook in notebooks:
        if notebook not in new:
            finish(notebook)
    failed = out.with_name(f"{out.name}-failed")
    run_notebooks(new, given, rooms, failed, finish, shown)
    shutil.rmtree(staging / _ROOMS)
    return [chapters[notebook.name] for notebook in notebooks], modules


def _finish(staging: Path, chapters: Sequence[Chapter], origin: Provenance) -> None:
    """Write pages, PDF and, last of all, the mark that says the report is complete."""
    contents = Contents(judged(chapters), origin)
    write_pages(staging, contents)
    write_pdf(staging, contents)
    write_mark(staging, {"kind": KIND, **asdict(origin)}, files_of(staging), MARK)
