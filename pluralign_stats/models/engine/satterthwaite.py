"""Satterthwaite's degrees of freedom of a linear mixed model.

As in Kuznetsova, Brockhoff & Christensen (2017), Journal of Statistical Software 82(13),
section 2: the variance of an estimate is a function of the variance parameters (theta, sigma),
whose own covariance is twice the inverse Hessian of the deviance.
"""

from dataclasses import dataclass

import numpy as np

from pluralign_stats.models.engine.profiled import (
    LinearProblem,
    LinearState,
    gradient_at,
    solve_at,
)

#: Step in theta, for weights of 1, of the central differences of an exact gradient.
STEP = 1e-4

#: Variance parameters are not determined if the Hessian, scaled, has a smaller eigenvalue.
FLAT = 1e-5


@dataclass(frozen=True, eq=False)
class VarianceInformation:
    """What is known about the variance parameters (those of theta not at 0, and sigma).

    Attributes
    ----------
    hessian
        (v, v) of the deviance.
    slopes
        (v, p, p) derivatives of the fixed effects' covariance.
    """

    hessian: np.ndarray
    slopes: np.ndarray

    @property
    def covariance(self) -> np.ndarray:
        """(v, v) covariance of the variance parameters, 0 in directions not determined."""
        scale = np.sqrt(np.abs(np.diag(self.hessian)))
        scale[scale == 0] = 1.0
        values, vectors = np.linalg.eigh(self.hessian / np.outer(scale, scale))
        known = values > FLAT
        root = vectors[:, known] / np.sqrt(values[known]) / scale[:, None]
        return 2 * root @ root.T


def inform(problem: LinearProblem, state: LinearState) -> VarianceInformation:
    """Differentiate deviance and covariance by the variance parameters at the optimum."""
    variance = state.variance(problem)
    sigma = np.sqrt(variance)
    active = np.flatnonzero(state.theta)
    v = len(active) + 1
    hessian, slopes = np.zeros((v, v)), []
    length = STEP * np.exp(-0.5 * np.log(problem.weight).mean())
    for j, entry in enumerate(active):
        ends = []
        for step in (length, -length):
            theta = state.theta.copy()
            theta[entry] += step
            moved = solve_at(problem, theta)
            gradient = gradient_at(problem, moved)
            ends.append((gradient.logdet + gradient.residual / variance, moved))
        (up, above), (down, below) = ends
        hessian[j, :-1] = (up - down)[active] / (2 * length)
        hessian[j, -1] = -(above.residual - below.residual) / length / sigma**3
        slopes.append(variance * (above.unscaled - below.unscaled) / (2 * length))
    hessian[:-1, :-1] = (hessian[:-1, :-1] + hessian[:-1, :-1].T) / 2
    hessian[-1, :-1] = hessian[:-1, -1]
    hessian[-1, -1] = 4 * problem.degrees / variance
    return VarianceInformation(hessian, np.array([*slopes, 2 * sigma * state.unscaled]))


def degrees(rows: np.ndarray, vcov: np.ndarray, information: VarianceInformation) -> np.ndarray:
    """Degrees of freedom (m,) of (m, p) combinations of the fixed effects."""
    variance = np.einsum("mi,ij,mj->m", rows, vcov, rows)
    slopes = np.einsum("mi,vij,mj->mv", rows, information.slopes, rows)
    spread = np.einsum("mv,vw,mw->m", slopes, information.covariance, slopes)
    with np.errstate(divide="ignore", invalid="ignore"):
        return 2 * variance**2 / spread
