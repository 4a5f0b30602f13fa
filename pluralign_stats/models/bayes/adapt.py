"""Samples again, with more draws, where the draws of a model fail their check."""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from pluralign_stats.models.bayes.convergence import DIVERGENT, E_BFMI, Convergence
from pluralign_stats.models.bayes.options import DRAWS, Attempt, Sampling

#: An attempt after divergences is so much nearer to an acceptance rate of 1 than the last.
NEARER = 1 / 4


class Judged(Protocol):
    """What was sampled, and how well."""

    @property
    def convergence(self) -> Convergence:
        """How the sampling went."""


def sample_well[F: Judged](how: Sampling, sampled: Callable[[Attempt], F], first: int = DRAWS) -> F:
    """Sample, again with more draws where they fail their check and no number of them was given.

    Every attempt starts from the same seed, so that equal options give equal draws.

    Parameters
    ----------
    sampled
        Samples once.
    first
        Draws of each chain where none are given.
    """
    most = how.attempts if how.draws is None else 1
    attempt = Attempt(replace(how, draws=how.draws or first), 1, most)
    while True:
        found = sampled(attempt)
        failed = [sign.doubt for sign in found.convergence.signs() if not sign.good]
        if not failed or attempt.number == most or not found.convergence.complete:
            return found
        attempt = Attempt(_longer(attempt.how, failed), attempt.number + 1, most)


def _longer(how: Sampling, failed: list[str]) -> Sampling:
    """Twice the draws; nearer to an acceptance of 1 where paths diverged or missed the tails."""
    target = how.target_accept
    if {DIVERGENT, E_BFMI} & {*failed}:
        target = 1 - NEARER * (1 - target)
    return replace(how, draws=2 * (how.draws or DRAWS), tune=2 * how.tune, target_accept=target)
