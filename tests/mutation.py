"""Breaks lines of the packages, one at a time, and tells whether a test notices.

``python -m tests.mutation --lines 20 --seed 1`` copies the repository, breaks a line of the copy,
runs the tests that stand where the line does, then, unless ``--near`` is given, all quick ones, and
mends it again.
"""

import argparse
import ast
import operator
import os
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("pluralign_stats", "training", "reports")
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "_build", "output", ".*_cache", "dist")

#: Seconds after which tests hang, by which a line is noticed, too.
PATIENCE = 3600

_PAIRS = [
    (ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq), (ast.In, ast.NotIn),
    (ast.Is, ast.IsNot), (ast.Add, ast.Sub), (ast.Mult, ast.Div), (ast.And, ast.Or),
]  # fmt: skip
SWAPPED: dict[type, type] = {one: other for pair in _PAIRS for one, other in (pair, pair[::-1])}


@dataclass(frozen=True)
class Break:
    """Text put in place of some bytes of a line."""

    path: Path
    line: int
    start: int
    end: int
    new: str

    def of(self, source: bytes) -> bytes:
        """The source with it."""
        return source[: self.start] + self.new.encode() + source[self.end :]


def broken(node: ast.AST) -> str:
    """What could stand in place of a node by a plausible mistake; empty for nodes left alone."""
    match node:
        case ast.Compare(left, [op], [right]) if type(op) in SWAPPED:
            new: ast.AST = ast.Compare(left, [SWAPPED[type(op)]()], [right])
        case ast.BinOp(left, op, right) if type(op) in SWAPPED:
            new = ast.BinOp(left, SWAPPED[type(op)](), right)
        case ast.BoolOp(op, values):
            new = ast.BoolOp(SWAPPED[type(op)](), values)
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            new = operand
        case ast.IfExp(test, body, orelse):
            new = ast.IfExp(test, orelse, body)
        case ast.Constant(bool() as value):
            return str(not value)
        case ast.Constant(int() | float() as value):
            return str(value + 1)
        case ast.Expr(ast.Call()) | ast.AugAssign():
            return "pass"
        case _:
            return ""
    return f"({ast.unparse(new)})"


def breaks(path: Path, source: bytes) -> list[Break]:
    """Every way to break a line of a module, its texts, annotations and decorators left alone."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    tree, spared, found = ast.parse(source), set(), []
    for node in ast.walk(tree):
        parts = [getattr(node, name, None) for name in ("annotation", "returns")]
        parts += getattr(node, "decorator_list", [])
        spared |= {id(n) for part in parts if isinstance(part, ast.AST) for n in ast.walk(part)}
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if id(node) not in spared and line == getattr(node, "end_lineno", None):
            start, end = (starts[line - 1] + k for k in (node.col_offset, node.end_col_offset))
            if new := broken(node):
                found.append(Break(path, line, start, end, new))
    return sorted(found, key=operator.attrgetter("start", "end"))


def chosen(root: Path, lines: int, seed: int) -> list[Break]:
    """Lines drawn from all packages, and one break of each."""
    by_line: dict[tuple[Path, int], list[Break]] = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            for one in breaks(path.relative_to(root), path.read_bytes()):
                by_line.setdefault((one.path, one.line), []).append(one)
    draw = random.Random(seed)
    return [draw.choice(by_line[line]) for line in draw.sample(list(by_line), lines)]


def folder_of(root: Path, module: Path) -> list[str]:
    """The tests that stand where a module stands, or nearest to it."""
    parts = [part for part in module.parent.parts if part != "pluralign_stats"]
    while not (root / "tests").joinpath(*parts).is_dir():
        parts.pop()
    near = Path("tests", *parts)
    return [str(near)] if parts else sorted(str(p) for p in near.glob("test_*.py"))


def fail(root: Path, *words: str) -> bool:
    """Whether tests of the copy fail, none of them found being no failure."""
    own = os.environ | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", *words]
    try:
        done = subprocess.run(command, cwd=root, env=own, capture_output=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode not in (0, 5)


def noticed_by(root: Path, one: Break, near: bool) -> str:
    """Which tests notice a break; empty if none do."""
    path, own = root / one.path, folder_of(root, one.path)
    source, times = path.read_bytes(), path.stat()
    path.write_bytes(one.of(source))
    try:
        for tier in ("not extended", "extended"):
            if fail(root, "-m", tier, *own):
                return f"{tier}, {one.path.parent}"
        return "" if near or not fail(root, "-m", "not extended") else "not extended, elsewhere"
    finally:
        path.write_bytes(source)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def main() -> None:
    """Break lines, and print of each whether it was noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--near", action="store_true")
    asked = parser.parse_args()
    seen = 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(shutil.copytree(ROOT, Path(folder) / "copy", ignore=LEFT_OUT))
        (Path(folder) / "shared").symlink_to(ROOT.parent / "shared")
        for one in chosen(root, asked.lines, asked.seed):
            told = noticed_by(root, one, asked.near)
            seen += bool(told)
            old = (root / one.path).read_bytes()[one.start : one.end].decode()
            told = f"[{told or 'NOT NOTICED'}] {one.path}:{one.line}: {old}  ->  {one.new}"
            print(told, flush=True)
    print(f"{seen} of {asked.lines} broken lines were noticed")


if __name__ == "__main__":
    main()
