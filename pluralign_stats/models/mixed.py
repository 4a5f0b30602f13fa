"""From a design to the engine's coordinates, and from its numbers back to random effects."""

from dataclasses import dataclass

import numpy as np

from pluralign_stats.models.design import Design
from pluralign_stats.models.engine.blocks import Inverse, Layout, lay_out
from pluralign_stats.models.engine.covariance import Shape
from pluralign_stats.models.engine.whiten import whiten
from pluralign_stats.models.fit import RandomPart


@dataclass(frozen=True, eq=False)
class Prepared:
    """Random terms as the engine takes them.

    Attributes
    ----------
    layout
        Where everything stands.
    transforms
        For each term, T (q, q): effects are T times those of the engine.
    """

    layout: Layout
    transforms: tuple[np.ndarray, ...]


def prepare(design: Design) -> Prepared:
    """Put the random terms of a design into well-conditioned coordinates."""
    pairs = [whiten(term) for term in design.terms()]
    layout = lay_out([term for term, _ in pairs], len(design.y))
    return Prepared(layout, tuple(transform for _, transform in pairs))


def rough_sizes(design: Design, residual: np.ndarray) -> np.ndarray:
    """First guess of each term's standard deviation relative to the residual one.

    From the variance of the groups' means of (n,) residuals, less what noise adds to it.
    """
    sizes = []
    for r in design.random:
        n = np.bincount(r.codes)
        means = np.bincount(r.codes, residual) / n
        noise = residual.var() or 1.0
        between = max(means.var() - noise * (1 / n).mean(), 0.01 * noise)
        sizes.append(np.sqrt(between / max(noise - between, 0.1 * noise)))
    return np.array(sizes)


def movable(design: Design, n_ratings: float) -> np.ndarray:
    """(t,) whether the data can tell anything of each entry of theta.

    They cannot if there is one group only, or one rating per group.
    """
    n = max(n_ratings, len(design.y))
    entries = [len(Shape(r.z.shape[1], r.term.correlated).entries[0]) for r in design.random]
    return np.repeat([1 < len(r.levels) < n for r in design.random], entries).astype(bool)


def rough_curvature(design: Design, prepared: Prepared) -> np.ndarray:
    """First guess of the information on theta, diagonal: as many pieces as there are groups."""
    shapes = prepared.layout.covariance.shapes
    counts = [
        np.full(len(shape.entries[0]), float(len(r.levels)))
        for r, shape in zip(design.random, shapes, strict=True)
    ]
    return np.diag(np.concatenate([np.zeros(0), *counts]))


def random_parts(
    design: Design,
    prepared: Prepared,
    theta: np.ndarray,
    u: np.ndarray,
    inverse: Inverse,
    sigma: float = 1.0,
) -> tuple[RandomPart, ...]:
    """Random effects in the coordinates of the data.

    Parameters
    ----------
    theta, u
        Relative factors, and (N,) spherical effects, of which the effects are ``sigma T L u``.
    inverse
        Of the system at theta.
    """
    layout = prepared.layout
    parts = []
    factors = layout.covariance.factors(theta)
    for k, r in enumerate(design.random):
        factor = sigma * prepared.transforms[k] @ factors[k]
        q = len(factor)
        modes = u[layout.starts[k][:, None] + np.arange(q)] / sigma @ factor.T
        blocks = inverse.blocks(layout, k)
        parts.append(RandomPart(r, factor @ factor.T, modes, factor @ blocks @ factor.T))
    return tuple(parts)
