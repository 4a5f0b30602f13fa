"""All that users call, by the name that they call it by."""

import types

import pluralign_stats as pls

#: Parts of the package with names of their own, as `pls.figures`.
NAMESPACES = {
    name: part
    for name in pls.__all__
    for part in [getattr(pls, name)]
    if isinstance(part, types.ModuleType)
}


def public_names() -> dict[str, object]:
    """Public objects, each once: on top, or else by its namespace."""
    found = {name: getattr(pls, name) for name in pls.__all__ if name not in NAMESPACES}
    top = set(map(id, found.values()))
    for namespace, part in NAMESPACES.items():
        own = {name: getattr(part, name) for name in part.__all__}
        found |= {f"{namespace}.{name}": each for name, each in own.items() if id(each) not in top}
    return found
