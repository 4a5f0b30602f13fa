"""Parameters that several functions share are documented in one place."""

import inspect
import re
from collections.abc import Callable


def documented_by[F: Callable[..., object]](source: object) -> Callable[[F], F]:
    """Give a function the entries of those parameters that only another docstring documents.

    They take the places that they have in the signature.

    Parameters
    ----------
    source
        A function, or a class, whose parameters or attributes have the same names.
    """
    _, shared, _ = _sections(source.__doc__ or "")

    def document(function: F) -> F:
        if function.__doc__ is None:  # as under python -OO
            return function
        head, own, tail = _sections(function.__doc__)
        names = list(inspect.signature(function).parameters)
        told = {name for entry in own for name in _named(entry)}
        own += [entry for entry in shared if set(_named(entry)) & set(names) - told]
        own.sort(key=lambda entry: names.index(_named(entry)[0]))
        function.__doc__ = "\n".join([head, *own, tail]).rstrip()
        return function

    return document


def _sections(text: str) -> tuple[str, list[str], str]:
    """What stands before the entries of parameters (or attributes), the entries, and the rest."""
    text = inspect.cleandoc(text)
    start = re.search(r"^(Parameters|Attributes)\n-+\n", text, re.MULTILINE)
    if start is None:
        other = re.search(r"^\w+\n-+\n|\Z", text, re.MULTILINE)
        at = other.start() if other else len(text)
        return f"{text[:at].rstrip()}\n\nParameters\n----------", [], f"\n{text[at:]}"
    entries, _, tail = text[start.end() :].partition("\n\n")
    return text[: start.end()].rstrip("\n"), re.split(r"\n(?=\S)", entries), f"\n{tail}"


def _named(entry: str) -> list[str]:
    """The parameters that an entry is about."""
    return re.split(", ", entry.partition("\n")[0].partition(" : ")[0])
