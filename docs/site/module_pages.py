"""Writes the index of all modules from what each says of itself in its first line."""

import ast
from pathlib import Path

PACKAGES = ("pluralign_stats", "training", "reports")


def module_pages(root: Path) -> dict[str, str]:
    """Write one page with a table of the modules of each package.

    Parameters
    ----------
    root
        The folder that holds the packages.
    """
    tables = "\n\n".join(
        f"## {package}\n\n| Module | What it is for |\n|---|---|\n{_rows(root, package)}"
        for package in PACKAGES
    )
    return {"reference/modules.md": f"# Modules\n\n{tables}\n"}


def _rows(root: Path, package: str) -> str:
    told = {
        file.relative_to(root).as_posix(): ast.get_docstring(ast.parse(file.read_text("utf-8")))
        for file in sorted((root / package).rglob("*.py"))
    }
    return "\n".join(
        f"| `{path}` | {text.splitlines()[0]} |" for path, text in told.items() if text
    )
