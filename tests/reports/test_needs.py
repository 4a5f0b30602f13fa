"""Chapters that have nothing to answer from are left out, and how to get them is said."""

from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

import pluralign_stats as pls
from pluralign_stats.errors import InputError
from reports.contents import Contents
from reports.needs import LeftOut, sort_out
from reports.notebook import find_notebooks
from reports.pages import _environment
from reports.parameters import assign_parameters
from tests.reports.conftest import FakeStudy, Maker

TAGS = ("parameters", "needs:scores_file")
FILE = 'out: str = ""\nscores_file: str = ""  # none by default'


def sorted_out(paths, study, **given):
    found = find_notebooks(paths)
    kept, left_out = sort_out(found, assign_parameters(found, given), study)
    return [n.name.partition("_")[0] for n in kept], left_out


@pytest.fixture
def ratings_only() -> pls.Study:
    """A study whose dimensions and groups are none that the paper reports on."""
    simulated = pls.simulate_study(1, n_raters=20, n_prompts=3)
    return simulated.where(dimension=["helpfulness"])


def test_chapters_about_models_and_the_paper_are_left_out_of_a_study_of_ratings(ratings_only):
    kept, left_out = sorted_out(None, ratings_only)
    assert set(kept).isdisjoint({"09", "10", "11", "12", "13", "14", "15"})
    assert {"01", "02", "03", "16", "17"} <= set(kept)
    told = {each.titles: (each.needs, each.how) for each in left_out}
    assert len(told) == 3
    models, judge, paper = told
    assert models[1:] == ("Rating scales", "Disagreement", "Optimizers and objectives")
    assert told[models][0] == "scores of tuned models"
    assert "-p outcomes_file=SCORES/outcomes.parquet" in told[models][1]
    assert judge == ("The judge against humans",)
    assert "-p judge_scores_file=" in told[judge][1]
    assert paper == ("The multiverse", "What the paper reports, and what this run found")
    assert told[paper][0] == (
        "scores of tuned models or a dimension and groups that the paper reports on"
    )


def test_a_study_that_the_paper_speaks_of_keeps_what_compares_the_two():
    study = pls.simulate_study(1, n_raters=60, n_prompts=4)
    kept, _ = sorted_out(None, study)
    assert {"14", "15"} <= set(kept)
    assert set(kept).isdisjoint({"09", "10", "11", "12", "13"})


def test_preferences_need_two_responses_to_one_prompt(ratings_only):
    frame = ratings_only.ratings
    roles = {"rater": "rater", "item": "item", "dimensions": ["rating"]}
    kept, _ = sorted_out(None, pls.Study.from_frame(frame, **roles, prompt="prompt"))
    assert "08" in kept
    kept, left_out = sorted_out(None, pls.Study.from_frame(frame, **roles))
    assert "08" not in kept
    (told,) = [each for each in left_out if "Whose preferences" in each.titles[0]]
    assert told.needs == "prompts with two responses or more"
    assert "the codebook names the prompt" in told.how


def test_what_is_given_is_no_longer_left_out(ratings_only, tmp_path):
    file = tmp_path / "scores.parquet"
    file.write_bytes(b"")
    kept, left_out = sorted_out(None, ratings_only, outcomes_file=str(file))
    assert {"09", "10", "11", "12", "14", "15"} <= set(kept)
    assert [each.titles for each in left_out] == [("The judge against humans",)]


def test_own_notebooks_may_need_files_too(notebook: Maker, study: FakeStudy, tmp_path: Path):
    paths = [
        notebook("01_a", text="# One"),
        notebook("02_b", text="# Two", parameters=FILE, tags=TAGS),
    ]
    kept, (left,) = sorted_out(paths, study)
    assert kept == ["01"]
    assert (left.titles, left.needs, left.how) == (
        ("Two",), "scores_file", "-p scores_file=FILE adds it",
    )  # fmt: skip
    (tmp_path / "s.csv").write_text("")
    assert sorted_out(paths, study, scores_file=str(tmp_path / "s.csv")) == (["01", "02"], [])


def test_a_report_of_nothing_and_an_unknown_need_are_refused(notebook: Maker, study: FakeStudy):
    alone = notebook("01_a", text="# One", parameters=FILE, tags=TAGS)
    with pytest.raises(
        InputError, match="all of this report would be left out: 'One', for want of"
    ):
        sorted_out([alone], study)
    odd = notebook("02_b", parameters=FILE, tags=("parameters", "needs:scores"))
    with pytest.raises(InputError, match="what notebook 02_b needs must be one of 'out', 'scores_"):
        sorted_out([odd], study)


def test_pages_and_paper_say_what_is_left_out_and_mark_up_nothing(ratings_only):
    _, left_out = sorted_out(None, ratings_only)
    odd = LeftOut(("A <b>title</b>",), "scores & more", "")
    contents = Contents([], None, [*left_out, odd])  # type: ignore[arg-type]
    macro = "{% from 'macros.html.j2' import left_out %}{{ left_out(contents) }}"
    html = _environment().from_string(macro).render(contents=contents)
    (line,) = BeautifulSoup(html, "html.parser").select("p")
    told = " ".join(line.get_text().split())
    assert "Disagreement and Optimizers and objectives, for want of scores of tuned models" in told
    assert told.count("-p outcomes_file=SCORES/outcomes.parquet") == 1
    assert told.endswith("; A <b>title</b>, for want of scores & more.")
    without = replace(contents, left_out=())
    assert not _environment().from_string(macro).render(contents=without).strip()
