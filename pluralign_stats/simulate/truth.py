"""Plant the parameters from which a simulated study is drawn."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.simulate import parameters
from pluralign_stats.simulate.margins import Standard, mean_shares, solve_mean_shares
from pluralign_stats.simulate.parameters import DIMENSIONS, LEVELS
from pluralign_stats.study.truth import Reading, Truth, by_dimension

#: Effect columns: every level but the reference of every demographic, as (term, level).
COLUMNS = [(term, level) for term, levels in LEVELS.items() for level in levels[1:]]


def plant_truth(
    seed: int,
    profiles: pd.DataFrame,
    reading: Reading,
    item_sd: Mapping[str, float] = parameters.ITEM_SD,
) -> Truth:
    """Set the parameters so that the reported percentages hold in the given reading.

    In the odds reading the planted effect is log(1 + p). In the mean reading it is solved for, so
    it depends a little on who the raters are.

    Parameters
    ----------
    seed : int
        Kept in the result.
    profiles : DataFrame
        One row per rater, one column per demographic of `LEVELS`, missing where declined.
    reading : {"odds", "mean"}
        The reading to plant.
    item_sd : mapping of str to float
        SD of the item effects by dimension, in logits.
    """
    cells = profiles.groupby(list(LEVELS), dropna=False).size().rename("n").reset_index()
    X, weights = design_matrix(cells), (cells["n"] / len(profiles)).to_numpy()
    tables = [
        _dimension_effects(dimension, X, weights, reading, item_sd[dimension])
        for dimension in DIMENSIONS
    ]
    return Truth(
        seed=seed,
        reading=reading,
        thresholds=_table(parameters.THRESHOLDS.values(), parameters.THRESHOLD_NAMES),
        effects=pd.concat(tables, ignore_index=True),
        rater_sd=by_dimension(pd.Series(parameters.RATER_SD, name="rater_sd")),
        item_sd=by_dimension(pd.Series({d: item_sd[d] for d in DIMENSIONS}, name="item_sd")),
        rater_corr=_table(parameters.RATER_CORR, DIMENSIONS),
        item_corr=_table(parameters.ITEM_CORR, DIMENSIONS),
    )


def design_matrix(profiles: pd.DataFrame) -> np.ndarray:
    """Indicate the levels of `COLUMNS`, shape (rows, columns); a missing level gives zeros."""
    return np.column_stack([profiles[term].eq(level).to_numpy(float) for term, level in COLUMNS])


def coefficients(truth: Truth) -> np.ndarray:
    """Arrange the effects as a matrix in logits, shape (columns of `design_matrix`, dimensions)."""
    return truth.effects["estimate"].to_numpy().reshape(len(DIMENSIONS), len(COLUMNS)).T


def _dimension_effects(
    dimension: str, X: np.ndarray, weights: np.ndarray, reading: Reading, item_sd: float
) -> pd.DataFrame:
    """Plant the effects of one dimension and tabulate them in both readings."""
    table = pd.DataFrame(COLUMNS, columns=["term", "level"])
    standard = Standard(
        X,
        weights,
        table["term"].to_numpy(),
        np.array(parameters.THRESHOLDS[dimension]),
        float(np.hypot(parameters.RATER_SD[dimension], item_sd)),
    )
    planted = {(p.term, p.level): p.share for p in parameters.PLANTED if p.dimension == dimension}
    b = _planted_effects(standard, dimension, planted, reading)
    table.insert(0, "dimension", dimension)
    table["reference"] = [LEVELS[term][0] for term, _ in COLUMNS]
    table["estimate"] = b
    table["percent_odds"] = 100 * np.expm1(b)
    table["percent_mean"] = 100 * mean_shares(standard, b, np.arange(len(COLUMNS)))
    table["planted"] = [column in planted for column in COLUMNS]
    return table


def _planted_effects(
    standard: Standard, dimension: str, planted: dict[tuple[str, str], float], reading: Reading
) -> np.ndarray:
    """Effects of one dimension in logits, shape (columns,)."""
    listed = parameters.EFFECTS[dimension]
    b = np.array([listed.get(term, {}).get(level, 0.0) for term, level in COLUMNS])
    if not planted:
        return b
    columns = np.array([COLUMNS.index(column) for column in planted])
    shares = np.array(list(planted.values()))
    if reading == "mean":
        return solve_mean_shares(standard, b, columns, shares)
    b[columns] = np.log1p(shares)
    return b


def _table(rows: Iterable[Any], columns: tuple[str, ...]) -> pd.DataFrame:
    return by_dimension(pd.DataFrame(list(rows), DIMENSIONS, list(columns)))
