"""The house as ARCHITECTURE.md and the design describe it."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("pluralign_stats", "reports", "training")
FILES = sorted(f for p in PACKAGES for f in (ROOT / p).rglob("*.py"))
NAMES = {".".join(f.relative_to(ROOT).with_suffix("").parts): f for f in FILES}

#: Rooms of the core, lowest first: a room may import those before it.
ROOMS = (
    "study",
    "simulate",
    "describe",
    "feedback",
    "models",
    "effects",
    "judging",
    "outcomes",
    "checks",
    "figures",
    "planning",
    "exhibits",
    "explorer",
    "cli",
)


def imported(path: Path, top_level_only: bool = True) -> set[str]:
    """Own modules that a file imports."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = tree.body if top_level_only else list(ast.walk(tree))
    found = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{a.name}" for a in node.names} | {node.module}
        elif isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
    return {name for name in found if name in NAMES}


def test_the_map_names_every_module_and_no_other() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    mapped = re.findall(r"^\| `([\w/]+\.py)` \|", text, re.MULTILINE)
    real = [f.relative_to(ROOT).as_posix() for f in FILES if f.name != "__init__.py"]
    real = [f for f in real if not f.endswith("__main__.py")]
    assert sorted(mapped) == sorted(real)


def test_modules_import_each_other_in_no_circle() -> None:
    TopologicalSorter({name: imported(path) - {name} for name, path in NAMES.items()}).prepare()


def test_only_fits_and_what_their_methods_call_import_each_other_when_called() -> None:
    models = {name for name in NAMES if name.startswith("pluralign_stats.models.")}
    own = {n for n in models if ".bayes." not in n}
    edges = {n: imported(NAMES[n], top_level_only=False) & own - {n} for n in own}

    def reached(name: str) -> set[str]:
        found: set[str] = set()
        ahead = set(edges[name])
        while ahead:
            found |= ahead
            ahead = set().union(*(edges[n] for n in ahead)) - found
        return found

    circle = {name.rpartition(".")[2] for name in own if name in reached(name)}
    assert circle <= {"fit", "linear", "ordinal", "predict", "profile", "summary"}


def test_rooms_import_downward() -> None:
    for name, path in NAMES.items():
        parts = name.split(".")
        if parts[0] != "pluralign_stats" or len(parts) < 2 or parts[1] not in ROOMS:
            continue
        own = ROOMS.index(parts[1])
        for target in imported(path):
            room = target.split(".")[1] if "." in target else ""
            assert room not in ROOMS or ROOMS.index(room) <= own, f"{name} imports {target}"


def test_only_the_command_line_of_the_core_knows_of_training_and_reports() -> None:
    for name, path in NAMES.items():
        if name.startswith("pluralign_stats"):
            reached = {t.split(".")[0] for t in imported(path, top_level_only=False)}
            assert not {"training", "reports"} & reached or ".cli." in name, name


def test_the_interval_level_and_smallest_cell_stand_in_one_place() -> None:
    for path in FILES:
        if path.name == "settings.py":
            continue
        numbers = [
            node.value
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, float)
        ]
        assert not {0.95, 0.975, 1.96} & set(numbers), path


@pytest.mark.parametrize("package", ["pluralign_stats", "reports", "training"])
def test_importing_a_package_loads_nothing_heavy(package: str) -> None:
    heavy = "{'pandas', 'numpy', 'matplotlib', 'pandera', 'statsmodels', 'papermill', 'torch'}"
    code = f"import sys, {package}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_can_be_loaded_and_is_documented() -> None:
    import pluralign_stats as pls

    for name in pls.__all__:
        assert getattr(pls, name).__doc__, name
