"""The config hub: grids in YAML in which every key carries its meaning, type and default.

``python -m training.conditions.hub`` writes the grids that ship anew, after a change of a key or a
value; what stands above the first blank line of each is kept.
"""

import textwrap
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pluralign_stats.study.yaml_file import dump_yaml, parse_yaml, read_text
from training.conditions.grid import Grid, hub_grids

_WIDTH = 96
_NAMES = {int: "whole number", float: "number", bool: "true or false", str: "text"}


def annotated(content: dict[str, Any]) -> str:
    """A grid in YAML with every key, what it means, its type and its default.

    Parameters
    ----------
    content
        The grid as YAML holds it; keys that it leaves out get their defaults.
    """
    return "\n".join(_section(Grid, content, 0)) + "\n"


def rewritten(text: str) -> str:
    """The text of a grid file with its keys annotated anew; its head is kept."""
    head, _, _ = text.partition("\n\n")
    return f"{head}\n\n{annotated(parse_yaml(text, 'grid'))}"


def explanation(field: FieldInfo) -> str:
    """Meaning, type and default of a key."""
    name = type_name(field.annotation)
    told = f"{field.description} {name[:1].upper()}{name[1:]}"
    if field.default is PydanticUndefined:
        return f"{told}; must be given."
    if isinstance(field.default, BaseModel):
        return f"{field.description} Keys below."
    return f"{told}; default {_flow(_plain(field.default))}."


def type_name(annotation: Any) -> str:
    """A type in words."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation in _NAMES:
        return _NAMES[annotation]
    if origin is Annotated:
        return type_name(inner[0])
    if origin is Literal:
        return ("one of " if len(inner) > 1 else "") + ", ".join(map(str, inner))
    if origin in (UnionType, Union):
        names = ["null" if part is NoneType else type_name(part) for part in inner]
        return " or ".join(dict.fromkeys(names))
    if origin is tuple:
        return f"list: {type_name(inner[0])}"
    if origin is dict:
        return "mapping"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "text or mapping"
    return str(annotation)


def _section(model: type[BaseModel], content: dict[str, Any], depth: int) -> list[str]:
    lines: list[str] = []
    margin = "  " * depth
    for key, field in model.model_fields.items():
        if depth == 0 and lines:
            lines.append("")
        note = textwrap.wrap(explanation(field), _WIDTH - len(margin) - 2)
        lines += [f"{margin}# {part}" for part in note]
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            lines += [f"{margin}{key}:", *_section(inner, content.get(key) or {}, depth + 1)]
        else:
            value = content.get(key, _plain(field.default))
            lines += [f"{margin}{line}" for line in _entry(key, value)]
    return lines


def _entry(key: str, value: Any) -> list[str]:
    """A key with its value: on one line where there is room, else an item a line."""
    short = f"{key}: {_flow(value)}"
    if len(short) <= _WIDTH - 8 or not isinstance(value, list | dict) or not value:
        return [short]
    if isinstance(value, list):
        return [f"{key}:", *(f"  - {_flow(item)}" for item in value)]
    inside = [line for k, v in value.items() for line in _entry(str(k), v)]
    return [f"{key}:", *(f"  {line}" for line in inside)]


def _flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(v) for v in value) + "]"
    if isinstance(value, float):
        return f"{value:g}"
    dumped = dump_yaml(value, width=10_000)
    return dumped.removesuffix("\n...\n").strip()


def _plain(default: Any) -> Any:
    """A default as a person writes it."""
    if isinstance(default, BaseModel):
        given = default.model_dump(exclude_defaults=True)
        return given["model"] if given.keys() == {"model"} else given
    if default == ({},):
        return ["all"]
    if isinstance(default, tuple):
        return [_plain(part) for part in default]
    if default == {}:
        return {}
    return default


def main() -> None:
    """Write the grids that ship anew."""
    for path in hub_grids().values():
        Path(path).write_text(rewritten(read_text(path)), encoding="utf-8")


if __name__ == "__main__":
    main()
