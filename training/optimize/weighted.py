"""What lets TRL's losses take a soft label and a weight for each example."""

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.functional import logsigmoid


class Recorded:
    """A model that remembers what it returned, so that a loss can be taken of it again.

    Parameters
    ----------
    model
        Called in its place; arguments and results pass unchanged.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self.outputs: list[Any] = []

    def __call__(self, **inputs: Any) -> Any:
        """Call the model and keep what it returns."""
        self.outputs.append(self._model(**inputs))
        return self.outputs[-1]


def preference_loss(logits: torch.Tensor, p: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Cross-entropy between labels and the model's preferences, averaged with weights.

    Parameters
    ----------
    logits
        (n,) log odds that the model prefers the first response of each pair.
    p
        (n,) share of people who prefer it; 1 is a hard label, and then this is the loss of DPO and
        of Bradley-Terry reward models. Between, it is conservative DPO with a smoothing of 1 - p.
    weight
        (n,) weights of the pairs, 1 on average.
    """
    return (-weight * (p * logsigmoid(logits) + (1 - p) * logsigmoid(-logits))).mean()


def collated(collator: Any, names: Sequence[str]) -> Any:
    """A collator that also hands on some numbers of each example."""

    def collate(examples: list[dict[str, Any]]) -> dict[str, Any]:
        batch = collator(examples)
        for name in names:
            batch[name] = torch.tensor([row[name] for row in examples], dtype=torch.float32)
        return batch

    return collate


def without(inputs: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """A batch without some of its parts."""
    return {name: value for name, value in inputs.items() if name not in names}
