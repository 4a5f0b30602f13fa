"""Texts of people, freed of what a tokenizer would read as marks of its own."""

import re
from functools import lru_cache
from typing import Any

#: Tags between which reasoning models think.
OPEN, CLOSE = "<think>", "</think>"

_TAG = re.compile(r"[<\[].+[>\]]")


def plain(tokenizer: Any, text: str) -> str:
    """A text in which no mark is read: ``<|im_end|>`` becomes ``< |im_end|>``.

    A prompt or an answer that spells a mark, such as the end of a turn, would else end its turn,
    begin another one or speak as somebody else.

    Parameters
    ----------
    tokenizer
        Of the model that reads the text.
    text
        Of a person or a model.
    """
    marks = _marks(tokenizer, tokenizer.chat_template, len(tokenizer))
    while marks is not None and marks.search(text):
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
