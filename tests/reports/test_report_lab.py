"""The working copy of the notebooks, and JupyterLab on it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from pluralign_stats.cli import main
from pluralign_stats.errors import InputError, MissingExtraError
from reports import lab, open_lab, prepare_lab
from reports.notebook import read_notebook
from tests.conftest import Toy
from tests.reports.conftest import Maker

pytestmark = pytest.mark.extended


@pytest.fixture
def shipped(notebook: Maker, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    files = [notebook("01_first", "x = 1"), notebook("02_second")]
    monkeypatch.setattr(lab, "shipped_notebooks", lambda: files)
    return files


def test_copies_read_the_study_and_keep_what_the_user_changed(
    shipped: list[Path], study_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "lab"
    assert prepare_lab(target, study_file, study_file.parent) == target
    copy = read_notebook(target / "01_first.ipynb")
    assert copy.parameters["study_file"].default == str(study_file)
    assert copy.parameters["data_folder"].default == str(study_file.parent)
    assert "# the codebook" in copy.node.cells[1].source
    assert capsys.readouterr().err == ""

    copy.node.cells[2].source = "mine = 1"
    nbformat.write(copy.node, target / "01_first.ipynb")
    prepare_lab(target, None, None)
    assert "01_first.ipynb" in (told := capsys.readouterr().err)
    assert "02_second.ipynb" not in told
    assert "mine = 1" in (target / "01_first.ipynb").read_text()
    assert (
        read_notebook(target / "02_second.ipynb").parameters["study_file"].default == "study.yaml"
    )


def test_files_not_copied_by_us_are_left(
    shipped: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".pluralign-lab.json").write_text("no json")
    (tmp_path / "01_first.ipynb").write_text("theirs")
    prepare_lab(tmp_path, None, None)
    assert (tmp_path / "01_first.ipynb").read_text() == "theirs"
    assert "01_first.ipynb" in capsys.readouterr().err


def test_a_target_that_cannot_be_written_is_refused(shipped: list[Path], study_file: Path) -> None:
    with pytest.raises(InputError, match="cannot be copied"):
        prepare_lab(study_file / "lab", None, None)


@pytest.mark.parametrize("user", [0, 1000])
def test_lab_runs_this_interpreter_and_hands_on_its_status(
    user: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    real = subprocess.Popen

    def fake(command: list[str], env: dict[str, str]) -> "subprocess.Popen[bytes]":
        commands.append(command)
        assert Path(env["JUPYTER_CONFIG_PATH"], "labconfig").is_dir()
        interrupt = f"os.kill({os.getpid()}, signal.SIGINT); time.sleep(0.3)"
        program = f"import os, signal, time; {interrupt}; os._exit(3)"
        return real([sys.executable, "-c", program])

    monkeypatch.setattr(lab.subprocess, "Popen", fake)
    monkeypatch.delenv("JUPYTER_CONFIG_PATH", raising=False)
    monkeypatch.setattr(lab.os, "geteuid", lambda: user)
    for name in ("02_second.ipynb", "01_the first.ipynb"):
        (tmp_path / name).touch()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert open_lab(tmp_path, browser=False, port=8899) == 3
    finally:
        signal.signal(signal.SIGINT, before)
    assert commands[0][1:] == [
        "-P", "-m", "jupyterlab", f"--ServerApp.root_dir={tmp_path}",
        "--LabApp.default_url=/lab/tree/01_the%20first.ipynb", "--no-browser",
        *(["--allow-root"] if user == 0 else []), "--ServerApp.port=8899",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("codebook", "malformed YAML"),
        ("data", "ratings.csv"),
        ("folder", "no such folder"),
        ("all", "no such file"),
    ],
)
def test_a_study_that_cannot_be_read_ends_it_before_jupyterlab_starts(
    broken: str,
    told: str,
    toy: Toy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["pluralign", "lab", str(toy.write()), "--folder", "work"]
    if broken == "codebook":
        toy.write({"study.yaml": "name: ["})
    elif broken == "data":
        (toy.folder / "ratings.csv").unlink()
    elif broken == "folder":
        words += ["--data", "moved"]
    else:
        toy.folder.rename(tmp_path / "moved")
    monkeypatch.setattr(sys, "argv", words)
    monkeypatch.setattr(lab.subprocess, "Popen", lambda *_: pytest.fail("JupyterLab started"))
    with pytest.raises(SystemExit) as ended:
        main()
    error = capsys.readouterr().err
    assert ended.value.code == 2
    assert error.count("\n") == 1
    assert told in error
    assert not Path("work").exists()


def test_a_missing_jupyterlab_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pluralign\[report\]"):
        open_lab(tmp_path, browser=True, port=None)


def test_lab_waits_for_a_kernel_that_is_slow_to_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jupyter_server.serverapp import ServerApp

    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(lab._DEFAULTS))
    server = ServerApp()
    server.load_config_file()
    assert server.config.MappingKernelManager.kernel_info_timeout >= 24 * 3600
