"""From a design to the engine's coordinates, and from its numbers back to random effects."""

from dataclasses import dataclass

import numpy as np

from pluralign_stats.models.design import Design
from pluralign_stats.models.engine.blocks import Inverse, Layout, Term, build_layout
from pluralign_stats.models.engine.covariance import Shape
from pluralign_stats.models.engine.moments import moment_variances
from pluralign_stats.models.engine.optimize import SMALL
from pluralign_stats.models.engine.whiten import whiten
from pluralign_stats.models.parts import RandomPart

#: A guessed information per group is at least this.
LEAST = 0.05


@dataclass(frozen=True, eq=False)
class Prepared:
    """Random terms as the engine takes them.

    Attributes
    ----------
    layout
        Where everything stands.
    terms, transforms
        The terms, and for each T (q, q): effects are T times those of the engine.
    """

    layout: Layout
    terms: tuple[Term, ...]
    transforms: tuple[np.ndarray, ...]


def prepare(design: Design) -> Prepared:
    """Put the random terms of a design into well-conditioned coordinates."""
    pairs = [whiten(term) for term in design.terms()]
    terms, transforms = tuple(t for t, _ in pairs), tuple(m for _, m in pairs)
    return Prepared(build_layout(terms, len(design.y)), terms, transforms)


def initial_sds(prepared: Prepared, residual: np.ndarray) -> list[np.ndarray]:
    """First guess of each term's (q,) standard deviations relative to that of the residuals."""
    variances, noise = moment_variances(prepared.terms, residual)
    return [np.sqrt(variance / noise) for variance in variances]


def estimable(design: Design, n_ratings: float) -> np.ndarray:
    """(t,) whether the data can tell anything of each entry of theta.

    They cannot if there is one group only, or one rating per group.
    """
    n = max(n_ratings, len(design.y))
    entries = [len(Shape(r.z.shape[1], r.term.correlated).entries[0]) for r in design.random]
    return np.repeat([1 < len(r.levels) < n for r in design.random], entries).astype(bool)


def approximate_information(prepared: Prepared, theta: np.ndarray, unit: float = 1.0) -> np.ndarray:
    """Guess of the information on theta (t, t), diagonal.

    For L equal groups of m rows and one effect it is ``2 L r^2 / theta^2`` with r the reliability
    of a group's mean; correlations have as many pieces of information as there are groups.

    Parameters
    ----------
    unit
        Standard deviation of the residuals in units of theta.
    """
    covariance = prepared.layout.covariance
    pieces = []
    factors = covariance.factors(theta / unit)
    for term, factor in zip(prepared.terms, factors, strict=True):
        per_group = (term.z**2).sum(axis=0) / term.n_groups
        size = np.maximum(np.abs(np.diag(factor)), SMALL)
        reliability = per_group * size**2 / (1 + per_group * size**2)
        about = np.full(factor.shape, float(term.n_groups))
        np.fill_diagonal(about, np.maximum(2 * reliability**2 / size**2, LEAST) * term.n_groups)
        pieces.append(about)
    return np.diag(covariance.collect(pieces)) / unit**2


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
