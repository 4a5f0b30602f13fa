"""Maximize a smooth function by a quasi-Newton search, and differentiate its gradient."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from pluralign_stats.models.engine.covariance import Covariance

#: A maximum is accepted when a Newton step promises less than this in log-likelihood.
TOLERANCE = 1e-6

#: The search ends when the gradient, in standard errors, is smaller than this.
GRADIENT = 1e-4

#: Most steps of a search.
STEPS = 200

#: A random effect of smaller relative size than this is tried at exactly 0.
SMALL = 0.05

#: Curvatures are taken to be at least this share of the largest.
LEAST = 1e-10

Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where a search ended.

    Attributes
    ----------
    x, value, gradient
        The point (p,), the function there, and its gradient (p,).
    free
        (p,) whether a coordinate was moved; the others stay where they were.
    """

    x: np.ndarray
    value: float
    gradient: np.ndarray
    free: np.ndarray


def maximize(
    objective: Objective,
    start: np.ndarray,
    curvature: np.ndarray,
    free: np.ndarray,
) -> Maximum:
    """Search by BFGS in coordinates in which a guess of the curvature is the identity.

    Parameters
    ----------
    objective
        Returns value and gradient; a value of -inf marks a point that is not allowed.
    curvature
        (p, p) guess of minus the Hessian.
    """
    back = np.zeros((len(start), int(free.sum())))
    back[free] = unit_steps(curvature[np.ix_(free, free)])
    best = Maximum(start, -np.inf, np.zeros(len(start)), free)

    def negative(w: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal best
        x = start + back @ w
        value, gradient = objective(x)
        if value > best.value:
            best = Maximum(x, value, gradient, free)
        return -value, -back.T @ gradient

    if not free.any():
        negative(np.zeros(0))
        return best
    with np.errstate(invalid="ignore"):
        options = {"gtol": GRADIENT, "maxiter": STEPS}
        minimize(negative, np.zeros(back.shape[1]), jac=True, method="BFGS", options=options)
    return best


def active_set_step(
    objective: Objective, found: Maximum, covariance: Covariance, curvature: np.ndarray
) -> Maximum:
    """Put random effects that are all but 0 at exactly 0, where that costs nothing.

    The factors' parameters are the last entries of the point. Signs, which the likelihood does not
    tell apart, are made positive.
    """
    at = len(found.x) - covariance.size
    for column in covariance.columns():
        entries = at + column
        if not found.free[entries].all() or np.abs(found.x[entries]).max() > SMALL:
            continue
        x, free = found.x.copy(), found.free.copy()
        x[entries], free[entries] = 0.0, False
        if objective(x)[0] >= found.value - TOLERANCE:
            found = maximize(objective, x, curvature, free)
    x = found.x.copy()
    for column in covariance.columns():
        entries = at + column
        if x[entries[0]] < 0:
            x[entries] *= -1
    if (x == found.x).all():
        return found
    value, gradient = objective(x)
    return replace(found, x=x, value=value, gradient=gradient)


def unit_steps(curvature: np.ndarray) -> np.ndarray:
    """Steps S (k, k) with ``S' C S`` the identity, for C positive definite, or made so (k, k)."""
    values, vectors = np.linalg.eigh(curvature)
    least = LEAST * values.max(initial=0.0) or 1.0
    return vectors / np.sqrt(np.maximum(values, least))


def differentiate(
    function: Callable[[np.ndarray], np.ndarray],
    x: np.ndarray,
    steps: np.ndarray,
    base: np.ndarray,
) -> np.ndarray:
    """Jacobian (k, p) of a function of (p,) to (k,) with the value `base` at x, by differences.

    Steps (p,) are so small that the function hardly bends within them.
    """
    columns = [(function(x + move) - base) / move.sum() for move in np.diag(steps)]
    return np.array(columns).T.reshape(-1, len(x))
