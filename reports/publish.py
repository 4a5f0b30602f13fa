"""Takes machine paths out of everything that a report shows or ships."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Sanitizer:
    """Replaces absolute paths in texts by what a reader elsewhere can use.

    Parameters
    ----------
    replacements : mapping of str to str
        Paths, folders ending in a slash, and what stands in their place.
    """

    replacements: Mapping[str, str]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """Match the longest path at a place where a path can begin, as a whole."""
        paths = sorted(self.replacements, key=len, reverse=True)
        ends = (re.escape(path) + ("" if path.endswith("/") else r"(?![\w-])") for path in paths)
        return re.compile(rf"(?<![\w.])(?:{'|'.join(ends)})")

    def text(self, text: str) -> str:
        """Return `text` without machine paths."""
        return self._pattern.sub(lambda match: self.replacements[match[0]], text)

    def value(self, value: Any) -> Any:
        """Return a copy of nested mappings, lists and texts without machine paths."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Path):
            return self.text(str(value))
        if isinstance(value, Mapping):
            return {key: self.value(entry) for key, entry in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(entry) for entry in value]
        return value


def sanitizer(
    places: Sequence[Path],
    study_file: Path,
    data_folder: Path | None,
    out: Path,
    files: Sequence[Path] = (),
) -> Sanitizer:
    """Know the paths of one run: the places it is built in, what it reads, and where it goes."""
    plain = {str(study_file): study_file.name, str(out): out.name}
    plain |= {str(place): "" for place in places}
    if data_folder is not None:
        plain[str(data_folder)] = data_folder.name
    plain |= {str(path): path.name for path in files}
    folders = [study_file.parent, Path(__file__).resolve().parents[1], Path(sys.prefix), *places]
    plain |= {f"{folder}/": "" for folder in folders if len(folder.parts) > 1}
    home = Path.home()
    if len(home.parts) > 1:
        plain[f"{home}/"] = "~/"
    # papermill writes letters beyond ASCII in escaped form into the cell that it injects.
    escaped = {path.encode("unicode_escape").decode(): text for path, text in plain.items()}
    return Sanitizer(plain | escaped)


def publish_notebook(copy: Path, clean: Sanitizer) -> Any:
    """Rewrite an executed copy so that it can be shared, and return its node.

    Standard error goes with the paths: it holds warnings of libraries with the places of their
    files, and what a reader must know stands in the tables' own warnings.
    """
    import nbformat

    node = nbformat.read(copy, as_version=4)
    for cell in node.cells:
        if cell.cell_type == "code":
            cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
    node.metadata.get("papermill", {}).pop("output_path", None)
    node.metadata.get("papermill", {}).pop("input_path", None)
    node = nbformat.from_dict(clean.value(node))
    nbformat.write(node, copy)
    return node
