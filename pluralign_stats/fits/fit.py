"""What every fit offers: predictions, a summary, effects and tests of them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import pandas as pd

from pluralign_stats.effects.adjust import Adjustment
from pluralign_stats.effects.comparisons import Pairs, comparisons
from pluralign_stats.effects.contrasts import contrasts
from pluralign_stats.effects.estimates import Interval
from pluralign_stats.effects.hypotheses import hypotheses
from pluralign_stats.effects.percent import percent
from pluralign_stats.effects.predictions import predictions
from pluralign_stats.effects.rows import rating_sd, simulate
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.parts import Averaging, Kind
from pluralign_stats.models.predict import predict
from pluralign_stats.models.summary import summary
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL


@dataclass(frozen=True, eq=False, repr=False)
class Fit(ModelEstimates):
    """A fitted mixed model; `LinearFit` and `OrdinalFit` are the two kinds.

    What was estimated is described by `ModelEstimates`.
    """

    @classmethod
    def of(cls, estimates: ModelEstimates, **more: Any) -> Self:
        """The fit of what was estimated, with further fields of this class."""
        return cls(**{f.name: getattr(estimates, f.name) for f in fields(estimates)}, **more)

    @property
    def rating_sd(self) -> float:
        """Standard deviation of a single rating, averaged in variance over the data."""
        return rating_sd(self)

    def simulate(self, seed: int) -> pd.Series:
        """New ratings for the rows of the data, with new random effects."""
        return simulate(self, seed)

    def predict(
        self,
        newdata: pd.DataFrame | None = None,
        kind: Kind = "mean",
        averaging: Averaging = "population",
    ) -> pd.Series | pd.DataFrame:
        """Predict each row of `newdata`, or of the data.

        Parameters
        ----------
        newdata
            Rows with the variables of the model; by default those it was fitted to.
        kind
            ``"mean"`` rating, ``"probability"`` of each category (a column each; ordinal models
            only), or the ``"linear"`` predictor.
        averaging
            ``"population"``: over the distribution of the random effects, as for a new rater and a
            new item. ``"conditional"``: with the predicted effects of the rows' own raters and
            items, averaged over those that are not in the data. ``"typical"``: with random
            effects of zero.

        Raises
        ------
        InputError
            If a variable is absent, a level unknown, or `kind` not to be had from this model.
        """
        return predict(self, newdata, kind, averaging)

    def summary(self, conf_level: float = CONF_LEVEL, interval: str = "wald") -> Result:
        """Fixed effects with intervals, and how the model fared.

        Parameters
        ----------
        conf_level
            Level of the intervals.
        interval
            ``"wald"``, or ``"profile"`` for the slower ones from the profile likelihood.
        """
        return summary(self, conf_level, interval)

    def contrasts(
        self,
        factor: str,
        *,
        pairs: Pairs = "reference",
        by: str | Sequence[str] | None = None,
        newdata: pd.DataFrame | None = None,
        kind: Kind = "mean",
        averaging: Averaging = "population",
        conf_level: float = CONF_LEVEL,
        interval: Interval = "delta",
        adjust: Adjustment = "holm",
        n_draws: int = 1000,
        seed: int = 1,
    ) -> Result:
        """Differences between levels of a factor; see `pluralign_stats.contrasts`."""
        return contrasts(
            self, factor, pairs=pairs, by=by, newdata=newdata, kind=kind, averaging=averaging,
            conf_level=conf_level, interval=interval, adjust=adjust, n_draws=n_draws, seed=seed,
        )  # fmt: skip

    def percent(
        self,
        factor: str,
        *,
        pairs: Pairs = "reference",
        by: str | Sequence[str] | None = None,
        newdata: pd.DataFrame | None = None,
        averaging: Averaging = "population",
        conf_level: float = CONF_LEVEL,
        interval: Interval = "delta",
        adjust: Adjustment = "holm",
        n_draws: int = 1000,
        seed: int = 1,
        lowest: float | None = None,
    ) -> Result:
        """Differences in percent, in both readings; see `pluralign_stats.percent`."""
        return percent(
            self, factor, pairs=pairs, by=by, newdata=newdata, averaging=averaging,
            conf_level=conf_level, interval=interval, adjust=adjust, n_draws=n_draws, seed=seed,
            lowest=lowest,
        )  # fmt: skip

    def predictions(
        self,
        *,
        by: str | Sequence[str] | None = None,
        newdata: pd.DataFrame | None = None,
        kind: Kind = "mean",
        averaging: Averaging = "population",
        conf_level: float = CONF_LEVEL,
        interval: Interval = "delta",
        n_draws: int = 1000,
        seed: int = 1,
    ) -> Result:
        """Predictions with intervals; see `pluralign_stats.predictions`."""
        return predictions(
            self, by=by, newdata=newdata, kind=kind, averaging=averaging, conf_level=conf_level,
            interval=interval, n_draws=n_draws, seed=seed,
        )  # fmt: skip

    def comparisons(
        self,
        variable: str,
        *,
        pairs: Pairs = "reference",
        step: float = 1.0,
        by: str | Sequence[str] | None = None,
        newdata: pd.DataFrame | None = None,
        kind: Kind = "mean",
        averaging: Averaging = "population",
        conf_level: float = CONF_LEVEL,
        interval: Interval = "delta",
        adjust: Adjustment = "holm",
        n_draws: int = 1000,
        seed: int = 1,
    ) -> Result:
        """What a change of one variable does; see `pluralign_stats.comparisons`."""
        return comparisons(
            self, variable, pairs=pairs, step=step, by=by, newdata=newdata, kind=kind,
            averaging=averaging, conf_level=conf_level, interval=interval, adjust=adjust,
            n_draws=n_draws, seed=seed,
        )  # fmt: skip

    def hypotheses(
        self,
        tests: str | Sequence[str],
        *,
        by: str | Sequence[str] | None = None,
        newdata: pd.DataFrame | None = None,
        kind: Kind = "mean",
        averaging: Averaging = "population",
        conf_level: float = CONF_LEVEL,
        interval: Interval = "delta",
        adjust: Adjustment = "holm",
        n_draws: int = 1000,
        seed: int = 1,
    ) -> Result:
        """Tests of combinations of coefficients; see `pluralign_stats.hypotheses`."""
        return hypotheses(
            self, tests, by=by, newdata=newdata, kind=kind, averaging=averaging,
            conf_level=conf_level, interval=interval, adjust=adjust, n_draws=n_draws, seed=seed,
        )  # fmt: skip

    def __repr__(self) -> str:
        return repr(self.summary().released())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()
