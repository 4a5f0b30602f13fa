"""How long answers may be."""

from collections.abc import Mapping

from pluralign_stats.errors import InputError

#: Longest answer where none is asked for.
MOST_TOKENS = 512


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
