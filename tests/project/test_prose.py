"""No code reads English: what it must know of a fit or a result is a field, a column or a code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: What holds sentences for readers, as an attribute, a variable or a column.
PROSE = {
    *("method", "sentence", "title", "note", "notes", "warning", "warnings", "doubt", "doubts"),
    *("contrast", "contrasts", "remark", "remarks", "formula"),
}

#: Which of these also stand, as a variable, for a value out of a few, which may be compared.
VALUES = {"method", "contrast", "formula"}

#: Values out of a few that are compared whole, and not taken apart.
WHOLE = {"unit", "interval", "reason"}

#: What takes text apart.
APART = {
    *("split", "rsplit", "partition", "rpartition", "splitlines", "find", "rfind"),
    *("startswith", "endswith", "removeprefix", "removesuffix", "contains", "extract"),
    *("match", "fullmatch", "search", "findall", "finditer"),
}

#: What leaves text the same for this purpose.
SAME = {"lower", "casefold", "strip", "lstrip", "rstrip", "str", "first_up", "sorted", "set"}

#: Beginnings of text with which names are put together, and the one file that does it.
MARKS = {
    r"^ vs ": "pluralign_stats/study/text.py",
    r".*\[T\.": "",
    r"^sd\(dimension": "pluralign_stats/models/bayes/joint_layout.py",
}

#: Where text is read because it is what users wrote.
READERS = {
    "pluralign_stats/models/formula.py": "takes apart the formula that a user typed, once",
}


def name_of(node: ast.AST) -> str:
    """What an expression is called: the last name of it, below what leaves its text the same."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr="str" | "iloc" | "loc" | "values"):
            return name_of(value)
        case ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.Subscript(value=value):
            return name_of(value)
        case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in SAME:
            return name_of(value)
        case ast.Call(func=ast.Name(id=name), args=[value, *_]) if name in SAME:
            return name_of(value)
    return ""


def findings(text: str) -> Iterator[tuple[int, str]]:
    """Lines of a module that read prose, and what they hold."""
    for part in ast.parse(text).body:
        nodes = list(ast.walk(part))
        prose = PROSE | {name for node in nodes for name in from_prose(node)}
        said = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            if reads(node, prose) or (mark_of(node) and id(node) not in said):
                yield node.lineno, ast.unparse(node)


def from_prose(node: ast.AST) -> Iterator[str]:
    """Names that take single sentences from several, or another name for some."""
    match node:
        case (
            ast.comprehension(target=ast.Name(id=name), iter=source)
            | ast.For(target=ast.Name(id=name), iter=source)
            | ast.NamedExpr(target=ast.Name(id=name), value=source)
            | ast.Assign(targets=[ast.Name(id=name)], value=source)
        ) if isinstance(source, ast.Attribute) and name_of(source) in PROSE - VALUES:
            yield name


def reads(node: ast.AST, prose: set[str]) -> bool:
    """Whether an expression takes prose apart, looks for words in it or compares it."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=how), args=args):
            return how in {*APART, "sub"} and any(name_of(arg) in prose | WHOLE for arg in args)
        case ast.Call(func=ast.Attribute(value=value, attr=how)):
            return how in APART and name_of(value) in prose | WHOLE
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            if all(name_of(side) in prose for side in (left, right)):
                return False
            sides = [right] if isinstance(op, ast.In | ast.NotIn) else [left, right]
            return isinstance(op, ast.In | ast.NotIn | ast.Eq | ast.NotEq) and any(
                name_of(side) in prose - (VALUES if isinstance(side, ast.Name) else set())
                for side in sides
            )
    return False


def mark_of(node: ast.AST) -> str:
    """The mark of a name that has a place of its own, if it is text with one."""
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return ""
    return next((mark for mark in MARKS if re.match(mark, node.value)), "")


@pytest.mark.parametrize(
    "text",
    [
        'fit.method.split(", Laplace")[0]',
        'start.method.split(",")[1] == other.method.split(",")[1]',
        'str(fit.method).startswith("Bayesian")',
        '"ordinal" in fit.method',
        'table["method"].iloc[0] == "linear"',
        'table["method"].str.startswith("linear")',
        'row["contrast"].partition(sep)',
        'a, b = result.sentence.removesuffix(".").split(x)',
        'ONE_RUN in result.warnings',
        'COUNT_WITHHELD not in notes',
        '[n for n in result.meta.notes if n != COLUMNS]',
        '[n for n in result.meta.notes if "p adjusted" not in str(n)]',
        'for note in part.result.meta.notes:\n    if note.startswith("p adjusted"):\n        pass',
        'if any(note.lower().startswith("p") for note in notes): pass',
        'first.title.split(" by ")[0]',
        're.search("adjusted", meta.sentence)',
        'fit.formula.partition("~")[0]',
        'column = f"{factor}[T.{level}]"',
        'told = f"{first} vs {second}"',
        'contrasts.split(" vs ")',
        'unit.startswith("share")',
    ],
)  # fmt: skip
def test_the_search_finds_what_reads_prose(text):
    assert list(findings(text))


@pytest.mark.parametrize(
    "text",
    [
        'fit.method.family == "linear"',
        'note.code is Code.SINGULAR',
        'method == "laplace"',
        'method not in METHODS',
        'table = table.assign(method=str(fit.method))',
        '" ".join(result.meta.notes)',
        'row["level"] == row["reference"]',
        'formula.outcome in data',
        'def f():\n    """Such as ``a[T.x]``, A vs B."""',
        'path.name.startswith("study")',
    ],
)  # fmt: skip
def test_the_search_leaves_what_does_not(text):
    assert not list(findings(text))


def test_no_code_reads_prose():
    found = []
    for package in ("pluralign_stats", "reports", "training"):
        for path in sorted((ROOT / package).rglob("*.py")):
            file = path.relative_to(ROOT).as_posix()
            for line, text in findings(path.read_text("utf-8")):
                if file not in READERS and file not in MARKS.values():
                    found.append(f"{file}:{line}: {text}")
    assert not found, "\n".join(found)
