"""The cache of paid replies: what was paid, and what tells questions apart."""

from pathlib import Path

import pytest

from pluralign_stats import PluralignError
from training.judges.cache import ReplyCache, key_of


def test_what_was_paid_is_counted_whoever_paid(tmp_path: Path) -> None:
    path = tmp_path / "replies.jsonl"
    cache = ReplyCache(path)
    cache.add({"a": {"reply": "1", "tokens": 7}})
    cache.add({"a": {"reply": "2", "tokens": 4}, "b": {"reply": "3"}})
    for seen in (cache, ReplyCache(path)):
        assert (seen.calls, seen.tokens, seen.unread) == (3, 11, 0)
        assert seen.get("a") == {"reply": "1", "tokens": 7}
        assert seen.last == {"reply": "3"}


@pytest.mark.parametrize("tokens", ['"x"', "Infinity"])
def test_lines_that_are_no_replies_are_passed_over(tmp_path: Path, tokens: str) -> None:
    path = tmp_path / "replies.jsonl"
    ReplyCache(path).add({"a": {"reply": "1", "tokens": 3}})
    with path.open("a") as file:
        file.write(f'{{"key": "b", "tokens": {tokens}}}\n')
    found = ReplyCache(path)
    assert (found.calls, found.tokens, found.unread) == (1, 3, 1)
    assert found.get("b") is None


def test_a_place_where_nothing_can_be_kept_is_known_before_the_first_call(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path / "later" / "replies.jsonl")
    (tmp_path / "later").write_text("a file where the folder should be")
    with pytest.raises(PluralignError, match=r"no reply can be kept .* another file with --cache"):
        cache.prepare()


def test_keys_tell_questions_apart() -> None:
    parts = {"model": "m", "messages": [{"role": "user", "content": "x"}], "repeat": 0}
    assert key_of(**parts) == key_of(**dict(reversed(parts.items())))
    others = [{"model": "n"}, {"repeat": 1}, {"messages": [{"role": "user", "content": "y"}]}]
    assert len({key_of(**{**parts, **other}) for other in others} | {key_of(**parts)}) == 4
