"""Checks the values that users give to notebooks, before anything runs.

papermill only warns about a parameter that a notebook does not know and passes on whatever type it
was given. Here the cell tagged ``parameters`` is the contract: a name it does not declare and a
value that does not fit its annotation are refused.
"""

import ast
import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pluralign_stats.errors import InputError, check_one_of, one_of
from reports.model import Notebook, Parameter

#: Set by the report itself, each with what the user says instead.
RESERVED = {
    "study_file": "the argument STUDY",
    "data_folder": "the option --data",
    "out": "the option --out",
}

#: The name of a parameter that takes a file ends like this.
_FILE_SUFFIX = "_file"

#: The annotations a parameter may carry, each in words.
TYPES = {
    "int": "a whole number such as 1000",
    "float": "a number such as 0.95",
    "str": "a text",
    "bool": "true or false",
    "list[str]": "texts with commas between them such as gender,politics",
}


def declared_parameters(node: Any, name: str) -> dict[str, Parameter]:
    """Read what a notebook's cell tagged ``parameters`` declares.

    Raises
    ------
    InputError
        If there is not exactly one such cell, or one of its lines is not a typed assignment of a
        plain value.
    """
    import papermill

    tagged = [cell for cell in node.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(tagged) != 1:
        raise InputError(
            f"notebook {name} has {len(tagged)} cells tagged 'parameters'; tag exactly one"
        )
    read = papermill.inspect_notebook(node)
    _refuse_unread(tagged[0].source, set(read), name)
    return {
        key: _declared(key, entry["inferred_type_name"], entry["default"], name)
        for key, entry in read.items()
    }


def assign_parameters(
    notebooks: Sequence[Notebook], given: Mapping[str, object]
) -> dict[str, dict[str, object]]:
    """Give every notebook the values that it declares.

    Parameters
    ----------
    notebooks : sequence of Notebook
        The notebooks of the report.
    given : mapping of str to object
        The user's values by parameter name; texts are read by the declared type, and files are
        looked for from the current folder on.

    Returns
    -------
    dict
        By notebook name, the given values of those parameters that it declares; files as absolute
        paths.

    Raises
    ------
    InputError
        If a name is reserved or known to none of the notebooks, a value is ill-typed, or there is
        no such file.
    """
    known = {key for notebook in notebooks for key in notebook.parameters} - set(RESERVED)
    for name in given:
        _refuse_unknown(name, known)
    return {
        notebook.name: {
            name: parse_value(notebook.parameters[name], value)
            for name, value in given.items()
            if name in notebook.parameters
        }
        for notebook in notebooks
    }


def parse_value(parameter: Parameter, value: object) -> object:
    """Read one value by the parameter's declared type.

    Parameters
    ----------
    parameter : Parameter
        What the notebook declares.
    value : object
        A text as typed on a command line, or a value that already has the declared type.

    Raises
    ------
    InputError
        If the value does not fit, or a parameter that takes a file names none.
    """
    parsed = _from_text(parameter.type, value) if isinstance(value, str) else value
    if not _fits(parameter.type, parsed):
        shown = f"'{value}'" if isinstance(value, str) else repr(value)
        raise InputError(
            f"parameter {parameter.name} must be {TYPES[parameter.type]} "
            f"({parameter.type}), not {shown}"
        )
    if _is_file(parameter.name) and parsed:
        return _find_file(parameter.name, str(parsed))
    return float(parsed) if parameter.type == "float" else parsed  # type: ignore[arg-type]


def given_files(values: Mapping[str, Mapping[str, object]]) -> list[Path]:
    """Return the files among the values of `assign_parameters`."""
    return list(dict.fromkeys(p for own in values.values() for p in file_values(own).values()))


def file_values(values: Mapping[str, object]) -> dict[str, Path]:
    """Return the files among the values of one notebook, by parameter name."""
    paths = {n: Path(str(v)) for n, v in values.items() if _is_file(n) and n not in RESERVED}
    return {name: path for name, path in paths.items() if path.is_absolute()}


def with_file_names(
    values: Mapping[str, Mapping[str, object]],
) -> dict[str, dict[str, object]]:
    """Return the values of `assign_parameters` with the names of files instead of their paths."""
    return {
        notebook: {n: Path(str(v)).name if _is_file(n) else v for n, v in own.items()}
        for notebook, own in values.items()
    }


def used_values(notebook: Notebook, given: Mapping[str, object]) -> dict[str, object]:
    """Return every value that a notebook runs with, but for those the report sets itself."""
    values = {name: entry.default for name, entry in notebook.parameters.items()} | dict(given)
    return {name: value for name, value in values.items() if name not in RESERVED}


def show_value(value: object) -> str:
    """Write a parameter's value as a reader would type it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "(not set)"
    return str(value) if value != "" else "(not set)"


def as_option(name: str, value: object) -> str:
    """Write a parameter as it is given on the command line, ``name=value``."""
    if isinstance(value, list):
        return f"{name}={json.dumps(value, ensure_ascii=False)}"
    return f"{name}={str(value).lower() if isinstance(value, bool) else value}"


def _is_file(name: str) -> bool:
    return name.endswith(_FILE_SUFFIX)


def _find_file(name: str, text: str) -> str:
    """Return the absolute path of a file; one word may also mean something to the notebook."""
    path = Path(text).expanduser().absolute()
    if path.is_file():
        return str(path)
    if re.fullmatch(r"\w+", text) and not path.exists():
        return text
    raise InputError(
        f"parameter {name}: there is no file {path}; name an existing one, from the folder in "
        "which you call the command or by its whole path"
    )


def _refuse_unknown(name: str, known: set[str]) -> None:
    if name in RESERVED:
        raise InputError(
            f"parameter {name} is set by the report itself; use {RESERVED[name]} instead"
        )
    if not known:
        raise InputError(f"parameter {name} is unknown: these notebooks take none; leave it out")
    check_one_of("a parameter of these notebooks", name, sorted(known))


def _refuse_unread(source: str, read: set[str], notebook: str) -> None:
    """Refuse assignments that papermill skips, such as a line with two equals signs."""
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise InputError(
            f"the parameters cell of {notebook} is not valid Python (line {error.lineno}); mend it"
        ) from error
    names = [ast.unparse(s.target) for s in statements if isinstance(s, ast.AnnAssign)]
    if len(names) != len(statements) or set(names) != read:
        raise InputError(
            f"the parameters cell of {notebook} may hold only typed assignments on one line each, "
            "such as 'seed: int = 1', and no value with an equals sign; mend the cell"
        )


def _declared(name: str, annotation: str, default: str, notebook: str) -> Parameter:
    kind = annotation.replace(" ", "")
    if kind not in TYPES:
        raise InputError(one_of(f"the type of {name} in notebook {notebook}", annotation, TYPES))
    try:
        value = ast.literal_eval(default)
    except (ValueError, SyntaxError):
        value = None
    if not _fits(kind, value):
        raise InputError(
            f"the default of {name} in notebook {notebook} must be {TYPES[kind]} ({kind}), "
            f"not {default}"
        )
    return Parameter(name, kind, value)


def _from_text(kind: str, text: str) -> object:
    """Read a text as `kind`; what cannot be read comes back as None, which fits no type."""
    if kind == "str":
        return text
    if kind == "list[str]":
        return _texts(text)
    word = text.strip()
    if kind == "bool":
        return {"true": True, "false": False}.get(word.lower())
    if kind == "int":
        return int(word) if re.fullmatch(r"[+-]?[0-9]+", word) else None
    try:
        return float(word)
    except ValueError:
        return None


def _texts(text: str) -> object:
    """Read a list of texts; JSON form allows entries that hold a comma."""
    if not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None


def _fits(kind: str, value: object) -> bool:
    if kind == "list[str]":
        return isinstance(value, list) and all(isinstance(entry, str) for entry in value)
    if kind == "float":
        return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]
    return type(value) is {"int": int, "str": str, "bool": bool}[kind]
