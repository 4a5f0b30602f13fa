"""Maximize a smooth function by a quasi-Newton search, and differentiate its gradient."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

#: A maximum is accepted when a Newton step promises less than this in log-likelihood.
TOLERANCE = 1e-7

Gradient = Callable[[np.ndarray], np.ndarray]
Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where a search ended.

    Attributes
    ----------
    x, value, gradient
        The point (p,), the function there, and its gradient (p,).
    n_evaluations
        How often function and gradient were evaluated.
    """

    x: np.ndarray
    value: float
    gradient: np.ndarray
    n_evaluations: int


def maximize(
    objective: Objective,
    start: np.ndarray,
    curvature: np.ndarray,
    *,
    gradient_tolerance: float = 1e-4,
    max_steps: int = 200,
) -> Maximum:
    """Search by BFGS in coordinates in which a guess of the curvature is the identity.

    Parameters
    ----------
    objective
        Returns value and gradient; a value of -inf marks a point that is not allowed.
    start
        (p,) first point.
    curvature
        (p, p) positive definite guess of minus the Hessian.
    gradient_tolerance
        Largest entry of the gradient, in standard errors, at which the search ends.
    max_steps
        Most steps.
    """
    if start.size == 0:
        value, gradient = objective(start)
        return Maximum(start, value, gradient, 1)
    root = np.linalg.cholesky(curvature)
    back = np.linalg.inv(root).T
    best: Maximum | None = None
    count = 0

    def negative(w: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal best, count
        count += 1
        x = start + back @ w
        value, gradient = objective(x)
        if best is None or value > best.value:
            best = Maximum(x, value, gradient, count)
        return -value, -back.T @ gradient

    with np.errstate(invalid="ignore"):
        minimize(
            negative,
            np.zeros(len(start)),
            jac=True,
            method="BFGS",
            options={"gtol": gradient_tolerance, "maxiter": max_steps},
        )
    assert best is not None
    return Maximum(best.x, best.value, best.gradient, count)


def differentiate(
    function: Callable[[np.ndarray], np.ndarray], x: np.ndarray, steps: np.ndarray
) -> np.ndarray:
    """Jacobian (k, p) of a function of (p,) to (k,) by central differences of given steps."""
    columns = []
    for j, step in enumerate(steps):
        move = np.zeros(len(x))
        move[j] = step
        columns.append((function(x + move) - function(x - move)) / (2 * step))
    return np.array(columns).T.reshape(-1, len(x))
