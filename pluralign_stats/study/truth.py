"""The truth that travels with a simulated study: what was planted in it."""

from dataclasses import dataclass
from typing import Any, Literal, Self

import pandas as pd

Reading = Literal["odds", "mean"]

#: The two readings of a reported percentage.
READINGS: tuple[Reading, ...] = ("odds", "mean")


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
        One row per dimension and level other than the reference, by dimension:
        ``dimension``, ``term`` (the demographic), ``level``, ``reference``,
        ``estimate`` (b in logits), ``percent_odds``
        (change of the odds of a higher rating, rater and item held fixed), ``percent_mean``
        (change of the mean rating averaged over rater and item effects and over the study's
        raters, as a percentage of the mean at the reference level) and ``planted`` (whether the
        paper reports the effect).
    rater_sd, item_sd : Series, shape (5,)
        SDs of u and v in logits, by dimension.
    rater_corr, item_corr : DataFrame, shape (5, 5)
        Correlations of u and v across dimensions.
    thresholds_three : DataFrame, shape (5, 2), optional
        θ of rows on which three options were offered (``2|3`` and ``3|4``), where there are such.
    """

    seed: int
    reading: Reading
    thresholds: pd.DataFrame
    effects: pd.DataFrame
    rater_sd: pd.Series
    item_sd: pd.Series
    rater_corr: pd.DataFrame
    item_corr: pd.DataFrame
    thresholds_three: pd.DataFrame | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold without loss."""
        values = {
            "seed": self.seed,
            "reading": self.reading,
            "thresholds": self.thresholds.to_dict("index"),
            "effects": self.effects.to_dict("records"),
            "rater_sd": self.rater_sd.to_dict(),
            "item_sd": self.item_sd.to_dict(),
            "rater_corr": self.rater_corr.to_dict("index"),
            "item_corr": self.item_corr.to_dict("index"),
        }
        if self.thresholds_three is not None:
            values["thresholds_three"] = self.thresholds_three.to_dict("index")
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Rebuild a truth from what `to_dict` returned, exactly."""
        three = values.get("thresholds_three")
        return cls(
            seed=values["seed"],
            reading=values["reading"],
            thresholds=by_dimension(pd.DataFrame.from_dict(values["thresholds"], "index")),
            effects=pd.DataFrame(values["effects"]),
            rater_sd=by_dimension(pd.Series(values["rater_sd"], name="rater_sd")),
            item_sd=by_dimension(pd.Series(values["item_sd"], name="item_sd")),
            rater_corr=by_dimension(pd.DataFrame.from_dict(values["rater_corr"], "index")),
            item_corr=by_dimension(pd.DataFrame.from_dict(values["item_corr"], "index")),
            thresholds_three=None
            if three is None
            else by_dimension(pd.DataFrame.from_dict(three, "index")),
        )


def by_dimension[T: (pd.DataFrame, pd.Series)](table: T) -> T:
    """Name the index of a table whose rows are dimensions."""
    return table.rename_axis("dimension")
