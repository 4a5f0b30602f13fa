"""Whether groups use the rating scale alike: measurement invariance."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import cast

import numpy as np
import pandas as pd

from pluralign_stats.checks.model_comparison import compare_models
from pluralign_stats.checks.proportional import proportional_odds
from pluralign_stats.demographics.bayesian import bayesian_effects
from pluralign_stats.documentation import documented_by
from pluralign_stats.effects.adjust import holm
from pluralign_stats.effects.comparisons import comparisons
from pluralign_stats.effects.response_style import LEVEL, RATED, response_style
from pluralign_stats.errors import InputError
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.fits.bayes import BayesOrdinalFit, fit_bayes
from pluralign_stats.fits.ordinal import OrdinalFit, fit_ordinal
from pluralign_stats.formatting import with_interval
from pluralign_stats.models.bayes.options import SAMPLING, Sampling
from pluralign_stats.models.units import units_of
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.settings import CONF_LEVEL, SIGNIFICANCE
from pluralign_stats.significance import significant
from pluralign_stats.words import counted_levels, is_are, levels_of, p_told

#: The models by name: what may differ between the groups besides their level.
SAME, THRESHOLDS, SPREAD = "same scale", "own thresholds", "own spread"

#: What a group has in each model that lets it use the scale in its own way.
OWN = {THRESHOLDS: "thresholds of its own", SPREAD: "a spread of its own"}

#: What a test of proportional odds is held against, by name of the model that would be right.
TESTED = {THRESHOLDS: "thresholds", SPREAD: "scale"}


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
    tests
        Whether thresholds and spread differ by more than chance makes between raters, as
        `proportional_odds` tests it: what the verdict rests on.

    Examples
    --------
    >>> scale = pls.demographics.scale_use(study, "gender", "toxicity", sampling=sampling)
    >>> list(scale.fits)
    ['same scale', 'own thresholds', 'own spread']
    """

    fits: dict[str, BayesOrdinalFit]
    result: Result
    comparison: Result
    tests: Result

    def __repr__(self) -> str:
        return f"{self.result!r}\n{self.tests!r}\n{self.comparison!r}"

    def _repr_html_(self) -> str:
        parts = (self.result, self.tests, self.comparison)
        return "".join(part._repr_html_() for part in parts)


@documented_by(bayesian_effects)
def measurement_invariance(
    formula: str,
    data: pd.DataFrame,
    group: str,
    *,
    conf_level: float = CONF_LEVEL,
    link: str = "logit",
    weights: str | Sequence[float] | np.ndarray | None = None,
    priors: Mapping[str, str] | None = None,
    sampling: Sampling = SAMPLING,
) -> Invariance:
    """Tell whether groups, or speakers of different languages, use the scale alike.

    Three models are fitted: one in which all groups have the same thresholds, one in which each
    has its own, and one in which each has a spread of its own. Differences between groups that
    hold in all of them are differences in what is perceived. Whether thresholds or spread differ at
    all is told by tests that rest on raters (`proportional_odds`): every rater uses a scale in a
    way of their own, so that halves of raters drawn by lot differ too, and how well models predict
    single ratings cannot tell that from a difference between groups.

    Parameters
    ----------
    formula
        As for `fit_bayes`, with `group` among the fixed effects.
    data
        One row per rating.
    group
        A factor of two levels or more, such as language.
    link, weights
        As for `fit_bayes`.

    Returns
    -------
    Invariance
        The differences by each model, the tests of raters, and the fits.

    Raises
    ------
    InputError
        If `group` is no fixed effect of the formula, or a model cannot be fitted.
    NotApplicableError
        If there are two ratings only: their shares do not tell a spread from a level.

    References
    ----------
    Bürkner & Vuorre (2019), Advances in Methods and Practices in Psychological Science 2,
    77-101.

    Examples
    --------
    >>> alike = pls.demographics.measurement_invariance(
    ...     "rating ~ gender + (1|rater)", toxicity, "gender", sampling=sampling
    ... )
    >>> list(alike.fits)
    ['same scale', 'own thresholds', 'own spread']
    """
    tested = fit_ordinal(formula, data, link=link, weights=weights)
    if group not in tested.design.fixed_variables:
        raise InputError(f"the group '{group}' must be among the fixed effects of '{formula}'")
    tests = _tests(tested, group)
    fit = partial(
        fit_bayes, formula, data, link=link, weights=weights, priors=priors, **asdict(sampling)
    )
    made = {SAME: fit(), THRESHOLDS: fit(nominal=f"`{group}`"), SPREAD: fit(scale=f"`{group}`")}
    fits = {name: cast("BayesOrdinalFit", each) for name, each in made.items()}
    first = comparisons(fits[SAME], group, conf_level=conf_level)
    split = {
        name: response_style(fits[name], group, conf_level=conf_level)
        for name in (THRESHOLDS, SPREAD)
    }
    tables = [first.table.assign(model=SAME, part=RATED)]
    tables += [r.table.assign(model=name) for name, r in split.items()]
    table = pd.concat(tables, ignore_index=True)
    comparison = compare_models(fits)
    result = Result.of(
        first,
        table[ordered_columns(table)],
        _sentence(table, tests.table, group, units_of(tested, group).names),
        f"Do groups by {group} use the scale alike?",
        unit="rating points",
        conf_level=conf_level,
        interval=first.meta.interval,
        notes=split[THRESHOLDS].meta.notes,
        warnings=(w for fit in fits.values() for w in fit.warnings),
        figure=FOREST,
    )
    return Invariance(fits, result, comparison, tests)


def _tests(fit: OrdinalFit, group: str) -> Result:
    """Tests of the group's thresholds and spread; p adjusted for these two."""
    made = proportional_odds(fit)
    table = made.table[made.table["term"] == group].reset_index(drop=True)
    table = table.assign(p_adjusted=holm(table["p_value"].to_numpy()))
    meta = replace(made.meta, title=f"Tests of the use of the scale by {group}")
    clear = table.loc[significant(table), "against"]
    told = f"Neither thresholds nor spread differ clearly by {group}."
    if table["p_value"].isna().all():
        told = f"Neither thresholds nor spread could be tested by {group}."
    if len(clear):
        told = f"By {group} differ: {' and '.join(clear)}."
    return Result(table, told, meta, figure=FOREST)


def _sentence(table: pd.DataFrame, tests: pd.DataFrame, group: str, units: tuple[str, ...]) -> str:
    """The verdict in plain words."""
    p = tests.set_index("against")["p_adjusted"].dropna()
    least = str(p.idxmin()) if len(p) else TESTED[THRESHOLDS]
    differ = bool((p < SIGNIFICANCE).any())
    best = next(name for name, against in TESTED.items() if against == least)
    n_units = int(tests["n_units"].min())
    if p.empty:
        start = (
            f"Whether groups by {group} use the scale differently could not be tested: "
            f"{counted_levels(n_units, units)} {is_are(n_units)} too few, or the model "
            "did not converge"
        )
    elif differ:
        start = (
            f"Groups by {group} use the scale differently: each has {OWN[best]} "
            f"(adjusted {p_told(p.min())})"
        )
    else:
        start = (
            f"Nothing shows that groups by {group} use the scale differently: neither thresholds "
            f"nor spread differ by more than chance makes between {levels_of(units)} "
            f"(smallest adjusted {p_told(p.min())})"
        )
    left = table[(table["model"] == best) & (table["part"] == LEVEL)].set_index("contrast")
    alike = table[table["model"] == SAME].set_index("contrast")
    known = alike["estimate"].dropna()
    if known.empty:
        return f"{start}. The data do not tell the groups apart from other terms of the model."
    contrast = known.abs().idxmax()
    rated, level = alike.loc[contrast], left.loc[contrast]
    return (
        f"{start}. The difference {contrast} is {with_interval(rated, '.2f', 'rating points')} if "
        f"all use one scale, and {with_interval(level, '.2f', 'points')} once each group may use "
        "it in its own way."
    )
