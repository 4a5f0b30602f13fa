"""Holds the docstring of every public name against numpydoc's rules, as `make lint` does.

The rules are those of ``[tool.numpydoc_validation]`` in pyproject.toml. Docstrings are read as they
are when the package runs, with what functions share by `documented_by`.
"""

import inspect
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from numpydoc.validate import validate

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.public_names import public_names  # noqa: E402

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
CHECKS = set(SETTINGS["numpydoc_validation"]["checks"])

#: Names that refuse nothing: they tell what is not there, or take what others made.
_REFUSE_NOTHING = {
    "select_demographics", "select_dimensions", "demographics.side_by_side", "outcomes.findings",
    "demographics.select_covariates",
    "outcomes.optimizer_findings", "outcomes.published_rating_findings", "outcomes.scores",
    "outcomes.study_by_filter",
}  # fmt: skip

#: A class whose fields are its parameters documents them as attributes, once.
_PARAMETERS = {"PR01", "PR02"}


def faults(name: str, each: object) -> Iterator[str]:
    """What the docstring of a public name lacks."""
    checks = CHECKS - _PARAMETERS if inspect.isclass(each) else CHECKS
    for code, message in validate(f"pluralign_stats.{name}")["errors"]:
        if code in checks:
            yield f"{name}: {code} {message}"
    calls = not inspect.isclass(each) and inspect.signature(each).parameters
    raises = re.search(r"^Raises\n-+\n", inspect.getdoc(each) or "", re.MULTILINE)
    if calls and not raises and name not in _REFUSE_NOTHING:
        yield f"{name}: no Raises section found"


if __name__ == "__main__":
    found = [fault for name, each in public_names().items() for fault in faults(name, each)]
    sys.exit("\n".join(found) or 0)
