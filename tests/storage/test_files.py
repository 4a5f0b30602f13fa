"""Files and their digests: whole or as they were."""

import hashlib
import json
from pathlib import Path

import pytest

from pluralign_stats.storage import digest
from pluralign_stats.storage.files import read_json, write_json, write_text


def test_files_are_whole_or_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"b": 1})

    def fails(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pluralign_stats.storage.files.os.fsync", fails)
    with pytest.raises(OSError, match="No space"):
        write_text(path, "half")
    assert json.loads(path.read_text()) == {"b": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_kill_has_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / ".a.json.new").write_text("hal")
    write_json(tmp_path / "a.json", {"b": Path("c")})
    assert read_json(tmp_path / "a.json") == {"b": "c"}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("content", ["", "[1]", "{", None])
def test_what_is_no_object_is_empty(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "a.json").write_text(content)
    assert read_json(tmp_path / "a.json") == {}


def test_digests_are_those_of_sha256(tmp_path: Path) -> None:
    known = hashlib.sha256(b"ab").hexdigest()
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    assert digest.digest_bytes(b"ab") == digest.digest_text("ab") == known
    assert digest.digest_parts(iter([b"a", b"b"])) == known
    assert digest.digest_files([tmp_path / "a", tmp_path / "b"]) == known
    assert digest.digest_file(tmp_path / "a") == digest.digest_bytes(b"a")
    assert digest.seed_of("ab", 8) == int.from_bytes(hashlib.sha256(b"ab").digest()[:8])


def test_the_order_of_keys_does_not_count() -> None:
    assert digest.digest_values({"a": 1, "b": [2]}) == digest.digest_values({"b": [2], "a": 1})
    assert digest.digest_values([1, 2]) != digest.digest_values([2, 1])
    assert len(digest.digest_text("\ud800")) == 64
