import json
import subprocess
import sys
import time

import pytest

import reports

pytestmark = pytest.mark.extended


@pytest.fixture
def calls(monkeypatch):
    asked = []

    def build_report(study, study_file, out, **options):
        asked.append((study.name, study_file, out, options))
        return out / "index.html"

    monkeypatch.setattr(reports, "build_report", build_report, raising=False)
    return asked


def test_the_report_is_asked_for_with_everything(toy, pluralign, calls, tmp_path):
    codebook = toy.write()
    lines = tmp_path / "lines.json"
    lines.write_text('{"conditions": 53}')
    given = ["-p", "a=1", "-p", "b=x=y", "--provenance", lines, "--keep", tmp_path / "k"]
    given += ["--chapter", "03", "--chapter", "04_model_checks"]
    ran = pluralign("report", codebook, "--out", tmp_path / "r", *given)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == f"Report: {tmp_path / 'r' / 'index.html'}\n"
    expected = {
        "data_folder": None,
        "parameters": {"a": "1", "b": "x=y"},
        "chapters": ("03", "04_model_checks"),
        "cache": tmp_path / "k",
        "progress": True,
        "extra_provenance": {"conditions": 53},
    }
    assert calls == [("toy", codebook, tmp_path / "r", expected)]


def test_json_and_another_data_folder(toy, pluralign, calls, tmp_path):
    codebook = toy.write().rename(tmp_path / "elsewhere.yaml")
    ran = pluralign("report", codebook, "--data", toy.folder, "--out", tmp_path / "r", "--json")
    assert json.loads(ran.out) == {"report": str(tmp_path / "r" / "index.html")}
    assert calls[0][3]["data_folder"] == toy.folder
    assert calls[0][3]["progress"] is False


def test_the_notebooks_are_listed_without_a_study(pluralign, calls):
    listed = pluralign("report", "--list")
    assert (listed.status, listed.err, calls) == (0, "", [])
    told = json.loads(pluralign("report", "--list", "--json").out)["chapters"]
    assert len(told) == listed.out.count("\n") == 17
    assert f"{told[2]['name']}: {told[2]['title']}" in listed.out.splitlines()
    assert told[2]["name"] == "03_demographic_effects"
    assert {"study_file", "data_folder", "out"} <= set(told[2]["parameters"])


@pytest.mark.parametrize(
    ("given", "missing"), [((), "argument STUDY"), (("s.yaml",), "option --out")]
)
def test_a_report_needs_a_study_and_a_place(pluralign, given, missing):
    ran = pluralign("report", *given)
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert f"Missing {missing}." in ran.err


def test_lines_of_provenance_that_are_no_object(toy, pluralign, calls, tmp_path):
    lines = tmp_path / "lines.json"
    for text in ("[1]", "no json"):
        lines.write_text(text)
        ran = pluralign("report", toy.write(), "--out", tmp_path / "r", "--provenance", lines)
        assert (ran.status, ran.out, calls) == (2, "", [])
        assert "lines.json holds no JSON object" in ran.err


def test_a_parameter_that_no_notebook_has(toy, pluralign, tmp_path):
    codebook = toy.write()
    ran = pluralign("report", codebook, "--out", tmp_path / "r", "-p", "no_such_parameter=1")
    assert (ran.status, ran.out) == (2, "")
    assert "no_such_parameter" in ran.err
    assert ran.err.count("\n") == 1
    assert not (tmp_path / "r").exists()


def test_a_report_asked_to_end_leaves_nothing(toy, tmp_path):
    codebook = toy.write()
    before = set(tmp_path.rglob("*"))
    command = [sys.executable, "-m", "pluralign_stats", "report", str(codebook)]
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path / "report")], stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 600
    while not list(tmp_path.glob(".report.building-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.terminate()
    assert process.wait(600) == 130
    assert "interrupted" in process.stderr.read()
    assert set(tmp_path.rglob("*")) == before


def test_chapters_are_kept_beside_the_report_unless_all_is_to_run_anew(
    toy, pluralign, calls, tmp_path
):
    codebook = toy.write()
    pluralign("report", codebook, "--out", tmp_path / "r")
    pluralign("report", codebook, "--out", tmp_path / "r", "--anew")
    assert [call[3]["cache"] for call in calls] == [tmp_path / "r-chapters", None]
    both = pluralign("report", codebook, "--out", tmp_path / "r", "--anew", "--keep", tmp_path)
    assert (both.status, both.err) == (
        2, "pluralign: --anew keeps nothing; leave out --anew or --keep\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kept", "anew", "told"),
    [
        (
            (3, 9),
            [],
            "3 of 9 chapters are kept in {}-chapters: the same command goes on from there",
        ),
        ((1, 9), [], "1 of 9 chapters is kept in {}-chapters: the same command goes on "),
        ((0, 9), [], "no chapter had been finished, and nothing was written"),
        ((0, 9), ["--anew"], "nothing was written or kept, as --anew asks"),
    ],
)
def test_an_interruption_is_one_line_on_what_is_kept(
    toy, pluralign, monkeypatch, tmp_path, kept, anew, told
):
    from reports.build import ReportInterruptedError

    def build_report(*_study, **_options):
        raise ReportInterruptedError(*kept)

    monkeypatch.setattr(reports, "build_report", build_report, raising=False)
    ran = pluralign("report", toy.write(), "--out", tmp_path / "r", *anew)
    assert (ran.status, ran.out) == (130, "")
    assert ran.err.startswith(f"pluralign: interrupted; {told.format(tmp_path / 'r')}")
    assert ran.err.count("\n") == 1
