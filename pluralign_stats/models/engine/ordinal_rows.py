"""Rows of ordinal mixed models: ratings between two cuts.

Each rating lies between ``a = k (l'c - r)`` and ``b = k (m'c - r)``, with location coefficients c
(thresholds, their variation between groups, and effects), design rows l and m, r the random part,
and ``k = exp(-s'zeta)`` the inverse of the row's scale (McCullagh 1980, JRSS B 42, 109-142; Tutz &
Hennevogl 1996, CSDA 22, 537-557). Its channels are ``l'c``, ``m'c`` and ``s'zeta``.
"""

from dataclasses import dataclass

import numpy as np

from pluralign_stats.models.engine.laplace import Bends, Likelihood, Problem, RowTerms
from pluralign_stats.models.engine.links import cut_terms, finite


@dataclass(frozen=True, eq=False, kw_only=True)
class OrdinalProblem(Problem):
    """Data of an ordinal mixed model, rows in the layout's order.

    Attributes
    ----------
    lower, upper
        (n, f) design rows of the cuts below and above each rating.
    bottom, top
        (n,) whether a rating is in the lowest, or highest, category and so has no such cut.
    scale
        (n, s) covariates of the log scale.
    link
        ``"logit"``, ``"probit"`` or ``"cloglog"``.
    """

    lower: np.ndarray
    upper: np.ndarray
    bottom: np.ndarray
    top: np.ndarray
    scale: np.ndarray
    link: str

    @property
    def channels(self) -> tuple[tuple[slice, np.ndarray], ...]:
        """Cuts below and above, and the log scale."""
        f, s = self.lower.shape[1], self.scale.shape[1]
        location = slice(0, f)
        return (location, self.lower), (location, self.upper), (slice(f, f + s), self.scale)

    def split(self, psi: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Location coefficients (f,), scale coefficients (s,) and theta (t,)."""
        f, s = self.lower.shape[1], self.scale.shape[1]
        return psi[:f], psi[f : f + s], psi[f + s :]

    def likelihood(self, psi: np.ndarray) -> Likelihood:
        """The rows' likelihood at given parameters."""
        location, zeta, _ = self.split(psi)
        k = np.exp(-self.scale @ zeta)
        a0 = np.where(self.bottom, -np.inf, k * (self.lower @ location))
        b0 = np.where(self.top, np.inf, k * (self.upper @ location))

        def at(shift: np.ndarray) -> RowTerms:
            return OrdinalTerms(a0 - k * shift, b0 - k * shift, k, self.link)

        return at


class OrdinalTerms(RowTerms):
    """Log-probabilities of ratings between the cuts a and b (n,), with inverse scales k (n,)."""

    def __init__(self, a: np.ndarray, b: np.ndarray, k: np.ndarray, link: str) -> None:
        self.a, self.b, self.k = a, b, k
        self.terms = cut_terms(a, b, link)
        self.log_p = self.terms.log_p

    @property
    def score(self) -> np.ndarray:
        """(n,) slopes by the random part."""
        return -self.k * (self.terms.l_a + self.terms.l_b)

    @property
    def information(self) -> np.ndarray:
        """(n,) minus the second derivatives by the random part; none is below 0."""
        return np.maximum(-(self.k**2) * (self.terms.h_a + self.terms.h_b), 0.0)

    def slopes(self) -> np.ndarray:
        """(3, n) slopes by each channel."""
        l_a, l_b = self.terms.l_a, self.terms.l_b
        by_scale = -(l_a * finite(self.a) + l_b * finite(self.b))
        return np.array([self.k * l_a, self.k * l_b, by_scale])

    def bends(self) -> Bends:
        """What higher derivatives a gradient needs."""
        k, terms, a, b = self.k, self.terms, finite(self.a), finite(self.b)
        bent = terms.h_a + terms.h_b
        score = [
            -(k**2) * terms.h_a,
            -(k**2) * terms.h_b,
            k * (terms.l_a + terms.l_b + a * terms.h_a + b * terms.h_b),
        ]
        curvature = [
            k**3 * terms.t_a,
            k**3 * terms.t_b,
            -(k**2) * (2 * bent + a * terms.t_a + b * terms.t_b),
        ]
        third = -(k**3) * (terms.t_a + terms.t_b)
        return Bends(np.array(score), np.array(curvature), third)

    def by_pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """(3, 3, n) second derivatives by two channels, and (3, n) by a channel and r.

        Without what bends the cuts as the scale moves.
        """
        k, terms = self.k, self.terms
        a, b = finite(self.a), finite(self.b)
        l_aa, l_bb, l_ab = terms.h_a - terms.l_ab, terms.h_b - terms.l_ab, terms.l_ab
        a_scale, b_scale = -k * (a * l_aa + b * l_ab), -k * (a * l_ab + b * l_bb)
        both = a**2 * l_aa + 2 * a * b * l_ab + b**2 * l_bb
        pairs = [
            [k**2 * l_aa, k**2 * l_ab, a_scale],
            [k**2 * l_ab, k**2 * l_bb, b_scale],
            [a_scale, b_scale, both],
        ]
        by_shift = [-(k**2) * terms.h_a, -(k**2) * terms.h_b, k * (a * terms.h_a + b * terms.h_b)]
        return np.array(pairs), np.array(by_shift)
