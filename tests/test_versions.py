import platform
import subprocess
import sys
from importlib import metadata

from pluralign_stats.versions import imported_versions, installed_versions


def test_only_what_was_imported_is_named() -> None:
    found = imported_versions(["python_calamine", "ruamel.yaml.main", "pytest", "json"])
    assert found == {
        "python": platform.python_version(),
        "pluralign": metadata.version("pluralign"),
        "python-calamine": metadata.version("python-calamine"),
        "ruamel-yaml": metadata.version("ruamel.yaml"),
    }


def test_a_program_names_what_it_imported() -> None:
    code = "import sys, numpy; from pluralign_stats.versions import imported_versions as v; "
    code += "print(*v(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["python", "pluralign", "lazy-loader", "numpy"]


def test_installed_are_those_that_results_may_depend_on() -> None:
    found = installed_versions()
    assert found.keys() >= {"numpy", "pandas", "statsmodels", "scipy"}
    assert not found.keys() & {"pytest", "ruff", "sphinx", "six"}
