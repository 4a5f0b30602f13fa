"""What several workers need is made by one of them."""

from types import SimpleNamespace

import pytest

from tests.once import kept, once


def worker(folder):
    """What pytest tells a worker of its temporary folders."""
    folder.mkdir(exist_ok=True)
    return SimpleNamespace(getbasetemp=lambda: folder)


def test_workers_share_what_the_first_made(tmp_path):
    made = []

    def make():
        made.append(1)
        return {"fit": 1.5}

    first, second = (kept(worker(tmp_path / f"popen-gw{k}"), "fit", make) for k in (0, 1))
    assert first == second == {"fit": 1.5}
    assert first is not second
    assert len(made) == 1


def test_what_was_not_finished_is_made_anew(tmp_path):
    def fail(folder):
        (folder / "half").touch()
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        once(worker(tmp_path), "report", fail)
    folder = once(worker(tmp_path), "report", lambda new: (new / "whole").touch())
    assert {path.name for path in folder.iterdir()} == {"whole", "made"}
