"""Read a codebook from YAML, and say in one plain line what is wrong with it."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pluralign_stats.errors import InputError, one_of
from pluralign_stats.study.careless import Careless
from pluralign_stats.study.codebook import Codebook, Columns, Filter, ItemTexts, RaterRules
from pluralign_stats.study.covariate import Covariate
from pluralign_stats.study.entries import Part
from pluralign_stats.study.files import keys_at
from pluralign_stats.study.formats import Formats
from pluralign_stats.study.questions import Dimension, Factor, Multiple
from pluralign_stats.study.yaml_file import line_of, parse_yaml, read_text


def read_codebook(path: Path) -> Codebook:
    """Read a codebook from YAML.

    Raises
    ------
    InputError
        If the file is malformed or holds an unknown key or a value that is not allowed; the
        message names the file, the line and the key.
    """
    text = read_text(path)
    return codebook_from(parse_yaml(text, path.name, words=True), path.name, text)


def codebook_from(content: dict[str, Any], name: str, text: str = "") -> Codebook:
    """Check parsed YAML against the codebook's form; `text` gives line numbers to messages."""
    try:
        return Codebook.model_validate(content)
    except ValidationError as error:
        raise InputError(_explain(error, content, name, text)) from None


def _explain(error: ValidationError, content: dict[str, Any], name: str, text: str) -> str:
    """Put the first complaint of pydantic into one plain line."""
    first = error.errors()[0]
    location = _location(content, first["loc"], first["type"] == "missing")
    line = line_of(text, location) if text else None
    where = f"{name}, line {line}" if line else name
    key = ".".join(str(step) for step in location)
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    match first["type"]:
        case "extra_forbidden":
            allowed = _keys_at(location[:-1], content)
            return f"{where}: unknown key '{key}': {one_of('it', str(location[-1]), allowed)}{more}"
        case "missing":
            return f"{where}: the key '{key}' is missing{more}"
        case "value_error":
            inside = f"{key}: " if key else ""
            return f"{where}: {inside}{first['ctx']['error']}{more}"
        case _:
            said = first["msg"][0].lower() + first["msg"][1:]
            return f"{where}: '{key}' is {first['input']!r}, but {said}{more}"


def _location(content: Any, steps: tuple[str | int, ...], missing: bool) -> tuple[str | int, ...]:
    """Steps that lead through the content; pydantic's own, such as the arm of a union, go."""
    location: list[str | int] = []
    for step in steps:
        listed = content if isinstance(content, list | tuple) else ()
        inside = content.keys() if isinstance(content, dict) else range(len(listed))
        found = next((key for key in inside if str(key) == str(step)), None)
        if found is not None:
            content = content[found]
            location.append(step)
    return (*location, steps[-1]) if missing else tuple(location)


def _keys_at(location: tuple[str | int, ...], content: dict[str, Any]) -> list[str]:
    """Keys that a codebook allows at `location`."""
    named: dict[str, type[Part]] = {
        "dimensions": Dimension,
        "demographics": Factor,
        "covariates": Covariate,
        "filters": Filter,
    }
    single: dict[str, type[Part]] = {
        "columns": Columns,
        "texts": ItemTexts,
        "raters": RaterRules,
        "formats": Formats,
        "careless": Careless,
    }
    if not location:
        return list(Codebook.model_fields)
    first = str(location[0])
    if first == "files":
        return keys_at(location[1:], content["files"])
    if location[-1] == "multiple":
        return list(Multiple.model_fields)
    allowed = list((named | single)[first].model_fields)
    return [key for key in allowed if (first, key) != ("covariates", "effects")]
