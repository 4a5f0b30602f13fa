"""Muon, in the number format that this processor is fast in."""

from collections.abc import Iterable
from math import sqrt
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

#: Coefficients of the iteration, and how often it is taken.
_COEFFICIENTS, _ITERATIONS = (3.4445, -4.7750, 2.0315), 5


class Muon(Optimizer):
    """`torch.optim.Muon` without weight decay, which always orthogonalizes in bf16.

    Parameters
    ----------
    params
        Matrices.
    lr
        Learning rate.
    dtype
        In which updates are orthogonalized; in bf16 it is torch's own, bit by bit.
    momentum
        Share of the former direction that is kept.

    References
    ----------
    Jordan (2024), Muon: An optimizer for hidden layers in neural networks.
    """

    def __init__(
        self, params: Iterable[Tensor], lr: float, dtype: torch.dtype, momentum: float = 19 / 20
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "dtype": dtype})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move every matrix by its orthogonalized direction."""
        for group in self.param_groups:
            for matrix in (p for p in group["params"] if p.grad is not None):
                state, momentum = self.state[matrix], group["momentum"]
                if not state:
                    state["momentum"] = torch.zeros_like(matrix)
                state["momentum"].lerp_(matrix.grad, 1 - momentum)
                update = matrix.grad.lerp(state["momentum"], momentum)
                rows, columns = matrix.shape
                rate = group["lr"] * sqrt(max(1, rows / columns))
                matrix.add_(orthogonalized(update, group["dtype"]), alpha=-rate)


def orthogonalized(matrix: Tensor, dtype: torch.dtype) -> Tensor:
    """About the nearest matrix with orthogonal rows or columns, by a Newton-Schulz iteration.

    Parameters
    ----------
    matrix
        (m, n).
    dtype
        In which is iterated.

    Returns
    -------
    Tensor
        (m, n) in `dtype`, with singular values near 1.
    """
    a, b, c = _COEFFICIENTS
    tall = matrix.size(0) > matrix.size(1)
    made = matrix.to(dtype, copy=True)
    made = made.T if tall else made
    made.div_(made.norm().clamp(min=1e-7))
    for _ in range(_ITERATIONS):
        gram = made @ made.T
        made = torch.addmm(made, torch.addmm(gram, gram, gram, beta=b, alpha=c), made, beta=a)
    return made.T if tall else made
