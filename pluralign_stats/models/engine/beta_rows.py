"""Rows of ordered beta models: ratings at either end of a scale or anywhere between.

With predictor eta and cuts ``c1 < c2``, a rating is at the lowest end with probability
``F(c1 - eta)``, at the highest with ``1 - F(c2 - eta)``, F being the logistic distribution, and
else has a beta density with mean ``F(eta)`` and precision phi (Kubinec 2023, Political Analysis 31,
519-536, eq. 3). Where nobody is at an end, its cut is left out. Channels are the cuts below and
above a rating, less the fixed part of eta, that part itself, and log phi.
"""

from dataclasses import dataclass

import numpy as np

from pluralign_stats.models.engine.beta_kernels import beta_rows
from pluralign_stats.models.engine.laplace import Bends, Likelihood, Problem, RowTerms
from pluralign_stats.models.engine.links import cut_terms


@dataclass(frozen=True, eq=False, kw_only=True)
class OrderedBetaProblem(Problem):
    """Data of an ordered beta mixed model, rows in the layout's order.

    Attributes
    ----------
    lower, upper
        (n, f) design rows of the cuts below and above each rating.
    bottom, top
        (n,) whether there is no such cut.
    mean
        (n, f) design rows of the predictor.
    precision
        (n, s) covariates of log phi.
    log_y, log_rest
        (n,) logs of ratings between 0 and 1, and of what they lack to 1; missing at the ends.
    """

    lower: np.ndarray
    upper: np.ndarray
    bottom: np.ndarray
    top: np.ndarray
    mean: np.ndarray
    precision: np.ndarray
    log_y: np.ndarray
    log_rest: np.ndarray

    @property
    def channels(self) -> tuple[tuple[slice, np.ndarray], ...]:
        """Cuts below and above, predictor, and log precision."""
        f, s = self.mean.shape[1], self.precision.shape[1]
        location, spread = slice(0, f), slice(f, f + s)
        designs = ((location, each) for each in (self.lower, self.upper, self.mean))
        return (*designs, (spread, self.precision))

    def split(self, psi: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Location coefficients (f,), coefficients of log phi (s,) and theta (t,)."""
        f, s = self.mean.shape[1], self.precision.shape[1]
        return psi[:f], psi[f : f + s], psi[f + s :]

    def likelihood(self, psi: np.ndarray) -> Likelihood:
        """The rows' likelihood at given parameters."""
        location, zeta, _ = self.split(psi)
        a0 = np.where(self.bottom, -np.inf, self.lower @ location)
        b0 = np.where(self.top, np.inf, self.upper @ location)
        eta0, log_phi = self.mean @ location, self.precision @ zeta

        def at(shift: np.ndarray) -> RowTerms:
            eta = eta0 + shift
            return OrderedBetaTerms(self, a0 - shift, b0 - shift, eta, log_phi)

        return at


class OrderedBetaTerms(RowTerms):
    """Log-likelihoods of ratings with cuts a and b, predictors and log precisions, each (n,)."""

    def __init__(
        self,
        problem: OrderedBetaProblem,
        a: np.ndarray,
        b: np.ndarray,
        eta: np.ndarray,
        log_phi: np.ndarray,
    ) -> None:
        self.cuts = cut_terms(a, b, "logit")
        self.inside = np.empty((8, len(a)))
        beta_rows(problem.log_y, problem.log_rest, eta, log_phi, self.inside)
        self.log_p = self.cuts.log_p + self.inside[0]

    @property
    def score(self) -> np.ndarray:
        """(n,) slopes by the random part."""
        return self.inside[1] - self.cuts.l_a - self.cuts.l_b

    @property
    def information(self) -> np.ndarray:
        """(n,) minus the second derivatives by the random part; below 0 for some odd ratings."""
        return -(self.inside[2] + self.cuts.h_a + self.cuts.h_b)

    def slopes(self) -> np.ndarray:
        """(4, n) slopes by each channel."""
        return np.array([self.cuts.l_a, self.cuts.l_b, self.inside[1], self.inside[4]])

    def bends(self) -> Bends:
        """What higher derivatives a gradient needs."""
        cuts, (_, _, ee, eee, _, ke, kee, _) = self.cuts, self.inside
        score = np.array([-cuts.h_a, -cuts.h_b, ee, ke])
        return Bends(score, np.array([cuts.t_a, cuts.t_b, eee, kee]), eee - cuts.t_a - cuts.t_b)

    def by_pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """(4, 4, n) second derivatives by two channels, and (4, n) by a channel and r."""
        cuts, (_, _, ee, _, _, ke, _, kk) = self.cuts, self.inside
        none = np.zeros_like(ee)
        l_ab = cuts.l_ab
        pairs = [
            [cuts.h_a - l_ab, l_ab, none, none],
            [l_ab, cuts.h_b - l_ab, none, none],
            [none, none, ee, ke],
            [none, none, ke, kk],
        ]
        return np.array(pairs), np.array([-cuts.h_a, -cuts.h_b, ee, ke])
