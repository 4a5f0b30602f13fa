"""What is kept as it comes: kills, torn lines, several processes, a full disk."""

import errno
import multiprocessing
import os
from pathlib import Path

import pytest

from pluralign_stats import InputError, PluralignError
from pluralign_stats.storage.store import Store


def opened(path: Path | None) -> Store:
    return Store(path, "thing")


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "things.jsonl"
    store = opened(path)
    assert store.get("a") is None
    store.add({"a": {"text": "ü \u2028 \ud800 \r\n"}, "b": {"number": 0.1 + 0.2}})
    for seen in (store, opened(path)):
        assert seen.get("a") == {"text": "ü \u2028 \ud800 \r\n"}
        assert seen.get("b") == {"number": 0.1 + 0.2}
        assert (len(seen.entries), seen.unread) == (2, 0)


def test_without_a_file_it_is_kept_in_memory(tmp_path: Path) -> None:
    store = opened(None)
    store.prepare()
    store.add({"a": {"n": 1}})
    assert store.entries == {"a": {"n": 1}}


@pytest.mark.parametrize("kept", [1, 10, -2])
def test_a_torn_last_line_is_passed_over(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "things.jsonl"
    opened(path).add({"a": {"text": "1"}})
    whole = path.stat().st_size
    opened(path).add({"b": {"text": "2"}})
    content = path.read_bytes()
    path.write_bytes(content[: whole + kept] if kept > 0 else content[:kept])
    again = opened(path)
    assert list(again.entries) == ["a"]
    again.add({"b": {"text": "3"}})
    last = opened(path)
    assert last.entries == {"a": {"text": "1"}, "b": {"text": "3"}}
    assert last.unread == 1


def _write(path: Path, first: int, n: int) -> None:
    store = opened(path)
    for k in range(first, first + n):
        store.add({str(k): {"text": "x" * 3000}})


def test_two_processes_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "things.jsonl"
    seen = opened(path)
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=_write, args=(path, 100 * k, 60)) for k in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
        assert process.exitcode == 0
    found = opened(path)
    assert (len(found.entries), found.unread) == (120, 0)
    assert seen.get("159"), "what others wrote is seen"


def test_a_full_disk_is_one_line_and_tears_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "things.jsonl"
    store = opened(path)
    store.add({"a": {"text": "1"}})

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PluralignError, match=r"No space left on device.*goes on from here"):
        store.add({"b": {"text": "2"}})
    monkeypatch.undo()
    store.add({"c": {"text": "3"}})
    assert {"a", "c"} <= opened(path).entries.keys()


@pytest.mark.parametrize("line", ["[1]", "null", '{"text": 1}', "[" * 100_000, "\0" * 20])
def test_lines_that_are_no_entries_are_passed_over(tmp_path: Path, line: str) -> None:
    path = tmp_path / "things.jsonl"
    opened(path).add({"a": {"text": "1"}})
    with path.open("a") as file:
        file.write(f"{line}\n")
    opened(path).add({"c": {"text": "2"}})
    found = opened(path)
    assert list(found.entries) == ["a", "c"]
    assert found.unread == 1


def test_a_place_that_cannot_be_used_is_known_before_anything_is_paid(tmp_path: Path) -> None:
    store = opened(tmp_path / "later" / "things.jsonl")
    (tmp_path / "later").write_text("a file where the folder should be")
    with pytest.raises(PluralignError, match=r"no thing can be kept .* choose another folder"):
        store.prepare()
    with pytest.raises(InputError, match="no thing can be read"):
        opened(tmp_path / "later" / "things.jsonl")
