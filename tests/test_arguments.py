"""What public functions are handed, and what they say where it is of another kind."""

import inspect
import pickle
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.arguments import KINDS, checked, described, fits, kinds_of
from tests.project.test_signatures import public
from tests.public_names import public_names

#: What is looked at is named so in annotations; a source of results is told by what it has.
OWN = re.compile(r"pluralign_stats\.(?!results\.Source)|pandas\.DataFrame|pathlib\.Path")


def functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every public function and method, without constructors and with each method once."""
    seen: set[int] = set()
    for name, found in public():
        if not inspect.isclass(found) and id(found) not in seen:
            seen.add(id(found))
            yield name, found


FUNCTIONS = [*functions()]


def taken(function: Callable[..., Any]) -> list[str]:
    """Parameters whose annotation names a class of the package, a table or a path."""
    return [
        p.name
        for p in inspect.signature(function).parameters.values()
        if OWN.search(str(p.annotation))
    ]


class Stranger:
    """Of no kind that any function takes."""


@pytest.mark.parametrize(("name", "function"), FUNCTIONS, ids=[name for name, _ in FUNCTIONS])
def test_a_public_function_says_what_it_takes(name: str, function: Callable[..., Any]) -> None:
    parameters = inspect.signature(function).parameters.values()
    for wrong in taken(function):
        given: list[Any] = []
        named: dict[str, Any] = {}
        for p in parameters:
            value = Stranger() if p.name == wrong else a_fitting(p)
            if p.kind is p.KEYWORD_ONLY:
                named |= {p.name: value}
            elif p.kind is not p.VAR_KEYWORD:
                given.append(value)
        with pytest.raises(pls.InputError) as caught:
            function(*given, **named)
        told = str(caught.value)
        assert re.match(rf"{function.__name__} takes .+ as '{wrong}', not a .*Stranger", told)
        assert "\n" not in told


def a_fitting(parameter: inspect.Parameter) -> Any:
    """A thing that a parameter lets pass, though nothing can be made of it."""
    for hint in [parameter.annotation, *get_args(parameter.annotation)]:
        if isinstance(hint, type) and OWN.search(str(hint)):
            return Path() if hint is Path else object.__new__(concrete(hint))
    return parameter.default if parameter.default is not inspect.Parameter.empty else "x"


def concrete(kind: type) -> type:
    """A class of that kind that can be made."""
    return {"ModelEstimates": pls.LinearFit, "Fit": pls.LinearFit}.get(kind.__name__, kind)


def test_every_such_parameter_is_looked_at() -> None:
    for name, function in FUNCTIONS:
        assert set(taken(function)) <= set(kinds_of(function)), name
    assert len([name for name, function in FUNCTIONS if taken(function)]) > 100


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.source])
def test_where_a_kind_is_had_names_what_there_is(name: str) -> None:
    there = {each for public in public_names() for each in (public, public.rpartition(".")[2])}
    named = set(re.findall(r"\w+_\w+|(?<=outcomes\.)\w+", KINDS[name].source)) - {"from_frame"}
    assert named <= there


FRAME = pd.DataFrame({"rating": [1, 2]})


@pytest.fixture(scope="module")
def study() -> pls.Study:
    return pls.simulate_study(1, n_raters=40)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(pls.InputError) as caught:
        call()
    return str(caught.value)


def test_a_table_in_place_of_a_study_is_told_of_from_frame() -> None:
    told = (
        " takes a Study as 'study', not a DataFrame; read_study reads one from files, "
        "Study.from_frame makes one of a DataFrame"
    )
    frame: Any = FRAME
    for function in (pls.demographic_effects, pls.audit, pls.explore, pls.with_reference):
        assert refused(partial(function, frame)) == function.__name__ + told
    assert refused(lambda: pls.describe.agreement(frame)) == "agreement" + told
    assert refused(lambda: pls.read_study(frame)).endswith(
        "takes a path as 'codebook', not a DataFrame; Study.from_frame makes a Study of a DataFrame"
    )


def test_what_holds_the_thing_itself_is_told_where(study: pls.Study) -> None:
    formula, given = "rating ~ gender", study
    told = refused(lambda: pls.fit_linear(formula, given))  # type: ignore[arg-type]
    assert told == (
        "fit_linear takes a pandas DataFrame as 'data', not a Study; it holds one as '.ratings' "
        "or '.raters' or '.items'"
    )
    result: Any = pls.describe.composition(study)
    assert refused(lambda: pls.fit_linear(formula, result)).endswith("holds one as '.table'")


def test_methods_of_fits_look_at_tables_too(study: pls.Study) -> None:
    fit = pls.fit_linear("rating ~ gender", study.ratings)
    wrong: Any = study
    for verb in (fit.predict, fit.predictions, partial(fit.contrasts, "gender")):
        assert "as 'newdata', not a Study" in refused(partial(verb, newdata=wrong))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "None"),
        (3, "3"),
        ("study.yaml", "'study.yaml'"),
        ("a\nb" * 99, "'" + ("a b" + "a b" * 26)[:79] + "…'"),
        (pls.Study, "the class Study"),
        ([], "a list"),
        ([1, 2.0, "x"], "a list that holds an int, a float, a str"),
        ({"a": FRAME}, "a dict that holds a DataFrame"),
        (re.compile("x"), "a re.Pattern"),
    ],
)
def test_a_value_is_described_in_few_words(value: object, told: str) -> None:
    assert described(value) == told


@pytest.mark.parametrize(
    ("value", "hint", "good"),
    [
        (FRAME, pd.DataFrame, True),
        (None, pd.DataFrame, False),
        (None, pd.DataFrame | None, True),
        ((FRAME, FRAME), Sequence[pd.DataFrame], True),
        ([FRAME, 1], Sequence[pd.DataFrame], False),
        (FRAME, Sequence[pd.DataFrame], False),
        ({"a": FRAME}, Mapping[str, pd.DataFrame | None], True),
        ({"a": 1}, Mapping[str, pd.DataFrame | None], False),
        ("x", str | Path, True),
        (3, str | Path, False),
        (FRAME, "DataFrame | None", True),
        (None, "DataFrame | None", True),
        (3, "DataFrame | None", False),
        ("x", pd.DataFrame | Literal["x"], True),
    ],
)
def test_a_value_fits_a_hint(value: object, hint: object, good: bool) -> None:
    assert fits(value, hint) is good


def test_what_can_be_gone_through_once_still_can() -> None:
    @checked
    def function(tables: Sequence[pd.DataFrame]) -> int:
        return len(tables)

    assert function(table for table in [FRAME, FRAME]) == 2  # type: ignore[arg-type]
    with pytest.raises(pls.InputError, match="a list that holds an int"):
        function(n for n in [1])  # type: ignore[arg-type, misc]


def test_python_itself_tells_what_is_missing() -> None:
    with pytest.raises(TypeError, match=r"agreement\(\) missing 1 required positional argument"):
        pls.describe.agreement()  # type: ignore[call-arg]


def test_public_functions_can_be_sent_to_other_processes() -> None:
    for name, function in public_names().items():
        if inspect.isfunction(function):
            assert pickle.loads(pickle.dumps(function)) is function, name
