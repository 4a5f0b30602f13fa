"""Sampling whose randomness belongs to each answer, whatever else is in the batch."""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import LogitsProcessor


def uniforms(seeds: Sequence[int], n: int) -> np.ndarray:
    """Uniform numbers in [0, 1) of shape (len(seeds), n); each row hangs on its seed alone."""
    return np.stack([np.random.default_rng(seed).random(n) for seed in seeds])


class SeededSampling(LogitsProcessor):
    """Draws the next token of each row by the row's own uniform number.

    The token is that in which the cumulative distribution passes the number (inversion), so it is
    an exact draw; all others get no probability, and greedy decoding takes the one that is left.
    A row's draws do not depend on the rows beside it, except where rounding of the probabilities
    moves a border past the number.

    Parameters
    ----------
    seeds
        One for each row.
    prompt_length
        Tokens of the padded prompts: what follows is the n-th generated token.
    max_tokens
        Most tokens that will be generated.
    temperature, top_p
        As in `GenerationOptions`; temperature above 0.
    """

    def __init__(
        self,
        seeds: Sequence[int],
        prompt_length: int,
        max_tokens: int,
        temperature: float,
        top_p: float,
    ) -> None:
        self._uniforms = torch.from_numpy(uniforms(seeds, max_tokens))
        self._prompt_length = prompt_length
        self._temperature = temperature
        self._top_p = top_p

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores of shape (rows, vocabulary) that leave one token to each row."""
        step = input_ids.shape[1] - self._prompt_length
        if self._uniforms.device != scores.device:
            self._uniforms = self._uniforms.to(scores.device)
        probabilities = torch.softmax(scores.double() / self._temperature, dim=-1)
        if self._top_p < 1:
            probabilities = nucleus(probabilities, self._top_p)
        chosen = invert(probabilities, self._uniforms[:, step])
        return torch.full_like(scores, -torch.inf).scatter_(1, chosen[:, None], 0.0)


def nucleus(probabilities: torch.Tensor, top_p: float) -> torch.Tensor:
    """Set all but the likeliest tokens to 0: the fewest that together have `top_p` or more."""
    ordered, order = probabilities.sort(dim=-1, descending=True)
    before = ordered.cumsum(dim=-1) - ordered
    ordered = ordered.masked_fill(before >= top_p, 0.0)
    return torch.zeros_like(probabilities).scatter_(-1, order, ordered)


def invert(probabilities: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """Index in each row at which the cumulative sum passes its uniform share of the row's total.

    Parameters
    ----------
    probabilities
        Shape (rows, n), not negative; need not sum to 1.
    uniform
        Shape (rows,), in [0, 1).
    """
    cumulative = probabilities.cumsum(dim=-1)
    total = cumulative[:, -1:]
    below = torch.nextafter(total, torch.zeros_like(total))
    target = torch.minimum(uniform[:, None] * total, below)
    return torch.searchsorted(cumulative, target, right=True).squeeze(1)
