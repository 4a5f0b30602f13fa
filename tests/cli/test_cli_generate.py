import json
import os
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

sys.path.append(str(Path(__file__).parents[1] / "training"))

from tiny_chat_models import save_model, save_run

pytestmark = pytest.mark.extended


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    place = tmp_path_factory.mktemp("cli")
    save_run(place / "runs", save_model(place / "base"))
    return place / "runs"


@pytest.fixture
def prompts(tmp_path):
    path = tmp_path / "prompts.csv"
    path.write_text("prompt,language,text\na,en,what is good\nb,de,was ist gut\n", "utf-8")
    return path


QUICK = ("--samples", 1, "--max-tokens", 8)


def test_answers_are_written_and_told(runs, prompts, tmp_path, pluralign):
    out = tmp_path / "out"
    ran = pluralign("generate", runs, "--prompts", prompts, "--out", out, *QUICK)
    assert ran.status == 0
    assert ran.out == f"4 answers of 2 runs in {out}.\n"
    assert "\n1/2 control-" in f"\n{ran.err}"
    assert "\n2/2 " in ran.err
    for folder in out.iterdir():
        if folder.is_dir():
            table = pq.read_table(folder / "generations.parquet")
            assert table["prompt"].to_pylist() == ["a", "b"]


def test_repeated_it_keeps_what_is_there(runs, prompts, tmp_path, pluralign):
    words = ("generate", runs, "--prompts", prompts, "--out", tmp_path / "out", *QUICK)
    pluralign(*words)
    ran = pluralign(*words, "--json")
    content = json.loads(ran.out)
    assert ran.status == 0
    assert content["made"] == {}
    assert len(content["kept"]) == 2
    assert "2 runs were there already" in pluralign(*words).out


def test_a_refused_run_is_named_and_the_exit_status_is_2(runs, prompts, tmp_path, pluralign):
    some = tmp_path / "runs"
    base = runs.parent / "base"
    save_run(some, base)
    bad = save_run(some, base, 2, verdict={"passed": False, "reason": "it sings"})
    ran = pluralign("generate", some, "--prompts", prompts, "--out", tmp_path / "out", *QUICK)
    assert ran.status == 2
    assert ran.out.startswith("4 answers of 2 runs")
    last = ran.err.splitlines()[-1]
    assert last.startswith(f"pluralign: 1 of the runs gave no answers: {bad.name}: ")
    assert "it sings" in last


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--samples", 0), "samples must be 1 or more, not 0"),
        (("--top-p", 2), "top_p must be above 0 and at most 1, not 2.0"),
        (("--jobs", 0), "jobs must be 1 or more, not 0"),
        (("--prompts", "none.csv"), "none.csv does not exist"),
        (("--study", "none.yaml"), "none.yaml"),
        (("--engine", "vllm"), "pluralign[vllm]"),
        (("--max-tokens", 500), "does not fit into the model's context of"),
        ((), "there is nothing to ask"),
    ],
)
def test_mistakes_are_one_line_and_status_2(runs, prompts, tmp_path, pluralign, words, message):
    if words and words[0] not in ("--prompts", "--study"):
        words = ("--prompts", prompts, *words)
    ran = pluralign("generate", runs, "--out", tmp_path / "out", *words)
    assert ran.status == 2
    assert message in ran.err.splitlines()[-1]
    assert "Traceback" not in ran.err
    assert not [p for p in (tmp_path / "out").glob("*") if p.suffix != ".partial"]


def test_no_folder_of_runs(tmp_path, pluralign):
    ran = pluralign("generate", tmp_path / "none", "--out", tmp_path / "out")
    assert ran.status == 2
    assert "is no folder of runs; make one with: pluralign train" in ran.err


def test_help_is_told_without_loading_torch(pluralign):
    ran = pluralign("generate", "--help")
    assert ran.status == 0
    assert "--temperature" in ran.out
    assert os.linesep not in ran.err
