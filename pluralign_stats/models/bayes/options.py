"""How to sample: the options of a run, checked."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real

from pluralign_stats.errors import InputError

#: Draws of each chain where none are given, at first.
DRAWS = 1000

#: Fewest draws of a chain.
FEWEST_DRAWS = 100


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How to sample a posterior, for functions that fit Bayesian models themselves.

    Attributes
    ----------
    draws
        Draws of each chain that are kept. By default 1,000 (of a joint model 750) and, where they
        fail their check (`sampling_check`), sampled again with twice as many until they pass or
        the limit of `attempts` is reached; a number that is given is kept to.
    tune
        Draws before them that tune the sampler; doubled with each attempt.
    chains
        Number of chains; by default four where there are as many cores, else two.
    seed
        Of the random numbers.
    target_accept
        Acceptance rate that the sampler aims at; nearer to 1 for fewer divergences, as each attempt
        after divergences is.
    progress
        Show a progress bar; by default where somebody watches.
    attempts
        Most times that is sampled where `draws` is not given; 1 for once.

    Raises
    ------
    InputError
        If one is out of range.

    Examples
    --------
    >>> pls.Sampling(draws=100, chains=2).n_chains
    2
    """

    draws: int | None = None
    tune: int = 300
    chains: int | None = None
    seed: int = 1
    target_accept: float = 0.8
    progress: bool | None = None
    attempts: int = 4

    def __post_init__(self) -> None:
        """Refuse what cannot be used."""
        least = {"tune": FEWEST_DRAWS, "seed": 0, "attempts": 1}
        least |= {} if self.draws is None else {"draws": FEWEST_DRAWS}
        if self.chains is not None:
            least["chains"] = 1
        check_whole({name: (getattr(self, name), fewest) for name, fewest in least.items()})
        target = self.target_accept
        if not isinstance(target, Real) or not 0.5 <= target < 1:
            raise InputError(f"'target_accept' must be from 0.5 to below 1, not {target}")

    @property
    def n_chains(self) -> int:
        """Number of chains: by default four where there are cores for them, else two."""
        return self.chains or (4 if n_cores() >= 4 else 2)


def n_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_whole(options: Mapping[str, tuple[object, int]]) -> None:
    """Refuse an option that is no whole number or below the least; options by name."""
    for name, (value, least) in options.items():
        if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
            raise InputError(f"'{name}' must be a whole number of {least} or more, not {value}")


@dataclass(frozen=True)
class Attempt:
    """One time of sampling: how, which it is and of how many at most.

    Attributes
    ----------
    how
        With a number of draws.
    number, most
        From 1; equal at the last.
    """

    how: Sampling
    number: int = 1
    most: int = 1

    def __str__(self) -> str:
        how = self.how
        told = (
            f"{how.n_chains} chain{'s' if how.n_chains > 1 else ''}, draws={how.draws}, "
            f"tune={how.tune}, target_accept={how.target_accept:g}, seed={how.seed}"
        )
        return f"{told}; attempt {self.number} of at most {self.most}" if self.most > 1 else told


#: How to sample where nothing else is said.
SAMPLING = Sampling()
