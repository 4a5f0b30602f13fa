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
from pluralign_stats.results import Metadata, Result, bracketed, minus
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


def level_pairs(levels: tuple[str, ...], pairs: Pairs) -> list[tuple[int, int]]:
    """Positions of (level, compared with) for each contrast."""
    if pairs == "reference":
        return [(i, 0) for i in range(1, len(levels))]
    if pairs == "all":
        return [(j, i) for i, j in combinations(range(len(levels)), 2)]
    raise InputError(one_of("'pairs'", pairs, ("reference", "all")))


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
    grid = margins(fit, factor)
    chosen = level_pairs(grid.levels, pairs)
    difference = np.array([grid.rows[i] - grid.rows[j] for i, j in chosen])
    estimate, std_error = linear_combinations(fit, difference)
    z = norm.ppf((1 + conf_level) / 2)
    p = 2 * norm.sf(np.abs(estimate / std_error))
    table = pd.DataFrame(
        {
            "term": factor,
            "contrast": [f"{grid.levels[i]} vs {grid.levels[j]}" for i, j in chosen],
            "estimate": estimate,
            "std_error": std_error,
            "conf_low": estimate - z * std_error,
            "conf_high": estimate + z * std_error,
            "p_value": p,
            "p_adjusted": holm(p),
            "n_raters": [int(grid.n_raters[i]) for i, _ in chosen],
            "n_ratings": [int(grid.n_ratings[i]) for i, _ in chosen],
            "standardized": estimate / np.sqrt((fit.random_sd**2).sum()),
            "method": fit.method,
        }
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
    return Result(table, _sentence(table, factor), meta)


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
        f"{minus(f'{largest.estimate:+.2f}')} "
        f"{bracketed(largest['conf_low'], largest['conf_high'])} rating points."
    )
