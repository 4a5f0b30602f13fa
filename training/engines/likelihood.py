"""Log probabilities of answers, under whatever model is given."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from training.chat import Tokens

if TYPE_CHECKING:
    from torch import Tensor

#: Most numbers that the log probabilities of one batch may hold.
LARGEST = 2**26


def padded(
    rows: Sequence[Sequence[int]], pad: int, side: Literal["left", "right"] = "right"
) -> "tuple[Tensor, Tensor]":
    """Rows of tokens as a model takes them: (n, longest) ids, and a mask that is 0 on padding."""
    from torch import tensor
    from torch.nn.utils.rnn import pad_sequence

    ids = pad_sequence([tensor(list(row)) for row in rows], True, pad, side)
    return ids, pad_sequence([tensor([1] * len(row)) for row in rows], True, 0, side)


def answer_logprobs(
    model: Any, exchanges: Sequence[Tokens], pad: int, largest: int = LARGEST
) -> list[list[float]]:
    """Log probability of every token of every answer, given all that stands before it.

    Parameters
    ----------
    model
        A causal language model, with an adapter or without; it is left in the mode that it is in.
    exchanges
        In any order; batches are made of such of similar length.
    pad
        Token that fills shorter rows on the right, where it changes nothing.
    largest
        Most numbers that the log probabilities of one batch may hold; bounds memory.
    """
    found: list[list[float]] = [[] for _ in exchanges]
    size = [len(e.prompt) + len(e.answer) for e in exchanges]
    left = sorted((i for i, e in enumerate(exchanges) if e.answer), key=lambda i: size[i])
    vocabulary = model.get_output_embeddings().weight.shape[0]
    was_training = model.training
    model.eval()
    while left:
        n = 1
        while n < len(left) and (n + 1) * size[left[n]] * vocabulary <= largest:
            n += 1
        batch, left = left[:n], left[n:]
        rows = _logprobs(model, [exchanges[i] for i in batch], pad)
        for i, row in zip(batch, rows, strict=True):
            found[i] = row
    model.train(was_training)
    return found


def _logprobs(model: Any, exchanges: Sequence[Tokens], pad: int) -> list[list[float]]:
    import torch

    ids, mask = padded([[*e.prompt, *e.answer] for e in exchanges], pad)
    device = next(model.parameters()).device
    ids, mask = ids.to(device), mask.to(device)
    first = min(len(e.prompt) for e in exchanges) - 1
    said = {"input_ids": ids, "attention_mask": mask, "logits_to_keep": ids.shape[1] - first}
    with torch.no_grad():
        logits = model(**said, use_cache=False).logits[:, :-1].float()
    following = ids[:, first + 1 :, None]
    logprobs = logits.log_softmax(-1).gather(-1, following).squeeze(-1).tolist()
    starts = [len(e.prompt) - 1 - first for e in exchanges]
    return [
        row[start : start + len(e.answer)]
        for row, start, e in zip(logprobs, starts, exchanges, strict=True)
    ]
