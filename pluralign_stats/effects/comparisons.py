"""What a change of one variable does to average predictions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd

from pluralign_stats.backing import Backing
from pluralign_stats.effects.adjust import Adjustment
from pluralign_stats.effects.averages import Population, averages, population
from pluralign_stats.effects.counts import READJUST, count, pair_backing
from pluralign_stats.effects.estimates import Estimates, infer, tabulate
from pluralign_stats.effects.options import EffectOptions, Interval, with_options
from pluralign_stats.effects.predictions import UNITS, label_groups, notes
from pluralign_stats.errors import check_one_of
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.formatting import plain_rating, with_interval
from pluralign_stats.models.few_units import few_units
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.parts import Averaging, Kind
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL
from pluralign_stats.significance import criterion, significant
from pluralign_stats.study.text import contrast_labels
from pluralign_stats.words import counted, has

#: Which levels of a factor are compared.
Pairs = Literal["reference", "all", "sequential"]


@dataclass(frozen=True, eq=False)
class Comparison:
    """The settings of one variable, and which of them are compared.

    Attributes
    ----------
    variable
        Its name.
    settings
        The values it is set to, or amounts that are added to it.
    names
        What tables call them.
    pairs
        (c, 2) numbers of the settings: each first one is compared with the second.
    contrasts
        What tables call the comparisons.
    """

    variable: str
    settings: tuple[object, ...]
    names: tuple[str, ...]
    pairs: np.ndarray
    contrasts: tuple[str, ...]

    @property
    def weights(self) -> np.ndarray:
        """(c, settings) weights of first minus second."""
        place = np.arange(len(self.pairs))
        made = np.zeros((len(place), len(self.settings)))
        made[place, self.pairs[:, 0]] += 1
        made[place, self.pairs[:, 1]] -= 1
        return made


@with_options
def comparisons(
    fit: ModelEstimates,
    variable: str,
    *,
    pairs: Pairs = "reference",
    step: float = 1.0,
    by: str | Sequence[str] | None = None,
    newdata: pd.DataFrame | None = None,
    kind: Kind = "mean",
    averaging: Averaging = "marginal",
    conf_level: float = CONF_LEVEL,
    interval: Interval = "delta",
    adjust: Adjustment = "holm",
    n_draws: int = 1000,
    seed: int = 1,
) -> Result:
    """Compare average predictions as if everyone had one value of a variable, then another.

    Parameters
    ----------
    fit
        A fitted model.
    variable
        A factor, whose levels are compared, or a number, which is raised by `step` for everyone.
    pairs
        Of a factor: each level with the ``"reference"``, ``"all"`` pairs, or ``"sequential"`` ones
        (each level with the one before).
    step
        By how much a number is raised.

    Returns
    -------
    Result
        Columns term, contrast, level, reference, group (with `by`), rating (for probabilities),
        estimate, std_error, conf_low, conf_high, p_value, p_adjusted, n_raters, n_ratings (of the
        level named first), method. Of a Bayesian fit, sd and prob_positive take the place of
        std_error and of p.

    Raises
    ------
    InputError
        If the variable is not in the model, or an option is unknown or not for this kind of fit.

    References
    ----------
    Arel-Bundock, Greifer & Heiss (2024), Journal of Statistical Software 111(9).

    Examples
    --------
    >>> pls.comparisons(fit, "politics", by="gender").table.shape
    (6, 14)
    """
    options = EffectOptions(
        by=by, newdata=newdata, kind=kind, averaging=averaging, conf_level=conf_level,
        interval=interval, adjust=adjust, n_draws=n_draws, seed=seed,
    )  # fmt: skip
    return compare(fit, variable, options, pairs, step)


def compare(
    fit: ModelEstimates, variable: str, options: EffectOptions, pairs: Pairs, step: float = 1.0
) -> Result:
    """Compare average predictions; see `comparisons`."""
    how = infer(fit, options)
    rows, compared, made = averaged_settings(fit, variable, options, pairs, step)
    differences = contrast_groups(fit, rows, compared, made)
    few = few_units(fit, variable)
    table = tabulate(fit, differences, how, few=[few])
    unit = UNITS[options.kind] if options.kind != "linear" else fit.family.unit
    retell = partial(_sentence, variable=variable, unit=unit)
    backing = contrast_backing(fit, rows, compared, differences, options.adjust)
    return Result.of(
        fit,
        table,
        retell(table),
        f"Differences by {variable}",
        unit=unit,
        conf_level=options.conf_level,
        interval=how.kind,
        notes=(
            "Raters and ratings are counted in the group named first.",
            *notes(fit, rows.n_dropped, options),
            few.note if few else None,
            how.note,
        ),
        backing=replace(backing, retell=retell),
        figure=FOREST,
    )


def _sentence(table: pd.DataFrame, variable: str, unit: str) -> str:
    if table["estimate"].isna().all():
        return f"The data do not tell the levels of {variable} apart from other terms of the model."
    table = table.dropna(subset="estimate")
    largest = table.loc[table["estimate"].abs().idxmax()]
    about = [f"rating {plain_rating(largest['rating'])}"] if "rating" in table else []
    about += [largest["group"]] if "group" in table else []
    where = f" ({', '.join(about)})" if about else ""
    if "p_value" in table and table["p_value"].isna().all():
        return f"The data are too few to test differences by {variable}."
    clear = int(significant(table).sum())
    it = "it" if len(table) == 1 else "the largest"
    return (
        f"{clear} of {counted(len(table), 'difference')} by {variable} {has(clear)} "
        f"{criterion(table)}; {it} is {largest['contrast']}{where}: "
        f"{with_interval(largest, '.2f', unit)}."
    )


def contrast_backing(
    fit: ModelEstimates, rows: Population, compared: Comparison, made: Estimates, adjust: Adjustment
) -> Backing:
    """Who stands behind the contrasts of `contrast_groups`."""
    n = len(rows.groups) * len(compared.pairs)
    factor = compared.variable if compared.variable in fit.design.factors else None
    backing = pair_backing(fit, rows, factor, compared.pairs, len(made.estimate) // n)
    return replace(backing, family=made.family, readjust=READJUST.get(adjust))


def compare_levels(fit: ModelEstimates, variable: str, pairs: Pairs, step: float) -> Comparison:
    """Choose the values of a variable and which are compared."""
    data = fit.design.data
    check_one_of("the variable", variable, fit.design.fixed_variables)
    if variable not in fit.design.factors:
        told = f"+{step:g}"
        return Comparison(variable, (0.0, step), ("as is", told), np.array([[1, 0]]), (told,))
    levels = list(data[variable].cat.categories)
    k = len(levels)
    chosen = {
        "reference": [(i, 0) for i in range(1, k)],
        "all": [(j, i) for i, j in combinations(range(k), 2)],
        "sequential": [(i, i - 1) for i in range(1, k)],
    }
    check_one_of("'pairs'", pairs, chosen)
    names = tuple(map(str, levels))
    made = chosen[pairs]
    contrasts = tuple(contrast_labels([(names[i], names[j]) for i, j in made]))
    return Comparison(variable, tuple(levels), names, np.array(made).reshape(-1, 2), contrasts)


def averaged_settings(
    fit: ModelEstimates,
    variable: str,
    options: EffectOptions,
    pairs: Pairs = "reference",
    step: float = 1.0,
) -> tuple[Population, Comparison, Estimates]:
    """Average predictions at each setting of a variable, in each group."""
    compared = compare_levels(fit, variable, pairs, step)
    factor = variable in fit.design.factors
    given = {variable: compared.settings[0]} if factor else None
    rows = population(fit, options.by, options.newdata, given)
    made = averages(
        fit,
        rows,
        [
            {variable: value if factor else rows.data[variable] + value}
            for value in compared.settings
        ],
        options.kind,
        options.averaging,
    )
    return rows, compared, made


def contrast_groups(
    fit: ModelEstimates, rows: Population, compared: Comparison, made: Estimates
) -> Estimates:
    """Differences between the settings' averages within group and category."""
    weights = compared.weights
    n_groups, n = len(rows.groups), len(compared.settings)
    K = len(made.estimate) // (n_groups * n)
    # Estimates run over group, setting and category; contrasts over group, category and contrast.
    whole = np.einsum("gh,kl,cs->gkchsl", np.eye(n_groups), np.eye(K), weights)
    c = len(weights)
    flat = whole.reshape(n_groups * K * c, n_groups * n * K)
    group, category, contrast = (index.ravel() for index in np.indices((n_groups, K, c)))
    names = np.array(compared.names, object)
    labels = pd.DataFrame(
        {
            "term": compared.variable,
            "contrast": np.array(compared.contrasts, object)[contrast],
            "level": names[compared.pairs[contrast, 0]],
            "reference": names[compared.pairs[contrast, 1]],
        }
    )
    if rows.names:
        labels["group"] = label_groups(rows.names, rows.groups, pd.Series(group))["group"]
    if K > 1:
        labels["rating"] = np.asarray(fit.family.categories)[category]
    factor = compared.variable if compared.variable in fit.design.factors else None
    counts = count(fit, rows, factor)
    level = labels["level"] if factor else ""
    keys = pd.MultiIndex.from_arrays([group, np.broadcast_to(level, group.shape)])
    labels = labels.join(counts.reindex(keys).reset_index(drop=True))
    for column in ("n_raters", "n_ratings"):
        if counts[column].notna().all():
            labels[column] = labels[column].fillna(0).astype(int)
    return replace(made.combine(flat, labels), family=group * K + category)
