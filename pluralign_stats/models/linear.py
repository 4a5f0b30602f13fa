"""Linear mixed models of ratings."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from pluralign_stats.errors import NotApplicableError
from pluralign_stats.models import diagnose
from pluralign_stats.models.design import Design, build_design
from pluralign_stats.models.engine.optimize import (
    TOLERANCE,
    active_set_step,
    maximize,
    unit_steps,
)
from pluralign_stats.models.engine.profiled import (
    LinearProblem,
    LinearState,
    average_information,
    gradient_at,
    solve_at,
)
from pluralign_stats.models.engine.satterthwaite import VarianceInformation, degrees, inform
from pluralign_stats.models.engine.whiten import orthogonal
from pluralign_stats.models.family import Family, Method
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.formula import parse_formula
from pluralign_stats.models.mixed import (
    Prepared,
    approximate_information,
    estimable,
    initial_sds,
    prepare,
    random_parts,
)
from pluralign_stats.models.parts import Parameters
from pluralign_stats.notes import Note

#: The information on an entry of theta is taken to be at least this share of a rough guess.
FLOOR = 0.2

#: Where a search went astray, a residual variance of a smaller share than this was its cause.
EXACT = 1e-6

_DETERMINED = (
    "the effects, fixed and random, reproduce the response in every row; there is nothing left to "
    "model"
)


@dataclass(frozen=True, eq=False, repr=False)
class LinearEstimates(ModelEstimates):
    """A fitted linear mixed model; see `Fit` for what all fits have.

    Attributes
    ----------
    reml
        Whether by restricted maximum likelihood.
    sigma
        Standard deviation of the residuals (of a row of weight 1).
    theta
        (t,) entries of the random effects' factors relative to it, in the engine's coordinates.
    """

    reml: bool
    sigma: float
    theta: np.ndarray

    @cached_property
    def information(self) -> VarianceInformation:
        """How well the variances are known, for Satterthwaite's degrees of freedom."""
        engine = linear_engine(self)
        made = inform(engine.problem, solve_at(engine.problem, engine.theta))
        return replace(made, slopes=engine.back @ made.slopes @ engine.back.T)

    @property
    def random_sd(self) -> pd.Series:
        """Standard deviation of each random effect and of the residuals."""
        return pd.concat([super().random_sd, pd.Series({"residual": self.sigma})])

    @property
    def interval(self) -> str:
        """Kind of interval that tables of this model hold."""
        return "Wald intervals from t, Satterthwaite's degrees of freedom"

    @property
    def family(self) -> Family:
        """Numbers, with the residuals' standard deviation."""
        return Family.gaussian(self.sigma, self.design.weight)

    def degrees(self, rows: np.ndarray) -> np.ndarray:
        """Satterthwaite's degrees of freedom (m,) of combinations (m, k) of all parameters."""
        p = len(self.params)
        return degrees(rows[:, :p], self.vcov.to_numpy(), self.information)


@dataclass(frozen=True, eq=False)
class LinearEngine:
    """A linear model in the engine's coordinates.

    Attributes
    ----------
    problem, prepared
        The model; its response is what an unweighted regression leaves.
    theta
        (t,) relative factors of the random effects.
    back
        (p, p) matrix that turns the engine's coefficients into those of the fit.
    """

    problem: LinearProblem
    prepared: Prepared
    theta: np.ndarray
    back: np.ndarray


def linear_engine(fit: LinearEstimates) -> LinearEngine:
    """Build the engine's model anew from a fit, which does not keep it."""
    design, prepared = fit.design, prepare(fit.design)
    X, back = orthogonal(design.fixed.columns)
    order = prepared.layout.order
    residual = (design.y - X @ (X.T @ design.y) / len(X))[order]
    problem = LinearProblem(prepared.layout, X[order], residual, design.weight[order], fit.reml)
    return LinearEngine(problem, prepared, fit.theta, back)


def estimate_linear(
    formula: str,
    data: pd.DataFrame,
    *,
    reml: bool = True,
    weights: str | Sequence[float] | np.ndarray | None = None,
    rater: str | Sequence[str] | None = None,
) -> LinearEstimates:
    """Fit a linear mixed model; see `fit_linear`."""
    return linear_of(
        formula, build_design(parse_formula(formula), data, weights=weights, rater=rater), reml=reml
    )


def linear_of(formula: str, design: Design, *, reml: bool = True) -> LinearEstimates:
    """Fit the rows of a design."""
    n, p = design.fixed.columns.shape
    if n <= p + 1:
        raise NotApplicableError(
            f"{n} complete rows are too few for {p} effects; simplify the model"
        )
    X, back = orthogonal(design.fixed.columns)
    mean = X.T @ design.y / n
    residual = design.y - X @ mean
    if np.abs(residual).max() <= 1e-12 * np.abs(design.y).max():
        raise NotApplicableError(_DETERMINED)
    prepared = prepare(design)
    order = prepared.layout.order
    unit = np.exp(np.log(design.weight).mean())
    weight = design.weight[order] / unit
    problem = LinearProblem(prepared.layout, X[order], residual[order], weight, reml)
    try:
        state, converged = _search(problem, design, prepared, residual)
    except np.linalg.LinAlgError:
        raise NotApplicableError(_DETERMINED) from None
    if not converged and state.variance(problem) < EXACT * (residual**2).mean():
        raise NotApplicableError(_DETERMINED)
    sigma = float(np.sqrt(state.variance(problem)))
    parts = random_parts(design, prepared, state.theta, state.u, problem.system.invert(), sigma)
    beta, vcov = back @ (state.beta + mean), back @ state.unscaled @ back.T * sigma**2
    terms = tuple(r.term for r in design.random)
    fit = LinearEstimates(
        formula=formula,
        random=parts,
        joint=Parameters(beta, vcov, (p, 0, 0)),
        loglik=state.loglik(problem) + (np.linalg.slogdet(back)[1] if reml else 0.0),
        n_parameters=p + problem.layout.covariance.size + 1,
        converged=converged,
        warnings=(),
        design=design,
        method=Method("linear", "", "REML" if reml else "ML", terms, (), "Satterthwaite"),
        reml=reml,
        sigma=sigma * np.sqrt(unit),
        theta=state.theta / np.sqrt(unit),
    )
    return replace(fit, warnings=_warnings(fit))


def _search(
    problem: LinearProblem, design: Design, prepared: Prepared, residual: np.ndarray
) -> tuple[LinearState, bool]:
    """The optimum, and whether it was reached."""

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        try:
            state = solve_at(problem, theta)
        except np.linalg.LinAlgError:  # random effects so large that rounding is all that is left
            return -np.inf, np.zeros(len(theta))
        value = state.loglik(problem)
        if not np.isfinite(value):
            return -np.inf, np.zeros(len(theta))
        return value, gradient_at(problem, state).loglik(state, problem)

    covariance = prepared.layout.covariance
    start = covariance.start(initial_sds(prepared, residual))
    curvature = _curvature(problem, prepared, start)
    free = estimable(design, len(design.y))
    found = maximize(objective, np.where(free, start, 0.0), curvature, free)
    found = active_set_step(objective, found, covariance, curvature)
    moving = np.ix_(found.free, found.free)
    slope = found.gradient[found.free]
    last = unit_steps(_curvature(problem, prepared, found.x)[moving])
    step = np.zeros(len(found.x))
    step[found.free] = last @ (last.T @ slope)
    return solve_at(problem, found.x + step), bool(slope @ step[found.free] < TOLERANCE)


def _curvature(problem: LinearProblem, prepared: Prepared, theta: np.ndarray) -> np.ndarray:
    """Guess of the information on theta; a rough one next to a variance of 0, where it vanishes."""
    known = average_information(problem, solve_at(problem, theta))
    rough = np.diag(approximate_information(prepared, theta))
    return known + np.diag(np.maximum(FLOOR * rough - np.diag(known), 0.0))


def _warnings(fit: LinearEstimates) -> tuple[Note, ...]:
    design = fit.design
    notes = diagnose.design_notes(design)
    notes += diagnose.random_notes(fit.random, fit.nobs, fit.nobs)
    notes += diagnose.no_variation_notes(fit.random, fit.family.residual)
    if not fit.converged:
        notes.append(diagnose.CONVERGENCE)
    return tuple(notes)
