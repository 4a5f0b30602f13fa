"""The face of a package: public names load on first use, and look at what they are handed."""

import sys
from collections.abc import Callable
from inspect import isclass, isfunction
from typing import Any

import lazy_loader

from pluralign_stats.arguments import checked


def open_face(
    package: str, file: str
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Give a package the names that its stub lists, functions and what makes objects `checked`.

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
        if isclass(found):
            _check_makers(found)
        setattr(sys.modules[package], name, found)
        return found

    return shown, names, every


def _check_makers(kind: type) -> None:
    """Let the class methods of a public class look at what they are handed."""
    for name, made in list(vars(kind).items()):
        if isinstance(made, classmethod) and not name.startswith("_"):
            setattr(kind, name, classmethod(checked(made.__func__)))
