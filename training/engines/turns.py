"""From the tokens of a model's turn to thinking, answer, and where the answer stands."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pluralign_stats.errors import InputError
from training.chat import CLOSE, end_tokens, split_thinking

#: Longest answer where none is asked for.
MOST_TOKENS = 512


@dataclass(frozen=True)
class Turn:
    """What a model said in its turn.

    Attributes
    ----------
    tokens
        All of it, without the token that ended it.
    start
        Index of the first token of the answer; the number of tokens if there is no answer.
    thinking, response, finished
        As in `training.engines.protocol.Reply`.
    """

    tokens: tuple[int, ...]
    start: int
    thinking: str | None
    response: str
    finished: bool


def read_turn(
    tokenizer: Any, tokens: Sequence[int], ends: Collection[int], thinks: bool = True
) -> Turn:
    """Read one turn; special tokens inside it stay visible, for they are part of what was said.

    Parameters
    ----------
    tokenizer
        Of the model.
    tokens
        What was generated; what follows the end is padding.
    ends
        Tokens that end a turn.
    thinks
        Whether the model was let think first.
    """
    stop = next((i for i, token in enumerate(tokens) if token in ends), None)
    said = tuple(tokens[:stop])
    text = tokenizer.decode(said, skip_special_tokens=False)
    thinking, answer = split_thinking(text, tokenizer if thinks else None)
    unended = thinking is not None and CLOSE not in text
    start = len(said) if not answer else 0
    if answer and thinking is not None:
        start = _first_token(tokenizer, said, text.rindex(answer))
    return Turn(said, start, thinking, answer, stop is not None and not unended)


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


def all_ends(tokenizer: Any, named: int | list[int] | None) -> tuple[int, ...]:
    """Tokens that end a turn: those of the template, and those that the model itself names."""
    own = named if isinstance(named, list) else [named]
    return tuple(sorted({*end_tokens(tokenizer), *(t for t in own if t is not None)}))


def longest_answer(lengths: Mapping[str, int], asked: int | None, context: int | None) -> int:
    """Most tokens of an answer; prompts after which it does not fit into the context are refused.

    Parameters
    ----------
    lengths
        Prompts, and how many tokens each has.
    asked
        Longest answer; None for `MOST_TOKENS`, or what the context leaves if that is less.
    context
        Most tokens that the model takes; None if it does not say.

    Raises
    ------
    InputError
        Names the first such prompt.
    """
    room = MOST_TOKENS if context is None else context - max(lengths.values(), default=0)
    longest = asked or max(min(MOST_TOKENS, room), 1)
    for text, length in lengths.items():
        if context is not None and length + longest > context:
            raise InputError(
                f"the prompt '{text[:40]}' has {length} tokens, and with an answer of up to "
                f"{longest} does not fit into the model's context of {context}; shorten it, or "
                "allow fewer tokens (--max-tokens)"
            )
    return longest
