"""How well a Bayesian model predicts what it has not seen: a rating, or a rater, left out.

No model is fitted again: draws of the posterior are weighted as if the rating (or all ratings of a
rater) had not been there, by Pareto-smoothed importance sampling (PSIS-LOO: Vehtari, Gelman & Gabry
2017, Statistics and Computing 27, 1413-1432). The shape k of the weights' tail says whether that
works (Vehtari et al. 2024, JMLR 25(72)).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from pluralign_stats.backing import of_model
from pluralign_stats.checks.protocol import Check
from pluralign_stats.checks.raters import rater_numbers
from pluralign_stats.errors import NotApplicableError, check_one_of
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.models.bayes.fit import PosteriorEstimates, need_posterior
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.results import Result
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.suppression import few
from pluralign_stats.words import counted

#: What may be left out.
LEFT_OUT = ("rating", "rater")

#: Largest Pareto k that gives useful estimates, however many draws there are.
LARGEST_K = 0.7

#: Points of the curve of Pareto k that are kept for the figure.
CURVE = 400


@dataclass(frozen=True, eq=False, repr=False)
class Loo(Result):
    """What leaving out ratings or raters gave; see `loo`.

    Attributes
    ----------
    by
        What is left out: ``"rating"`` or ``"rater"``.
    pointwise
        One row for each rating (by the index of the data) or rater (in the order of their first
        ratings, without names): columns elpd, p_loo, pareto_k.
    largest_k
        Values of Pareto k up to this one are good.
    """

    by: str = "rating"
    pointwise: pd.DataFrame = field(default_factory=pd.DataFrame)
    largest_k: float = LARGEST_K

    @property
    def bad(self) -> np.ndarray:
        """(m,) where Pareto k is too large, or could not be determined."""
        return ~(self.pointwise["pareto_k"].to_numpy() <= self.largest_k)


def loo(fit: ModelEstimates, by: str = "rating") -> Loo:
    """Expected log predictive density for ratings, or for raters, that the model has not seen.

    Parameters
    ----------
    fit
        A Bayesian fit.
    by
        ``"rating"``: how well a single rating is predicted from all others, those of the same rater
        among them. ``"rater"``: how well all ratings of a rater are predicted who is new; effects
        of that rater are integrated out.

    Returns
    -------
    Loo
        Table of one row with columns term, estimate (sum over ratings, ``elpd``), std_error,
        per_rating, p_loo (effective number of parameters), largest_k (of Pareto's k), n_bad (how
        many k are too large), n_raters, n_ratings, method; and `Loo.pointwise`.

    Raises
    ------
    InputError
        If the fit is not Bayesian, `by` is unknown, or the model tells no raters apart.

    Notes
    -----
    k is good up to ``min(1 - 1 / log10(draws), 0.7)``. Weights of ratings count as in the fit.

    References
    ----------
    Vehtari, Gelman & Gabry (2017), Statistics and Computing 27, 1413-1432.

    Examples
    --------
    >>> pls.checks.loo(posterior, by="rater").table[["n_raters", "n_ratings"]].values.tolist()
    [[188, 933]]
    """
    from arviz_stats.base import array_stats

    fit = _bayesian(fit)
    check_one_of("'by'", by, LEFT_OUT)
    pointwise = _empty(fit, by)
    efficiency = relative_efficiency(fit)
    for number, values in _blocks(fit, by):
        elpd, k, p = array_stats.loo(
            np.ascontiguousarray(values.T), chain_axis=None, draw_axis=-1, r_eff=efficiency
        )
        pointwise.iloc[number] = np.column_stack([elpd, p, k])
    largest_k = min(1 - 1 / np.log10(len(fit.draws.joint)), LARGEST_K)
    return _result(fit, by, pointwise, largest_k)


def loo_check(fit: ModelEstimates, by: str = "rating") -> Check:
    """Leave out ratings or raters, and check that this can be done by weighting draws.

    Parameters
    ----------
    fit, by
        As for `loo`.

    Returns
    -------
    Check
        The result of `loo`. Passed if no Pareto k is too large.

    Raises
    ------
    InputError
        As of `loo`.

    References
    ----------
    Vehtari, Gelman & Gabry (2017), Statistics and Computing 27, 1413-1432.

    Examples
    --------
    >>> pls.checks.loo_check(posterior).name
    'leave one rating out'
    """
    result = loo(fit, by)
    return Check(f"leave one {by} out", not result.bad.any(), result, (_curve(fit, result),))


def _bayesian(fit: ModelEstimates) -> PosteriorEstimates:
    return need_posterior(
        fit,
        "leaving out ratings by weighting draws needs a Bayesian fit; fit the model by "
        "fit_bayes, or compare mixed models by checks.likelihood_ratio",
    )


def _empty(fit: PosteriorEstimates, by: str) -> pd.DataFrame:
    columns = ["elpd", "p_loo", "pareto_k"]
    if by == "rating":
        return pd.DataFrame(np.nan, index=fit.design.data.index, columns=columns)
    raters = fit.design.raters
    if not raters.known:
        raise NotApplicableError(
            "the model tells no raters apart; say who they are when fitting, as in "
            "rater='user_id', or leave out by='rating'"
        )
    n_raters = raters.n
    if n_raters < 2:
        raise NotApplicableError("there is one rater only; leave out single ratings by='rating'")
    return pd.DataFrame(np.nan, index=range(n_raters), columns=columns)


def _blocks(fit: PosteriorEstimates, by: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Numbers (b,) of what is left out, and log-likelihoods (S, b) of it, block by block."""
    from pluralign_stats.models.bayes.by_rater import rater_log_likelihood
    from pluralign_stats.models.bayes.pointwise import log_likelihood, row_blocks

    if by == "rater":
        return rater_log_likelihood(fit, rater_numbers(fit))
    blocks = row_blocks(fit.nobs, len(fit.draws.joint))
    return ((rows, log_likelihood(fit, rows)) for rows in blocks)


def relative_efficiency(fit: PosteriorEstimates) -> float:
    """Effective share of the draws, averaged over parameters; at most 1."""
    c = fit.convergence
    share = float(c.table["ess_bulk"].mean()) / c.n_draws if len(c.table) else 1.0
    return min(share, 1.0) if np.isfinite(share) else 1.0


def _result(fit: PosteriorEstimates, by: str, pointwise: pd.DataFrame, largest_k: float) -> Loo:
    elpd, m = pointwise["elpd"], len(pointwise)
    k = pointwise["pareto_k"]
    bad = int((~(k <= largest_k)).sum())
    told = f"{bad:,} of {counted(m, by)}" if _countable(fit) else counted(bad, by)
    told += " moves" if bad == 1 else " move"
    n_raters = fit.design.raters.n or np.nan
    table = pd.DataFrame(
        {
            "term": f"leave one {by} out",
            "estimate": elpd.sum(),
            "std_error": np.sqrt(m * elpd.var()),
            "per_rating": elpd.sum() / fit.nobs,
            "p_loo": pointwise["p_loo"].sum(),
            "largest_k": k.max(),
            "n_bad": bad,
            "n_raters": n_raters,
            "n_ratings": fit.nobs,
            "method": str(fit.method),
        },
        index=[0],
    )
    sentence = partial(_sentence, fit, by)
    made = Result.of(
        fit,
        table,
        sentence(table),
        f"Prediction of {by}s left out",
        unit="log density" if not fit.family.ordered else "log probability",
        notes=(
            f"Estimate: expected log predictive density, summed over {by}s; p loo: effective "
            "number of parameters. Models of the same ratings can be compared by it "
            "(compare_models).",
            f"Pareto k tells how far one {by} moves the posterior; up to {largest_k:.2f} the "
            "estimate can be trusted.",
        ),
        warnings=(*fit.warnings, *_warning(by, told if bad else "", largest_k)),
    )
    backing = of_model(fit.design.left_out, 1, sentence)
    return Loo(
        table, made.sentence, made.meta, by, pointwise, largest_k, backing=backing, figure=FOREST
    )


def _countable(fit: ModelEstimates) -> bool:
    """Whether the number of ratings may be told: not where the model is without a few raters."""
    return not few(np.array(fit.design.left_out), MIN_CELL)


def _sentence(fit: PosteriorEstimates, by: str, table: pd.DataFrame) -> str:
    row = table.iloc[0]
    total = (
        f"xpected log predictive density {row['estimate']:.1f}, standard error "
        f"{row['std_error']:.1f}; effective number of parameters {row['p_loo']:.1f}."
    ).replace("-", "−")
    if np.isnan(row["per_rating"]):
        return f"E{total}"
    whose = "ratings left out" if by == "rating" else "the ratings of a rater who is new"
    if fit.family.ordered:
        told = (
            f"To {whose}, the model gives a probability of {np.exp(row['per_rating']):.1%} each, "
            "on (geometric) average"
        )
    else:
        told = f"The log density of {whose} is {row['per_rating']:.3f} each, on average"
    return f"{told.replace('-', '−')}: e{total}"


def _warning(by: str, bad: str, largest_k: float) -> tuple[str, ...]:
    if not bad:
        return ()
    advice = {
        "rating": "leave out raters instead (by='rater'), sample more draws (draws=), or check "
        "these ratings",
        "rater": "sample more draws (draws=), or check whether single raters dominate the model",
    }
    return (
        f"{bad} the posterior too far to be left out by weighting (Pareto k "
        f"above {largest_k:.2f}): the model predicts worse than is told here; {advice[by]}",
    )


def _curve(fit: ModelEstimates, result: Loo) -> Result:
    """Pareto k in descending order: all that are too large, and some of the others.

    Where the number of ratings is not told, their places are so coarse that they do not tell it.
    """
    k = np.sort(result.pointwise["pareto_k"].fillna(np.inf).to_numpy())[::-1]
    bad = int(result.bad.sum())
    rest = np.unique(np.linspace(bad, len(k) - 1, CURVE).astype(int))
    kept = np.unique(np.concatenate([np.arange(bad), rest]))
    by, countable = result.by, _countable(fit)
    share = (kept + 0.5) / len(k)
    table = pd.DataFrame(
        {
            "term": result.table["term"].iloc[0],
            "share": share if countable else share.round(2),
            "estimate": k[kept],
            "limit": result.largest_k,
        }
    )
    largest = f"{k[0]:.2f}" if np.isfinite(k[0]) else "not finite"
    told = f"{bad:,} of {counted(len(k), by)}" if countable else counted(bad, by)
    sentence = (
        f"Pareto k is at most {largest}; {told} {'lies' if bad == 1 else 'lie'} above the limit "
        f"of {result.largest_k:.2f}."
    )
    return Result.of(
        result, table, sentence, f"Pareto k by {by}", unit="Pareto k", warnings=(), figure=FOREST
    )
