"""The face of a package: public names load on first use, and look at what they are handed."""

import sys
from collections.abc import Callable
from inspect import isfunction
from typing import Any

import lazy_loader

from pluralign_stats.arguments import checked


def open_face(
    package: str, file: str
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Give a package the names that its stub lists, functions `checked`.

    Parameters
    ----------
    package, file
        Name of the package and its ``__init__.py``, beside which the stub lies.

    Returns
    -------
    tuple
        The package's ``__getattr__``, ``__dir__`` and ``__all__``.
    """
    load, names, every = lazy_loader.attach_stub(package, file)

    def shown(name: str) -> Any:
        found = load(name)
        if isfunction(found):
            found = checked(found)
            found.__module__ = package  # where pickle finds the same thing again
        setattr(sys.modules[package], name, found)
        return found

    return shown, names, every
