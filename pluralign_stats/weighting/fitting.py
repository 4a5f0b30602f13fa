"""Iterative proportional fitting of weights, on arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: Margins are met where no weighted share is farther from its target.
TOLERANCE = 1e-9

#: Cycles through all margins at the most.
MOST_CYCLES = 2000

#: Weights that change by less in a cycle go nowhere any more.
STILL = 1e-13


@dataclass(frozen=True, eq=False)
class Fitted:
    """Weights fitted to margins.

    Attributes
    ----------
    weights
        (n,) with a mean of 1.
    gap
        The largest distance of a weighted share from its target.
    n_cycles
        How often all margins were gone through.
    """

    weights: np.ndarray
    gap: float
    n_cycles: int

    @property
    def converged(self) -> bool:
        """Whether all margins are met."""
        return self.gap <= TOLERANCE


def fit_weights(
    base: np.ndarray,
    codes: Sequence[np.ndarray],
    targets: Sequence[np.ndarray],
    most: float | None = None,
) -> Fitted:
    """Fit weights to margins by turns, each time scaling the levels of one to their shares.

    Parameters
    ----------
    base
        (n,) weights to begin with.
    codes
        Of each margin (n,) the level of each rater, from 0.
    targets
        Of each margin (k,) the share of each level, summing to 1.
    most
        Largest weight, in multiples of the mean: larger ones are cut after each cycle, and the
        others bear what is cut off.

    References
    ----------
    Deming & Stephan (1940), Annals of Mathematical Statistics 11, 427-444.
    """
    weights, n_cycles, gap, moved = base / base.mean(), 0, np.inf, np.inf
    while gap > TOLERANCE and moved >= STILL and n_cycles < MOST_CYCLES:
        before = weights
        for code, target in zip(codes, targets, strict=True):
            weights = weights * (target / _shares(weights, code, len(target)))[code]
        weights = weights / weights.mean()
        if most is not None:
            weights = trimmed(weights, most)
        gap = max(
            float(np.abs(_shares(weights, code, len(target)) - target).max())
            for code, target in zip(codes, targets, strict=True)
        )
        moved, n_cycles = float(np.abs(weights - before).max()), n_cycles + 1
    return Fitted(weights, gap, n_cycles)


def trimmed(weights: np.ndarray, most: float) -> np.ndarray:
    """Weights with a mean of 1 of which none is above `most`; the others are scaled up."""
    cut = np.zeros(len(weights), dtype=bool)
    while True:
        # A hair more than `most`, as scaling rounds.
        new = (weights > most * (1 + 1e-12)) & ~cut
        if not new.any():
            return weights
        cut |= new
        rest = len(weights) - most * cut.sum()
        weights = np.where(cut, most, weights * rest / weights[~cut].sum())


def design_effect(weights: np.ndarray) -> float:
    """By how much weights raise the variance of a mean: 1 + their squared coefficient of variation.

    References
    ----------
    Kish (1965), Survey Sampling, section 11.7.
    """
    return float(len(weights) * (weights**2).sum() / weights.sum() ** 2)


def _shares(weights: np.ndarray, code: np.ndarray, k: int) -> np.ndarray:
    return np.bincount(code, weights, minlength=k) / weights.sum()
