"""Sphinx's settings: a site that loads nothing from elsewhere and is built without a network."""

import inspect
import tomllib
from operator import attrgetter
from pathlib import Path
from typing import Any

from api_pages import public_names
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.inspect import stringify_signature

import pluralign_stats

_ROOT = Path(__file__).resolve().parents[2]
_NAMES = [name for names in public_names().values() for name in names]

#: Where a name by itself leads: to the top, or to the namespace that has it, figures last.
_PLACES = {
    name.rpartition(".")[2]: f"pluralign_stats.{name}"
    for name in sorted(_NAMES, key=lambda n: (n.count("."), not n.startswith("figures.")))[::-1]
}
_PROJECT = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"]

project = "Pluralign"
author = _PROJECT["authors"][0]["name"]
copyright = author  # noqa: A001
version = release = _PROJECT["version"]
language = "en"

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
    "sphinx_copybutton",
]
templates_path = [str(Path(__file__).with_name("templates"))]
# A name in single backticks is a link where such a public name exists.
default_role = "py:obj"

# Notebooks are shown as they lie there; what shows widgets in a page would come from elsewhere.
nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]
nb_merge_streams = True
myst_heading_anchors = 3

autosummary_generate = True
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 72
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
numpydoc_xref_param_type = True
numpydoc_xref_aliases = {name: place for name, place in _PLACES.items() if name[0].isupper()}
numpydoc_xref_ignore = {"optional", "of", "or", "type", "default", "to", "sequence", "mapping"}

# Two names that differ in case only would be one file on many disks.
_LOWER = [name.lower() for name in _NAMES]
autosummary_filename_map = {
    f"pluralign_stats.{name}": f"pluralign_stats.{name}-class"
    for name in _NAMES
    if name.rpartition(".")[2][0].isupper() and _LOWER.count(name.lower()) > 1
}

# Classes that inherit from another public one: their pages show what they have of it.
_CLASSES = {
    name: attrgetter(place.partition(".")[2])(pluralign_stats)
    for name, place in _PLACES.items()
    if name[0].isupper()
}
autosummary_context = {
    "heirs": [name for name, kind in _CLASSES.items() if kind.__base__ in _CLASSES.values()]
}

html_theme = "pydata_sphinx_theme"
html_title = "Pluralign"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_use_index = True
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}


def setup(app: Sphinx) -> None:
    """Let pages show only what a user gives."""
    app.connect("autodoc-process-signature", _without_private_parameters)
    app.connect("missing-reference", _from_any_namespace)


def _from_any_namespace(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: Any
) -> Any:
    """Let a public name lead to its page from the pages of other namespaces, too."""
    first, _, rest = node.get("reftarget", "").removeprefix("pls.").partition(".")
    place = ".".join(filter(None, (_PLACES.get(first, ""), rest)))
    python = env.get_domain("py")
    return python.resolve_xref(env, node["refdoc"], app.builder, "obj", place, node, content)


def _without_private_parameters(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, signature: str, returns: str
) -> tuple[str, str] | None:
    """Leave private fields out of a class's signature; all of it, where they must be given."""
    if what != "class" or not signature:
        return None
    parameters = inspect.signature(obj).parameters.values()
    private = [p for p in parameters if p.name.startswith("_")]
    if any(p.default is p.empty for p in private):
        return "", ""
    public = [p for p in parameters if p not in private]
    told = inspect.Signature(public)
    return (stringify_signature(told, unqualified_typehints=True), "") if private else None
