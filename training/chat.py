"""Prompts and answers as a model's chat template has them, thinking kept apart from answers."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from training.plain_text import CLOSE, OPEN, plain

#: Stand for a response and a prompt where the text around them is wanted.
_STAND_IN, _ASKED = "Placeholder", "Question"
_EXCHANGE = [{"role": "user", "content": _ASKED}, {"role": "assistant", "content": _STAND_IN}]

#: Characters of a template's text in messages.
_SHOWN = 40
_EMPTY_THINKING = re.compile(rf"{OPEN}\s*{CLOSE}\s*$")
_OPENED = re.compile(rf"{OPEN}\s*$")
_THINKING = re.compile(rf"\s*{OPEN}\s*(?:{CLOSE}\s*)?$")


class Tokens(NamedTuple):
    """A prompt and what answers it, in the model's tokens."""

    prompt: list[int]
    answer: list[int]


def prompt_text(tokenizer: Any, prompt: str, thinking: bool = True) -> str:
    """A user's prompt, up to where what the model says begins.

    White space that the template writes last belongs to the answer if the tokenizer joins it to
    the answer's first word.

    Parameters
    ----------
    thinking
        Whether a reasoning model is to think first. If not, its thinking part is closed without
        content, by the template where it can do so. Of no effect on other models.
    """
    text = _opened(tokenizer, prompt, thinking)
    return text.rstrip() if _seam(tokenizer.chat_template, tokenizer, thinking).cut else text


def _opened(tokenizer: Any, prompt: str, thinking: bool) -> str:
    """A prompt as the template has it, up to where the model's turn or its answer begins."""
    text = _generation_prompt(tokenizer, plain(tokenizer, prompt), thinking)
    if thinking or _EMPTY_THINKING.search(text):
        return text
    return f"{text.rstrip()}\n\n{CLOSE}\n\n" if _OPENED.search(text) else text


def _generation_prompt(tokenizer: Any, prompt: str, thinking: bool) -> str:
    return tokenizer.apply_chat_template(
        [{"role": "user", "content": prompt}],
        tokenize=False,
        add_generation_prompt=True,
        enable_thinking=thinking,
    )


class _Seam(NamedTuple):
    """How a prompt and its answer meet, by the template and the tokenizer.

    Attributes
    ----------
    cut
        Whether white space at the end of the prompt is left to the answer.
    lead
        White space with which an answer begins.
    before, tokens
        A prompt up to the answer, as text and in tokens.
    """

    cut: bool
    lead: str
    before: str
    tokens: list[int]


@lru_cache(maxsize=64)
def _seam(template: str, tokenizer: Any, thinking: bool) -> _Seam:
    text = _opened(tokenizer, _ASKED, thinking)
    written = _written(template, tokenizer)[0]
    gap = written.removeprefix(text) if written.startswith(text) else ""
    lead = "" if gap.strip() else gap  # only thinking can stand there; see `template_fault`
    whole = _tokens(tokenizer, text + lead + _STAND_IN)
    bare = text.rstrip()
    kept, cut = _tokens(tokenizer, text), _tokens(tokenizer, bare)
    if not _begins(whole, kept) and _begins(whole, cut):
        return _Seam(True, text[len(bare) :] + lead, bare, cut)
    return _Seam(False, lead, text, kept)


def _begins(whole: list[int], part: list[int]) -> bool:
    return whole[: len(part)] == part


def prompt_tokens(tokenizer: Any, prompt: str, thinking: bool = True) -> list[int]:
    """Tokens of `prompt_text`."""
    return _tokens(tokenizer, prompt_text(tokenizer, prompt, thinking))


def answer_tokens(tokenizer: Any, response: str) -> list[int]:
    """Tokens of a response and of the end of the model's turn, as they stand behind a prompt.

    With the white space that the template puts before an answer, and none that a tokenizer puts
    before every text.
    """
    template = tokenizer.chat_template
    seam = _seam(template, tokenizer, False)
    text = seam.lead + plain(tokenizer, response.strip()) + _written(template, tokenizer)[1]
    whole = _tokens(tokenizer, seam.before + text)
    if _begins(whole, seam.tokens):
        return whole[len(seam.tokens) :]
    # One token reaches from the prompt into this answer, and the prompt comes first.
    return _tokens(tokenizer, text)


def exchange_tokens(tokenizer: Any, prompt: str, response: str) -> Tokens:
    """A prompt and a response written by someone, without any thinking in between."""
    return Tokens(
        prompt_tokens(tokenizer, prompt, thinking=False), answer_tokens(tokenizer, response)
    )


def _tokens(tokenizer: Any, text: str) -> list[int]:
    """Templates write special tokens as text, so none is added."""
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def turn_end(tokenizer: Any) -> str:
    """What the template writes behind a response, less white space: the end of a turn."""
    return _written(tokenizer.chat_template, tokenizer)[1].strip()


@lru_cache(maxsize=32)
def _written(template: str, tokenizer: Any) -> tuple[str, str]:
    """What the template writes before a response, and behind it up to the end of the turn."""
    text = tokenizer.apply_chat_template(_EXCHANGE, tokenize=False)
    before, _, behind = text.rpartition(_STAND_IN)
    return before, behind.rstrip() or tokenizer.eos_token


def _goes_on(tokenizer: Any) -> str:
    """What the template writes behind a response that is not the last message."""
    text = tokenizer.apply_chat_template([*_EXCHANGE, _EXCHANGE[0]], tokenize=False)
    return text.rpartition(_STAND_IN)[2]


def template_fault(tokenizer: Any) -> str:
    """Why training and generation would see different texts around an answer; empty if they do not.

    Of a template that knows of thinking, what stands between prompt and answer is compared without
    it, since such templates write thinking, and words that switch it off, where they ask only.
    """
    asked = _opened(tokenizer, _ASKED, thinking=False)
    before, behind = _written(tokenizer.chat_template, tokenizer)
    if _ASKED not in asked or _ASKED not in before:
        return "it leaves out or changes the question or the answer"
    if is_reasoning(tokenizer):
        ends = [_THINKING.sub("", text.rpartition(_ASKED)[2]).rstrip() for text in (asked, before)]
        meets = ends[0].endswith(ends[1])
    else:
        meets = before.startswith(asked) and not before.removeprefix(asked).strip()
    if not meets:
        return (
            f"it asks for an answer behind {asked[-_SHOWN:]!r} but writes one behind "
            f"{before[-_SHOWN:]!r}"
        )
    asks = asked.rpartition(_ASKED)[2].strip()
    if asks and behind.endswith(asks) and not _goes_on(tokenizer).startswith(behind):
        return f"it writes {behind[-_SHOWN:]!r} behind an answer, which asks for another one"
    return ""


def is_reasoning(tokenizer: Any) -> bool:
    """Whether the template knows of thinking: it opens it, or can be told to leave it out."""
    thinking, silent = (_generation_prompt(tokenizer, _ASKED, on) for on in (True, False))
    return thinking != silent or bool(_OPENED.search(thinking))


def opens_thinking(tokenizer: Any) -> bool:
    """Whether the model's turn begins inside its thinking, whose opening it does not repeat."""
    return bool(_OPENED.search(_generation_prompt(tokenizer, _ASKED, True)))


def split_thinking(text: str, tokenizer: Any = None) -> tuple[str | None, str]:
    """Take a generated text apart into thinking and answer.

    Parameters
    ----------
    text
        What the model wrote in its turn, thinking included, ends of turns left out.
    tokenizer
        Of the model; tells whether the turn began inside the thinking.

    Returns
    -------
    thinking : str or None
        None if there is none.
    answer : str
        Empty if the thinking never ended.
    """
    before, close, after = text.rpartition(CLOSE)
    if close:
        return before.strip().removeprefix(OPEN).strip(), after.strip()
    opened = text.lstrip().startswith(OPEN)
    if opened or (tokenizer is not None and opens_thinking(tokenizer)):
        return text.strip().removeprefix(OPEN).strip(), ""
    return None, text.strip()


@dataclass(frozen=True)
class Turn:
    """What a model said in its turn.

    Attributes
    ----------
    tokens
        All of it, without the token that ended it.
    start
        Index of the first token of the answer; the number of tokens if there is no answer.
    thinking
        None if there is none.
    response
        The answer, without thinking; empty if the thinking did not end.
    finished
        Whether thinking and turn came to an end.
    """

    tokens: tuple[int, ...]
    start: int
    thinking: str | None
    response: str
    finished: bool


def read_turn(
    tokenizer: Any, tokens: Sequence[int], ends: Collection[int], thinking: bool = True
) -> Turn:
    """Read one turn; special tokens inside it stay visible, for they are part of what was said.

    Parameters
    ----------
    tokens
        What was generated; what follows the end is padding.
    ends
        Tokens that end a turn.
    thinking
        Whether the model was asked to think; if not, its turn began with the answer.
    """
    stop = next((i for i, token in enumerate(tokens) if token in ends), None)
    said = tuple(tokens[:stop])
    text = tokenizer.decode(said, skip_special_tokens=False)
    thought, answer = split_thinking(text, tokenizer if thinking else None)
    unended = thought is not None and CLOSE not in text
    start = len(said) if not answer else 0
    if answer and thought is not None:
        start = _first_token(tokenizer, said, text.rindex(answer))
    return Turn(said, start, thought, answer, stop is not None and not unended)


def _first_token(tokenizer: Any, tokens: tuple[int, ...], place: int) -> int:
    """Index of the token in which the character at `place` of the decoded text stands."""
    low, high = 0, len(tokens)
    while low < high:
        middle = (low + high) // 2
        if len(tokenizer.decode(tokens[: middle + 1], skip_special_tokens=False)) > place:
            high = middle
        else:
            low = middle + 1
    return low


def end_tokens(tokenizer: Any) -> list[int]:
    """Tokens that end a turn: the template's own and the end of text."""
    own = _tokens(tokenizer, turn_end(tokenizer))
    found = [own[0] if own else None, tokenizer.eos_token_id]
    return sorted({token for token in found if token is not None})


def all_ends(tokenizer: Any, named: int | list[int] | None) -> tuple[int, ...]:
    """Tokens that end a turn: those of the template, and those that the model itself names."""
    own = named if isinstance(named, list) else [named]
    return tuple(sorted({*end_tokens(tokenizer), *(t for t in own if t is not None)}))
