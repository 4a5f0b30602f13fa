"""Writes the pages of the Python reference: every public name, in groups by what it is for."""

import ast
from pathlib import Path

import pluralign_stats

_PACKAGE = Path(pluralign_stats.__file__).parent

#: Rooms of the package in the order in which a study uses them, with the headings of their pages.
ROOMS = {
    "study": "Read a study",
    "choices": "Read choices, and model them",
    "simulate": "Simulate a study",
    "describe": "Describe who rated, and how",
    "fits": "Fit models",
    "effects": "Effects of a model",
    "checks": "Check a model",
    "weighting": "Weight raters by a population",
    "demographics": "Effects of demographics",
    "planning": "Plan a study",
    "explorer": "Explore in a notebook",
    "feedback": "From ratings to feedback",
    "judging": "Judges against people",
    "outcomes": "What designs do to models",
    "figures": "Figures",
    "results": "Results, reports and errors",
}

#: Rooms whose few names stand on the page of another.
_WITH = {"models": "fits", "report_builder": "results", "errors": "results"}


def public_names() -> dict[str, list[str]]:
    """Give the public names by room, each once: on top, or else below its namespace."""
    found: dict[str, list[str]] = {room: [] for room in ROOMS}
    top = _listed()
    for module, name in top:
        room = module.split(".")[0]
        if module:
            found[_WITH.get(room, room)].append(name)
    for name in (name for module, name in top if not module):
        own = _listed(name)
        found[name] += [f"{name}.{each}" for module, each in own if (module, each) not in top]
    return found


def _listed(namespace: str = "") -> list[tuple[str, str]]:
    """Modules and names that the stub of a namespace, or of the package, lists."""
    stub = ast.parse((_PACKAGE / namespace / "__init__.pyi").read_text("utf-8"))
    return [
        (".".join(filter(None, (namespace, node.module))), alias.name)
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]


def api_pages() -> dict[str, str]:
    """Write one page for each room and one that lists them."""
    rooms = public_names()
    pages = {f"reference/{room}.rst": _room_page(room, names) for room, names in rooms.items()}
    return pages | {"reference/python.rst": _overview(list(rooms))}


def _room_page(room: str, names: list[str]) -> str:
    title = ROOMS[room]
    listed = "\n".join(f"   {name}" for name in names)
    return (
        f"{title}\n{'=' * len(title)}\n\n{_about(room)}\n\n"
        ".. currentmodule:: pluralign_stats\n\n"
        f".. autosummary::\n   :toctree: api\n   :nosignatures:\n\n{listed}\n"
    )


def _about(room: str) -> str:
    """What a room's own docstring says of it in its first line."""
    file = _PACKAGE / room / "__init__.py"
    if not file.exists():
        return "What every analysis returns, and how it is shown or refused."
    text = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    return text.split("\n")[0]


def _overview(rooms: list[str]) -> str:
    listed = "\n".join(f"   {room}" for room in rooms)
    return (
        "Python\n======\n\n"
        "The names that most studies need stand on top, the others in namespaces such as\n"
        "``pls.figures``. All are loaded when they are first used::\n\n"
        "    import pluralign_stats as pls\n\n"
        "Examples run as tests, and start from :doc:`the same lines <examples>`.\n\n"
        f".. toctree::\n   :maxdepth: 2\n\n{listed}\n   examples\n"
    )
