"""Texts of people, freed of what a tokenizer would read as marks of its own."""

import re
from functools import lru_cache
from typing import Any

#: Tags between which reasoning models think.
OPEN, CLOSE = "<think>", "</think>"

_TAG = re.compile(r"[<\[].+[>\]]")

#: Marks of chats as models spell them: ``<|im_end|>``, ``<start_of_turn>``, ``</s>``, ``[INST]``.
_CHAT = re.compile(
    r"<(?!\s)(?:[|｜][^<>\n]*|[^<>\n]*[|｜])>"
    r"|</?\w+_\w+>|<\[[^<>\n]+\]>|<</?[A-Z]+>>|\[/?[A-Z]+(?:_[A-Z]+)*\]"
    r"|</?(?:s|bos|eos|eod|eoh|eoa|eot|sep|cls|pad|unk|mask|think|thinking|thought|reasoning"
    r"|tools?|image|img|video|audio)>",
)


def plain(tokenizer: Any, text: str) -> str:
    """A text in which no mark is read: ``<|im_end|>`` becomes ``< |im_end|>``.

    A prompt or an answer that spells a mark, such as the end of a turn, would else end its turn,
    begin another one or speak as somebody else.
    """
    marks = _marks(tokenizer, tokenizer.chat_template, len(tokenizer))
    return text if marks is None else _parted(marks, text)


def unmarked(text: str) -> str:
    """A text in which no model's mark is read, for a server whose tokenizer is not known.

    By the forms that marks have; words that have the form, such as ``<s>`` or ``[NAME]``, are
    parted with them.
    """
    return _parted(_CHAT, text)


def _parted(marks: re.Pattern[str], text: str) -> str:
    """A text with a space behind the first character of each mark, until none is left."""
    while marks.search(text):
        text = marks.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)
    return text


@lru_cache(maxsize=32)
def _marks(tokenizer: Any, template: str | None, _: int) -> re.Pattern[str] | None:
    """Special tokens, and others that stand as tags in the chat template.

    White space cannot part a mark that holds some, nor one of a single character.
    """
    known = {
        str(token)
        for token in tokenizer.added_tokens_decoder.values()
        if token.special or (_TAG.fullmatch(str(token)) and str(token) in (template or ""))
    }
    known |= {OPEN, CLOSE} & set(map(str, tokenizer.added_tokens_decoder.values()))
    parted = sorted((m for m in known if re.fullmatch(r"\S{2,}", m)), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, parted))) if parted else None
