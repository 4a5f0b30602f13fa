"""YAML in which what is written is what is meant: version 1.2, its numbers with their digits."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.representer import SafeRepresenter

from pluralign_stats.errors import InputError
from pluralign_stats.study.encoding import decode

_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"
#: Tags that plain words get, whatever is made of them here.
_PLAIN = {f"{_TAG}{kind}" for kind in ("int", "float", "bool", "null", "timestamp", "value")}
_TRUTHS = ("true", "True", "TRUE", "false", "False", "FALSE")


class WrittenInteger(int):
    """A whole number that is shown as it was written: ``010`` is 10 and reads ``010``."""

    written: str

    def __str__(self) -> str:
        return self.written


class WrittenFloat(float):
    """A decimal number that is shown as it was written: ``1e3``, ``1.0``."""

    written: str

    def __str__(self) -> str:
        return self.written


# The core schema of YAML 1.2 (section 10.3.2). Other forms are words: 12:30, 1_000, 2024-01-01.
_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], int | float]], ...] = (
    (re.compile(r"[-+]?[0-9]+"), lambda text: WrittenInteger(text)),
    (re.compile(r"0o[0-7]+"), lambda text: WrittenInteger(text[2:], 8)),
    (re.compile(r"0x[0-9a-fA-F]+"), lambda text: WrittenInteger(text, 16)),
    (
        re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"),
        lambda text: WrittenFloat(text),
    ),
    (
        re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"),
        lambda text: WrittenFloat(text.replace(".", "")),
    ),
)


def read_text(path: Path) -> str:
    """Read a text file, or say in one line why it cannot be read."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder; name the YAML file in it") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    return decode(content, str(path), advice="save it as UTF-8")


def parse_yaml(text: str, name: str, *, words: bool = False) -> dict[str, Any]:
    """Parse a YAML mapping.

    Values are read by the core schema of YAML 1.2; keys are text as written, and numbers remember
    how they were written (see `WrittenInteger`).

    Parameters
    ----------
    text, name
        What the file holds, and its name for messages.
    words
        Whether most values are words, as in a codebook: then ``TRUE`` and ``False`` are words too
        (``true`` and ``false`` are truth values), and so is ``null`` in a list.

    Raises
    ------
    InputError
        If `text` is empty, malformed, states a key twice (the line is named) or is no mapping.
    """
    try:
        content = _Reader(words).value(_compose(text))
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).strip().splitlines()[0]
        raise InputError(f"{name}{where}: malformed YAML: {problem}") from None
    if content is None:
        raise InputError(f"{name}: is empty; it must hold 'key: value' lines")
    if not isinstance(content, dict):
        raise InputError(f"{name}: must hold 'key: value' lines, not a {type(content).__name__}")
    return content


def _compose(text: str) -> Node | None:
    return YAML(typ="safe", pure=True).compose(text)


def _error(problem: str, node: Node) -> MarkedYAMLError:
    return MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


class _Reader:
    """Makes Python values of nodes; a node with several aliases makes one value."""

    def __init__(self, words: bool) -> None:
        self._words = words
        self._made: dict[int, Any] = {}
        self._open: set[int] = set()

    def value(self, node: Node | None) -> Any:
        """Value of a node that stands alone or belongs to a key."""
        if node is None:
            return None
        if isinstance(node, ScalarNode):
            return _scalar(node, ("true", "false") if self._words else _TRUTHS)
        if id(node) in self._open:
            raise _error("an alias stands inside of what it stands for", node)
        if id(node) not in self._made:
            self._open.add(id(node))
            mapping = isinstance(node, MappingNode)
            self._made[id(node)] = self._mapping(node) if mapping else self._list(node)
            self._open.remove(id(node))
        return self._made[id(node)]

    def _list(self, node: Node) -> list[Any]:
        _refuse_tag(node, "seq")
        return [self._entry(entry) for entry in node.value]

    def _entry(self, node: Node) -> Any:
        value = self.value(node)
        word = self._words and value is None and node.value not in ("", "~")
        return str(node.value) if word else value

    def _mapping(self, node: Node) -> dict[str, Any]:
        _refuse_tag(node, "map")
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                raise _error("a key must be one word", key_node)
            if key_node.tag == _MERGE:
                merged = {**self._merged(value_node), **merged}
                continue
            _scalar(key_node, _TRUTHS)
            key = str(key_node.value)
            if key in own:
                first = lines[key]
                raise _error(f"the key '{key}' stands twice (first in line {first})", key_node)
            lines[key] = key_node.start_mark.line + 1
            own[key] = self.value(value_node)
        return {**{k: v for k, v in merged.items() if k not in own}, **own}

    def _merged(self, node: Node) -> dict[str, Any]:
        nodes = node.value if isinstance(node, SequenceNode) else [node]
        if not all(isinstance(each, MappingNode) for each in nodes):
            raise _error("'<<' must be followed by mappings", node)
        return {k: v for each in reversed(nodes) for k, v in self.value(each).items()}


def _refuse_tag(node: Node, kind: str) -> None:
    if node.tag != f"{_TAG}{kind}":
        raise _error(f"the tag '{node.tag}' is not known here", node)


def _scalar(node: ScalarNode, truths: tuple[str, ...]) -> Any:
    """A word, a number, or one of the truth values; ``null`` and its like are None."""
    text = str(node.value)
    if node.style not in (None, "") or node.tag not in _PLAIN:
        _refuse_tag(node, "str")
        return text
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in truths:
        return text.lower() == "true"
    for pattern, make in _NUMBERS:
        if pattern.fullmatch(text):
            number = make(text)
            number.written = text  # type: ignore[union-attr]
            return number
    return text


def line_of(text: str, location: tuple[str | int, ...]) -> int | None:
    """Line (from 1) on which the entry at `location` starts; None where there is no such entry."""
    node = _compose(text)
    line = None
    for step in location:
        if isinstance(node, MappingNode):
            found = [(k, v) for k, v in node.value if k.value == str(step)]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(node, SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line


#: Longest mapping that is written on one line, as Python writes it.
_ONE_LINE = 80


class _Representer(SafeRepresenter):
    """Writes numbers as they were written, and text that any reader takes for one line as such."""

    def represent_str(self, data: str) -> ScalarNode:
        """Quote signs that older readers take for line breaks."""
        style = '"' if re.search("[\x85\u2028\u2029]", data) else None
        return self.represent_scalar(f"{_TAG}str", data, style=style)


_Representer.add_representer(str, _Representer.represent_str)
for _kind, _tag in ((WrittenInteger, "int"), (WrittenFloat, "float")):
    _Representer.add_representer(
        _kind, lambda self, data, tag=_tag: self.represent_scalar(f"{_TAG}{tag}", str(data))
    )


class _ShortMappings(_Representer):
    """Writes mappings on one line where they fit: a key cannot be broken over two."""

    def represent_mapping(self, tag: Any, mapping: Any, flow_style: Any = None) -> MappingNode:
        """Put long mappings on lines of their own."""
        node = super().represent_mapping(tag, mapping, flow_style)
        node.flow_style = node.flow_style and len(str(mapping)) <= _ONE_LINE
        return node


def dump_yaml(content: Any, width: int = 96, *, flow_leaves: bool = False) -> str:
    """Write plain values as YAML that `parse_yaml` reads back as they are.

    Parameters
    ----------
    content
        What to write.
    width
        Of lines that can be broken.
    flow_leaves
        Whether lists and mappings of single values stand on one line, as ``[1, 5]``.
    """
    writer = YAML(typ="safe", pure=True)
    writer.Representer = _ShortMappings if flow_leaves else _Representer
    writer.default_flow_style = None if flow_leaves else False
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    writer.width = width
    out = io.StringIO()
    writer.dump(content, out)
    return out.getvalue()
