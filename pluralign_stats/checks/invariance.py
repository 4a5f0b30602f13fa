"""Whether groups use the rating scale alike: measurement invariance."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.checks.compare_models import compare_models
from pluralign_stats.effects.comparisons import comparisons
from pluralign_stats.effects.response_style import LEVEL, RATED, response_style
from pluralign_stats.errors import InputError
from pluralign_stats.models.bayes.bayes import BayesOrdinalFit, fit_bayes
from pluralign_stats.models.formula import parse_formula, variables_of
from pluralign_stats.results import Metadata, Result, ordered_columns, with_interval
from pluralign_stats.settings import CONF_LEVEL

#: The models by name: what may differ between the groups besides their level.
SAME, THRESHOLDS, SPREAD = "same scale", "own thresholds", "own spread"

#: What a group has in each model that lets it use the scale in its own way.
OWN = {THRESHOLDS: "thresholds of its own", SPREAD: "a spread of its own"}

#: A difference in predictive density is clear if it is so many standard errors, and above 4.
CLEAR, SMALL = 2.0, 4.0


@dataclass(frozen=True, eq=False, repr=False)
class Invariance:
    """Models in which groups use the scale alike or not, and what each makes of a difference.

    Attributes
    ----------
    fits
        The models by name.
    result
        Differences between the groups by each model: as rated, level, use of the scale.
    comparison
        Which model predicts ratings that it has not seen best.
    """

    fits: dict[str, BayesOrdinalFit]
    result: Result
    comparison: Result

    def __repr__(self) -> str:
        return f"{self.result!r}\n{self.comparison!r}"

    def _repr_html_(self) -> str:
        return self.result._repr_html_() + self.comparison._repr_html_()


def measurement_invariance(
    formula: str,
    data: pd.DataFrame,
    group: str,
    *,
    conf_level: float = CONF_LEVEL,
    **options: Any,
) -> Invariance:
    """Tell whether groups, or speakers of different languages, use the scale alike.

    Three models are fitted: one in which all groups have the same thresholds, one in which each
    has its own, and one in which each has a spread of its own. Differences between groups that
    hold in all of them are differences in what is perceived.

    Parameters
    ----------
    formula
        As for `fit_bayes`, with `group` among the fixed effects.
    data
        One row per rating.
    group
        A factor of two levels or more, such as language.
    conf_level
        Level of the intervals.
    options
        For `fit_bayes`, such as priors, draws and seed.

    Raises
    ------
    InputError
        If `group` is no fixed effect of the formula, or a model cannot be fitted.
    """
    fixed = parse_formula(formula).fixed
    if group not in variables_of(fixed):
        raise InputError(f"the group '{group}' must be among the fixed effects of '{formula}'")
    fits = {
        SAME: _fit(formula, data, options),
        THRESHOLDS: _fit(formula, data, options | {"nominal": f"`{group}`"}),
        SPREAD: _fit(formula, data, options | {"scale": f"`{group}`"}),
    }
    first = comparisons(fits[SAME], group, conf_level=conf_level)
    split = {
        name: response_style(fits[name], group, conf_level=conf_level)
        for name in (THRESHOLDS, SPREAD)
    }
    tables = [first.table.assign(model=SAME, part=RATED)]
    tables += [r.table.assign(model=name) for name, r in split.items()]
    table = pd.concat(tables, ignore_index=True)
    comparison = compare_models(fits)
    meta = Metadata(
        f"Do groups by {group} use the scale alike?",
        first.meta.data,
        "rating points",
        conf_level,
        first.meta.interval,
        split[THRESHOLDS].meta.notes,
        tuple(dict.fromkeys(w for fit in fits.values() for w in fit.warnings)),
    )
    told = _sentence(table, comparison.table, group)
    return Invariance(fits, Result(table[ordered_columns(table)], told, meta), comparison)


def _fit(formula: str, data: pd.DataFrame, options: dict[str, Any]) -> BayesOrdinalFit:
    fit = fit_bayes(formula, data, **options)
    if not isinstance(fit, BayesOrdinalFit):
        raise InputError("use of the scale is told from ratings in categories: family='cumulative'")
    return fit


def _sentence(table: pd.DataFrame, comparison: pd.DataFrame, group: str) -> str:
    """The verdict in plain words."""
    by_model = comparison.set_index("model")
    gain = by_model.loc[[THRESHOLDS, SPREAD], "elpd"] - by_model.loc[SAME, "elpd"]
    best = str(gain.idxmax())
    error = by_model["std_error"].max() if np.isfinite(by_model["std_error"].max()) else 0.0
    differ = gain[best] > max(SMALL, CLEAR * error)
    start = (
        f"Groups by {group} use the scale differently: a model in which each has {OWN[best]} "
        "predicts ratings better"
        if differ
        else f"Nothing shows that groups by {group} use the scale differently: models that let "
        "them do so predict ratings no better"
    )
    own = table["model"] == (best if differ else THRESHOLDS)
    left = table[own & (table["part"] == LEVEL)].set_index("contrast")
    alike = table[table["model"] == SAME].set_index("contrast")
    known = alike["estimate"].dropna()
    if known.empty:
        return f"{start}. The data do not tell the groups apart from other terms of the model."
    contrast = known.abs().idxmax()
    rated, level = alike.loc[contrast], left.loc[contrast]
    return (
        f"{start}. Of the difference {contrast}, {with_interval(rated, '.2f', 'rating points')}, "
        f"{with_interval(level, '.2f', 'points')} are left once each group may use the scale in "
        "its own way."
    )
