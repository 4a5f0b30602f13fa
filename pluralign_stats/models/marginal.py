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
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from pluralign_stats.errors import NotApplicableError
from pluralign_stats.models import diagnose
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.formula import parse_formula
from pluralign_stats.models.linear import LinearEstimates, estimate_linear
from pluralign_stats.models.method import Method
from pluralign_stats.models.ordinal import OrdinalEstimates, estimate_ordinal

#: Generalized estimating equations (ratings of a rater alike, in pairs), and least squares.
Marginal = Literal["ordinal GEE", "linear GEE", "OLS"]

MARGINAL: tuple[Marginal, ...] = get_args(Marginal)

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


def marginal_kind(method: Method) -> Marginal | None:
    """Which marginal model a method is, if it is one."""
    if method.inference != ROBUST:
        return None
    if method.family != "linear":
        return "ordinal GEE"
    return "OLS" if method.estimation == "OLS" else "linear GEE"


def least_squares(X: np.ndarray, y: np.ndarray, raters: np.ndarray) -> Solution:
    """Least squares (n, p), with the cluster-robust covariance CR1 by raters (n,).

    References
    ----------
    Cameron & Miller (2015), Journal of Human Resources 50, 317-372, equation 12.
    """
    from statsmodels.regression.linear_model import OLS

    fit = OLS(y, X).fit(cov_type="cluster", cov_kwds={"groups": raters}, use_t=False)
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


def estimate_marginal(
    formula: str,
    data: pd.DataFrame,
    kind: Marginal,
    *,
    rater: str | Sequence[str] | None = None,
) -> LinearEstimates | OrdinalEstimates:
    """Fit a marginal model; see `fit_marginal`."""
    mixed = parse_formula(formula)
    fixed = f"{mixed.response} ~ {mixed.fixed}"
    estimate = estimate_ordinal if kind == "ordinal GEE" else estimate_linear
    plain = estimate(fixed, data, rater=rater)
    raters = plain.design.raters.codes
    if raters is None:
        raise NotApplicableError(
            "errors by rater need to know the raters; name their column, as in rater='user_id'"
        )
    try:
        if isinstance(plain, OrdinalEstimates):
            return _ordinal(plain, raters)
        return _linear(plain, raters, kind)
    except (np.linalg.LinAlgError, ValueError) as error:
        raise NotApplicableError(f"the equations could not be solved: {error}") from None


def _linear(plain: LinearEstimates, raters: np.ndarray, kind: Marginal) -> MarginalLinearEstimates:
    design, names = plain.design, list(plain.params.index)
    solve, how = (least_squares, "OLS") if kind == "OLS" else (linear_gee, "GEE")
    found = solve(design.fixed.columns, design.y, raters)
    given = {f.name: getattr(plain, f.name) for f in fields(LinearEstimates)}
    return replace(
        _shared(MarginalLinearEstimates(**given), found),
        params=pd.Series(found.coefficients, names, name="estimate"),
        vcov=pd.DataFrame(found.vcov, names, names),
        joint=replace(plain.joint, estimates=found.coefficients, vcov=found.vcov),
        method=_method("linear", "", how),
    )


def _ordinal(plain: OrdinalEstimates, raters: np.ndarray) -> OrdinalEstimates:
    design, p = plain.design, len(plain.params)
    found = ordinal_gee(design.fixed.columns, design.y, raters)
    inverse = np.linalg.inv(plain.rows)
    names, cuts = list(plain.params.index), list(plain.thresholds.index)
    return replace(
        _shared(plain, found),
        params=pd.Series(found.coefficients[:p], names, name="estimate"),
        vcov=pd.DataFrame(found.vcov[:p, :p], names, names),
        thresholds=pd.Series(found.coefficients[p:], cuts, name="threshold"),
        thresholds_vcov=pd.DataFrame(found.vcov[p:, p:], cuts, cuts),
        joint=replace(
            plain.joint,
            estimates=inverse @ found.coefficients,
            vcov=inverse @ found.vcov @ inverse.T,
        ),
        method=_method(plain.method.family, plain.link, "GEE"),
    )


def _shared[E: ModelEstimates](plain: E, found: Solution) -> E:
    """What does not depend on the kind: there is no likelihood, and equations may not be solved."""
    notes = plain.warnings if found.settled else (*plain.warnings, diagnose.CONVERGENCE)
    settled = plain.converged and found.settled
    return replace(plain, loglik=float("nan"), converged=settled, warnings=notes)


def _method(family: str, link: str, how: str) -> Method:
    alike = "" if how == "OLS" else ", exchangeable within rater"
    return Method(family, link, f"{how}{alike}", (), (), ROBUST)
