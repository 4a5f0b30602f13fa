"""The cache of paid replies."""

import json
from pathlib import Path
from typing import Any

from pluralign_stats.storage.digest import digest_text
from pluralign_stats.storage.store import Store


def key_of(**parts: Any) -> str:
    """Digest of everything that decides a reply: equal for equal questions."""
    return digest_text(json.dumps(parts, sort_keys=True, separators=(",", ":")))


class ReplyCache(Store):
    """Replies by key, with what they cost.

    Attributes
    ----------
    calls, tokens
        How many entries the file holds and how many tokens they took, whoever asked for them.
    last
        The entry that was written last.
    """

    def __init__(self, path: Path) -> None:
        self.calls = 0
        self.tokens = 0
        self.last: dict[str, Any] = {}
        super().__init__(path, "reply", "name another file with --cache")

    def accept(self, entry: dict[str, Any]) -> None:
        """Count an entry, and take it if it is the first of its key."""
        tokens = int(entry.get("tokens") or 0)
        super().accept(entry)
        self.calls += 1
        self.tokens += tokens
        self.last = entry
