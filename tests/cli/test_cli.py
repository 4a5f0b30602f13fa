import re
import subprocess
import sys

import pytest

from pluralign_stats.cli import COMMANDS


def test_help_lists_every_command(pluralign):
    for flag in ("--help", "-h"):
        ran = pluralign(flag)
        assert (ran.status, ran.err) == (0, "")
        for name, told in COMMANDS.items():
            assert f"  {name}" in ran.out
            assert told.split(",")[0] in ran.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, pluralign):
    ran = pluralign(command, "--help")
    assert (ran.status, ran.err) == (0, "")
    assert re.match(rf"Usage: .* ?{command} \[OPTIONS\]", ran.out)
    assert len(ran.out) > 200


def test_examples_in_the_help_stand_on_lines_of_their_own(pluralign):
    ran = pluralign("report", "--help")
    assert "\n  Examples:\n    pluralign report study.yaml --out report\n" in ran.out
    assert "\\b" not in ran.out


def test_without_a_command_there_is_help_and_status_2(pluralign):
    ran = pluralign()
    assert ran.status == 2
    assert (ran.out + ran.err).startswith("Usage: ")
    assert "simulate" in ran.out + ran.err


def test_the_version(pluralign):
    ran = pluralign("--version")
    assert ran.status == 0
    assert ran.out.startswith("pluralign, version ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["chek"], "'chek'; did you mean 'check'?"),
        (["check", "x.yaml", "--jsn"], "No such option '--jsn'. Did you mean '--json'?"),
        (["--verbose"], "No such option '--verbose'"),
        (["check"], "Missing argument 'STUDY'"),
        (["simulate"], "Missing option '--out'"),
        (["simulate", "--out"], "Option '--out' requires an argument"),
        (["simulate", "--out", "x", "--seed", "one"], "'--seed': 'one' is not a valid integer"),
        (["simulate", "--out", "x", "--reading", "median"], "'--reading': 'median' is not one of"),
        (["simulate", "--out", "x", "--seed", "-1"], "seed must be at least 0, not -1"),
        (["simulate", "--out", "x", "--raters", "5"], "n_raters must be at least 20, not 5"),
        (["simulate", "--out", "x", "--missing", "2"], "missing must be a number between 0 and"),
        (["report", "x.yaml", "--out", "x", "-p", "seed"], "NAME=VALUE, not 'seed'"),
        (["report", "x.yaml", "--out", "x", "-p", "a=1", "-p", "a=2"], "'a' is given twice"),
        (["check", "absent.yaml"], "absent.yaml: no such file"),
        (["check", "absent"], "'community_alignment', 'csc'"),
        (["check", "trustamas", "--data", "absent"], "absent: no such folder"),
        (["reproduce", "--out", "x", "-p", "seed"], "NAME=VALUE"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(words, message, pluralign, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = pluralign(*words)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.count("\n") == 1
    assert ran.err.startswith("pluralign: ")
    assert message in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_fault_of_pluralign_is_one_line_too(pluralign, monkeypatch, tmp_path):
    def fail(*_):
        raise ZeroDivisionError("two\nlines")

    monkeypatch.delenv("PLURALIGN_DEBUG", raising=False)
    monkeypatch.setattr("pluralign_stats.study.read.read_study", fail)
    (tmp_path / "study.yaml").write_text("name: x\nfiles: {ratings: r.csv}\n")
    ran = pluralign("check", tmp_path / "study.yaml")
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "unexpected ZeroDivisionError: two lines" in ran.err
    assert "PLURALIGN_DEBUG=1" in ran.err


def _interrupt(*_):
    raise KeyboardInterrupt


def _interrupt_twice(*_):
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        raise RuntimeError("what a second one left half done") from None


@pytest.mark.parametrize("interrupt", [_interrupt, _interrupt_twice])
def test_an_interruption_ends_with_the_shells_status(interrupt, pluralign, monkeypatch, tmp_path):
    monkeypatch.setattr("pluralign_stats.study.read.read_study", interrupt)
    (tmp_path / "study.yaml").write_text("name: x\nfiles: {ratings: r.csv}\n")
    ran = pluralign("check", tmp_path / "study.yaml")
    assert (ran.status, ran.out) == (130, "")
    assert ran.err.strip() == "pluralign: interrupted; nothing was written"


@pytest.mark.parametrize("how", ["exec('raise KeyboardInterrupt')", "cli_error()"])
def test_the_status_is_the_same_where_it_strikes_in_a_string_that_python_runs(how, tmp_path):
    (tmp_path / "interrupted.py").write_text(
        "from pluralign_stats import cli\n"
        "def cli_error():\n"
        "    try:\n"
        "        exec('raise KeyboardInterrupt')\n"
        "    except KeyboardInterrupt:\n"
        "        raise SystemExit(130)\n"
        f"cli._run = lambda: {how}\n"
        "cli.main()\n"
    )
    command = [sys.executable, "-m", "interrupted"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert ran.returncode == 130


def test_help_does_not_load_the_heavy_parts():
    code = (
        "import sys; from pluralign_stats.cli import cli; cli(['--help'], standalone_mode=False);"
        "print([m for m in ('pandas', 'matplotlib', 'torch', 'statsmodels') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("words", [("report", "--list"), ("train", "embedded", "--json")])
def test_modules_in_the_working_folder_are_none_of_ours(words, tmp_path):
    for name in ("training", "reports"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a file of the user')\n")
    command = [sys.executable, "-m", "pluralign_stats", *words]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "a file of the user" not in ran.stdout + ran.stderr
    assert ran.returncode == (0 if words[0] == "report" else 2)
