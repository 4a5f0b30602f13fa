"""Which answers a run is asked for: one for each prompt, language and sample, with its seed."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from pluralign_stats.outcomes.schema import ANSWER
from pluralign_stats.storage.digest import seed_of
from training.engines.engine import Generation
from training.generation.prompts import Prompt

#: Columns of the table of generations.
SCHEMA = pa.schema(
    [
        ("run", pa.string()),
        ("prompt", pa.string()),
        ("language", pa.string()),
        ("sample", pa.int32()),
        ("prompt_text", pa.string()),
        ("thinking", pa.string()),
        ("response", pa.string()),
        ("n_tokens", pa.int32()),
        ("finished", pa.bool_()),
        ("base_logprob", pa.float64()),
        ("seed", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Ask:
    """One answer to be generated."""

    prompt: Prompt
    sample: int
    seed: int

    @property
    def key(self) -> str:
        """Prompt, language and sample."""
        return json.dumps([self.prompt.prompt, self.prompt.language, self.sample])


def plan(run: str, prompts: Iterable[Prompt], samples: int, seed: int) -> tuple[Ask, ...]:
    """All answers of a run, those to prompts of like length beside each other.

    Parameters
    ----------
    run
        Name of the run; it is part of every seed, so that runs differ in their random numbers
        and their answers are independent given the models.
    """
    asks = [
        Ask(p, sample, row_seed(seed, run, p.prompt, p.language, sample))
        for p in prompts
        for sample in range(samples)
    ]
    return tuple(sorted(asks, key=lambda a: (len(a.prompt.text), a.prompt, a.sample)))


def row_seed(seed: int, run: str, prompt: str, language: str, sample: int) -> int:
    """Seed of one answer: 63 bits that hang on the answer's name and the base seed alone."""
    name = "\x1f".join([str(seed), run, prompt, language, str(sample)])
    return seed_of(name, 8) >> 1


def row(run: str, ask: Ask, reply: Generation) -> dict[str, Any]:
    """An answer as a row of the table of generations."""
    return {
        "run": run,
        "prompt": ask.prompt.prompt,
        "language": ask.prompt.language,
        "sample": ask.sample,
        "prompt_text": ask.prompt.text,
        **asdict(reply),
        "seed": ask.seed,
    }


def table(rows: Iterable[dict[str, Any]]) -> pa.Table:
    """The table of generations, by prompt, language and sample."""
    order = [(column, "ascending") for column in ANSWER]
    return pa.Table.from_pylist(list(rows), schema=SCHEMA).sort_by(order)
