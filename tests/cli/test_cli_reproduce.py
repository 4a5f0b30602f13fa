import json
import shutil

import pytest

import reports
from pluralign_stats import simulate_study, write_simulated_study


@pytest.fixture
def calls(monkeypatch):
    """Reports asked for, none of which is made."""
    asked = []

    def build_report(study, study_file, out, **options):
        asked.append((study, study_file, out, options))
        return out / "index.html"

    monkeypatch.setattr(reports, "build_report", build_report, raising=False)
    return asked


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seed1") / "study"
    write_simulated_study(folder, 1)
    return folder


def test_it_simulates_and_reports(pluralign, calls, tmp_path):
    out = tmp_path / "new folder"
    ran = pluralign("reproduce", "--out", out, "--seed", 4, "-p", "n_bootstrap=200")
    assert (ran.status, ran.err) == (0, "")
    ((study, codebook, report, options),) = calls
    assert codebook == out / "study" / "study.yaml"
    assert report == out / "report"
    assert study.fingerprint == simulate_study(4).fingerprint
    assert options["parameters"] == {"n_bootstrap": "200"}
    command = options["extra_provenance"]["command"]
    assert command == "pluralign reproduce --seed 4 --out 'new folder' -p n_bootstrap=200"
    assert f"Report: {report / 'index.html'}" in ran.out


def test_a_study_that_is_there_already_is_used_again(pluralign, calls, simulated, tmp_path):
    shutil.copytree(simulated, tmp_path / "study")
    marked = tmp_path / "study" / "ratings.csv"
    before = marked.stat().st_mtime_ns
    ran = pluralign("reproduce", "--out", tmp_path, "--json")
    assert ran.status == 0
    assert json.loads(ran.out) == {
        "study": str(tmp_path / "study" / "study.yaml"),
        "report": str(tmp_path / "report" / "index.html"),
    }
    assert marked.stat().st_mtime_ns == before
    assert calls[0][3]["progress"] is False


@pytest.mark.parametrize("damage", ["another seed", "a changed rating"])
def test_another_study_in_the_folder_is_refused(damage, pluralign, calls, simulated, tmp_path):
    shutil.copytree(simulated, tmp_path / "study")
    seed = 2 if damage == "another seed" else 1
    if seed == 1:
        file = tmp_path / "study" / "ratings.csv"
        file.write_text(file.read_text().replace(",1,1,1\n", ",1,1,1 \n", 1))
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    ran = pluralign("reproduce", "--out", tmp_path, "--seed", seed)
    assert (ran.status, ran.out, calls) == (2, "", [])
    assert f"holds another study than the one simulated with seed {seed}" in ran.err
    assert ran.err.count("\n") == 1
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_a_folder_that_holds_no_study_is_refused(pluralign, calls, tmp_path):
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "thesis.txt").write_text("years of work")
    ran = pluralign("reproduce", "--out", tmp_path)
    assert (ran.status, ran.out, calls) == (2, "", [])
    assert ran.err.count("\n") == 1
    assert [p.name for p in (tmp_path / "study").iterdir()] == ["thesis.txt"]


def test_a_parameter_that_no_notebook_has_leaves_nothing_behind(pluralign, tmp_path):
    """With the real report, which refuses before any notebook runs."""
    ran = pluralign("reproduce", "--out", tmp_path / "out", "-p", "no_such_parameter=1")
    assert (ran.status, ran.out) == (2, "")
    assert "no_such_parameter" in ran.err
    assert list(tmp_path.iterdir()) == []
