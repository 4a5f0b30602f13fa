"""Nothing is declared as a dependency that nothing uses."""

import ast
import re
import tomllib
from importlib import metadata

import pytest
from import_graph import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
GROUPS = {"core": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}

#: Where the libraries of a group must be imported.
IMPORTERS = {
    "core": ["pluralign_stats"],
    "report": ["reports", "pluralign_stats"],
    "bayes": ["pluralign_stats"],
    "training": ["training"],
    "docs": ["docs"],
    "qlora": ["training"],
    "vllm": ["training"],
    "dev": ["tests", ".ci"],
}

#: Libraries that are used without an import: a file that starts them, or has others load them, and
#: the words by which it does.
USED_BY_NAME = {
    "ipykernel": ("reports/kernel.py", '"-m", "ipykernel_launcher"'),
    "jupyterlab": ("reports/lab.py", '"-m", "jupyterlab"'),
    "snakemake": ("training/workflow/drive.py", '"-m", "snakemake"'),
    "snakemake-executor-plugin-slurm": (
        "training/workflow/profiles/slurm/config.yaml",
        "executor: slurm",
    ),
    "bitsandbytes": ("training/bases/load.py", "BitsAndBytesConfig"),
    "myst-nb": ("docs/site/conf.py", '"myst_nb"'),
    "numpydoc": ("docs/site/conf.py", '"numpydoc"'),
    "pydata-sphinx-theme": ("docs/site/conf.py", '"pydata_sphinx_theme"'),
    "sphinx-copybutton": ("docs/site/conf.py", '"sphinx_copybutton"'),
    "hatchling": ("pyproject.toml", 'build-backend = "hatchling.build"'),
    "editables": ("Makefile", "--no-build-isolation --editable"),
    "mypy": ("Makefile", "/mypy"),
    "nbstripout": ("Makefile", "/nbstripout"),
    "ruff": ("Makefile", "/ruff"),
    "pre-commit": ("CONTRIBUTING.md", "pre-commit install"),
    "pytest-xdist": ("pyproject.toml", "-n auto"),
    # `transformers serve` is a real endpoint for judges, and stands on both.
    "fastapi": ("tests/training/judges/conftest.py", '"serve"'),
    "uvicorn": ("tests/training/judges/conftest.py", '"serve"'),
}


def plain(name: str) -> str:
    """The name of a requirement without extras and bound, in the spelling that all share."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", name, maxsplit=1)[0]).lower()


def imported(folders: list[str]) -> set[str]:
    """Top-level names that Python files import, wherever in them."""
    found: set[str] = set()
    for file in (f for folder in folders for f in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found


@pytest.fixture(scope="module")
def modules() -> dict[str, set[str]]:
    """Top-level modules of each installed distribution."""
    found: dict[str, set[str]] = {}
    for module, names in metadata.packages_distributions().items():
        for name in names:
            found.setdefault(plain(name), set()).add(module)
    return found


@pytest.mark.parametrize("group", GROUPS)
def test_every_library_that_is_declared_is_used(group: str, modules: dict[str, set[str]]) -> None:
    names = {plain(requirement) for requirement in GROUPS[group]} - USED_BY_NAME.keys()
    here = imported(IMPORTERS[group])
    unused = {name for name in names if not modules.get(name, {name}) & here}
    assert not unused


@pytest.mark.parametrize("name", USED_BY_NAME)
def test_what_is_used_by_name_is_declared_and_named(name: str) -> None:
    file, words = USED_BY_NAME[name]
    assert name in {plain(r) for requirements in GROUPS.values() for r in requirements}
    assert words in (ROOT / file).read_text("utf-8")
