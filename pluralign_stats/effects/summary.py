"""The summary of a fit: its coefficients with intervals, and how the model fared."""

from functools import partial

import numpy as np
import pandas as pd

from pluralign_stats.effects.estimates import infer
from pluralign_stats.effects.hypotheses import coefficients, tabulate_apart
from pluralign_stats.effects.options import EffectOptions
from pluralign_stats.errors import check_one_of
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.models.few_units import few_of_coefficients
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.ordered_beta import OrderedBetaEstimates
from pluralign_stats.models.summary import coefficient_raters, model_backing, sizes_of
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.settings import CONF_LEVEL
from pluralign_stats.words import levels_of

#: Note on profile intervals where units are few.
PROFILES = "Profile intervals are the likelihood's own, which takes units for many."


def summary(fit: ModelEstimates, conf_level: float = CONF_LEVEL, interval: str = "wald") -> Result:
    """Fixed effects with intervals, and how the model fared.

    Coefficients whose ratings were set aside, as no finite number describes them, stand last and
    without numbers.

    Parameters
    ----------
    fit
        A fitted model.
    conf_level
        Level of the intervals.
    interval
        ``"wald"``, or ``"profile"`` for the slower ones from the profile likelihood.
    """
    how = infer(fit, EffectOptions(conf_level=conf_level, adjust="none"))
    check_one_of("'interval'", interval, ("wald", "profile"))
    _, base = coefficients(fit)
    few = few_of_coefficients(fit)
    located = len(fit.design.fixed.names)
    apart = (np.arange(len(few)) >= located) & (np.arange(len(few)) < len(fit.params))
    table, units = tabulate_apart(fit, base, how, apart, few)
    table = table.drop(columns="p_adjusted")
    table["term"] = [*fit.params.index, *(f"threshold {name}" for name in fit.thresholds.index)]
    kind, notes = fit.interval, list(dict.fromkeys(each.note for each in few if each))
    if interval == "profile":
        from pluralign_stats.models.profile import profile_intervals

        ends = profile_intervals(fit, conf_level)
        ends[table["p_value"].isna() | (apart if units else False)] = np.nan
        table[["conf_low", "conf_high"]] = ends
        notes += [PROFILES] if notes else []
        kind = "profile-likelihood intervals"
    if units:
        without = ", so that they have no profile interval" if interval == "profile" else ""
        notes.append(
            "Errors of effects on thresholds and scale are from how much "
            f"{levels_of(units.names)} differ, and t; the likelihood takes ratings of one rater "
            f"for independent witnesses of them{without}."
        )
    behind = np.append(coefficient_raters(fit), [fit.design.raters.n] * len(fit.thresholds))
    estimated = fit.estimated
    if fit.design.gone:
        rest = pd.DataFrame({"term": fit.design.gone, "method": str(fit.method)})
        table = pd.concat([table, rest], ignore_index=True)
        behind = np.append(behind, np.zeros(len(rest)))
        estimated = np.append(estimated, np.ones(len(rest), dtype=bool))
    return Result.of(
        fit,
        table.loc[estimated, ordered_columns(table)].reset_index(drop=True),
        _sentence(fit),
        fit.formula,
        unit=fit.family.unit,
        conf_level=conf_level,
        interval=kind,
        notes=notes,
        backing=model_backing(fit, behind[estimated], partial(_sentence, fit)),
        figure=FOREST,
    )


def _sentence(fit: ModelEstimates, counted: bool = True) -> str:
    sds = ", ".join(f"{name} {sd:.3f}" for name, sd in fit.random_sd.items())
    spread = f"; standard deviations: {sds}" if sds else ""
    if isinstance(fit, OrderedBetaEstimates):
        spread += f"; precision {fit.phi:.3f}"
    told = f"{sizes_of(fit, counted)}{spread}; log-likelihood {fit.loglik:,.2f}."
    return told[:1].upper() + told[1:]
