"""The cache of paid replies: kills, torn lines, several processes, a full disk."""

import errno
import multiprocessing
import os
from pathlib import Path

import pytest

from pluralign_stats import PluralignError
from training.judges.cache import ReplyCache, key_of


def test_what_is_kept_is_found_again(tmp_path):
    path = tmp_path / "new" / "replies.jsonl"
    cache = ReplyCache(path)
    assert cache.get("a") is None
    cache.add("a", {"reply": "ü \u2028 \ud800 \r\n", "tokens": 7})
    for seen in (cache, ReplyCache(path)):
        assert seen.get("a")["reply"] == "ü \u2028 \ud800 \r\n"
        assert (seen.calls, seen.tokens, seen.unread) == (1, 7, 0)


@pytest.mark.parametrize("kept", [1, 10, -2])
def test_a_torn_last_line_is_passed_over(tmp_path, kept):
    path = tmp_path / "replies.jsonl"
    ReplyCache(path).add("a", {"reply": "1"})
    whole = path.stat().st_size
    ReplyCache(path).add("b", {"reply": "2"})
    content = path.read_bytes()
    path.write_bytes(content[: whole + kept] if kept > 0 else content[:kept])
    again = ReplyCache(path)
    assert again.get("a")
    assert again.get("b") is None
    again.add("b", {"reply": "3"})
    last = ReplyCache(path)
    assert (last.get("a")["reply"], last.get("b")["reply"]) == ("1", "3")
    assert last.unread == 1


def _write(path: Path, first: int, n: int) -> None:
    cache = ReplyCache(path)
    for k in range(first, first + n):
        cache.add(str(k), {"reply": "x" * 3000, "tokens": 1})


def test_two_processes_write_one_file(tmp_path):
    path = tmp_path / "replies.jsonl"
    seen = ReplyCache(path)
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=_write, args=(path, 100 * k, 60)) for k in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
        assert process.exitcode == 0
    found = ReplyCache(path)
    assert (found.calls, found.tokens, found.unread) == (120, 120, 0)
    assert seen.get("159"), "what others wrote is seen"


def test_a_full_disk_is_one_line_and_tears_nothing(tmp_path, monkeypatch):
    path = tmp_path / "replies.jsonl"
    cache = ReplyCache(path)
    cache.add("a", {"reply": "1"})

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PluralignError, match=r"No space left on device.*goes on from here"):
        cache.add("b", {"reply": "2"})
    monkeypatch.undo()
    cache.add("c", {"reply": "3"})
    again = ReplyCache(path)
    assert again.get("a")
    assert again.get("c")


@pytest.mark.parametrize(
    "line",
    [
        "[1]",
        "null",
        '{"tokens": 1}',
        '{"key": "b", "tokens": "x"}',
        '{"key": "b", "tokens": Infinity}',
        "[" * 100_000,
        "\0" * 20,
    ],
)
def test_lines_that_are_no_entries_are_passed_over(tmp_path, line):
    path = tmp_path / "replies.jsonl"
    ReplyCache(path).add("a", {"reply": "1", "tokens": 3})
    with path.open("a") as file:
        file.write(f"{line}\n")
    ReplyCache(path).add("c", {"reply": "2", "tokens": 4})
    found = ReplyCache(path)
    assert (found.calls, found.tokens, found.unread) == (2, 7, 1)
    assert found.get("b") is None


def test_a_place_where_nothing_can_be_kept_is_known_before_the_first_call(tmp_path):
    cache = ReplyCache(tmp_path / "later" / "replies.jsonl")
    (tmp_path / "later").write_text("a file where the folder should be")
    with pytest.raises(PluralignError, match=r"no reply can be kept .* another file with --cache"):
        cache.prepare()


def test_keys_tell_questions_apart():
    parts = {"model": "m", "messages": [{"role": "user", "content": "x"}], "repeat": 0}
    assert key_of(**parts) == key_of(**dict(reversed(parts.items())))
    others = [{"model": "n"}, {"repeat": 1}, {"messages": [{"role": "user", "content": "y"}]}]
    assert len({key_of(**{**parts, **other}) for other in others} | {key_of(**parts)}) == 4
