"""The report's place: what may be replaced there, and the mark of a complete report."""

from collections.abc import Iterable
from pathlib import Path

from pluralign_stats.errors import InputError, listing
from pluralign_stats.storage.files import read_json

#: The completion mark, written last.
MARK = "report.json"

#: What the mark says of itself, by which a former report is recognised.
KIND = "pluralign report"


def check_target(out: Path, inputs: Iterable[Path]) -> None:
    """Refuse a target that holds anything but a former report, or some of what the report reads.

    Raises
    ------
    InputError
        If the folder cannot be replaced without losing something.
    """
    if out.parent == out:
        raise InputError(f"{out} cannot be a report folder; name a new one such as report")
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file, and a report is a folder; choose another name")
    for path in inputs:
        if path.resolve().is_relative_to(out):
            raise InputError(
                f"{path.name} lies in {out}, which the report would replace; "
                "choose another report folder"
            )
    if out.is_dir() and any(out.iterdir()):
        _refuse_foreign(out)


def files_of(folder: Path) -> list[str]:
    """List the files of a report folder but for hidden ones, as links."""
    links = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    return [link.as_posix() for link in links if not any(p.startswith(".") for p in link.parts)]


def _refuse_foreign(out: Path) -> None:
    mark = read_json(out / MARK)
    if mark.get("kind") != KIND or not isinstance(mark.get("files"), dict | list):
        raise InputError(
            f"{out} holds files and is not a former report; choose another folder or empty it"
        )
    foreign = [link for link in files_of(out) if link not in [*mark["files"], MARK]]
    if foreign:
        raise InputError(
            f"{out} holds files that the former report did not write ({listing(foreign, 3)}); "
            "move them elsewhere, since the folder is replaced"
        )
