"""What users call says which arguments it takes."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.public_names import public_names

#: Whose keywords are names that only the user knows, such as the variables of a study.
USERS_OWN = {
    "Study.where",  # variables of the study
    "only_rows",  # columns of the table
}


def public() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every function of the face, and the constructor and methods of every class."""
    for name, found in public_names().items():
        if not inspect.isclass(found):
            if callable(found):
                yield name, found
        elif not issubclass(found, Exception):
            yield name, found
            for base in found.__mro__:
                if base.__module__.startswith("pluralign_stats."):
                    yield from (
                        (f"{name}.{own}", getattr(found, own))
                        for own, value in vars(base).items()
                        if not own.startswith("_") and callable(getattr(found, own))
                    )


def takes_anything(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return any(p.kind is p.VAR_KEYWORD for p in parameters)


def test_a_bare_keyword_argument_is_seen() -> None:
    def function(a: int, **options: int) -> None: ...

    assert takes_anything(function)
    some = {"demographic_effects", "planning.StudyDesign.grid", "OrdinalFit.contrasts"}
    assert some <= {name for name, _ in public()}


@pytest.mark.parametrize(("name", "function"), [*public()], ids=[name for name, _ in public()])
def test_no_public_function_takes_just_any_keyword(name: str, function: Callable[..., Any]) -> None:
    assert takes_anything(function) == (name in USERS_OWN)
