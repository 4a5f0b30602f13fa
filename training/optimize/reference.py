"""Log probabilities of answers under the base model, each answer computed once."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence

Exchange = tuple[tuple[int, ...], tuple[int, ...]]


def exchange(prompt: Iterable[int], answer: Iterable[int]) -> Exchange:
    """A prompt and an answer in tokens, as a key."""
    return tuple(prompt), tuple(answer)


def is_sharded(trainer: Any) -> bool:
    """Whether the model's parameters lie in parts on several devices, which TRL gathers itself."""
    return bool(trainer.is_deepspeed_enabled or trainer.is_fsdp_enabled)


def reference_logprobs(
    trainer: Any, exchanges: Iterable[Exchange], batch_size: int
) -> dict[Exchange, float]:
    """Log probability of each answer under the model without its adapter.

    A study has few responses and many preferences between them, so that this is far less work
    than a pass over all pairs.

    Parameters
    ----------
    trainer
        One of TRL's, whose model has the fused head.
    exchanges
        Prompts and answers in tokens; repetitions cost nothing.
    batch_size
        Answers to be computed at once.
    """
    distinct = sorted(set(exchanges), key=lambda e: (len(e[0]) + len(e[1]), e))
    pad = trainer.processing_class.pad_token_id
    model = trainer.accelerator.unwrap_model(trainer.model)
    known: dict[Exchange, float] = {}
    with torch.no_grad(), model.disable_adapter(), trainer.accelerator.autocast():
        for first in range(0, len(distinct), batch_size):
            batch = distinct[first : first + batch_size]
            known |= zip(batch, _sums(model, batch, pad), strict=True)
    return known


def _sums(model: Any, batch: Sequence[Exchange], pad: int) -> list[float]:
    device = next(model.parameters()).device
    rows = [torch.tensor([*prompt, *answer]) for prompt, answer in batch]
    labels = [torch.tensor([-100] * len(prompt) + list(answer)) for prompt, answer in batch]
    told = model(
        input_ids=pad_sequence(rows, batch_first=True, padding_value=pad).to(device),
        attention_mask=pad_sequence([torch.ones_like(r) for r in rows], batch_first=True).to(
            device
        ),
        labels=pad_sequence(labels, batch_first=True, padding_value=-100).to(device),
        use_cache=False,
        fused_lm_head=True,
    )
    return told.log_probs.sum(dim=1).float().tolist()
