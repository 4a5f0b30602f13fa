"""Intervals from the profile likelihood: all values that the data do not contradict.

The signed root of twice the drop in log-likelihood is nearly linear in a parameter, so its
endpoints are found by a few secant steps from the Wald interval (Venzon & Moolgavkar 1988, Applied
Statistics 37, 87-94).
"""

from collections.abc import Callable
from typing import cast

import numpy as np
from scipy.linalg import null_space
from scipy.stats import norm

from pluralign_stats.errors import InputError
from pluralign_stats.models.engine.optimize import maximize
from pluralign_stats.models.engine.profiled import LinearProblem, gradient_at, solve_at
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.laplace_fit import LaplaceEstimates
from pluralign_stats.models.linear import LinearEstimates
from pluralign_stats.models.mixed import approximate_information, prepare
from pluralign_stats.models.rebuild import engine_of
from pluralign_stats.models.search import Objective

#: Endpoints are found when the root is within this of its quantile.
CLOSE = 1e-4

#: Most steps to an endpoint; without one the interval is open on that side.
STEPS = 25

Profile = Callable[[float], float]


def profile_intervals(fit: ModelEstimates, conf_level: float) -> np.ndarray:
    """Ends (m, 2) of the intervals of all coefficients and thresholds; infinite where open.

    Missing for thresholds beyond what a format offered.

    A linear model is profiled by maximum likelihood, whatever it was fitted by.
    """
    estimates = np.concatenate([fit.params, fit.thresholds])
    errors = np.concatenate([fit.se, fit.thresholds_se])
    if not np.isfinite(errors).all():
        raise InputError(
            "profile intervals need standard errors to start from, and some are missing; see the "
            "fit's warnings"
        )
    if isinstance(fit, LaplaceEstimates):
        profiles, peak = _laplace_profiles(fit)
    else:
        profiles, peak = _linear_profiles(cast("LinearEstimates", fit))
    z = norm.ppf((1 + conf_level) / 2)
    known = fit.estimated
    ends = np.full((len(known), 2), np.nan)
    ends[known] = [
        [_endpoint(profile, peak, at, side * z * error, z) for side in (-1, 1)]
        for profile, at, error in zip(profiles, estimates[known], errors[known], strict=True)
    ]
    return ends


def _endpoint(profile: Profile, peak: float, estimate: float, move: float, z: float) -> float:
    """Where the root of twice the drop from the peak is `z`, sought from ``estimate + move``."""
    before, root_before = 0.0, 0.0
    for _ in range(STEPS):
        root = np.sqrt(2 * max(peak - profile(estimate + move), 0.0))
        if abs(root - z) < CLOSE:
            return estimate + move
        slope = (root - root_before) / (move - before)
        if not np.isfinite(slope) or slope * move <= 0:
            return float(np.copysign(np.inf, move))
        before, root_before, move = move, root, move + (z - root) / slope
    return float(np.copysign(np.inf, move))


def _laplace_profiles(fit: LaplaceEstimates) -> tuple[list[Profile], float]:
    engine = engine_of(fit)
    objective = Objective(engine.model.problem, fit.n_nodes)
    peak = objective(engine.psi)[0]
    rows = fit.combinations[fit.estimated] @ engine.back
    return [_along(objective, engine.psi, engine.root, row) for row in rows], peak


def _along(objective: Objective, psi: np.ndarray, root: np.ndarray, row: np.ndarray) -> Profile:
    """Largest log-likelihood with the combination `row` (k,) of the parameters held at a value.

    The search is in the coordinates of `root` (k, r), in which the information is the identity.
    """
    pull = root.T @ row
    direction = root @ pull / (pull @ pull)
    rest = root @ null_space(pull[None])

    def profile(value: float) -> float:
        start = psi + direction * (value - row @ psi)

        def constrained(w: np.ndarray) -> tuple[float, np.ndarray]:
            at, slope = objective(start + rest @ w)
            return at, rest.T @ slope

        zero = np.zeros(rest.shape[1])
        return maximize(constrained, zero, np.eye(len(zero)), np.ones(len(zero), dtype=bool)).value

    return profile


def _linear_profiles(fit: LinearEstimates) -> tuple[list[Profile], float]:
    design = fit.design
    prepared = prepare(design)
    order = prepared.layout.order
    X, y, weight = design.fixed.columns[order], design.y[order], design.weight[order]
    theta = fit.theta
    curvature = approximate_information(prepared, theta)
    free = np.ones(len(theta), dtype=bool)

    def largest(X: np.ndarray, y: np.ndarray) -> float:
        problem = LinearProblem(prepared.layout, X, y, weight, reml=False)

        def objective(at: np.ndarray) -> tuple[float, np.ndarray]:
            state = solve_at(problem, at)
            return state.loglik(problem), gradient_at(problem, state).loglik(state, problem)

        return maximize(objective, theta, curvature, free).value

    def profile_of(j: int) -> Profile:
        others = np.delete(X, j, axis=1)
        return lambda value: largest(others, y - value * X[:, j])

    return [profile_of(j) for j in range(X.shape[1])], largest(X, y)
