"""Every public name shows how it is used, and its example runs."""

import doctest
import inspect
from collections.abc import Iterator
from typing import Any

import matplotlib.pyplot as plt
import pytest
from page_blocks import blocks

from tests.public_names import public_names

NAMES = public_names()

#: What the examples share, as the reference shows it.
SHARED = "docs/reference/examples.md"

NAMESPACES = sorted({name.rpartition(".")[0] for name in NAMES})

#: Functions that rest on no published method, and why; figures draw what others worked out.
WITHOUT_SOURCE = {
    "reads, selects or is made by hand": {
        "example_population", "feedback.read_recipe", "feedback.split_prompts",
        "judging.read_judge_scores", "outcomes.find_outcomes",
        "outcomes.rating_choices", "outcomes.reasonable_choices", "outcomes.scores",
        "outcomes.select_experiment", "outcomes.study_by_filter", "outcomes.survey_scores",
        "planning.smallest_design", "only_rows", "read_outcomes", "read_study",
        "demographics.select_covariates", "select_demographics", "select_dimensions",
        "with_reference", "write_simulated_study",
        "choices.simulate_choices", "read_choices",
    },
    "counts": {
        "describe.composition", "describe.exclusions", "describe.nonresponse",
        "describe.rating_distribution", "feedback.audit_recipes", "feedback.equal_budget",
    },
    "shows what other functions estimate": {
        "checks.check", "checks.recovery", "explore", "outcomes.compare_budgets",
        "outcomes.findings", "outcomes.leave_one_out", "outcomes.model_kinds",
        "outcomes.optimizer_findings", "outcomes.published_rating_findings",
        "planning.design_from",
    },
    "docs/explanation/definitions.md defines it": {
        "demographics.default_answers", "feedback.coarser_scales", "feedback.convert_scale",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    namespace: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("examples"))
        for block in blocks(SHARED):
            exec(block.text, namespace)
        yield namespace
    plt.close("all")


def test_every_public_name_has_an_example() -> None:
    finder = doctest.DocTestParser()
    without = [n for n, each in NAMES.items() if not finder.get_examples(each.__doc__ or "")]
    assert not without


def test_every_function_that_estimates_names_its_source() -> None:
    functions = {
        name: "References\n----------\n" in (inspect.getdoc(each) or "")
        for name, each in NAMES.items()
        if not inspect.isclass(each) and not name.startswith("figures.")
    }
    without = {name for name, named in functions.items() if not named}
    assert without == set().union(*WITHOUT_SOURCE.values())


@pytest.mark.extended
@pytest.mark.parametrize("namespace", NAMESPACES)
def test_the_examples_of_a_namespace_run(shared: dict[str, Any], namespace: str) -> None:
    told: list[str] = []
    for name, each in NAMES.items():
        if name.rpartition(".")[0] == namespace:
            text = inspect.getdoc(each) or ""
            test = doctest.DocTestParser().get_doctest(text, shared, name, None, None)
            assert all(not e.options.get(doctest.SKIP) for e in test.examples), name
            doctest.DocTestRunner(verbose=False).run(test, out=told.append)
    assert not told, "".join(told)


def test_an_example_that_is_wrong_is_told_of() -> None:
    test = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3", {}, "sum", None, None)
    told: list[str] = []
    doctest.DocTestRunner(verbose=False).run(test, out=told.append)
    assert "Expected:" in "".join(told)
