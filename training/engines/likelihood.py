"""Mean log probability of what was said, under whatever model is given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

#: Most numbers that the log probabilities of one batch may hold.
LARGEST = 2**26


@dataclass(frozen=True)
class Span:
    """A sequence of tokens, of which those from `start` up to `stop` are judged."""

    tokens: tuple[int, ...]
    start: int
    stop: int


@torch.inference_mode()
def mean_logprobs(
    model: Any, spans: Sequence[Span], pad: int, largest: int = LARGEST
) -> list[float | None]:
    """Mean log probability per judged token of each span; None where there is none.

    Parameters
    ----------
    model
        A causal language model.
    spans
        In any order; batches are made of spans of similar length.
    pad
        Token that fills shorter rows on the right, where it changes nothing.
    largest
        Most numbers that the log probabilities of one batch may hold; bounds memory.
    """
    means: list[float | None] = [None] * len(spans)
    judged = [i for i, s in enumerate(spans) if s.stop > s.start]
    judged.sort(key=lambda i: len(spans[i].tokens))
    vocabulary = model.get_output_embeddings().weight.shape[0]
    while judged:
        rows = 1
        while rows < len(judged) and (
            (rows + 1) * len(spans[judged[rows]].tokens) * vocabulary <= largest
        ):
            rows += 1
        batch, judged = judged[:rows], judged[rows:]
        for i, mean in zip(batch, _batch_means(model, [spans[i] for i in batch], pad), strict=True):
            means[i] = mean
    return means


def _batch_means(model: Any, spans: Sequence[Span], pad: int) -> list[float]:
    width = max(s.stop for s in spans)
    rows = [list(s.tokens[: s.stop]) + [pad] * (width - s.stop) for s in spans]
    ids = torch.tensor(rows, device=model.device)
    position = torch.arange(width, device=model.device)
    stop = torch.tensor([s.stop for s in spans], device=model.device)[:, None]
    start = torch.tensor([s.start for s in spans], device=model.device)[:, None]
    kept = width - min(s.start for s in spans) + 1
    mask = (position < stop).long()
    logits = model(input_ids=ids, attention_mask=mask, use_cache=False, logits_to_keep=kept).logits[
        :, :-1
    ]
    said = ids[:, width - kept + 1 :]
    logprobs = torch.log_softmax(logits.float(), dim=-1).gather(2, said[:, :, None]).squeeze(2)
    counted = ((position >= start) & (position < stop))[:, width - kept + 1 :]
    total = (logprobs * counted).sum(dim=1)
    return (total / (stop - start).squeeze(1)).tolist()
