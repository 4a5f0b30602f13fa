"""From the sampler's coordinates to draws of the model's own parameters."""

from dataclasses import dataclass

import numpy as np

from pluralign_stats.models.bayes.density import ExpansionPoint, parameters, random_effects
from pluralign_stats.models.bayes.joint_vector import joint_at
from pluralign_stats.models.bayes.layout import Layout, constrain
from pluralign_stats.models.fit import ModelEstimates


@dataclass(frozen=True, eq=False)
class Draws:
    """Draws from the posterior, S in all, chain after chain.

    Attributes
    ----------
    n_chains
        How many chains they come from.
    coefficients
        (S, p) effects on location.
    cuts
        (S, G, C) thresholds of each set.
    log_scale
        (S, s) effects on the log scale; of a Gaussian family the log residual SD, of ratings
        between two ends the log precision.
    covariances
        (S, q, q) for each random term of the design.
    effects
        (S, L, q) effects of the levels of each random term of the design.
    joint
        (S, k) the same parameters as `Fit.joint` has them.
    """

    n_chains: int
    coefficients: np.ndarray
    cuts: np.ndarray
    log_scale: np.ndarray
    covariances: tuple[np.ndarray, ...]
    effects: tuple[np.ndarray, ...]
    joint: np.ndarray

    def thin(self, most: int) -> "Draws":
        """Every so many of the draws, so that there are at most so many, as of one chain."""
        return self._some(slice(None, None, -(-len(self.joint) // most)))

    def only(self, draw: int) -> "Draws":
        """One of the draws."""
        return self._some(slice(draw, draw + 1))

    def _some(self, every: slice) -> "Draws":
        return Draws(
            1,
            self.coefficients[every],
            self.cuts[every],
            self.log_scale[every],
            tuple(each[every] for each in self.covariances),
            tuple(each[every] for each in self.effects),
            self.joint[every],
        )

    def by_chain(self, values: np.ndarray) -> np.ndarray:
        """Draws (S, ...) as (chains, draws, ...)."""
        return values.reshape(self.n_chains, -1, *values.shape[1:])


def unpack(fit: ModelEstimates, layout: Layout, point: ExpansionPoint, z: np.ndarray) -> Draws:
    """Turn coordinates (chains, draws, d) into draws."""
    n_chains, flat = len(z), z.reshape(-1, z.shape[-1])
    values = [constrain(layout, phi) for phi in parameters(flat, point)]
    u = random_effects(flat, layout.data, point)
    made: dict[int, np.ndarray] = {}
    for t, k in enumerate(layout.terms):
        q, levels, first = (
            int(a[t]) for a in (layout.data.q, layout.data.n_levels, layout.data.first)
        )
        made[k] = u[:, first : first + levels * q].reshape(len(flat), levels, q)
    return Draws(
        n_chains,
        np.array([v.coefficients for v in values]),
        np.array([v.cuts for v in values]),
        np.array([v.log_scale for v in values]),
        tuple(np.array([v.covariances[k] for v in values]) for k in range(len(made))),
        tuple(made[k] for k in range(len(made))),
        np.array([joint_at(fit, layout, v) for v in values]),
    )
