"""The figures and tables of each notebook, and their way into the report folder."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from pluralign_stats.errors import PluralignError

#: The folders that notebooks write into, with the endings offered for download, best first.
_ENDINGS = {"figures": (".svg", ".pdf", ".png"), "tables": (".csv",)}


@dataclass(frozen=True)
class Download:
    """One figure or table of a chapter.

    Parameters
    ----------
    title : str
        What it shows.
    files : mapping of str to str
        Links by format, such as ``{"SVG": "figures/ratings.svg"}``.
    sentence : str
        A table's finding or reading, in plain words.
    finding, front : bool
        Whether the sentence, and the table itself, belong on the first page.
    warnings : tuple of str
        What a reader must know before trusting it.
    simulated : bool or None
        Whether its data were simulated; None where it does not say.
    checked : str
        What of a model it checks; empty for other tables.
    passed : bool or None
        Whether the model passed; None where there is no verdict.
    p_value : float or None
        The p of a check by a test.
    """

    title: str
    files: Mapping[str, str]
    sentence: str = ""
    finding: bool = False
    front: bool = False
    warnings: tuple[str, ...] = ()
    simulated: bool | None = None
    checked: str = ""
    passed: bool | None = None
    p_value: float | None = None

    @property
    def name(self) -> str:
        """What its files are called, without ending."""
        return PurePosixPath(next(iter(self.files.values()))).stem

    @property
    def picture(self) -> str:
        """The link of its picture; PNG first, since drawings of many points are slow as SVG."""
        return next((self.files[kind] for kind in ("PNG", "SVG") if kind in self.files), "")


@dataclass(frozen=True)
class Downloads:
    """What one notebook wrote, each kind in the order of writing."""

    figures: tuple[Download, ...] = ()
    tables: tuple[Download, ...] = ()

    @property
    def picture(self) -> str:
        """The link of the first figure's picture, if there is any."""
        return next((figure.picture for figure in self.figures if figure.picture), "")

    @property
    def findings(self) -> list[str]:
        """The sentences that belong on the first page."""
        return [table.sentence for table in self.tables if table.finding and table.sentence]

    @property
    def failed(self) -> list[str]:
        """What the tables warn of, and checks that models did not pass, each once."""
        told = [text for table in self.tables for text in table.warnings]
        told += [
            f"{table.checked}, not passed: {table.sentence}"
            for table in self.tables
            if table.checked and table.passed is False
        ]
        return list(dict.fromkeys(told))

    @property
    def passed(self) -> list[str]:
        """The checks that models passed, each once."""
        return list(dict.fromkeys(table.checked for table in self.tables if table.passed))


@dataclass
class Collector:
    """Brings what notebooks wrote into the report folder, and knows which of them wrote what."""

    root: Path
    _writers: dict[str, str] = field(default_factory=dict)

    def collect(self, notebook: str, room: Path) -> Downloads:
        """Move the figures and tables that a notebook wrote into its room into the report.

        Raises
        ------
        PluralignError
            If another notebook wrote a file of the same name, or a table is described in a form
            that cannot be read.
        """
        made = [path for folder in _ENDINGS for path in (room / folder).rglob("*")]
        made = [path for path in made if path.is_file()]
        made.sort(key=lambda path: (path.stat().st_mtime_ns, path))
        links = [path.relative_to(room).as_posix() for path in made]
        for path, link in zip(made, links, strict=True):
            writer = self._writers.setdefault(link, notebook)
            if writer != notebook:
                first, second = sorted([writer, notebook])
                raise PluralignError(
                    f"notebooks {first} and {second} both wrote {link}; give each a name of its own"
                )
            (self.root / link).parent.mkdir(parents=True, exist_ok=True)
            path.rename(self.root / link)
        return Downloads(
            tuple(self._described(_group(links, "figures"), notebook, table=False)),
            tuple(self._described(_group(links, "tables"), notebook, table=True)),
        )

    def _described(
        self, groups: Mapping[str, Mapping[str, str]], notebook: str, table: bool
    ) -> Iterable[Download]:
        for name, files in groups.items():
            about = self.root / "tables" / f"{name}.json"
            told = _description(about, notebook) if about.is_file() else {"title": _title(name)}
            yield Download(files=files, **told) if table else Download(told["title"], files)


def _group(links: Iterable[str], folder: str) -> dict[str, dict[str, str]]:
    """Group files by name, the formats of each in their fixed order."""
    groups: dict[str, dict[str, str]] = {}
    for link in map(PurePosixPath, links):
        if link.parts[0] == folder and link.suffix in _ENDINGS[folder]:
            name = link.relative_to(folder).with_suffix("").as_posix()
            groups.setdefault(name, {})[link.suffix] = link.as_posix()
    return {
        name: {end[1:].upper(): files[end] for end in _ENDINGS[folder] if end in files}
        for name, files in groups.items()
    }


def _description(about: Path, notebook: str) -> dict[str, Any]:
    """Read what the library wrote about a table beside its CSV."""
    try:
        told: dict[str, Any] = json.loads(about.read_text("utf-8"))
        return {
            "title": str(told["title"]),
            "sentence": str(told["sentence"]),
            "finding": bool(told["finding"]),
            "front": bool(told["front"]),
            "warnings": tuple(map(str, told["warnings"])),
            "simulated": told["data"] == "simulated",
            "checked": str(told.get("checked", "")),
            "passed": told.get("passed"),
            "p_value": told.get("p_value"),
        }
    except (ValueError, KeyError, TypeError) as error:
        raise PluralignError(
            f"notebook {notebook} wrote tables/{about.name} without title, sentence, finding, "
            "front, warnings and data; write tables with Pluralign's own functions"
        ) from error


def _title(name: str) -> str:
    words = name.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]
