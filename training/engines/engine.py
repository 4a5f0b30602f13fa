"""What every engine of generation takes and returns, and what all of them do alike."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from pluralign_stats.errors import InputError, check_one_of
from training.bases.find import base_fingerprint
from training.chat import Tokens, Turn, all_ends, prompt_tokens
from training.engines.verification import require_active

ENGINES = ("transformers", "vllm")

#: Longest answer where none is asked for.
MOST_TOKENS = 512


@dataclass(frozen=True)
class GenerationOptions:
    """How to generate.

    Nothing is taken from a model's own generation settings except the tokens that end an answer,
    so that models with different habits are sampled alike.

    Attributes
    ----------
    samples
        Answers to each prompt in each language.
    temperature
        1 samples from the model as it is, lower values sharpen; 0 takes the likeliest token.
    top_p
        Sample among the likeliest tokens that together have this probability; 1 is all of them.
    max_tokens
        Longest answer in tokens, the thinking part included; by default 512, or what the model's
        context leaves after the longest prompt. A longer one is cut and counts as unfinished.
    batch
        Answers generated at once.
    seed
        Equal seeds give equal answers with the engine ``"transformers"``.
    engine
        ``"transformers"`` or ``"vllm"``.
    thinking
        Whether a reasoning model thinks before it answers.
    """

    samples: int = 2
    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int | None = None
    batch: int = 64
    seed: int = 0
    engine: str = "transformers"
    thinking: bool = True

    def __post_init__(self) -> None:
        """Check every value."""
        for name in ("samples", "max_tokens", "batch"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} must be 1 or more, not {value}")
        if self.seed < 0:
            raise InputError(f"seed must be 0 or more, not {self.seed}")
        if not 0 <= self.temperature < float("inf"):
            raise InputError(f"temperature must be 0 or more, not {self.temperature}")
        if not 0 < self.top_p <= 1:
            raise InputError(f"top_p must be above 0 and at most 1, not {self.top_p}")
        check_one_of("engine", self.engine, ENGINES)
        if self.temperature == 0 and self.samples > 1:
            raise InputError(
                f"at temperature 0 all answers to a prompt are equal; ask for 1 sample, not "
                f"{self.samples}, or for a higher temperature"
            )


@dataclass(frozen=True)
class Request:
    """One answer to be generated: what the model is asked, and the seed of its own randomness."""

    text: str
    seed: int


@dataclass(frozen=True)
class Generation:
    """One generated answer.

    Attributes
    ----------
    thinking
        What a reasoning model thought before it answered; None for others.
    response
        The answer itself; empty where the thinking never ended.
    n_tokens
        Length of the response in tokens, without the thinking and the token that ends it.
    finished
        Whether the model ended the answer itself.
    base_logprob
        Mean log probability per token of the response under the untuned model, given all that
        stands before it; None for an empty response.
    """

    thinking: str | None
    response: str
    n_tokens: int
    finished: bool
    base_logprob: float | None


class Engine(ABC):
    """Holds one base model and answers as one run at a time.

    An engine says how it puts an adapter on, how it generates, and how likely it finds an answer.

    Attributes
    ----------
    fingerprint
        Hash of the base model.
    """

    def __init__(
        self, place: str, tokenizer: Any, ends: int | list[int] | None, options: GenerationOptions
    ) -> None:
        self.fingerprint = base_fingerprint(place)
        self._tokenizer = tokenizer
        self._ends = all_ends(tokenizer, ends)
        self._options = options
        self._longest = options.max_tokens or MOST_TOKENS

    def use(self, run_folder: Path | None) -> None:
        """Answer as this run from now on; as the untuned model if None.

        Raises
        ------
        InputError
            If the run's adapter does not load, or does not give the log probabilities of the
            probes that it gave in training.
        """
        self._put_on(None)
        if run_folder is None:
            return
        self._put_on(run_folder)
        try:
            require_active(run_folder, self._logprobs)
        except InputError:
            self._put_on(None)
            raise

    def check(self, prompts: Sequence[str]) -> None:
        """Refuse prompts that leave no room for an answer; settle how long answers may be.

        Raises
        ------
        InputError
            If one is longer than the context less the longest answer.
        """
        lengths = {text: len(self._prompt(text)) for text in dict.fromkeys(prompts)}
        self._longest = longest_answer(lengths, self._options.max_tokens, self._context)

    def generate(self, requests: Sequence[Request]) -> list[Generation]:
        """One reply to each request, in their order."""
        prompts = [self._prompt(r.text) for r in requests]
        turns = self._turns(prompts, [r.seed for r in requests])
        answers = [
            Tokens([*prompt, *turn.tokens[: turn.start]], list(turn.tokens[turn.start :]))
            for prompt, turn in zip(prompts, turns, strict=True)
        ]
        return [
            Generation(t.thinking, t.response, len(row), t.finished, fmean(row) if row else None)
            for t, row in zip(turns, self._logprobs(answers, False), strict=True)
        ]

    def _prompt(self, text: str) -> list[int]:
        return prompt_tokens(self._tokenizer, text, thinking=self._options.thinking)

    @property
    @abstractmethod
    def _context(self) -> int | None:
        """Most tokens that the model takes; None if it does not say."""

    @abstractmethod
    def _put_on(self, run_folder: Path | None) -> None:
        """Put the adapter of a run in the place of the one that is on, if any is."""

    @abstractmethod
    def _turns(self, prompts: Sequence[list[int]], seeds: Sequence[int]) -> list[Turn]:
        """What the model says to each prompt."""

    @abstractmethod
    def _logprobs(self, exchanges: Sequence[Tokens], tuned: bool) -> list[list[float]]:
        """Log probability of every token of every answer, with the adapter or without."""


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
