"""Linear mixed models of ratings."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from statsmodels.regression.linear_model import OLS

from pluralign_stats.errors import InputError
from pluralign_stats.models.fit import Fit
from pluralign_stats.models.formula import Design, MixedFormula, build_design, parse_formula

#: A column whose scaled part outside the others is shorter than this is determined by them.
COLLINEAR = 1e-7

#: Largest share of the variance that may lie between groups while the optimum is sought.
LARGEST_SHARE = 1 - 1e-6


@dataclass(frozen=True)
class RandomIntercept:
    """Estimates of a linear model with one random intercept.

    Attributes
    ----------
    beta
        (p,) fixed effects.
    vcov
        (p, p) their covariance.
    group_sd, residual_sd
        Standard deviations of the random intercept and of the residuals.
    loglik
        Log-likelihood, restricted under REML.
    converged
        Whether the optimizer reached its tolerance, or the boundary at zero.
    """

    beta: np.ndarray
    vcov: np.ndarray
    group_sd: float
    residual_sd: float
    loglik: float
    converged: bool


def fit_linear(formula: str, data: pd.DataFrame, *, reml: bool = True) -> Fit:
    """Fit a linear mixed model with a random intercept.

    Parameters
    ----------
    formula
        Such as ``"rating ~ gender + politics + (1|rater)"``; the fixed part as formulaic reads
        it, the first level of a categorical being its reference.
    data
        One row per rating. Rows with a missing variable are left out and counted.
    reml
        Restricted maximum likelihood, or maximum likelihood.

    Raises
    ------
    InputError
        If the formula or data cannot be used, or it has other than one random intercept.

    Notes
    -----
    Least squares by statsmodels within a profiled search over the ratio of the variances;
    p-values and intervals are Wald's, from the normal distribution.
    """
    parsed = parse_formula(formula)
    term = _only_intercept(parsed)
    design = build_design(parsed, data)
    notes = []
    kept, dropped, weights = independent_columns(design.X)
    names = np.array(design.names)
    dependence = pd.DataFrame(weights, names[kept], names[dropped])
    if dropped.size:
        notes.append(
            f"left out, as other terms determine them: {', '.join(names[dropped])}; what depends "
            "on them has no estimate"
        )
    groups = design.data[term].astype("category").cat.remove_unused_categories()
    estimates = random_intercept(
        design.y, design.X[:, kept], groups.cat.codes.to_numpy(), reml=reml
    )
    if len(groups.cat.categories) == len(groups):
        notes.append(
            f"every level of '{term}' has one row, so its variance cannot be told from the "
            "residuals' and is set to 0; leave the term out"
        )
    elif estimates.group_sd == 0:
        notes.append(
            f"the variance between levels of '{term}' is estimated as 0 (a singular fit): the "
            "data show no difference between them beyond the residuals; consider leaving the "
            "term out"
        )
    total = (estimates.group_sd**2 + estimates.residual_sd**2) or 1.0
    if estimates.group_sd**2 / total > 0.999:
        notes.append(
            f"hardly anything varies within levels of '{term}'; standard errors of what differs "
            "within them mean little"
        )
    if not estimates.converged:
        notes.append("the optimizer did not converge; simplify the model or check the data")
    return _as_fit(formula, design, dependence, term, estimates, tuple(notes), reml=reml)


def _only_intercept(formula: MixedFormula) -> str:
    plain = len(formula.random) == 1 and formula.random[0].effects == "1"
    if not plain or not formula.random[0].group.isidentifier():
        given = " + ".join(str(term) for term in formula.random) or "none"
        raise InputError(
            f"fit_linear takes exactly one random intercept, such as (1|rater); given: {given}"
        )
    return formula.random[0].group


def independent_columns(X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split the columns of a matrix into independent ones and those that earlier ones determine.

    Parameters
    ----------
    X
        (n, p) matrix.

    Returns
    -------
    kept, dropped
        (r,) and (p - r,) column numbers.
    dependence
        (r, p - r) weights: ``X[:, dropped] = X[:, kept] @ dependence``.
    """
    scale = np.linalg.norm(X, axis=0)
    scale[scale == 0] = 1
    R = np.linalg.qr(X / scale, mode="r")
    kept: list[int] = []
    for j in range(X.shape[1]):
        if np.linalg.matrix_rank(R[:, [*kept, j]], tol=COLLINEAR) == len(kept) + 1:
            kept.append(j)
    dropped = np.setdiff1d(np.arange(X.shape[1]), kept)
    weights = np.linalg.lstsq(R[:, kept], R[:, dropped], rcond=None)[0]
    return np.array(kept), dropped, weights * scale[dropped] / scale[kept][:, None]


def random_intercept(
    y: np.ndarray, X: np.ndarray, group: np.ndarray, *, reml: bool = True
) -> RandomIntercept:
    """Estimate a linear model with one random intercept.

    With the ratio of the two variances given, the model is ordinary least squares on data from
    which a share of each group's mean is taken off (quasi-demeaning; Fuller & Battese 1973,
    JASA 68, 626-632). The ratio is found on the profiled criterion, where zero is an ordinary
    point, so that a boundary needs no special case.

    Parameters
    ----------
    y, X, group
        (n,) responses, (n, p) fixed effects of full rank, (n,) group numbers from 0.
    reml
        Restricted maximum likelihood, or maximum likelihood.

    Raises
    ------
    InputError
        If there are too few rows for the effects.
    """
    if len(y) <= X.shape[1] + 1:
        raise InputError(
            f"{len(y)} complete rows are too few for {X.shape[1]} effects; simplify the model"
        )
    size = np.bincount(group)
    if size.max() == 1:
        return _profiled(y, X, group, size, 0.0, reml=reml)

    def criterion(share: float) -> float:
        return -_profiled(y, X, group, size, share / (1 - share), reml=reml).loglik

    found = minimize_scalar(
        criterion, bounds=(0, LARGEST_SHARE), method="bounded", options={"xatol": 1e-9}
    )
    zero = criterion(0.0) <= found.fun + 1e-8
    ratio = 0.0 if zero else found.x / (1 - found.x)
    return _profiled(y, X, group, size, ratio, reml=reml, converged=zero or bool(found.success))


def _profiled(
    y: np.ndarray,
    X: np.ndarray,
    group: np.ndarray,
    size: np.ndarray,
    ratio: float,
    *,
    reml: bool,
    converged: bool = True,
) -> RandomIntercept:
    """Estimates and log-likelihood given the ratio of group to residual variance."""
    taken_off = 1 - 1 / np.sqrt(1 + size * ratio)

    def demean(columns: np.ndarray) -> np.ndarray:
        sums = np.zeros((len(size), columns.shape[1]))
        np.add.at(sums, group, columns)
        return columns - (taken_off / size)[group, None] * sums[group]

    n, p = X.shape
    Xd = demean(X)
    ols = OLS(demean(y[:, None])[:, 0], Xd).fit()
    free = n - p if reml else n
    scale = ols.ssr / free
    loglik = -0.5 * (free * (np.log(2 * np.pi * scale) + 1) + np.log1p(size * ratio).sum())
    if reml:
        loglik -= 0.5 * np.linalg.slogdet(Xd.T @ Xd)[1]
    return RandomIntercept(
        ols.params,
        ols.normalized_cov_params * scale,
        float(np.sqrt(ratio * scale)),
        float(np.sqrt(scale)),
        float(loglik),
        converged,
    )


def _as_fit(
    formula: str,
    design: Design,
    dependence: pd.DataFrame,
    term: str,
    estimates: RandomIntercept,
    notes: tuple[str, ...],
    *,
    reml: bool,
) -> Fit:
    names = dependence.index
    return Fit(
        formula=formula,
        params=pd.Series(estimates.beta, names, name="estimate"),
        vcov=pd.DataFrame(estimates.vcov, names, names),
        random_sd=pd.Series({term: estimates.group_sd, "residual": estimates.residual_sd}),
        loglik=estimates.loglik,
        converged=estimates.converged,
        warnings=notes,
        design=design,
        dependence=dependence,
        group=term,
        method=f"linear mixed model, {'REML' if reml else 'ML'}, (1|{term}), Wald",
    )
