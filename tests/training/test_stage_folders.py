"""Folders of a stage: never complete before they are, and found again after a kill."""

import fcntl
import json
import shutil
import threading
from contextlib import contextmanager

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
from training.part import Part


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


@contextmanager
def looked_at(folder, seconds):
    """Hold the lock as one does who looks, and is stopped while doing so."""
    with only_one(folder):
        pass
    with (folder.parent / f".{folder.name}.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        late = threading.Timer(seconds, fcntl.flock, (lock, fcntl.LOCK_UN))
        late.start()
        yield
        late.join()


def test_one_who_looks_and_is_stopped_is_waited_for(tmp_path):
    folder = tmp_path / "run"
    with looked_at(folder, 0.6), only_one(folder):
        assert was_held(folder) is True
    with only_one(folder, Part(1, 3)):
        pass
    # What an earlier run has left in the lock says nothing.
    with looked_at(folder, 0.6), only_one(folder, Part(1, 2)), only_one(folder, Part(2, 2)):
        pass


def test_parts_that_begin_together_do_not_refuse_each_other(tmp_path):
    folder = tmp_path / "run"
    with only_one(folder, Part(1, 2)):
        pass
    # The second begins while the first holds the lock alone, to write how many they are.
    with (
        (tmp_path / ".run.part-1-of-2.lock").open() as own,
        (tmp_path / ".run.lock").open() as lock,
    ):
        fcntl.flock(own, fcntl.LOCK_EX)
        fcntl.flock(lock, fcntl.LOCK_EX)
        late = threading.Timer(0.6, fcntl.flock, (lock, fcntl.LOCK_SH))
        late.start()
        with only_one(folder, Part(2, 2)):
            late.join()
            with pytest.raises(InputError, match="another run"), only_one(folder):
                pass
            with pytest.raises(InputError, match="another run"), only_one(folder, Part(3, 3)):
                pass
    with only_one(folder), only_one(tmp_path / "run.part-1-of-2"):
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
