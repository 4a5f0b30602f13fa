"""YAML as people write it: ``Yes`` and ``No`` are words, and a key stated twice is an error."""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from pluralign_stats.errors import InputError


class _Loader(yaml.SafeLoader):
    """PyYAML reads ``No`` as false and keeps the last of two equal keys; this does neither."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: dict[Any, int] = {}
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    problem="a key must be one word", problem_mark=key_node.start_mark
                )
            key = self.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"the key '{key}' stands twice (first in line {seen[key]})",
                    problem_mark=key_node.start_mark,
                )
            seen[key] = line
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$", re.IGNORECASE), list("tTfF")
)


def read_text(path: Path) -> str:
    """Read a UTF-8 text file, or say in one line why it cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder; name the YAML file in it") from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def parse_yaml(text: str, name: str) -> dict[str, Any]:
    """Parse a YAML mapping.

    Raises
    ------
    InputError
        If `text` is empty, malformed (the line is named) or not a mapping.
    """
    try:
        content = yaml.load(text, _Loader)  # noqa: S506 - a subclass of SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise InputError(f"{name}{where}: malformed YAML: {problem}") from None
    if content is None:
        raise InputError(f"{name}: is empty; it must hold 'key: value' lines")
    if not isinstance(content, dict):
        raise InputError(f"{name}: must hold 'key: value' lines, not a {type(content).__name__}")
    return content


def line_of(text: str, location: tuple[str | int, ...]) -> int | None:
    """Line (from 1) on which the entry at `location` starts; None where there is no such entry."""
    node = yaml.compose(text, yaml.SafeLoader)
    line = None
    for step in location:
        if isinstance(node, yaml.MappingNode):
            found = [(k, v) for k, v in node.value if k.value == str(step)]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line
