"""Where a report comes from: study, parameters, versions, time and the command to repeat it."""

import platform
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pluralign_stats.study.read import shipped_codebooks
from pluralign_stats.versions import imported_versions
from reports.model import Notebook
from reports.parameters import as_option, used_values

if TYPE_CHECKING:
    from pluralign_stats.study.study import Study


@dataclass(frozen=True)
class Provenance:
    """Everything needed to know a report's origin and to make it again.

    Parameters
    ----------
    study, title, source, fingerprint : str
        The study's name, title, citation and hash.
    simulated : bool
        Whether the study's ratings were generated.
    counts : mapping of str to int
        The study's numbers.
    parameters : mapping of str to mapping
        Values by notebook and parameter name.
    versions : mapping of str to str
        Of Python and of the libraries that the notebooks and the report imported.
    platform : str
        Operating system and machine kind; never the host's name.
    started, finished : str
        In UTC, ISO 8601.
    seconds : float
        How long the report took.
    command : str
        The command line that repeats it.
    extra : mapping of str to object
        What the caller adds.
    """

    study: str
    title: str
    source: str
    simulated: bool
    fingerprint: str
    counts: Mapping[str, int]
    parameters: Mapping[str, Mapping[str, object]]
    versions: Mapping[str, str]
    platform: str
    started: str
    finished: str
    seconds: float
    command: str
    extra: Mapping[str, object]

    @property
    def seeds(self) -> list[object]:
        """The seeds used, each once."""
        return list(dict.fromkeys(v["seed"] for v in self.parameters.values() if "seed" in v))


def gather(
    study: "Study",
    notebooks: Sequence[Notebook],
    given: Mapping[str, Mapping[str, object]],
    command: str,
    started: datetime,
    extra: Mapping[str, object],
    modules: Iterable[str],
) -> Provenance:
    """Write down the origin of a report that has just run; `given` are the user's values."""
    finished = datetime.now(UTC)
    return Provenance(
        study=study.name,
        title=study.title,
        source=study.source,
        simulated=study.simulated,
        fingerprint=study.fingerprint,
        counts=dict(study.released_counts()),
        parameters={n.name: used_values(n, given[n.name]) for n in notebooks},
        versions=imported_versions({*modules, *sys.modules}),
        platform=platform.platform(),
        started=started.isoformat(timespec="seconds"),
        finished=finished.isoformat(timespec="seconds"),
        seconds=round((finished - started).total_seconds(), 1),
        command=command,
        extra=extra,
    )


def repeat_command(
    study_file: Path,
    data_folder: Path | None,
    out: Path,
    given: Mapping[str, Mapping[str, object]],
    chapters: Sequence[str] = (),
) -> str:
    """Return the command line that makes a report again, with file names instead of paths."""
    shipped = study_file in shipped_codebooks().values()
    words = ["pluralign", "report", study_file.stem if shipped else study_file.name]
    if data_folder is not None:
        words += ["--data", data_folder.name]
    words += ["--out", out.name]
    for chapter in chapters:
        words += ["--chapter", chapter]
    values = {name: value for chosen in given.values() for name, value in chosen.items()}
    for name, value in values.items():
        words += ["--parameter", as_option(name, value)]
    return shlex.join(words)
