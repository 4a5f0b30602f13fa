"""Folders of a stage: never complete before they are, and found again after a kill."""

import shutil

import pytest

from pluralign_stats import InputError
from pluralign_stats.errors import PluralignError
from pluralign_stats.storage.folders import (
    MARK,
    commit,
    is_complete,
    read_mark,
    remove_folder,
    staging_folder,
)


def test_a_folder_has_its_name_only_when_complete(tmp_path):
    folder = tmp_path / "run"
    working = staging_folder(folder)
    (working / "part").mkdir()
    (working / "part" / "data.txt").write_text("x")
    assert not folder.exists()
    assert not is_complete(folder)
    assert staging_folder(folder) == working
    assert (working / "part" / "data.txt").exists()
    commit(working, folder, {"seed": 1})
    assert not working.exists()
    assert is_complete(folder)
    record = read_mark(folder)
    assert record["seed"] == 1
    assert set(record["files"]) == {"part/data.txt"}


def test_a_folder_that_is_removed_is_whole_or_gone(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    commit(staging_folder(folder), folder, {})

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            remove_folder(folder)
    assert is_complete(folder)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda path, **told: None if told else killed())
        with pytest.raises(KeyboardInterrupt):
            remove_folder(folder)
    assert not folder.exists()
    commit(staging_folder(folder), folder, {})
    remove_folder(folder)
    assert not list(tmp_path.iterdir())


def test_a_changed_or_missing_file_is_told(tmp_path):
    folder = tmp_path / "run"
    working = staging_folder(folder)
    (working / "data.txt").write_text("x")
    commit(working, folder, {})
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
    working = staging_folder(folder)
    with pytest.raises(PluralignError, match="could not be completed"):
        commit(working, folder, {})
    assert (folder / "mine.txt").read_text() == "x"


def test_a_place_that_cannot_be_written_to_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="choose another folder"):
        staging_folder(tmp_path / "file" / "run")
