"""``pluralign reproduce``: what it says before anything is done."""

import json
from pathlib import Path

import pytest

from training.conditions.grid import HUB

pytestmark = pytest.mark.extended


@pytest.mark.parametrize("config", ["full", "reproduce"])
def test_a_dry_run_prints_the_cost_and_writes_nothing(pluralign, tmp_path, config) -> None:
    ran = pluralign("reproduce", config, "--out", tmp_path / "out", "--dry-run")
    assert (ran.status, ran.err) == (0, "")
    for word in ("base model", "runs", "GPU h", "disk GB", "prompts held out"):
        assert word in ran.out
    assert list(tmp_path.iterdir()) == []


def test_the_plan_in_the_docs_is_the_one_that_is_printed(pluralign, tmp_path) -> None:
    ran = pluralign("reproduce", "full", "--out", tmp_path / "out", "--dry-run")
    docs = Path(__file__).parents[2] / "docs" / "study.md"
    assert ran.out.strip() in docs.read_text(encoding="utf-8")


def test_a_dry_run_in_json_adds_up(pluralign, tmp_path) -> None:
    ran = pluralign("reproduce", "full", "--out", tmp_path / "out", "--dry-run", "--json")
    told = json.loads(ran.out)
    hours = sum(row["train_hours"] + row["generate_hours"] for row in told["table"])
    assert told["gpu_hours"] == pytest.approx(hours)
    assert told["judge_calls"]["model"] == sum(row["answers"] for row in told["table"])


def test_the_quick_variant_is_named(pluralign, tmp_path) -> None:
    ran = pluralign("reproduce", "--out", tmp_path / "out", "--dry-run", "--quick")
    assert "The study in miniature (quick)" in ran.out


def test_an_unknown_run_names_those_that_ship(pluralign, tmp_path) -> None:
    ran = pluralign("reproduce", "fuul", "--out", tmp_path / "out")
    assert ran.status == 2
    assert "'reproduce', 'full'" in ran.err
    assert ran.err.count("\n") == 1


def test_a_folder_that_holds_something_else_is_refused(pluralign, tmp_path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    ran = pluralign("reproduce", "--out", tmp_path)
    assert (ran.status, ran.out) == (2, "")
    assert "holds something else than a run of the study ('thesis.txt')" in ran.err
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_unknown_profile_is_refused(pluralign, tmp_path) -> None:
    ran = pluralign("reproduce", "--out", tmp_path / "out", "--profile", "slrum")
    assert ran.status == 2
    assert "there is no profile slrum" in ran.err
    assert ran.err.count("\n") == 1


def test_a_parameter_that_no_notebook_takes_is_refused_before_anything_is_done(pluralign, tmp_path):
    ran = pluralign("reproduce", "--out", tmp_path / "out", "-p", "no_such=1")
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "no_such" in ran.err
    assert not (tmp_path / "out").exists()


def test_a_chapter_that_is_left_out_must_be_there(pluralign, tmp_path):
    config = tmp_path / "mine.yaml"
    text = (HUB / "reproduce.yaml").read_text("utf-8")
    config.write_text(text.replace("[16_planning]", "[05_no_such]", 1))
    ran = pluralign("reproduce", config, "--out", tmp_path / "out")
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "chapter must be one of '01_overview_and_raters'" in ran.err
    assert not (tmp_path / "out").exists()


def test_a_seed_is_for_a_study_that_is_simulated(pluralign, tmp_path):
    ran = pluralign("reproduce", "full", "--out", tmp_path / "out", "--seed", 3)
    assert ran.status == 2
    assert "--seed is the seed of a simulated study" in ran.err
