"""Versions of the libraries with which something was made."""

import platform
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import metadata

#: Extras that no result depends on.
_OTHER = re.compile(r"extra == ['\"](docs|dev)['\"]")


def installed_versions() -> dict[str, str]:
    """Versions of Python, of Pluralign and of the installed libraries among those it declares."""
    found = {"python": platform.python_version(), "pluralign": metadata.version("pluralign")}
    declared = [r for r in metadata.requires("pluralign") or [] if not _OTHER.search(r)]
    for name in sorted(re.split(r"[^\w.-]", each, maxsplit=1)[0] for each in declared):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def imported_versions(modules: Iterable[str]) -> dict[str, str]:
    """Versions of those libraries alone that were imported.

    Parameters
    ----------
    modules
        Names of what was imported, such as the keys of ``sys.modules``.

    Returns
    -------
    dict of str to str
        Of Python, of Pluralign and, by name, of the libraries that it declares.
    """
    places = _distributions()
    tops = {name.partition(".")[0] for name in modules}
    used = {_plain(name) for top in tops for name in places.get(top, ())} | {"python", "pluralign"}
    return {name: told for name, told in installed_versions().items() if _plain(name) in used}


@cache
def _distributions() -> Mapping[str, list[str]]:
    """The distributions of every module; to look through all that is installed takes a second."""
    return metadata.packages_distributions()


def _plain(name: str) -> str:
    """The name of a distribution in the form in which all spellings are equal."""
    return re.sub(r"[-_.]+", "-", name).lower()
