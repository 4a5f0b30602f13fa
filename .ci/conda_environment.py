"""Print environment.yml, the conda form of pyproject.toml: one source, two installers."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: Packages whose conda-forge name is not the PyPI one.
CONDA_NAMES = {
    "pandera[pandas]": "pandera",
    "lazy-loader": "lazy_loader",
    "matplotlib": "matplotlib-base",
    "torch": "pytorch",
}
#: Packages that conda-forge does not have.
PIP_ONLY = {"plutoprint"}

EXTRAS = ("report", "bayes", "training", "docs", "dev")


def name_of(requirement: str) -> str:
    """The name without extras and bound."""
    return re.match(r"[A-Za-z0-9_.\-]+", requirement)[0]


def conda_requirement(requirement: str) -> str:
    """Turn ``name[extra]>=1.2`` into conda's form."""
    name, bound = re.fullmatch(r"([A-Za-z0-9_.\-]+(?:\[\w+\])?)(.*)", requirement).groups()
    return f"{CONDA_NAMES.get(name, name)}{bound}"


def environment(pyproject: dict) -> str:
    """Write the environment file's text."""
    project = pyproject["project"]
    lines = [
        "# Made from pyproject.toml by `make lock`; edit that file instead.",
        "name: pluralign",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        f"  - python{project['requires-python']}",
        *(f"  - {conda_requirement(r)}" for r in sorted(project["dependencies"])),
    ]
    by_pip = []
    for extra in EXTRAS:
        lines.append(f"  # {extra}")
        requirements = sorted(project["optional-dependencies"][extra])
        by_pip += [r for r in requirements if name_of(r) in PIP_ONLY]
        lines += [f"  - {conda_requirement(r)}" for r in requirements if r not in by_pip]
    lines += ["  - pip", "  - pip:", *(f"      - {r}" for r in by_pip), "      - --editable ."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(environment(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))), end="")
