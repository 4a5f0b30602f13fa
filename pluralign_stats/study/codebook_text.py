"""A codebook as YAML that people read: with what was inferred beside it."""

import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pluralign_stats.errors import InputError
from pluralign_stats.storage.files import write_text
from pluralign_stats.study.codebook import Codebook
from pluralign_stats.study.entries import ENGLISH
from pluralign_stats.study.inference import Inference
from pluralign_stats.study.questions import Dimension
from pluralign_stats.study.yaml_file import dump_yaml, line_of

_WIDTH = 96
#: Parts of a codebook that stand apart, below an empty line.
_APART = (
    "columns:",
    "dimensions:",
    "demographics:",
    "covariates:",
    "effects:",
    "texts:",
    "filters:",
    "choices:",
)


def codebook_content(codebook: Codebook) -> dict[str, Any]:
    """What a codebook states, as plain values; what it leaves to the defaults is left out.

    The scale and the valence of a dimension are always there.
    """
    content = _plain(codebook.model_dump(exclude_defaults=True))
    content["columns"]["item"] = _alone(content["columns"]["item"])
    content["files"] = {name: _path(file) for name, file in content["files"].items()}
    for name, dimension in codebook.dimensions.items():
        own = content["dimensions"][name]
        own |= {"scale": _plain(dimension.scale.model_dump()), "valence": dimension.valence}
        content["dimensions"][name] = {
            key: own[key] for key in Dimension.model_fields if key in own
        }
    return content


def _plain(value: Any) -> Any:
    """Lists for tuples, whole numbers as such, and one text for labels in English alone."""
    if isinstance(value, Mapping):
        if list(value) == [ENGLISH] and isinstance(value[ENGLISH], str):
            return value[ENGLISH]
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return [_plain(entry) for entry in value] if isinstance(value, list | tuple) else value


def _alone(several: list[Any]) -> Any:
    return several[0] if len(several) == 1 else several


def _path(file: dict[str, Any]) -> Any:
    """A file by its path alone where nothing else is said of it; else what it is comes first."""
    if list(file.get("wide", ())) == ["pattern"]:
        file = {**file, "wide": _alone(file["wide"]["pattern"])}
    first = {key: file[key] for key in ("path", "stack", "join") if key in file}
    return file["path"] if list(file) == ["path"] else first | file


def codebook_text(content: Mapping[str, Any], inferred: Iterable[Inference], head: str = "") -> str:
    """The YAML of a codebook, each entry that was inferred below a comment that says why.

    Parameters
    ----------
    content
        As `codebook_content` gives it.
    inferred
        What was inferred.
    head
        Comment that the file begins with.
    """
    text = dump_yaml(dict(content), flow_leaves=True).rstrip("\n")
    above: dict[int, list[str]] = {}
    for each in inferred:
        line = line_of(text, each.where) if each.where else None
        if line is not None:
            above.setdefault(line, []).append(_told(each))
    lines = _comment(head) if head else []
    for number, entry in enumerate(text.split("\n"), 1):
        if entry.startswith(_APART):
            lines.append("")
        indent = entry[: len(entry) - len(entry.lstrip())]
        lines += [indent + told for note in above.get(number, ()) for told in _comment(note)]
        lines.append(entry)
    return "\n".join(lines) + "\n"


def _told(inferred: Inference) -> str:
    if inferred.role == "valence":
        return f"to decide, in place of null: {inferred.why}"
    return f"{inferred.role}: {inferred.taken_as} ({inferred.why})"


def _comment(text: str) -> list[str]:
    lines = (textwrap.wrap(line, _WIDTH - 6) or [""] for line in text.split("\n"))
    return [f"# {line}".rstrip() for part in lines for line in part]


def check_free(path: Path, *, overwrite: bool = False) -> None:
    """Refuse a path at which there is something that is not to be overwritten."""
    if path.exists() and not overwrite:
        raise InputError(
            f"{path}: exists already and was left as it is; name another file, or say overwrite"
        )


def write_codebook(path: Path, text: str, *, overwrite: bool = False) -> Path:
    """Write a codebook where there is no file yet, and the folder if there is none.

    Raises
    ------
    InputError
        If there is one and it is not to be overwritten, or it cannot be written.
    """
    check_free(path, overwrite=overwrite)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
    except OSError as error:
        raise InputError(
            f"{path}: the codebook cannot be written ({error.strerror}); choose another place"
        ) from None
    return path
