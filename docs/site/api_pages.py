"""Writes the pages of the Python reference: every public name, in groups by what it is for."""

import ast
from pathlib import Path

import pluralign_stats

#: Rooms of the package in the order in which a study uses them, with the headings of their pages.
ROOMS = {
    "study": "Read a study",
    "simulate": "Simulate a study",
    "describe": "Describe who rated, and how",
    "models": "Fit models",
    "effects": "Effects of demographics",
    "checks": "Check a model",
    "planning": "Plan a study",
    "explorer": "Explore in a notebook",
    "feedback": "From ratings to feedback",
    "judging": "Judges against people",
    "outcomes": "What designs do to models",
    "figures": "Figures",
    "results": "Results, exhibits and errors",
}

#: Modules at the top of the package, which hold the shapes of all results.
_SHAPES = ("results", "exhibits", "errors")


def public_names() -> dict[str, list[str]]:
    """Give the public names by room, in the order in which the package lists them."""
    stub = Path(pluralign_stats.__file__).with_name("__init__.pyi")
    found: dict[str, list[str]] = {room: [] for room in ROOMS}
    for node in ast.parse(stub.read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            room = node.module.split(".")[0]
            names = [alias.asname or alias.name for alias in node.names]
            found.setdefault("results" if room in _SHAPES else room, []).extend(names)
    return {room: names for room, names in found.items() if names}


def api_pages() -> dict[str, str]:
    """Write one page for each room and one that lists them."""
    rooms = public_names()
    pages = {f"reference/{room}.rst": _room_page(room, names) for room, names in rooms.items()}
    return pages | {"reference/python.rst": _overview(list(rooms))}


def heading(room: str) -> str:
    """Give the heading of a room; of one not listed here, its name."""
    return ROOMS.get(room, room.replace("_", " ").capitalize())


def _room_page(room: str, names: list[str]) -> str:
    title = heading(room)
    listed = "\n".join(f"   {name}" for name in names)
    return (
        f"{title}\n{'=' * len(title)}\n\n{_about(room)}\n\n"
        ".. currentmodule:: pluralign_stats\n\n"
        f".. autosummary::\n   :toctree: api\n   :nosignatures:\n\n{listed}\n"
    )


def _about(room: str) -> str:
    """What a room's own docstring says of it in its first line."""
    file = Path(pluralign_stats.__file__).parent / room / "__init__.py"
    if not file.exists():
        return "What every analysis returns, and how it is shown or refused."
    text = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    return text.split("\n")[0]


def _overview(rooms: list[str]) -> str:
    listed = "\n".join(f"   {room}" for room in rooms)
    return (
        "Python\n======\n\n"
        "All names are imported from one place, and loaded when they are first used::\n\n"
        "    import pluralign_stats as pls\n\n"
        f".. toctree::\n   :maxdepth: 2\n\n{listed}\n"
    )
