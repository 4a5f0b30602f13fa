"""Sampling by inversion: exact draws that belong to each row alone."""

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from training.engines.sampling import SeededSampling, invert, nucleus, uniforms

pytestmark = pytest.mark.extended


def _drawn(scores: torch.Tensor, seeds: list[int], **how: float) -> torch.Tensor:
    options = {"temperature": 1.0, "top_p": 1.0, **how}
    sampling = SeededSampling(seeds, prompt_length=3, max_tokens=4, **options)
    return sampling(torch.zeros(len(seeds), 3, dtype=torch.long), scores).argmax(dim=-1)


@pytest.mark.parametrize(("temperature", "top_p"), [(1.0, 1.0), (0.5, 1.0), (2.0, 0.8)])
def test_tokens_have_the_probabilities_of_the_model(temperature: float, top_p: float) -> None:
    logits = torch.tensor([2.0, 1.0, 0.0, -1.0, 0.5])
    n = 20_000
    drawn = _drawn(logits.expand(n, 5), list(range(n)), temperature=temperature, top_p=top_p)
    expected = np.exp(logits.double().numpy() / temperature)
    expected /= expected.sum()
    order = np.argsort(-expected)
    kept = order[: 1 + int(np.searchsorted(np.cumsum(expected[order]), top_p))]
    counts = np.bincount(drawn.numpy(), minlength=5)
    assert counts[[i for i in range(5) if i not in kept]].sum() == 0
    shares = expected[kept] / expected[kept].sum()
    assert chisquare(counts[kept], shares * n).pvalue > 0.001


def test_a_row_is_drawn_alike_whatever_stands_beside_it() -> None:
    scores = torch.randn(6, 50, generator=torch.Generator().manual_seed(1))
    together = _drawn(scores, [3, 1, 4, 1, 5, 9])
    alone = [int(_drawn(scores[i : i + 1], [seed])) for i, seed in enumerate([3, 1, 4, 1, 5, 9])]
    assert together.tolist() == alone


def test_steps_of_a_row_use_different_numbers() -> None:
    scores = torch.zeros(1, 1000)
    sampling = SeededSampling([7], prompt_length=3, max_tokens=8, temperature=1.0, top_p=1.0)
    drawn = [int(sampling(torch.zeros(1, 3 + n), scores).argmax()) for n in range(8)]
    assert drawn == (uniforms([7], 8)[0] * 1000).astype(int).tolist()


def test_inversion_never_takes_what_has_no_probability() -> None:
    probabilities = torch.tensor([[0.0, 0.5, 0.0, 0.5, 0.0]], dtype=torch.float64)
    for u in (0.0, 0.25, 0.5, 0.75, 1 - 2**-53):
        chosen = int(invert(probabilities, torch.tensor([u], dtype=torch.float64)))
        assert chosen == (1 if u < 0.5 else 3)


def test_the_nucleus_is_the_smallest_set_that_reaches_its_probability() -> None:
    probabilities = torch.tensor([[0.1, 0.4, 0.3, 0.2]], dtype=torch.float64)
    assert (nucleus(probabilities, 0.6) > 0).tolist() == [[False, True, True, False]]
    assert (nucleus(probabilities, 0.75) > 0).tolist() == [[False, True, True, True]]
    assert (nucleus(probabilities, 0.01) > 0).tolist() == [[False, True, False, False]]
