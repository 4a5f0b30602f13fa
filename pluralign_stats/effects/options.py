"""The options that effects of a fit share: checked, documented and handed on in one place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from pluralign_stats.documentation import documented_by
from pluralign_stats.effects.adjust import ADJUSTMENTS, Adjustment
from pluralign_stats.errors import InputError, check_one_of
from pluralign_stats.models.parts import Averaging, Kind
from pluralign_stats.models.predict import predict
from pluralign_stats.settings import CONF_LEVEL
from pluralign_stats.significance import check_level

#: How intervals are made: by the delta method, or from draws of the parameters. Those of a
#: Bayesian fit are quantiles of its own draws, whatever is said.
Interval = Literal["delta", "simulation"]

#: Fewest draws of the parameters that intervals by simulation rest on.
FEWEST_DRAWS = 100


@documented_by(predict)
@dataclass(frozen=True, kw_only=True, eq=False)
class EffectOptions:
    """What effects of a fit are averaged over, and how their intervals and p-values are made.

    Attributes
    ----------
    by
        Variables whose combinations make groups, within which predictions are averaged; they need
        not be in the model. None for one average over all rows.
    newdata
        Rows to average over instead of those that the model was fitted to.
    conf_level
        Level of the intervals.
    interval
        By the ``"delta"`` method (of a probability on the logit scale, of a percentage on the log
        scale) or by ``"simulation"``. Intervals of a Bayesian fit are quantiles of its draws, each
        of which is averaged, or put in percent, first.
    adjust
        Of p-values, within one group and category: ``"holm"``, ``"bh"``, ``"tukey"`` (single-step,
        with simultaneous intervals) or ``"none"``. Of no meaning for a Bayesian fit.
    n_draws
        How many draws of the parameters a simulation takes, 100 or more.
    seed
        Of these draws.

    Raises
    ------
    InputError
        If an option is unknown or out of range.
    """

    by: str | Sequence[str] | None = None
    newdata: pd.DataFrame | None = None
    kind: Kind = "mean"
    averaging: Averaging = "marginal"
    conf_level: float = CONF_LEVEL
    interval: Interval = "delta"
    adjust: Adjustment = "holm"
    n_draws: int = 1000
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be used."""
        check_level(self.conf_level)
        check_one_of("'adjust'", self.adjust, ADJUSTMENTS)
        check_one_of("'interval'", self.interval, ("delta", "simulation"))
        if self.n_draws < FEWEST_DRAWS:
            raise InputError(f"'n_draws' must be {FEWEST_DRAWS} or more, not {self.n_draws}")


def group_variables(by: str | Sequence[str] | None) -> tuple[str, ...]:
    """The variables of groups, each once."""
    return (by,) if isinstance(by, str) else tuple(dict.fromkeys(by or ()))


#: Documents those parameters of a function that are options of effects.
with_options = documented_by(EffectOptions)
