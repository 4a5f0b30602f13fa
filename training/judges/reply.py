"""Reads the scores out of a judge's reply, strictly."""

import json
import re
from typing import Any

from pluralign_stats.study.text import nfc
from training.judges.rubric import Item, Rubric

_THOUGHT = re.compile(r"^.*</think>", re.DOTALL)
_FENCE = re.compile(r"^```(?:json)?\s*\n(.*)\n\s*```$", re.DOTALL)


class UnusableReplyError(Exception):
    """A reply without scores; its text is the reason, in words that can be counted."""


def read_reply(text: str, rubric: Rubric) -> dict[str, float]:
    """Read one score for each dimension of the rubric.

    What a reasoning model thought before its reply and one fence of Markdown around it are taken
    off; what is left must be one JSON object with exactly the rubric's keys, each with a
    number of its scale.

    Raises
    ------
    UnusableReplyError
        If it is anything else.
    """
    content = _THOUGHT.sub("", text).strip()
    fenced = _FENCE.match(content)
    scores = _parse(fenced[1] if fenced else content)
    if not isinstance(scores, dict):
        raise UnusableReplyError("the reply is no JSON object")
    missing = [name for name in rubric.items if name not in scores]
    if missing:
        raise UnusableReplyError(f"the reply lacks the key '{missing[0]}'")
    if len(scores) > len(rubric.items):
        raise UnusableReplyError("the reply has keys that were not asked for")
    return {name: _score(name, scores[name], item) for name, item in rubric.items.items()}


def _parse(content: str) -> Any:
    if not content:
        raise UnusableReplyError("the reply is empty")
    try:
        return json.loads(content, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        cut = content.startswith("{") and not content.endswith("}")
        reason = "the reply breaks off inside its JSON" if cut else "the reply is not JSON"
        raise UnusableReplyError(reason) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = {nfc(key): value for key, value in pairs}
    if len(content) < len(pairs):
        raise UnusableReplyError("the reply gives a key twice")
    return content


def _score(name: str, value: Any, item: Item) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnusableReplyError(f"the score of '{name}' is no number")
    if not item.holds(value):
        raise UnusableReplyError(f"the score of '{name}' is none of {item.allowed}")
    return float(value)
