"""One plain line for what is wrong with a grid."""

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError

from pluralign_stats.errors import one_of


def explain(error: ValidationError, content: Any, model: type[BaseModel]) -> str:
    """Put pydantic's first complaint into one plain line that names the key.

    Parameters
    ----------
    model
        The form it was checked against; its keys are what an unknown key is compared with.
    """
    first = error.errors()[0]
    steps = _steps(first["loc"], content, first["type"] == "missing")
    key = ".".join(map(str, steps))
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    match first["type"]:
        case "extra_forbidden":
            allowed, _ = _place(model, steps[:-1])
            told = one_of("it", str(steps[-1]), allowed.model_fields)
            return f"unknown key '{key}': {told}{more}"
        case "missing":
            return f"the key '{key}' is missing{more}"
        case "value_error":
            return f"{f'{key}: ' if key else ''}{first['ctx']['error']}{more}"
        case "literal_error":
            leaves = _leaves(_place(model, steps)[1])
            words = [
                word for leaf in leaves if get_origin(leaf) is Literal for word in get_args(leaf)
            ]
            return f"{one_of(f"'{key}'", first['input'], words)}{more}"
        case _:
            said = first["msg"][0].lower() + first["msg"][1:]
            return f"'{key}' is {first['input']!r}, but {said}{more}"


def _steps(location: tuple[Any, ...], content: Any, missing: bool) -> tuple[str | int, ...]:
    """Steps that lead through the content; pydantic's own, such as the arm of a union, go."""
    steps: list[str | int] = []
    for step in location:
        if (isinstance(content, dict) and step in content) or (
            isinstance(content, list | tuple) and isinstance(step, int) and step < len(content)
        ):
            content = content[step]
            steps.append(step)
    return (*steps, location[-1]) if missing else tuple(steps)


def _place(model: type[BaseModel], steps: tuple[str | int, ...]) -> tuple[type[BaseModel], Any]:
    """The form at a place of the content, and what the last key on the way to it may hold."""
    holds: Any = None
    for step in steps:
        field = model.model_fields.get(str(step))
        if field is not None:
            holds = field.annotation
            forms = (leaf for leaf in _leaves(holds) if isinstance(leaf, type))
            model = next((form for form in forms if issubclass(form, BaseModel)), model)
    return model, holds


def _leaves(annotation: Any) -> Iterator[Any]:
    """The types that an annotation is made of, out of lists, mappings and unions."""
    inner = get_args(annotation)
    if not inner or get_origin(annotation) is Literal:
        yield annotation
    for part in inner if get_origin(annotation) is not Literal else ():
        yield from _leaves(part)
