"""The explorer's widget, and what stands for it in an executed notebook."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.errors import MissingExtraError
from pluralign_stats.explorer import explore as module

pytestmark = pytest.mark.extended

pytest.importorskip("anywidget")
NOTEBOOK = sorted((Path(__file__).parents[2] / "notebooks").glob("*_explorer.ipynb"))[0]


@pytest.fixture
def explorer(small_study: pls.Study, tmp_path: Path) -> Any:
    return pls.explore(small_study, dimension="toxicity", demographic="gender", out=tmp_path)


def control(explorer: Any, name: str) -> dict[str, Any]:
    return next(one for one in explorer.controls if one["name"] == name)


def test_controls_change_picture_table_and_code(explorer: Any) -> None:
    before = explorer.picture
    explorer.ask(dimension="helpfulness")
    assert explorer.answer.choice.dimension == "helpfulness"
    assert explorer.picture != before
    assert '["helpfulness"]' in explorer.code
    assert explorer.status.startswith("Helpfulness by Gender")
    explorer.ask(dimension="toxicity")
    assert explorer.picture == before


def test_levels_follow_the_demographic_and_its_own_filter_is_closed(explorer: Any) -> None:
    assert control(explorer, "only:gender")["disabled"]
    explorer.ask(**{"only:politics": "Liberal"})
    assert explorer.choice.only == (("politics", "Liberal"),)
    explorer.ask(demographic="politics")
    assert control(explorer, "reference")["options"][0] == ["Liberal", "Liberal"]
    assert control(explorer, "reference")["value"] == "Liberal"
    assert control(explorer, "only:politics")["value"] == ""
    assert control(explorer, "only:politics")["disabled"]
    assert not control(explorer, "only:gender")["disabled"]
    assert explorer.choice.only == ()


def test_a_view_that_a_model_does_not_have_is_not_offered(explorer: Any) -> None:
    explorer.ask(show="shares")
    explorer.ask(model="linear")
    assert explorer.answer.choice.show == control(explorer, "show")["value"] == "points"
    assert "shares" not in [value for _, value in control(explorer, "show")["options"]]
    explorer.ask(model="ordinal")
    assert "shares" in [value for _, value in control(explorer, "show")["options"]]


@pytest.fixture
def two_places(study_of: Callable[..., pls.Study]) -> pls.Study:
    """Group a is in the north, b and c are in the south."""
    rng = np.random.default_rng(2)
    rows = [
        (f"r{i}", f"i{j}", "abc"[i % 3], "north" if i % 3 == 0 else "south", rng.integers(1, 6))
        for i in range(36)
        for j in range(4)
    ]
    frame = pd.DataFrame(rows, columns=["rater", "item", "group", "place", "rating"])
    return study_of(frame, demographics={"group": {}, "place": {}})


def test_groups_that_a_part_lacks_are_not_compared_with(two_places: pls.Study) -> None:
    shown: Any = pls.explore(two_places)
    assert control(shown, "reference")["value"] == "a"
    assert "Group and Place cannot be told apart" in shown.status
    shown.ask(**{"only:place": "south"})
    assert control(shown, "reference")["options"] == [["b", "b"], ["c", "c"]]
    assert control(shown, "reference")["value"] == "b"
    assert shown.status.startswith("Rating by Group: c vs b")
    assert "<img" in shown.picture
    assert pls.explore(two_places, only={"place": "south"}).choice == shown.choice
    shown.ask(reference="a")
    assert "must be one of 'b', 'c', not 'a'" in shown.status


def test_a_group_is_asked_for_together_with_its_demographic(explorer: Any) -> None:
    explorer.ask(demographic="politics", reference="Conservative")
    assert explorer.choice.reference == "Conservative"
    assert control(explorer, "reference")["value"] == "Conservative"
    explorer.ask(demographic="gender")
    assert explorer.choice.reference == "Female"


def test_what_has_no_answer_is_said_and_the_next_question_is_answered(
    two_places: pls.Study,
) -> None:
    shown: Any = pls.explore(two_places, only={"place": "south"}, reference="a")
    assert "must be one of 'b', 'c', not 'a'" in shown.status
    assert shown.picture == shown.code == ""
    assert shown.answer is None
    shown.ask(reference="b")
    assert shown.status.startswith("Rating by Group: c vs b")
    assert "<img" in shown.picture


def asks(explorer: Any, **changes: str) -> None:
    """Change controls as a browser does."""
    explorer.asked = explorer.asked | changes


def test_a_browser_sees_a_bar_until_the_model_is_fitted(explorer: Any) -> None:
    async def use() -> None:
        asks(explorer, dimension="sensitivity")
        assert explorer.fitting
        assert explorer.status == "Fitting the ordinal model …"
        assert control(explorer, "dimension")["value"] == "sensitivity"
        await explorer._task
        assert not explorer.fitting
        assert explorer.status.startswith("Sensitivity")
        asks(explorer, dimension="toxicity")
        assert not explorer.fitting
        assert explorer.status.startswith("Toxicity")

    asyncio.run(use())


def test_what_was_asked_last_is_shown(explorer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fit, may_end, fitted = explorer.answers.effects, threading.Event(), []

    def slow(choice: Any) -> Any:
        if threading.current_thread() is not threading.main_thread():
            may_end.wait(600)
            fitted.append(choice.dimension)
        return fit(choice)

    monkeypatch.setattr(explorer.answers, "effects", slow)

    async def use() -> None:
        tasks = []
        for dimension in ("sensitivity", "helpfulness", "emotional_awareness"):
            asks(explorer, dimension=dimension)
            tasks.append(explorer._task)
            await asyncio.sleep(0.05)
        asks(explorer, show="observed")
        assert not explorer.fitting
        shown = explorer.picture
        may_end.set()
        await asyncio.gather(*tasks)
        assert explorer.picture == shown
        assert explorer.answer.choice.show == "observed"

    asyncio.run(use())
    assert fitted == ["sensitivity"]


def test_the_bar_ends_where_there_is_no_answer(
    explorer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise pls.InputError("no such ratings")

    monkeypatch.setattr(explorer.answers, "effects", fail)

    async def use() -> None:
        asks(explorer, dimension="sensitivity")
        await explorer._task

    asyncio.run(use())
    assert not explorer.fitting
    assert explorer.status == "no such ratings"
    assert explorer.answer is None


def test_before_a_server_the_cell_returns_at_once(
    small_study: pls.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "explorer.ipynb")

    async def use() -> None:
        shown: Any = pls.explore(small_study, dimension="toxicity", demographic="gender")
        assert shown.fitting
        assert shown.controls
        assert shown.picture == ""
        assert "<img" not in shown._repr_mimebundle_()[0]["text/html"]
        await shown._task
        assert not shown.fitting
        assert "<img" in shown.picture

    asyncio.run(use())


def test_an_answer_asked_from_python_is_waited_for(
    small_study: pls.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "explorer.ipynb")

    async def use() -> None:
        shown: Any = pls.explore(small_study, dimension="toxicity", demographic="gender")
        assert shown.answer.result.sentence.startswith("Toxicity by Gender")
        shown.ask(dimension="helpfulness")
        assert shown.status.startswith("Helpfulness by Gender")
        await shown._task
        assert shown.status.startswith("Helpfulness by Gender")

    asyncio.run(use())


def test_every_control_has_a_label_and_every_picture_words(explorer: Any) -> None:
    labels = [(one["group"], one["label"]) for one in explorer.controls]
    assert all(label for _, label in labels)
    assert len(set(labels)) == len(labels)
    sentence = explorer.answer.result.sentence
    assert f'alt="Points with intervals by dimension. {sentence}"' in explorer.picture


def test_an_empty_table_is_a_sentence_and_no_picture(explorer: Any) -> None:
    explorer.ask(show="shares")
    assert explorer.answer.result.table.empty
    assert "Only one group of gender is large enough" in explorer.status
    assert "<img" not in explorer.picture
    assert explorer.status in explorer.picture


def test_picture_and_table_are_saved(explorer: Any, tmp_path: Path) -> None:
    explorer._handle_custom_msg({"do": "save"}, [])
    assert {path.suffix for path in tmp_path.iterdir()} == {".svg", ".pdf", ".png", ".csv"}
    (table,) = tmp_path.glob("*.csv")
    assert table.stem == "toxicity_gender_points_ordinal_vs_Female"
    assert len(pd.read_csv(table)) == len(explorer.answer.result.table)
    assert explorer.status.startswith("Saved in")


def test_a_folder_that_cannot_be_written_is_said(small_study: pls.Study, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    shown: Any = pls.explore(small_study, show="observed", out=tmp_path / "file" / "figures")
    shown._handle_custom_msg({"do": "save"}, [])
    assert "cannot be written" in shown.status


def test_what_is_unknown_is_refused_from_python(explorer: Any, small_study: pls.Study) -> None:
    with pytest.raises(pls.InputError, match="the dimension must be one of"):
        explorer.ask(dimension="niceness")
    with pytest.raises(pls.InputError, match="must be one of 'ordinal', 'linear'"):
        pls.explore(small_study, model="bayes")


def test_a_study_without_demographics_shows_one_sentence(
    study_of: Callable[..., pls.Study],
) -> None:
    rng = np.random.default_rng(1)
    rows = [(f"r{i}", f"i{j}", int(rng.integers(1, 6))) for i in range(12) for j in range(3)]
    frame = pd.DataFrame(rows, columns=["rater", "item", "rating"])
    shown: Any = pls.explore(study_of(frame))
    assert shown.status.startswith("This study has no demographic with two groups")
    assert shown.controls == []
    html = shown._repr_mimebundle_()[0]["text/html"]
    assert shown.status in html
    assert html.count("<img") == 1
    assert "mean rating" in html
    with pytest.raises(pls.InputError, match="no demographic"):
        shown.ask(dimension="rating")


def test_without_its_package_the_extra_is_named(
    small_study: pls.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pluralign\[report\]"):
        pls.explore(small_study)


@pytest.mark.extended
def test_an_executed_notebook_has_plain_pictures(tmp_path: Path) -> None:
    import papermill

    from reports.cells import chapter_body

    design: dict[str, Any] = {"n_raters": 60, "n_prompts": 8, "responses_per_prompt": 2}
    codebook = pls.write_simulated_study(tmp_path / "study", 7, **design)
    executed = tmp_path / "executed.ipynb"
    papermill.execute_notebook(
        NOTEBOOK,
        executed,
        {"study_file": str(codebook), "dimension": "toxicity", "demographic": "politics"},
        kernel_name="python3",
        progress_bar=False,
    )
    node = nbformat.read(executed, as_version=4)
    bundles = [o["data"] for c in node.cells for o in c.get("outputs", []) if "data" in o]
    (bundle,) = [b for b in bundles if "application/vnd.jupyter.widget-view+json" in b]
    assert bundle["text/html"].count("<img") == 5

    page = str(chapter_body(node).html)
    assert page.count("data:image/png") == 5
    assert page.count('alt="') == 5
    assert "pls.demographic_effects(" in page
    assert "onclick" not in page
