"""What leaving out rows does to the coefficients of a model, without fitting it again.

A Newton step from the full estimates, as in Pregibon (1981), Annals of Statistics 9, 705-724;
distances are those of Cook (1977), Technometrics 19, 15-18.
"""

from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from pluralign_stats.errors import InputError
from pluralign_stats.models.engine.laplace import mode_at, profile_information
from pluralign_stats.models.engine.profiled import LinearProblem
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.laplace_fit import LaplaceEstimates
from pluralign_stats.models.linear import LinearEngine, LinearEstimates, linear_engine
from pluralign_stats.models.rebuild import Engine, engine_of, square_root

#: Where the remaining rows hold less than this share of what all rows say about a coefficient,
#: they do not determine it.
SHARE = 0.01


@dataclass(frozen=True, eq=False)
class Deletions:
    """Changes of the p coefficients when each of L sets of rows is left out.

    Attributes
    ----------
    changes
        (L, p) changes, in the coefficients' own units; missing where the remaining rows do not
        determine the coefficient.
    scaled
        (L, p) the same in standard errors of the full fit (DFBETAS).
    distance
        (L,) Cook's distances: squared lengths of the changes in the metric of the coefficients'
        covariance, per coefficient; infinite where a coefficient is not determined.
    """

    changes: np.ndarray
    scaled: np.ndarray
    distance: np.ndarray


def deletions(fit: ModelEstimates, sets: list[np.ndarray]) -> Deletions:
    """Leave out sets of rows, one after the other.

    For a linear model the result is exact given its variances; for another it is a Newton
    step with the exact gradient of the remaining rows' log-likelihood.

    Parameters
    ----------
    fit
        A fitted model.
    sets
        Row numbers of each set.

    Raises
    ------
    InputError
        If the model is of another kind.
    """
    if fit.bayesian:
        raise InputError(
            "influence is measured for fit_linear and fit_ordinal; for a Bayesian fit there is "
            "fit.loo(by='rater')"
        )
    if isinstance(fit, LaplaceEstimates):
        rows = combine(laplace_changes(engine_of(fit), sets), fit.combinations[: len(fit.params)])
    else:
        rows = linear_changes(linear_engine(cast("LinearEstimates", fit)), sets)
    vcov = fit.vcov.to_numpy()
    lost = np.isnan(np.diag(vcov))
    changes = np.where(lost, np.nan, rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = changes / np.sqrt(np.diag(vcov))
    root = square_root(np.where(lost[:, None] | lost, 0.0, vcov))
    known = np.where(lost, 0.0, changes) @ np.linalg.pinv(root).T
    distance = (known**2).sum(axis=1) / max(int((~lost).sum()), 1)
    return Deletions(changes, scaled, np.where(np.isnan(distance), np.inf, distance))


def combine(changes: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(L, p) combinations by (p, k) rows of (L, k) changes, missing if what they need is."""
    lost = np.isnan(changes)
    made = np.nan_to_num(changes) @ rows.T
    return np.where(lost @ (rows != 0).T, np.nan, made)


def laplace_changes(engine: Engine, sets: list[np.ndarray]) -> np.ndarray:
    """(L, k) changes of all parameters, in the coordinates of `Fit.joint`.

    The information of the remaining rows is the observed one of all rows less the difference in
    `profile_information`, which leaves out only how the variances' information changes.
    """
    problem, root = engine.model.problem, engine.root
    place = np.argsort(problem.layout.order)
    whole = profile_information(problem, engine.state)
    m = len(whole)
    made = np.empty((len(sets), len(engine.psi)))
    for k, rows in enumerate(sets):
        weight = problem.weight.copy()
        weight[place[rows]] = 0.0
        reduced = replace(problem, weight=weight)
        state = mode_at(reduced, engine.psi, engine.state.u)
        if state is None:
            made[k] = np.nan
            continue
        gradient = engine.gradient(reduced, state)
        loss = root[:m].T @ (whole - profile_information(reduced, state)) @ root[:m]
        made[k] = _step(engine.back @ root, root.T @ gradient, np.eye(len(loss)) - loss)
    return made


def _step(root: np.ndarray, gradient: np.ndarray, information: np.ndarray) -> np.ndarray:
    """Newton step ``root information^-1 gradient``, missing where that is not determined.

    Parameters
    ----------
    root
        (k, r) root of the full covariance.
    gradient, information
        (r,) and (r, r) in the coordinates in which the full information is the identity.
    """
    values, vectors = np.linalg.eigh(0.5 * (information + information.T))
    flat = values < SHARE
    step = root @ vectors[:, ~flat] @ ((vectors[:, ~flat].T @ gradient) / values[~flat])
    length = np.linalg.norm(root, axis=1)
    share = np.linalg.norm(root @ vectors[:, flat], axis=1)
    return np.where(share > SHARE * length, np.nan, step)


def linear_changes(engine: LinearEngine, sets: list[np.ndarray]) -> np.ndarray:
    """(L, p) changes of the coefficients, exact for the given variances."""
    problem = engine.problem
    place = np.argsort(problem.layout.order)
    whole, right = normal_equations(problem, engine.theta)
    beta = np.linalg.solve(whole, right)
    root = np.linalg.cholesky(np.linalg.inv(whole))
    made = np.empty((len(sets), len(beta)))
    for k, rows in enumerate(sets):
        weight = problem.weight.copy()
        weight[place[rows]] = 0.0
        information, right = normal_equations(replace(problem, weight=weight), engine.theta)
        gradient = root.T @ (right - information @ beta)
        made[k] = _step(engine.back @ root, gradient, root.T @ information @ root)
    return made


def normal_equations(problem: LinearProblem, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``X' V^-1 X`` (p, p) and ``X' V^-1 y`` (p,), for a residual variance of 1."""
    layout, system, p = problem.layout, problem.system, problem.X.shape[1]
    system.factor(problem.weight, layout.scaled(theta))
    right = layout.multiply(theta, problem.crossed, transposed=True)
    squares = problem.squares - right.T @ system.solve(right)
    return squares[:p, :p], squares[:p, p]
