"""Differences between levels of a factor, averaged over everything else in the data."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy.stats import norm

from pluralign_stats.describe.intervals import check_level
from pluralign_stats.effects.adjust import holm
from pluralign_stats.errors import InputError, one_of
from pluralign_stats.results import Metadata, Result, ordered_columns, with_interval
from pluralign_stats.settings import CONF_LEVEL, SIGNIFICANCE

if TYPE_CHECKING:
    from pluralign_stats.models.fit import Fit

Pairs = Literal["reference", "all"]


@dataclass(frozen=True)
class Margins:
    """Average design rows by level of a factor.

    Attributes
    ----------
    levels
        The k levels; the first is the reference.
    rows
        (k, p) mean row of the fixed-effects matrix over all ratings, were each given that level.
    n_raters, n_ratings
        (k,) raters and ratings that have the level.
    """

    levels: tuple[str, ...]
    rows: np.ndarray
    n_raters: np.ndarray
    n_ratings: np.ndarray


@lru_cache(maxsize=4)
def margins(fit: "Fit", factor: str) -> Margins:
    """Average the design over the data with everyone given each level in turn.

    Raises
    ------
    InputError
        If `factor` is not a categorical variable of the model.
    """
    data = fit.design.data
    factors = [c for c in data if c != fit.group and not pd.api.types.is_numeric_dtype(data[c])]
    if factor not in factors:
        raise InputError(one_of("the factor", factor, factors))
    column = data[factor].astype("category")
    levels = column.cat.categories
    rows = [
        fit.matrix(data.assign(**{factor: pd.Categorical([level] * len(data), levels)})).mean(
            axis=0
        )
        for level in levels
    ]
    raters = data.groupby(column, observed=False)[fit.group].nunique()
    counts = column.value_counts(sort=False).to_numpy()
    return Margins(tuple(map(str, levels)), np.array(rows), raters.to_numpy(), counts)


@dataclass(frozen=True)
class Pairing:
    """The m contrasts between levels of a factor.

    Attributes
    ----------
    labels
        (m rows) columns term, contrast, n_raters, n_ratings; the counts are of the level named
        first.
    first, second
        (m, p) mean design rows of the level named first, and of the one it is compared with.
    """

    labels: pd.DataFrame
    first: np.ndarray
    second: np.ndarray


def pair_levels(fit: "Fit", factor: str, pairs: Pairs) -> Pairing:
    """Pair each level with the reference, or all levels with each other.

    Raises
    ------
    InputError
        If `factor` is not a categorical variable of the model, or `pairs` is unknown.
    """
    grid = margins(fit, factor)
    k = len(grid.levels)
    chosen = {"reference": [(i, 0) for i in range(1, k)]}
    chosen["all"] = [(j, i) for i, j in combinations(range(k), 2)]
    if pairs not in chosen:
        raise InputError(one_of("'pairs'", pairs, chosen))
    i, j = np.array(chosen[pairs], dtype=int).reshape(-1, 2).T
    labels = pd.DataFrame(
        {
            "term": factor,
            "contrast": [f"{grid.levels[a]} vs {grid.levels[b]}" for a, b in chosen[pairs]],
            "n_raters": grid.n_raters[i],
            "n_ratings": grid.n_ratings[i],
        }
    )
    return Pairing(labels, grid.rows[i], grid.rows[j])


def wald(
    estimate: np.ndarray, std_error: np.ndarray, conf_level: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ends of Wald intervals and two-sided p-values, each (m,), from the normal distribution."""
    z = norm.ppf((1 + conf_level) / 2)
    p = 2 * norm.sf(np.abs(estimate / std_error))
    return estimate - z * std_error, estimate + z * std_error, p


def contrasts(
    fit: "Fit", factor: str, *, pairs: Pairs = "reference", conf_level: float = CONF_LEVEL
) -> Result:
    """Differences in mean rating between levels of a factor.

    Each is averaged over the data: all ratings are predicted as if everyone had the one level and
    then the other, everything else as it is.

    Parameters
    ----------
    fit
        A fitted model.
    factor
        One of its categorical variables.
    pairs
        Each level against the reference, or all pairs.
    conf_level
        Level of the Wald intervals.

    Returns
    -------
    Result
        Columns term, contrast, estimate (rating points), std_error, conf_low, conf_high, p_value,
        p_adjusted (Holm, over this table), n_raters, n_ratings (of the level named first),
        standardized (the estimate in standard deviations of a single rating, raters and residuals
        together), method.
    """
    check_level(conf_level)
    pairing = pair_levels(fit, factor, pairs)
    estimate, std_error = linear_combinations(fit, pairing.first - pairing.second)
    low, high, p = wald(estimate, std_error, conf_level)
    table = pairing.labels.assign(
        estimate=estimate,
        std_error=std_error,
        conf_low=low,
        conf_high=high,
        p_value=p,
        p_adjusted=holm(p),
        standardized=estimate / np.sqrt((fit.random_sd**2).sum()),
        method=fit.method,
    )
    meta = Metadata(
        f"Differences by {factor}",
        fit.design.data_kind,
        unit="rating points",
        conf_level=conf_level,
        interval="Wald intervals",
        notes=("Raters and ratings are counted in the group named first.",),
        warnings=fit.warnings,
    )
    return Result(table[ordered_columns(table)], _sentence(table, factor), meta)


def linear_combinations(fit: "Fit", rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Estimates and standard errors (m,) of (m, p) combinations of the fixed effects."""
    estimate = rows @ fit.params.to_numpy()
    variance = np.einsum("ij,jk,ik->i", rows, fit.vcov.to_numpy(), rows)
    return estimate, np.sqrt(variance)


def _sentence(table: pd.DataFrame, factor: str) -> str:
    clear = int((table["p_adjusted"] < SIGNIFICANCE).sum())
    if table["estimate"].isna().all():
        return f"The data do not tell the levels of {factor} apart from other terms of the model."
    largest = table.loc[table["estimate"].abs().idxmax()]
    return (
        f"{clear} of {len(table)} differences by {factor} have an adjusted p below "
        f"{SIGNIFICANCE}; the largest is {largest['contrast']}: "
        f"{with_interval(largest, '.2f', 'rating points')}."
    )
