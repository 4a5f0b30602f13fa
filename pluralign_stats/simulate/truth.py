"""The parameters from which a simulated study was drawn."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import pandas as pd

from pluralign_stats.simulate import parameters
from pluralign_stats.simulate.levels import DIMENSIONS, LEVELS
from pluralign_stats.simulate.margins import Standard, mean_shares, solve_mean_shares

Reading = Literal["odds", "mean"]

#: The two readings of a reported percentage.
READINGS: tuple[Reading, ...] = ("odds", "mean")

#: Effect columns: every level but the reference of every demographic, as (term, level).
COLUMNS = [(term, level) for term, levels in LEVELS.items() for level in levels[1:]]


@dataclass(frozen=True, eq=False)
class Truth:
    r"""What was planted, in the cumulative logit model of every dimension.

    .. math:: P(Y \le k) = \operatorname{logit}^{-1}(\theta_k - x'b - u_{rater} - v_{item})

    with normal rater effects u and item effects v, correlated across dimensions. Declined answers
    and parties have no effect.

    Attributes
    ----------
    seed : int
        The seed of the study.
    reading : {"odds", "mean"}
        The reading of the reported percentages that was planted.
    thresholds : DataFrame, shape (5, 4)
        θ in logits, dimension by threshold (``1|2`` … ``4|5``).
    effects : DataFrame
        One row per dimension and level other than the reference, in the order of `DIMENSIONS`
        and `COLUMNS`: ``dimension``, ``term`` (the demographic), ``level``, ``reference``,
        ``estimate`` (b in logits), ``percent_odds``
        (change of the odds of a higher rating, rater and item held fixed), ``percent_mean``
        (change of the mean rating averaged over rater and item effects and over the study's
        raters, as a percentage of the mean at the reference level) and ``planted`` (whether the
        paper reports the effect).
    rater_sd, item_sd : Series, shape (5,)
        SDs of u and v in logits, by dimension.
    rater_corr, item_corr : DataFrame, shape (5, 5)
        Correlations of u and v across dimensions.
    """

    seed: int
    reading: Reading
    thresholds: pd.DataFrame
    effects: pd.DataFrame
    rater_sd: pd.Series
    item_sd: pd.Series
    rater_corr: pd.DataFrame
    item_corr: pd.DataFrame

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold without loss."""
        return {
            "seed": self.seed,
            "reading": self.reading,
            "thresholds": self.thresholds.to_dict("index"),
            "effects": self.effects.to_dict("records"),
            "rater_sd": self.rater_sd.to_dict(),
            "item_sd": self.item_sd.to_dict(),
            "rater_corr": self.rater_corr.to_dict("index"),
            "item_corr": self.item_corr.to_dict("index"),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Rebuild a truth from what `to_dict` returned, exactly."""
        return cls(
            seed=values["seed"],
            reading=values["reading"],
            thresholds=_by_dimension(pd.DataFrame.from_dict(values["thresholds"], "index")),
            effects=pd.DataFrame(values["effects"]),
            rater_sd=_by_dimension(pd.Series(values["rater_sd"], name="rater_sd")),
            item_sd=_by_dimension(pd.Series(values["item_sd"], name="item_sd")),
            rater_corr=_by_dimension(pd.DataFrame.from_dict(values["rater_corr"], "index")),
            item_corr=_by_dimension(pd.DataFrame.from_dict(values["item_corr"], "index")),
        )


def plant_truth(seed: int, profiles: pd.DataFrame, reading: Reading) -> Truth:
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
    """
    cells = profiles.groupby(list(LEVELS), dropna=False).size().rename("n").reset_index()
    X, weights = design_matrix(cells), (cells["n"] / len(profiles)).to_numpy()
    tables = [_dimension_effects(dimension, X, weights, reading) for dimension in DIMENSIONS]
    return Truth(
        seed=seed,
        reading=reading,
        thresholds=_table(parameters.THRESHOLDS.values(), parameters.THRESHOLD_NAMES),
        effects=pd.concat(tables, ignore_index=True),
        rater_sd=_by_dimension(pd.Series(parameters.RATER_SD, name="rater_sd")),
        item_sd=_by_dimension(pd.Series(parameters.ITEM_SD, name="item_sd")),
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
    dimension: str, X: np.ndarray, weights: np.ndarray, reading: Reading
) -> pd.DataFrame:
    """Plant the effects of one dimension and tabulate them in both readings."""
    table = pd.DataFrame(COLUMNS, columns=["term", "level"])
    standard = Standard(
        X,
        weights,
        table["term"].to_numpy(),
        np.array(parameters.THRESHOLDS[dimension]),
        float(np.hypot(parameters.RATER_SD[dimension], parameters.ITEM_SD[dimension])),
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
    return _by_dimension(pd.DataFrame(list(rows), DIMENSIONS, list(columns)))


def _by_dimension[T: (pd.DataFrame, pd.Series)](table: T) -> T:
    return table.rename_axis("dimension")
