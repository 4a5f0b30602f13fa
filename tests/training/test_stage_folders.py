"""Folders of a stage: never complete before they are, and found again after a kill."""

import json
import shutil

import pytest

from pluralign_stats import InputError
from pluralign_stats.errors import PluralignError
from training.folders import (
    MARK,
    complete,
    is_complete,
    only_one,
    read_mark,
    remove_whole,
    was_held,
    work_folder,
    write_json,
    write_whole,
)


def test_a_folder_has_its_name_only_when_complete(tmp_path):
    folder = tmp_path / "run"
    working = work_folder(folder)
    (working / "part").mkdir()
    (working / "part" / "data.txt").write_text("x")
    assert not folder.exists()
    assert not is_complete(folder)
    assert work_folder(folder) == working
    assert (working / "part" / "data.txt").exists()
    complete(working, folder, {"seed": 1})
    assert not working.exists()
    assert is_complete(folder)
    record = read_mark(folder)
    assert record["seed"] == 1
    assert set(record["files"]) == {"part/data.txt"}


def test_a_folder_that_is_removed_is_whole_or_gone(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    complete(work_folder(folder), folder, {})

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            remove_whole(folder)
    assert is_complete(folder)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda path, **told: None if told else killed())
        with pytest.raises(KeyboardInterrupt):
            remove_whole(folder)
    assert not folder.exists()
    complete(work_folder(folder), folder, {})
    remove_whole(folder)
    assert not list(tmp_path.iterdir())


def test_who_looks_whether_a_folder_is_held_does_not_hold_it(tmp_path):
    folder = tmp_path / "run"
    assert was_held(folder) is None
    assert not list(tmp_path.iterdir())
    with only_one(folder):
        assert was_held(folder) is True
    assert was_held(folder) is False
    with only_one(folder):
        pass


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    told = pytest.raises(InputError, match=r"nothing can be written to .*choose another folder")
    with told, only_one(tmp_path / "file" / "run"):
        pass


def test_a_changed_or_missing_file_is_told(tmp_path):
    folder = tmp_path / "run"
    working = work_folder(folder)
    (working / "data.txt").write_text("x")
    complete(working, folder, {})
    (folder / "data.txt").write_text("y")
    with pytest.raises(InputError, match=r"data.txt is missing or was changed"):
        read_mark(folder)
    (folder / "data.txt").unlink()
    assert not is_complete(folder)
    (folder / MARK).write_text("{")
    with pytest.raises(InputError, match="not a complete folder"):
        read_mark(folder)


def test_a_name_that_is_taken_stays_as_it_is(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "mine.txt").write_text("x")
    working = work_folder(folder)
    with pytest.raises(PluralignError, match="could not be completed"):
        complete(working, folder, {})
    assert (folder / "mine.txt").read_text() == "x"


def test_only_one_process_may_write(tmp_path):
    with (
        only_one(tmp_path / "run"),
        pytest.raises(InputError, match="another run is writing"),
        only_one(tmp_path / "run"),
    ):
        pass
    with only_one(tmp_path / "run"):
        pass


def test_a_place_that_cannot_be_written_to_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="choose another folder"):
        work_folder(tmp_path / "file" / "run")


def test_files_are_whole_or_absent(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    write_json(path, {"b": 1})

    def fails(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("training.folders.os.fsync", fails)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, "half")
    assert json.loads(path.read_text()) == {"b": 1}
