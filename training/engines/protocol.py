"""What every engine of generation takes and returns, and how it is told to sample."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from pluralign_stats.errors import InputError, one_of

ENGINES = ("transformers", "vllm")


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
        if self.engine not in ENGINES:
            raise InputError(one_of("engine", self.engine, ENGINES))
        if self.temperature == 0 and self.samples > 1:
            raise InputError(
                f"at temperature 0 all answers to a prompt are equal; ask for 1 sample, not "
                f"{self.samples}, or for a higher temperature"
            )

    def record(self) -> dict[str, Any]:
        """The options as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Request:
    """One answer to be generated: what the model is asked, and the seed of its own randomness."""

    text: str
    seed: int


@dataclass(frozen=True)
class Reply:
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


class Engine(Protocol):
    """Holds one base model and answers as one run at a time.

    Attributes
    ----------
    fingerprint
        Hash of the base model.
    """

    fingerprint: str

    def use(self, run_folder: Path | None) -> None:
        """Answer as this run from now on; as the untuned model if None.

        Raises
        ------
        InputError
            If the run's adapter does not load, or does not give the log probabilities on its
            canary's probes that it gave in training.
        """

    def check(self, prompts: Sequence[str]) -> None:
        """Refuse prompts that leave no room for an answer.

        Raises
        ------
        InputError
            If one is longer than the context less the longest answer.
        """

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """One reply to each request, in their order."""
