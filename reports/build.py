"""Builds a report: checks everything, runs the notebooks, writes the pages, takes the name."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from pluralign_stats.folders import building_folder, take_name
from reports.contents import Chapter, Contents
from reports.downloads import Shelf
from reports.folder import KIND, MARK, check_target, files_of
from reports.notebook import Notebook, find_notebooks, require_packages
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
        If a parameter, notebook or folder cannot be used; then nothing has run.
    PluralignError
        If a notebook fails. Its executed copy is then in ``OUT-failed``, and a former report at
        `out` is as it was.
    """
    require_packages()
    started = datetime.now(UTC)
    source = _Source(study_file.resolve(), data_folder.resolve() if data_folder else None)
    out = out.resolve()
    chosen = find_notebooks(notebooks)
    values = assign_parameters(chosen, parameters)
    files = given_files(values)
    check_target(out, [*source.paths, *files, *(notebook.path for notebook in chosen)])
    with building_folder(out, "report") as building:
        rooms = {notebook.name: building / _ROOMS / notebook.name for notebook in chosen}
        places = [*rooms.values(), building]
        clean = scrubber(places, source.study_file, source.data_folder, out, files)
        given = {n.name: values[n.name] | source.parameters(n, rooms[n.name]) for n in chosen}
        chapters = _run(chosen, given, rooms, building, out, clean, progress)
        extra = dict(extra_provenance)
        shown = with_file_names(values)
        command = extra.pop("command", None) or repeat_command(
            source.study_file, source.data_folder, out, shown
        )
        origin = gather(study, chosen, shown, str(command), started, extra)
        _finish(building, chapters, replace(origin, **clean.value(asdict(origin))))
        take_name(building, out)
    return out / "index.html"


def check_parameters(parameters: Mapping[str, object]) -> None:
    """Refuse parameters that the notebooks of a report do not know or cannot take.

    Raises
    ------
    InputError
        If a name is unknown or a value ill-typed.
    """
    require_packages()
    assign_parameters(find_notebooks(None), parameters)


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


def _run(
    notebooks: Sequence[Notebook],
    given: Mapping[str, Mapping[str, object]],
    rooms: Mapping[str, Path],
    building: Path,
    out: Path,
    clean: Scrubber,
    shown: bool,
) -> list[Chapter]:
    """Run the notebooks and bring what each wrote into the report."""
    from reports.cells import chapter_body

    shelf = Shelf(building)
    copies = building / "notebooks"
    for folder in (*rooms.values(), copies):
        folder.mkdir(parents=True)

    def finish(notebook: Notebook, copy: Path) -> Chapter:
        body = chapter_body(publish_notebook(copy, clean))
        copy.rename(copies / copy.name)
        return Chapter(notebook, body, shelf.collect(notebook.name, rooms[notebook.name]))

    failed = out.with_name(f"{out.name}-failed")
    chapters = run_notebooks(notebooks, given, rooms, failed, finish, shown)
    shutil.rmtree(building / _ROOMS)
    return chapters


def _finish(building: Path, chapters: Sequence[Chapter], origin: Provenance) -> None:
    """Write pages, PDF and, last of all, the mark that says the report is complete."""
    contents = Contents(chapters, origin)
    write_pages(building, contents)
    write_pdf(building, contents)
    mark = {"kind": KIND, **asdict(origin), "files": [*files_of(building), MARK]}
    text = json.dumps(mark, indent=2, ensure_ascii=False, default=str)
    (building / MARK).write_text(text + "\n", "utf-8")
