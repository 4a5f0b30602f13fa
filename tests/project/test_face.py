"""The face of the package: few names on top, the others in namespaces, none of which loads much."""

import subprocess
import sys
import types
from pathlib import Path

import pytest

import pluralign_stats as pls
from tests.public_names import NAMESPACES, public_names

#: What a user waits for: none of it belongs to the import of the package or of its namespaces.
HEAVY = ("arviz", "formulaic", "matplotlib", "numba", "numpy", "pandas", "scipy", "statsmodels")


def test_about_forty_names_stand_on_top() -> None:
    assert len(set(pls.__all__) - set(NAMESPACES)) <= 44
    assert {"figures", "checks", "feedback", "outcomes", "planning"} <= set(NAMESPACES)


@pytest.mark.parametrize("name", NAMESPACES)
def test_a_namespace_holds_no_module_under_a_public_name(name: str) -> None:
    part = NAMESPACES[name]
    files = {path.stem for folder in part.__path__ for path in Path(folder).glob("*.py")}
    assert not files & set(part.__all__)
    assert set(part.__all__) <= set(dir(part))


def test_every_public_name_is_a_function_or_a_class() -> None:
    found = public_names()
    assert len(found) > 130
    assert not [name for name, each in found.items() if isinstance(each, types.ModuleType)]
    assert {each.__name__ for each in found.values()} == {n.rpartition(".")[2] for n in found}


def test_the_package_and_its_namespaces_are_loaded_in_a_moment() -> None:
    code = (
        "import sys, pluralign_stats as pls\n"
        f"for name in {list(NAMESPACES)}: dir(getattr(pls, name))\n"
        f"print(set({HEAVY}) & set(sys.modules), len(sys.modules) < 400)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set() True"


def test_what_is_public_in_two_places_is_one_thing() -> None:
    for name in set(NAMESPACES) - {"figures"}:  # where names are those of what is drawn
        for both in set(NAMESPACES[name].__all__) & set(pls.__all__):
            assert getattr(NAMESPACES[name], both) is getattr(pls, both), (name, both)
