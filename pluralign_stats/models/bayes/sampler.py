"""Draws from the posterior by the No-U-Turn sampler."""

import sys
import time
from dataclasses import dataclass

import numpy as np
import xarray as xr

from pluralign_stats.errors import InputError
from pluralign_stats.models.bayes.density import Data, ExpansionPoint, Prior, log_density
from pluralign_stats.models.bayes.options import Attempt, n_cores

#: Fewest draws of each chain that an interrupted run must have to be kept.
FEWEST = 100

#: What is said of a density that is zero, or missing, where sampling starts.
IMPOSSIBLE = (
    "the posterior density is zero at the starting point; check the priors (fit.priors() shows the "
    "defaults) and the data for huge values"
)

#: Starting points that are tried for each chain.
TRIES = 20


@dataclass(frozen=True, eq=False)
class Sampled:
    """What the sampler gave.

    Attributes
    ----------
    z
        (chains, draws, d) coordinates.
    stats
        Statistics of the sampler for each chain and draw.
    seconds
        Time of tuning and sampling.
    complete
        Whether all draws asked for were made.
    attempt
        How, and for which time.
    """

    z: np.ndarray
    stats: xr.Dataset
    seconds: float
    complete: bool
    attempt: Attempt


def sample(data: Data, point: ExpansionPoint, prior: Prior, attempt: Attempt) -> Sampled:
    """Sample the posterior; chains run side by side, one on each core.

    Raises
    ------
    InputError
        If the density is zero wherever a chain might start.
    KeyboardInterrupt
        If interrupted before a chain has 100 draws; later, the draws made so far are returned.
    """
    import nutpie
    from nutpie.compiled_pyfunc import from_pyfunc

    size, how = len(point.centre) + len(point.b), attempt.how

    def density(z: np.ndarray) -> tuple[float, np.ndarray]:
        slope = np.empty(size)
        return log_density(z, slope, data, point, prior), slope

    def start(number: int) -> np.ndarray:
        rng = np.random.default_rng(number)
        for _ in range(TRIES):
            z = rng.normal(size=size)
            value, slope = density(z)
            if np.isfinite(value) and np.isfinite(slope).all():
                return z
        return np.zeros(size)

    value, slope = density(np.zeros(size))
    if not (np.isfinite(value) and np.isfinite(slope).all()):
        raise InputError(IMPOSSIBLE)
    watched = sys.stderr.isatty() or "ipykernel" in sys.modules
    model = from_pyfunc(
        ndim=size,
        make_logp_fn=lambda: density,
        make_expand_fn=lambda *_: lambda z: {"z": z},
        expanded_dtypes=[np.dtype("float64")],
        expanded_shapes=[(size,)],
        expanded_names=["z"],
        make_initial_point_fn=start,
    )
    began = time.perf_counter()
    sampler = nutpie.sample(
        model,
        draws=how.draws,
        tune=how.tune,
        chains=how.n_chains,
        cores=min(how.n_chains, n_cores()),
        seed=how.seed % 2**64,
        target_accept=how.target_accept,
        save_warmup=False,
        progress_bar=watched if how.progress is None else how.progress,
        blocking=False,
    )
    complete = True
    try:
        trace = sampler.wait()
    except KeyboardInterrupt:
        trace, complete = sampler.abort(), False
    stats, z = trace.sample_stats.to_dataset(), trace.posterior["z"].to_numpy()
    if not complete:
        chosen, length = longest(z)
        if length < FEWEST:
            raise KeyboardInterrupt
        z = z[chosen, :length]
        stats = stats.isel(chain=chosen, draw=slice(0, length))
    return Sampled(z, stats, time.perf_counter() - began, complete, attempt)


def longest(z: np.ndarray) -> tuple[np.ndarray, int]:
    """Chains and number of draws that keep most of an interrupted run's (chains, draws, d).

    What a chain has not drawn is missing.
    """
    made = np.isfinite(z).all(axis=2).sum(axis=1)
    length = max((int(m) for m in made), key=lambda m: m * (made >= m).sum(), default=0)
    return np.flatnonzero(made >= length), length
