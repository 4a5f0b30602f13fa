"""Every result has a figure, a table, a sentence, files and LaTeX: none is forgotten."""

import inspect
from collections.abc import Iterator
from html import unescape
from types import ModuleType
from typing import Any, get_args

import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats import Result
from tests.project.every_result import MAKERS, results_in

#: Classes that are results, or hold and make them.
HOLDERS = (Result, pls.checks.Check, pls.Fit, pls.JointFit, pls.feedback.FeedbackAudit)


def faces(module: Any = pls) -> Iterator[tuple[str, Any]]:
    """Functions of the package and of its namespaces, and the methods of its classes."""
    for name in module.__all__:
        found = getattr(module, name)
        if isinstance(found, ModuleType):
            yield from faces(found)
        elif inspect.isclass(found):
            yield from (m for m in inspect.getmembers(found, inspect.isfunction) if m[0][0] != "_")
        else:
            yield name, found


def holds(kind: Any) -> bool:
    """Whether what is returned is a result, or has some."""
    kinds = get_args(kind) or (kind,)
    if kinds != (kind,):
        return any(map(holds, kinds))
    if not inspect.isclass(kind) or kind in (pls.Study, pls.ReportBuilder):
        return False
    own = getattr(kind, "__dataclass_fields__", {})
    return issubclass(kind, HOLDERS) or any(f.type is Result for f in own.values())


def giving() -> set[str]:
    """Names of all that gives a result, but for what makes one of another."""
    return {
        name
        for name, function in faces()
        if holds(inspect.get_annotations(function).get("return"))
        and not hasattr(Result, name)
        and name not in {"labelled", "results"}
    }


def test_nothing_that_gives_a_result_is_left_out():
    assert {"contrasts", "fit_joint", "measurement_invariance", "audit", "power"} <= giving()
    assert giving() - {*MAKERS} == set()


@pytest.mark.extended
@pytest.mark.filterwarnings("ignore")  # that rows are withheld from files
@pytest.mark.parametrize("name", MAKERS)
def test_every_result_is_whole(name, tmp_path):
    found = [*results_in(MAKERS[name](), name)]
    assert found
    for what, each in found:
        assert isinstance(each.plot(), pls.figures.Plot), what
        if not isinstance(each, Result):
            continue
        assert isinstance(each.table, pd.DataFrame), what
        assert len(each.table) or what in ("audit survival", "retest"), what
        assert each.sentence.endswith("."), what
        html, tex, csv = each.save(tmp_path / what)
        assert each.to_latex() == tex.read_text("utf-8"), what
        assert len(pd.read_csv(csv)) == len(each.released().table), what
        assert each.meta.title in unescape(html.read_text("utf-8")), what
