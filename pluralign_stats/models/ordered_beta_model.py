"""An ordered beta mixed model in the coordinates in which its likelihood is searched."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import block_diag
from scipy.special import logit

from pluralign_stats.models.design import Design
from pluralign_stats.models.engine.beta_rows import OrderedBetaProblem
from pluralign_stats.models.engine.laplace import State, profile_information
from pluralign_stats.models.engine.whiten import orthogonal
from pluralign_stats.models.mixed import Prepared, approximate_information, initial_sds, prepare

#: Precisions of a beta distribution from which a search may start.
PRECISIONS = (0.5, 200.0)


@dataclass(frozen=True, eq=False)
class Placed:
    """Ratings on a scale from 0 to 1.

    Attributes
    ----------
    y
        (n,) ratings.
    ends
        Whether any rating is at the lowest, and at the highest end.
    """

    y: np.ndarray
    ends: tuple[bool, bool]

    @classmethod
    def of(cls, ratings: np.ndarray, bounds: tuple[float, float]) -> "Placed":
        """Place ratings between the ends of their scale."""
        low, high = bounds
        y = np.where(ratings == high, 1.0, (ratings - low) / (high - low))
        return cls(y, (bool((y == 0).any()), bool((y == 1).any())))


class OrderedBetaModel:
    """An ordered beta model in the engine's coordinates.

    Its location coefficients are the cuts at those ends where there are ratings, and effects.
    """

    design: Design
    prepared: Prepared
    problem: OrderedBetaProblem

    def __init__(self, design: Design, placed: Placed) -> None:
        self.design, self.placed = design, placed
        self.prepared = prepare(design)
        self.X, self._turn = orthogonal(design.fixed.columns)
        self.problem = self.problem_of(placed.y)

    def problem_of(self, y: np.ndarray) -> OrderedBetaProblem:
        """The problem of other ratings (n,), from 0 to 1, by the same raters of the same items."""
        (n, p), c = self.X.shape, sum(self.placed.ends)
        # Rows of either cut; where there is none, of zeros that nothing reads.
        cuts = np.zeros((2, c + p))
        cuts[np.flatnonzero(self.placed.ends), np.arange(c)] = 1.0
        below = np.hstack([np.zeros((n, c)), -self.X])
        low, high = self.placed.ends
        order = self.prepared.layout.order
        inside = (y > 0) & (y < 1)
        with np.errstate(divide="ignore"):
            log_y, log_rest = (np.where(inside, np.log(v), np.nan) for v in (y, 1 - y))
        return OrderedBetaProblem(
            self.prepared.layout,
            self.design.weight[order],
            lower=(below + np.where((y == 1)[:, None], cuts[1], cuts[0]))[order],
            upper=(below + np.where((y == 0)[:, None], cuts[0], cuts[1]))[order],
            bottom=((y == 0) | (inside & (not low)))[order],
            top=((y == 1) | (inside & (not high)))[order],
            mean=-below[order],
            precision=np.ones((n, 1)),
            log_y=log_y[order],
            log_rest=log_rest[order],
        )

    @property
    def back(self) -> np.ndarray:
        """Matrix that turns the engine's parameters into those of the fit."""
        t = self.prepared.layout.covariance.size
        return block_diag(np.eye(sum(self.placed.ends)), self._turn, np.eye(1 + t))

    def start(self) -> np.ndarray:
        """First guess of the parameters, from least squares on the logits of ratings."""
        y, n = self.placed.y, len(self.placed.y)
        z = logit((y * (n - 1) + 0.5) / n) if n > 1 else np.zeros(n)
        z = np.clip(z, *np.array([-1, 1]) * (1 + np.abs(z[(y > 0) & (y < 1)]).max()))
        slope = self.X.T @ z / n
        residual = z - self.X @ slope
        spread = residual.std() or 1.0
        theta = spread * self.prepared.layout.covariance.start(
            initial_sds(self.prepared, residual / spread)
        )
        weight = self.design.weight
        shares = [np.average(y > 0, weights=weight), np.average(y == 1, weights=weight)]
        cuts = [
            z.mean() - logit(share)
            for share, there in zip(shares, self.placed.ends, strict=True)
            if there
        ]
        inside = y[(y > 0) & (y < 1)]
        mean = inside.mean()
        variance = max(float(inside.var()), 1e-6)
        precision = np.clip(mean * (1 - mean) / variance - 1, *PRECISIONS)
        return np.concatenate([cuts, slope, [np.log(precision)], theta])

    def curvature(self, state: State) -> np.ndarray:
        """Guess of the information on all parameters, exact for all but theta nearly."""
        theta = self.problem.split(state.psi)[2]
        theta = approximate_information(self.prepared, theta, float(np.sqrt(noise(state))))
        return block_diag(profile_information(self.problem, state), theta)


def noise(state: State) -> float:
    """Variance of one rating's own error in units of the predictor: one over its information."""
    return float(1 / max(state.terms.information.mean(), 1e-12))
