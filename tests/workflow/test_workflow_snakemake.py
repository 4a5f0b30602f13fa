"""What Snakemake would do again in the folder of a run, and what it shows of one."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_run import small_config, write_config
from snakemake.cli import main

from training.workflow.config import read_run
from training.workflow.drive import forget_unfinished, write_settings
from training.workflow.layout import Layout, study_files

pytestmark = pytest.mark.extended

Call = Callable[..., str]


@pytest.fixture
def snakemake(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Snakemake in the folder of a run."""

    def call(out: Path, *words: str) -> str:
        monkeypatch.chdir(out)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["--cores", "1", *words])
        told = capsys.readouterr()
        assert ended.value.code == 0, told.err
        return told.out

    return call


@pytest.fixture
def rules(snakemake: Call) -> Callable[[Path], set[str]]:
    """Rules of which something is to be done."""

    def call(out: Path) -> set[str]:
        told = snakemake(out, "-n")
        assert ("Nothing to be done" in told) is not bool(_rules(told))
        return _rules(told)

    return call


def _rules(told: str) -> set[str]:
    found = re.findall(r"^(?:local)?(?:rule|checkpoint) (\w+):", told, re.MULTILINE)
    return set(found) - {"all"}


@pytest.fixture
def done(tmp_path: Path, snakemake: Call) -> Layout:
    """A run of which every file is there, made of nothing."""
    layout = Layout(tmp_path / "out")
    run = set_otherwise(layout)
    whole = json.dumps({"runs": {"a": ""}, "failed": {}})
    files = [
        *(folder / "a" / "complete.json" for folder in (layout.runs, layout.generations)),
        *study_files(run, layout),
        layout.out / "bases" / "embedded.json",
        layout.scores("embedded") / "outcomes.parquet",
        layout.judged("embedded") / "item_scores.parquet",
        layout.ratings / "index.html",
        layout.report / "index.html",
    ]
    contents = dict.fromkeys(files, '{"files": {}}')
    contents[layout.plan] = json.dumps({"conditions": [{"id": "a"}], "parts": 1})
    contents |= {folder / "1.json": whole for folder in (layout.trained, layout.answered)}
    for path, content in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    snakemake(layout.out, "--touch", "--forceall")
    return layout


def set_otherwise(layout: Layout, **changes: Any) -> Any:
    config = small_config(Path("embedded"), **{"report": {}, **changes})
    run = read_run(str(write_config(layout.out.parent, config)))
    write_settings(run, layout, 1, None, "")
    return run


AFTER_TRAINING = {"generate", "judge", "report"}
AFTER_STUDY = {"plan", "items", "ratings", "judge", "report"}


@pytest.mark.parametrize(
    ("gone", "left"),
    [
        (None, set()),
        ("runs/a/complete.json", {"train", *AFTER_TRAINING}),
        ("generations/a/complete.json", AFTER_TRAINING),
        ("scores/embedded/outcomes.parquet", {"judge", "report"}),
        ("report/index.html", {"report"}),
        ("ratings/index.html", {"ratings", "report"}),
        ("plan.json", {"plan", "judge", "report"}),
        ("study/study.yaml", {"study", *AFTER_STUDY}),
        ("judged/embedded/item_scores.parquet", {"items", "report"}),
    ],
)
def test_what_is_missing_is_done_again_with_what_needs_it(done, rules, gone, left) -> None:
    """What the training of a changed plan comes to is known when the plan is there."""
    if gone:
        (done.out / gone).unlink()
    forget_unfinished(done)
    assert rules(done.out) == left


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ({"generate": {"samples": 3}}, AFTER_TRAINING),
        ({"generate": {"samples": 1, "max_tokens": 12, "batch": 8}}, set()),
        ({"title": "Another"}, {"ratings", "report"}),
        ({"report": {"parameters": {"seed": 2}}}, {"ratings", "report"}),
        ({"judges": {"embedded": {"judge": "embedded", "patience": 9}}}, set()),
        ({"judges": {"other": {"judge": "embedded"}}}, {"judge", "items", "report"}),
        ({"study": {"simulate": {"seed": 2}}}, {"study", *AFTER_STUDY}),
        ({"experiments": {"one": {"scales": "binary"}}}, {"plan", "judge", "report"}),
    ],
)
def test_what_is_set_otherwise_is_done_again(done, rules, change, left) -> None:
    set_otherwise(done, **change)
    assert rules(done.out) == left


def test_a_part_in_which_something_failed_is_tried_again(done, rules) -> None:
    told = {"runs": {}, "failed": {"a": "killed"}}
    (done.trained / "1.json").write_text(json.dumps(told))
    assert done.failed() == {"a": "killed"}
    forget_unfinished(done)
    assert rules(done.out) == {"train", *AFTER_TRAINING}


def test_a_touched_file_is_no_changed_one(done, rules) -> None:
    for path in done.out.rglob("*"):
        if path.is_file() and ".snakemake" not in path.parts:
            os.utime(path)
    assert rules(done.out) == set()


@pytest.mark.parametrize(
    ("file", "left"),
    [
        ("study/ratings.csv", AFTER_STUDY),
        ("plan.json", {"train", *AFTER_TRAINING}),
        ("trained/1.json", AFTER_TRAINING),
        ("answered/1.json", {"judge", "report"}),
        ("scores/embedded/outcomes.parquet", {"report"}),
    ],
)
def test_a_changed_file_is(done, rules, file, left) -> None:
    path = done.out / file
    path.write_text(path.read_text() + " ")
    assert rules(done.out) == left


def test_the_views_of_snakemake_show_a_run(reference, copied, snakemake: Call) -> None:
    """As its users call it, in the folder; first by the command."""
    out = copied()
    for path in (out / "study").iterdir():
        os.utime(path)
    command = [sys.executable, "-m", "snakemake", "-n"]
    told = subprocess.run(command, cwd=out, capture_output=True, text=True, check=True).stdout
    assert "Nothing to be done" in told
    rows = [line.split("\t") for line in snakemake(out, "--summary").splitlines()[1:]]
    assert {"plan", "train", "generate", "judge", "items"} <= {row[2] for row in rows}
    assert {tuple(row[-2:]) for row in rows} == {("ok", "no update")}
    dag = snakemake(out, "--dag")
    assert dag.startswith("digraph")
    assert "train" in dag
    snakemake(out, "--report", "steps.html")
    shown = (out / "steps.html").read_text("utf-8")
    assert all(f'"{rule}"' in shown for rule in ("train", "generate", "judge"))
    ratings = out / "study" / "ratings.csv"
    ratings.write_text(ratings.read_text().replace("5", "4", 1))
    assert "plan" in _rules(snakemake(out, "-n"))
