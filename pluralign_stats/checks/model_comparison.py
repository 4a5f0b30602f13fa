"""Which of several Bayesian models predicts best what it has not seen."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.backing import of_model
from pluralign_stats.checks.leave_one_out import Loo, loo
from pluralign_stats.checks.raters import rater_numbers
from pluralign_stats.errors import InputError
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.models.engine.clusters import cluster_covariance
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.nesting import other_ratings
from pluralign_stats.results import Result

#: Smaller differences say little, whatever their standard errors (Sivula, Magnusson & Vehtari 2025,
#: Bayesian Analysis, arXiv 2008.10296).
SMALL = 4.0

#: Standard errors by which a difference is called clear.
CLEAR = 2.0


def compare_models(fits: Mapping[str, ModelEstimates], by: str = "rating") -> Result:
    """Compare Bayesian models of the same ratings by how they predict ratings or raters left out.

    Parameters
    ----------
    fits
        Two or more Bayesian fits by name.
    by
        ``"rating"`` or ``"rater"``: what is left out; see `loo`.

    Returns
    -------
    Result
        One row per model, the best first: columns model, estimate (expected log predictive density
        less that of the best), std_error (of that difference, over raters, whose ratings are not
        independent; over ratings where the model knows no raters),
        elpd, p_loo, weight (stacking), n_bad (how many Pareto k are too large), n_ratings, method.

    Raises
    ------
    InputError
        If there are fewer than two models, one is not Bayesian, or they are not models of the same
        ratings in the same form.

    Notes
    -----
    Stacking weights make the mixture of the models' predictions that predicts best.

    References
    ----------
    Vehtari, Gelman & Gabry (2017), Statistics and Computing 27, 1413-1432, for the differences;
    Yao, Vehtari, Simpson & Gelman (2018), Bayesian Analysis 13, 917-1007, for the weights.

    Examples
    --------
    >>> other = pls.fit_bayes("rating ~ (1|rater) + (1|item)", toxicity, **few)
    >>> len(pls.checks.compare_models({"gender": posterior, "none": other}).table)
    2
    """
    if not isinstance(fits, Mapping) or len(fits) < 2:
        raise InputError("give two or more fits by name, as in {'main effects': a, 'with age': b}")
    _refuse_different_data(fits, by)
    found = {name: loo(fit, by) for name, fit in fits.items()}
    weights = stacking(np.column_stack([each.pointwise["elpd"] for each in found.values()]))
    first = next(iter(fits.values()))
    apart = first.design.raters.known and by == "rating"
    table = _table(found, weights, rater_numbers(first) if apart else None)
    return Result.of(
        first,
        table,
        _sentence(table, by),
        f"Models compared by leaving one {by} out",
        unit="log predictive density",
        notes=(
            "Estimate: expected log predictive density less that of the best model. Weight: share "
            "of the model in the mixture that predicts best.",
            f"Differences of less than {SMALL:g}, or of less than {CLEAR:g} standard errors, are "
            "not clear.",
        ),
        warnings=tuple(
            f"{name}: {warning}" for name, each in found.items() for warning in each.warnings
        ),
        backing=of_model(first.design.left_out, len(table)),
        figure=FOREST,
    )


def stacking(elpd: np.ndarray) -> np.ndarray:
    """Weights (K,) of models that maximize the log score of their mixture, by ArviZ.

    Parameters
    ----------
    elpd
        (m, K) log predictive densities of what was left out, by K models.
    """
    import xarray as xr
    from arviz_stats import ELPDDataLOO, compare

    m, K = elpd.shape
    shifted = elpd - elpd.max(axis=1, keepdims=True)  # the weights stay, and nothing underflows
    sizes: dict[str, Any] = {"se": 0.0, "p": 0.0, "n_samples": 1, "n_data_points": m}
    sizes |= {"scale": "log", "warning": False, "good_k": 1.0}
    models = {
        k: ELPDDataLOO(elpd=each.sum(), elpd_i=xr.DataArray(each), **sizes)
        for k, each in enumerate(shifted.T)
    }
    return compare(models, "stacking", round_to="none")["weight"].reindex(range(K)).to_numpy()


def _refuse_different_data(fits: Mapping[str, ModelEstimates], by: str) -> None:
    (first, a), *others = fits.items()
    for name, b in others:
        other = other_ratings(a, b)
        if by == "rater" and not other:
            same = np.array_equal(rater_numbers(a), rater_numbers(b))
            other = "" if same else "tell different raters apart; leave out by='rating'"
        if other:
            raise InputError(f"'{first}' and '{name}' cannot be compared: they {other}")


def _table(
    found: Mapping[str, Loo], weights: np.ndarray, raters: np.ndarray | None
) -> pd.DataFrame:
    pointwise = np.column_stack([each.pointwise["elpd"] for each in found.values()])
    best = int(pointwise.sum(axis=0).argmax())
    apart = pointwise - pointwise[:, [best]]
    raters = np.arange(len(apart)) if raters is None else raters
    table = pd.DataFrame(
        {
            "model": list(found),
            "estimate": apart.sum(axis=0),
            "std_error": np.sqrt(np.diag(cluster_covariance(apart, [raters]))),
            "elpd": pointwise.sum(axis=0),
            "p_loo": [each.table["p_loo"].iloc[0] for each in found.values()],
            "weight": weights,
            "n_bad": [int(each.bad.sum()) for each in found.values()],
            "n_ratings": [each.table["n_ratings"].iloc[0] for each in found.values()],
            "method": [each.table["method"].iloc[0] for each in found.values()],
        }
    )
    return table.sort_values("estimate", ascending=False, ignore_index=True)


def _sentence(table: pd.DataFrame, by: str) -> str:
    best, what = table["model"].iloc[0], f"{by}s left out"
    behind = table.iloc[1:]
    clear = (-behind["estimate"] >= SMALL) & (-behind["estimate"] >= CLEAR * behind["std_error"])
    told = "; ".join(
        f"{r.model} by {abs(r.estimate):.1f} (standard error {r.std_error:.1f})"
        for r in behind.itertuples()
    )
    if clear.all():
        return f"{best} predicts {what} best; the others predict worse: {told}."
    if not clear.any():
        return (
            f"No model predicts {what} clearly better: {best} is ahead of {told} in log predictive "
            "density."
        )
    close = ", ".join(behind["model"][~clear])
    return f"{best} predicts {what} best, but not clearly better than {close}; it leads {told}."
