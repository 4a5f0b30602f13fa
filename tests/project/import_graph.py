"""Which of the project's modules import which, wherever and in whatever way a file says so."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("pluralign_stats", "training", "reports")
INSIDE = tuple(f"{package}." for package in PACKAGES)

#: Whoever loads what can't be read off the text may load whatever has a public name.
FACE = "pluralign_stats"
LOADERS = ("import_module", "__import__", "attach")


class Arrow(NamedTuple):
    """One module imports another, in a line of its file."""

    source: str
    target: str
    line: int


def module_name(path: Path) -> str:
    """The dotted name of a file; a folder's own for its ``__init__.py``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(f): f for p in PACKAGES for f in sorted((ROOT / p).rglob("*.py"))}


@cache
def tree_of(name: str) -> ast.Module:
    """What a module says, with the stub that lists its lazy names."""
    files = [f for f in (FILES[name], FILES[name].with_suffix(".pyi")) if f.exists()]
    parsed = [ast.parse(f.read_text("utf-8")) for f in files]
    return ast.Module([node for tree in parsed for node in tree.body], [])


def room_of(name: str) -> str:
    """The folder that a module lies in; one that lies in none but its package is its own room."""
    if FILES[name].stem == "__init__":
        return name
    folder = name.rpartition(".")[0]
    return name if folder in PACKAGES else folder


def arrows_of(name: str, tree: ast.AST) -> set[Arrow]:
    """All imports of a module: at its top, in functions, for types only, by names in strings."""
    return {
        Arrow(name, target, node.lineno)
        for node in ast.walk(tree)
        for target in _targets(node, name)
        if target in FILES and target != name
    }


def _targets(node: ast.AST, name: str) -> Iterable[str]:
    match node:
        case ast.Import(names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module, names, level):
            base = ".".join(filter(None, (_anchor(name, level), module)))
            inner = [f"{base}.{alias.name}" for alias in names]
            return [each if each in FILES else base for each in inner]
        case ast.Constant(str(text)) if text.startswith(INSIDE):
            return [n for n in FILES if n == text or (text[-1] == "." and n.startswith(text))]
        case ast.Call(ast.Name(loader) | ast.Attribute(attr=loader), [what, *_]):
            said = isinstance(what, ast.Constant | ast.JoinedStr)
            return [FACE] if loader in LOADERS and not said else []
    return []


def _anchor(name: str, level: int) -> str:
    """What the dots of a relative import stand for."""
    if not level:
        return ""
    parts = name.split(".")
    up = level - (FILES[name].stem == "__init__")
    return ".".join(parts[: len(parts) - up])


def read_arrows() -> set[Arrow]:
    """All imports between the project's modules."""
    return set().union(*(arrows_of(name, tree_of(name)) for name in FILES))


def between_rooms(arrows: Iterable[Arrow]) -> dict[tuple[str, str], list[Arrow]]:
    """The arrows that lead from one room to another, by both."""
    found: dict[tuple[str, str], list[Arrow]] = {}
    for arrow in sorted(arrows):
        ends = room_of(arrow.source), room_of(arrow.target)
        if ends[0] != ends[1]:
            found.setdefault(ends, []).append(arrow)
    return found


def circles(pairs: Iterable[tuple[str, str]]) -> Iterator[list[str]]:
    """Groups in which everything is reached from everything: strongly connected components."""
    pairs = list(pairs)
    nodes = sorted({end for pair in pairs for end in pair})
    place = {node: k for k, node in enumerate(nodes)}
    ends = [place[a] for a, _ in pairs], [place[b] for _, b in pairs]
    graph = coo_array(([1] * len(pairs), ends), shape=(len(nodes), len(nodes)))
    n, component = connected_components(graph, connection="strong")
    for k in range(n):
        members = [node for node, own in zip(nodes, component, strict=True) if own == k]
        if len(members) > 1:
            yield members


def shortest_circles(members: Iterable[str], arrows: Iterable[Arrow]) -> list[list[Arrow]]:
    """For each member the fewest arrows that lead from it back to it; each such circle once."""
    ahead: dict[str, list[Arrow]] = {name: [] for name in members}
    for arrow in sorted(arrows):
        if {arrow.source, arrow.target} <= set(ahead):
            ahead[arrow.source].append(arrow)
    found = {}
    for name in ahead:
        ways, seen = [[arrow] for arrow in ahead[name]], set()
        for way in ways:  # which grows while it is gone through
            at = way[-1].target
            if at == name:
                found.setdefault(frozenset(a.source for a in way), way)
                break
            if at not in seen:
                seen.add(at)
                ways += [[*way, arrow] for arrow in ahead[at]]
    return sorted(found.values(), key=len)
