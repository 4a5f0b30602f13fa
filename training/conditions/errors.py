"""One plain line for what is wrong with a grid."""

from types import UnionType
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from pluralign_stats.errors import one_of


def explain(error: ValidationError, content: Any, model: type[BaseModel]) -> str:
    """Put pydantic's first complaint into one plain line that names the key.

    Parameters
    ----------
    error
        What pydantic raised.
    content
        What was checked.
    model
        The form it was checked against; its keys are what an unknown key is compared with.
    """
    first = error.errors()[0]
    steps = _steps(first["loc"], content, first["type"] == "missing")
    key = ".".join(str(step) for step in steps)
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    match first["type"]:
        case "extra_forbidden":
            allowed = _keys(model, steps[:-1])
            return f"unknown key '{key}': {one_of('it', str(steps[-1]), allowed)}{more}"
        case "missing":
            return f"the key '{key}' is missing{more}"
        case "value_error":
            return f"{f'{key}: ' if key else ''}{first['ctx']['error']}{more}"
        case "literal_error":
            allowed = [word.strip().strip("'") for word in _expected(first)]
            return f"{one_of(f"'{key}'", first['input'], allowed)}{more}"
        case _:
            said = first["msg"][0].lower() + first["msg"][1:]
            return f"'{key}' is {first['input']!r}, but {said}{more}"


def _expected(complaint: Any) -> list[str]:
    return complaint["ctx"]["expected"].replace(" or ", ", ").split(",")


def _steps(location: tuple[Any, ...], content: Any, missing: bool) -> tuple[str | int, ...]:
    """Steps that lead through the content; pydantic's own, such as the arm of a union, go."""
    steps: list[str | int] = []
    for step in location:
        if (isinstance(content, dict) and step in content) or (
            isinstance(content, list | tuple) and isinstance(step, int) and step < len(content)
        ):
            content = content[step]
        else:
            continue
        steps.append(step)
    return (*steps, location[-1]) if missing else tuple(steps)


def _keys(model: type[BaseModel], steps: tuple[str | int, ...]) -> list[str]:
    """Keys that are allowed at a place of the content."""
    for step in steps:
        field = model.model_fields.get(str(step)) if isinstance(step, str) else None
        if field is not None:
            model = _model_in(field.annotation) or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The form that a field holds, alone or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) is not None or isinstance(annotation, UnionType):
        found = (_model_in(inner) for inner in get_args(annotation))
        return next((model for model in found if model), None)
    return None
