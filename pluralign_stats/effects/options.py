"""The options that effects of a fit share: checked, documented and handed on in one place."""

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from pluralign_stats.describe.intervals import check_level
from pluralign_stats.effects.adjust import Adjustment, check_adjustment
from pluralign_stats.errors import InputError, one_of
from pluralign_stats.models.parts import Averaging, Kind
from pluralign_stats.settings import CONF_LEVEL

#: How intervals are made: by the delta method, or from draws of the parameters. Those of a
#: Bayesian fit are quantiles of its own draws, whatever is said.
Interval = Literal["delta", "simulation"]

#: Fewest draws of the parameters that intervals by simulation rest on.
FEWEST_DRAWS = 100


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
    kind
        The ``"mean"`` rating, the ``"probability"`` of each category (of ordinal models), or the
        ``"linear"`` predictor (log odds, for a logit).
    averaging
        ``"population"``: over the distribution of the random effects, as for a new rater and a new
        item. ``"conditional"``: with the predicted effects of the rows' own raters and items,
        averaged over those that are not in the data. ``"typical"``: with random effects of zero.
    conf_level
        Level of the intervals.
    interval
        By the ``"delta"`` method or by ``"simulation"``. Intervals of a Bayesian fit are quantiles
        of its draws, each of which is averaged first.
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
    averaging: Averaging = "population"
    conf_level: float = CONF_LEVEL
    interval: Interval = "delta"
    adjust: Adjustment = "holm"
    n_draws: int = 1000
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be used."""
        check_level(self.conf_level)
        check_adjustment(self.adjust)
        if self.interval not in ("delta", "simulation"):
            raise InputError(one_of("'interval'", self.interval, ("delta", "simulation")))
        if self.n_draws < FEWEST_DRAWS:
            raise InputError(f"'n_draws' must be {FEWEST_DRAWS} or more, not {self.n_draws}")


def with_options[F: Callable[..., object]](verb: F) -> F:
    """Document those parameters of a verb that are effect options and that it says nothing of.

    Their entries, those of `EffectOptions`, take the places that they have in the signature.
    """
    if verb.__doc__ is None:  # as under python -OO
        return verb
    head, own, tail = _sections(verb.__doc__, "Parameters")
    names = list(inspect.signature(verb).parameters)
    told = {name for entry in own for name in _named(entry)}
    _, options, _ = _sections(EffectOptions.__doc__ or "", "Attributes")
    own += [e for e in options if set(_named(e)) & set(names) - told]
    own.sort(key=lambda entry: names.index(_named(entry)[0]))
    verb.__doc__ = "\n".join([head, *own, tail])
    return verb


def _sections(text: str, title: str) -> tuple[str, list[str], str]:
    """What stands before the entries of a section of a docstring, the entries, and the rest."""
    text = inspect.cleandoc(text)
    start = re.search(rf"^{title}\n-+\n", text, re.MULTILINE)
    if start is None:
        return f"{text}\n\n{title}\n{'-' * len(title)}", [], ""
    entries, _, tail = text[start.end() :].partition("\n\n")
    return text[: start.end()].rstrip("\n"), re.split(r"\n(?=\S)", entries), f"\n{tail}"


def _named(entry: str) -> list[str]:
    """The parameters that an entry is about."""
    return entry.partition("\n")[0].split(", ")
