"""What a function is handed is of the kind that its signature names, or it says so in one line."""

import inspect
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache, wraps
from types import UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin

from pluralign_stats.errors import InputError, one_line


class Kind(NamedTuple):
    """One thing of a kind in words, several of them, and where a user gets one."""

    one: str
    several: str
    source: str


#: The kinds of things that are handed on from one public function to another, by their classes.
KINDS = {
    "Study": Kind(
        "a Study",
        "studies",
        "read_study reads one from files, Study.from_frame makes one of a DataFrame",
    ),
    "Choices": Kind(
        "Choices",
        "Choices",
        "read_choices reads them from files, Choices.from_frame makes them of a DataFrame",
    ),
    "ModelEstimates": Kind("a fit", "fits", "fit_ordinal, fit_linear and fit_bayes give one"),
    "Fit": Kind("a fit", "fits", "fit_ordinal, fit_linear and fit_bayes give one"),
    "Result": Kind(
        "a Result", "Results", "every analysis gives one, such as describe.agreement(study)"
    ),
    "Plot": Kind("a Plot", "Plots", "the functions of pls.figures draw one"),
    "Recipe": Kind("a Recipe", "Recipes", "feedback.Recipe and feedback.read_recipe make one"),
    "ChoiceRecipe": Kind("a ChoiceRecipe", "ChoiceRecipes", "feedback.ChoiceRecipe makes one"),
    "Sampling": Kind("a Sampling", "Samplings", "pls.Sampling(draws=2000) is one"),
    "DemographicEffects": Kind(
        "DemographicEffects", "DemographicEffects", "demographic_effects gives them"
    ),
    "Outcomes": Kind("Outcomes", "Outcomes", "read_outcomes reads them from a folder of scores"),
    "Experiment": Kind("an Experiment", "Experiments", "outcomes.select_experiment gives one"),
    "Finding": Kind("a Finding", "Findings", "outcomes.Finding makes one"),
    "RatingFinding": Kind("a RatingFinding", "RatingFindings", "outcomes.RatingFinding makes one"),
    "StudyDesign": Kind(
        "a StudyDesign",
        "StudyDesigns",
        "planning.StudyDesign and planning.design_from make one",
    ),
    "DataFrame": Kind("a pandas DataFrame", "pandas DataFrames", ""),
    "Path": Kind("a path", "paths", ""),
}

#: Where a user who has a DataFrame gets what a parameter takes.
INSTEAD_OF_A_TABLE = {"codebook": "Study.from_frame makes a Study of a DataFrame"}

#: What holds its tables behind properties: those that are taken for it.
TABLES = {"Study": ("ratings", "raters", "items")}


@cache
def checked[F: Callable[..., Any]](function: F) -> F:
    """Make a function refuse what is of another kind than its signature names, in one line.

    Looked at are parameters for classes of the package, for tables and for paths, alone or several
    in a sequence or a mapping.

    Raises
    ------
    InputError
        By the function that is made: what it takes, what it got, and where the former is had.
    """
    signature = inspect.signature(function)

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            bound = signature.bind_partial(*args, **kwargs)
        except TypeError:  # what is too much, and below what is missing, Python itself tells
            return function(*args, **kwargs)
        for name, hint in kinds_of(function).items():
            if name not in bound.arguments:
                continue
            given = bound.arguments[name]
            if isinstance(given, Iterator):
                given = bound.arguments[name] = list(given)  # which can be gone through once
            several = signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL
            for each in given if several else [given]:
                if not fits(each, hint):
                    told = refusal(function.__name__, name, hint, each)
                    apart = several and isinstance(each, list | tuple)
                    raise InputError(f"{told}; give them one by one" if apart else told)
        return function(*bound.args, **bound.kwargs)

    return call  # type: ignore[return-value]


@cache
def kinds_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Those parameters of a function that are looked at, and what they are to be."""
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.annotation for p in parameters if _names(p.annotation)}


def _names(hint: Any) -> list[str]:
    """The classes of the package, tables and paths of a hint, those within sequences, too."""
    if isinstance(hint, str):  # of classes that are imported for types only
        return [name for part in hint.split("|") if (name := part.strip()) in KINDS]
    inner = [name for each in get_args(hint) for name in _names(each)]
    if not isinstance(hint, type) or getattr(hint, "_is_protocol", False):
        return inner
    own = hint.__module__.partition(".")[0] == __package__ or hint.__name__ in KINDS
    return [*inner, hint.__name__] if own else inner


def _kind(name: str) -> Kind:
    """The words for a class; of one that users do not hand on, its name."""
    return KINDS.get(name, Kind(f"{_a(name)} {name}", f"{name}s", ""))


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of the kind, or of one of the kinds, that a hint names."""
    if isinstance(hint, str):
        return bool(_kin(value) & {part.strip() for part in hint.split("|")})
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(fits(value, each) for each in args)
    if origin is None and isinstance(hint, type):
        return isinstance(value, os.PathLike if hint.__name__ == "Path" else hint)
    if not isinstance(origin, type):
        return True
    if not isinstance(value, origin):
        return False
    held: Any = value
    inside = held.values() if isinstance(held, Mapping) else held
    return all(fits(each, args[-1] if issubclass(origin, Mapping) else args[0]) for each in inside)


def _kin(value: Any) -> set[str]:
    """The classes that a value is of, by name, as a hint would have them."""
    return {"None"} if value is None else {base.__name__ for base in type(value).__mro__}


def refusal(function: str, parameter: str, hint: Any, given: Any) -> str:
    """Say what a function takes and what it got, and where the user gets what it takes."""
    names = _names(hint)
    told = f"{function} takes {' or '.join(_taken(hint))} as '{parameter}', not {described(given)}"
    if held := _held(given, names):
        return f"{told}; it holds one as {' or '.join(held)}"
    source = _kind(names[0]).source
    if type(given).__name__ == "DataFrame":
        source = INSTEAD_OF_A_TABLE.get(parameter, source)
    return f"{told}; {source}" if source else told


def _taken(hint: Any) -> list[str]:
    """The kinds of a hint in words."""
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return list(dict.fromkeys(word for each in get_args(hint) for word in _taken(each)))
    kinds = [_kind(name) for name in _names(hint)]
    if origin is None:
        return [kind.one for kind in kinds]
    form = "a dict" if issubclass(origin, Mapping) else "a list"
    return [f"{form} of {' or '.join(kind.several for kind in kinds)}"] if kinds else []


def _held(given: Any, names: Collection[str]) -> list[str]:
    """Names of what a thing holds that is of the kind asked for."""
    if "DataFrame" in names and type(given).__name__ in TABLES:
        return [f"'.{name}'" for name in TABLES[type(given).__name__]]
    own = getattr(given, "__dict__", {})
    return [f"'.{n}'" for n, each in own.items() if n[0] != "_" and _kin(each) & {*names}]


def described(value: Any) -> str:
    """What a value is, in words: a short one itself, else its type, and of several theirs."""
    if value is None or isinstance(value, bool | int | float):
        return str(value)
    if isinstance(value, str):
        return f"'{one_line(value)}'"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if not isinstance(value, dict | list | tuple | set) or not value:
        return _called(value)
    inside = value.values() if isinstance(value, dict) else value
    return f"{_called(value)} that holds {', '.join(dict.fromkeys(map(_called, inside)))}"


def _called(value: Any) -> str:
    """The type of a value with its article, and its library where that is another."""
    of = type(value)
    library = of.__module__.partition(".")[0]
    own = library in {"builtins", "pandas", "pluralign_stats", "__main__"}
    name = of.__name__ if own else f"{library}.{of.__name__}"
    return f"{_a(name)} {name}"


def _a(name: str) -> str:
    return "an" if name[0].lower() in "aeio" else "a"
