"""Marginal models of ratings: no random effects, and errors robust to raters who rate often.

They tell what a variable does to the ratings of all raters taken together, where a mixed model
tells what it does given a rater and an item, and they assume nothing of how raters differ (Liang &
Zeger 1986, Biometrika 73, 13-22). Logits of the two differ: marginal ones are nearer to 0, by the
share of the latent standard deviation that the link has. Differences of mean ratings, and
differences in standard deviations of a rating, are the same quantity by either.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, NotApplicableError, check_one_of
from pluralign_stats.models import diagnose
from pluralign_stats.models.aside import set_aside, told_aside, unreplicated
from pluralign_stats.models.columns import read_column
from pluralign_stats.models.design import Design, build_design
from pluralign_stats.models.family import Method
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.formula import parse_formula
from pluralign_stats.models.linear import LinearEstimates, linear_of
from pluralign_stats.models.ordinal import OrdinalEstimates, ordinal_of

#: Generalized estimating equations (ratings of a rater alike, in pairs), and least squares.
Marginal = Literal["ordinal GEE", "linear GEE", "OLS"]

MARGINAL: tuple[Marginal, ...] = get_args(Marginal)

#: What least squares are called in which raters count by survey weights.
WEIGHTED = "weighted OLS"

#: What their intervals rest on.
ROBUST = "robust by rater"


@dataclass(frozen=True)
class Solution:
    """What equations were solved by.

    Attributes
    ----------
    coefficients, vcov
        (k,) coefficients and their robust covariance (k, k).
    settled
        Whether the equations were solved.
    """

    coefficients: np.ndarray
    vcov: np.ndarray
    settled: bool = True


@dataclass(frozen=True, eq=False, repr=False)
class MarginalLinearEstimates(LinearEstimates):
    """A linear model of ratings without random effects, with errors robust within raters."""

    @property
    def interval(self) -> str:
        """Kind of interval that tables of this model hold."""
        return "Wald intervals"

    @property
    def asymptotic(self) -> bool:
        """Yes: the robust covariance takes raters for many."""
        return True

    def degrees(self, rows: np.ndarray) -> np.ndarray:
        """Infinite: intervals are from the normal distribution."""
        return np.full(len(rows), np.inf)


def marginal_kind(method: Method) -> str | None:
    """Which marginal model a method is, if it is one."""
    if method.inference != ROBUST:
        return None
    if method.family != "linear":
        return "ordinal GEE"
    return method.estimation if method.estimation in ("OLS", WEIGHTED) else "linear GEE"


def least_squares(
    X: np.ndarray, y: np.ndarray, raters: np.ndarray, weight: np.ndarray | None = None
) -> Solution:
    """Least squares (n, p), with the cluster-robust covariance CR1 by raters (n,).

    With weights (n,) they are those of a survey, linearized by raters (Binder 1983, International
    Statistical Review 51, 279-292).

    References
    ----------
    Cameron & Miller (2015), Journal of Human Resources 50, 317-372, equation 12.
    """
    from statsmodels.regression.linear_model import WLS

    fit = WLS(y, X, weights=1.0 if weight is None else weight).fit(
        cov_type="cluster", cov_kwds={"groups": raters}, use_t=False
    )
    return Solution(np.asarray(fit.params), np.asarray(fit.cov_params()))


def linear_gee(X: np.ndarray, y: np.ndarray, raters: np.ndarray) -> Solution:
    """Gaussian equations in which any two ratings of a rater are equally correlated."""
    from statsmodels.genmod.cov_struct import Exchangeable
    from statsmodels.genmod.generalized_estimating_equations import GEE

    return _solved(lambda: GEE(y, X, groups=raters, cov_struct=Exchangeable()))


def ordinal_gee(X: np.ndarray, codes: np.ndarray, raters: np.ndarray) -> Solution:
    """Cumulative logit equations with one global odds ratio for any two ratings of a rater.

    Coefficients (p) come first, then thresholds (J - 1) of the categories 0 to J - 1.

    References
    ----------
    Heagerty & Zeger (1996), Journal of the American Statistical Association 91, 1024-1036.
    """
    from statsmodels.genmod.cov_struct import GlobalOddsRatio
    from statsmodels.genmod.generalized_estimating_equations import OrdinalGEE

    named = pd.DataFrame(X, columns=[f"x{k}" for k in range(X.shape[1])])
    association = GlobalOddsRatio("ordinal")
    found = _solved(lambda: OrdinalGEE(codes, named, groups=raters, cov_struct=association))
    n_cuts = len(np.unique(codes)) - 1
    one = np.eye(len(found.coefficients))
    turned = np.vstack([one[n_cuts:], -one[:n_cuts]])
    return Solution(turned @ found.coefficients, turned @ found.vcov @ turned.T, found.settled)


def _solved(made: Callable[[], Any]) -> Solution:
    """Make a model and solve its equations; the covariance is the sandwich of Liang and Zeger."""
    with warnings.catch_warnings():  # whether they were solved is told by `settled`
        warnings.simplefilter("ignore")
        fit = made().fit()
    return Solution(np.asarray(fit.params), np.asarray(fit.cov_params()), bool(fit.converged))


def _check_raters(design: Design) -> None:
    """Refuse ratings of a single rater: nothing tells how raters differ."""
    if design.raters.codes is None or len(np.unique(design.raters.codes)) < 2:
        raise NotApplicableError("errors by rater need two raters or more, and all rows are of one")


def estimate_marginal(
    formula: str,
    data: pd.DataFrame,
    kind: Marginal,
    *,
    weights: str | None = None,
    rater: str | Sequence[str] | None = None,
) -> LinearEstimates | OrdinalEstimates:
    """Fit a marginal model; see `fit_marginal`."""
    check_one_of("'kind'", kind, MARGINAL)
    if weights is not None and kind != "OLS":
        raise InputError(f"'weights' are for kind='OLS', not for {kind!r}; leave one of them out")
    mixed = parse_formula(formula)
    fixed = f"{mixed.response} ~ {mixed.fixed}"
    solve, estimate, how = _SOLVERS[kind]
    design = build_design(
        parse_formula(fixed), data, weights=weights, ordinal=kind == "ordinal GEE", rater=rater
    )
    if weights is not None:
        how = WEIGHTED
        design = replace(design, weight=design.weight / design.weight.mean())
    if not design.raters.known:
        raise NotApplicableError(
            "errors by rater need to know the raters; name their column, as in rater='user_id'"
        )
    plain = _replicated(fixed, design, partial(estimate, response=read_column(data[mixed.outcome])))
    design = plain.design
    _check_raters(design)
    try:
        given = (design.fixed.columns, design.y, design.raters.codes)
        found = solve(*given) if weights is None else least_squares(*given, design.weight)
        inverse = np.linalg.inv(plain.combinations)
    except (np.linalg.LinAlgError, ValueError) as error:
        raise NotApplicableError(f"the equations could not be solved: {error}") from None
    if isinstance(plain, LinearEstimates):
        plain = MarginalLinearEstimates(**{f.name: getattr(plain, f.name) for f in fields(plain)})
    values, vcov = inverse @ found.coefficients, inverse @ found.vcov @ inverse.T
    return replace(
        plain,
        joint=replace(plain.joint, estimates=values, vcov=vcov),
        loglik=float("nan"),
        converged=plain.converged and found.settled,
        warnings=(*plain.warnings, *(() if found.settled else (diagnose.CONVERGENCE,))),
        method=Method(plain.method.family, plain.method.link, how, (), (), ROBUST),
    )


def _replicated[E: ModelEstimates](
    formula: str, design: Design, estimate: Callable[[str, Design], E]
) -> E:
    """Fit the rows of levels with several raters and several answers, and tell of the others."""
    fewer = design
    while (alone := unreplicated(fewer)).any():
        fewer = set_aside(fewer, alone)
    return told_aside(estimate(formula, fewer), design, diagnose.unreplicated_note)


def _linear(formula: str, design: Design, response: pd.Series) -> LinearEstimates:
    return linear_of(formula, design)


#: Of each kind what solves its equations, what estimates the model that it starts from, and what
#: its method is called.
_SOLVERS: dict[Marginal, tuple[Callable[..., Solution], Callable[..., Any], str]] = {
    "ordinal GEE": (ordinal_gee, ordinal_of, "GEE, exchangeable within rater"),
    "linear GEE": (linear_gee, _linear, "GEE, exchangeable within rater"),
    "OLS": (least_squares, _linear, "OLS"),
}
