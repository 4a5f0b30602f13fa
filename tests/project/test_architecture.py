"""The house as ARCHITECTURE.md and the design describe it."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable

import pytest
from import_graph import (
    FILES,
    ROOT,
    Arrow,
    arrows_of,
    between_rooms,
    circles,
    read_arrows,
    room_of,
    shortest_circles,
    tree_of,
)

from tests.public_names import public_names

#: The rooms of each package, lowest first, as the tables of ARCHITECTURE.md have them.
MAP = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
TABLES = re.findall(r"^### `(\w+)`$(.*?)(?=^#|\Z)", MAP, re.MULTILINE | re.DOTALL)
ROOMS = {
    package: [
        room
        for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for room in re.findall(r"`([\w.]+)`", row)
    ]
    for package, table in TABLES
}

#: The face of a package stands on its rooms; above all is the command line, which starts them.
FLOORS = [
    f"{package}.{room}".rstrip(".") for package in ROOMS for room in [*ROOMS[package], ""]
] + ["pluralign_stats.cli", "pluralign_stats.__main__"]

#: The one file that may look upward, if any does.
LOOKS_UP: str | None = None

#: Of how many circles within a larger one a failure tells.
SHOWN = 8


@pytest.fixture(scope="module")
def arrows() -> set[Arrow]:
    return {a for a in read_arrows() if a.source != LOOKS_UP}


def shown(arrows: Iterable[Arrow]) -> str:
    return "\n".join(
        f"  {FILES[a.source].relative_to(ROOT)}:{a.line} imports {a.target}" for a in arrows
    )


@pytest.mark.parametrize(
    "text",
    [
        "from pluralign_stats.errors import InputError",
        "from pluralign_stats import errors",
        "from ..errors import InputError",
        "from .. import errors",
        "import pluralign_stats.errors",
        "def f():\n    from pluralign_stats.errors import InputError",
        "class A:\n    def f(self):\n        import pluralign_stats.errors",
        "if TYPE_CHECKING:\n    from pluralign_stats.errors import InputError",
        "import_module('pluralign_stats.errors')",
        "import_module('pluralign_stats.' + name)",
        "import_module(f'pluralign_stats.{name}')",
        "run([sys.executable, '-m', 'pluralign_stats.errors'])",
    ],
)
def test_an_import_is_seen_wherever_it_stands(text: str) -> None:
    found = arrows_of("pluralign_stats.models.fit", ast.parse(text))
    assert "pluralign_stats.errors" in {a.target for a in found}


@pytest.mark.parametrize(
    "text",
    [
        "import pluralign_stats as pls",
        "from pluralign_stats import contrasts",
        "def f():\n    import pluralign_stats\n    return getattr(pluralign_stats, name)",
        "importlib.import_module(name)",
        "__import__(name)",
    ],
)
def test_whoever_uses_public_names_may_load_them_all(text: str) -> None:
    found = arrows_of("pluralign_stats.models.fit", ast.parse(text))
    assert {a.target for a in found} == {"pluralign_stats"}


def test_the_face_imports_what_its_stub_lists(arrows: set[Arrow]) -> None:
    listed = {a.target for a in arrows if a.source == "pluralign_stats"}
    assert {"pluralign_stats.fits.ordinal", "pluralign_stats.study.study"} <= listed


def test_circles_are_found() -> None:
    assert list(circles([("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "d")])) == [
        ["a", "b", "c"]
    ]


def test_every_room_has_its_floor() -> None:
    assert sorted(FLOORS) == sorted({room_of(name) for name in FILES})


def test_files_import_each_other_in_no_circle(arrows: set[Arrow]) -> None:
    found = [
        f"a circle of {len(members)} files:\n" + "\n\n".join(map(shown, ways[:SHOWN]))
        for members in circles((a.source, a.target) for a in arrows)
        for ways in [shortest_circles(members, arrows)]
    ]
    assert not found, "\n".join(found)


def test_rooms_import_each_other_in_no_circle(arrows: set[Arrow]) -> None:
    ends = between_rooms(arrows)
    found = [
        f"a circle of {len(members)} rooms:\n"
        + "\n".join(f"  {a} to {b}: {len(ends[a, b])}" for a, b in ends if {a, b} <= set(members))
        for members in circles(ends)
    ]
    assert not found, "\n".join(found)


def test_rooms_import_downward(arrows: set[Arrow]) -> None:
    floor = {room: k for k, room in enumerate(FLOORS)}
    found = between_rooms(arrows).items()
    up = [arrow for (a, b), each in found if floor[a] < floor[b] for arrow in each]
    assert not up, f"{len(up)} imports upward:\n{shown(up)}"


def test_the_map_fits_on_a_page_or_two() -> None:
    assert len(MAP.splitlines()) <= 120


def test_the_interval_level_and_smallest_cell_stand_in_one_place() -> None:
    for name in set(FILES) - {"pluralign_stats.settings"}:
        numbers = [
            node.value
            for node in ast.walk(tree_of(name))
            if isinstance(node, ast.Constant) and isinstance(node.value, float)
        ]
        assert not {0.95, 0.975, 1.96} & set(numbers), name


@pytest.mark.parametrize("package", ["pluralign_stats", "reports", "training"])
def test_importing_a_package_loads_nothing_heavy(package: str) -> None:
    heavy = (
        "{'pandas', 'numpy', 'matplotlib', 'seaborn', 'pandera', 'statsmodels', 'papermill', "
        "'torch'}"
    )
    code = f"import sys, {package}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_can_be_loaded_and_is_documented() -> None:
    for name, each in public_names().items():
        assert each.__doc__, name
