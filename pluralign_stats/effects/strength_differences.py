"""Differences between groups of raters in how strong options are."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2, norm

from pluralign_stats.effects.adjust import holm
from pluralign_stats.effects.option_groups import (
    about_choices,
    backing_of_groups,
    need_options,
    option_groups,
    quantile,
)
from pluralign_stats.errors import check_one_of
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.models.choice_estimates import ChoiceEstimates
from pluralign_stats.models.family import UNITS
from pluralign_stats.notes import Code, Note
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL, SIGNIFICANCE
from pluralign_stats.significance import significant
from pluralign_stats.study.text import contrast_labels
from pluralign_stats.words import counted, p_told


def strength_differences(
    fit: ChoiceEstimates,
    by: str,
    *,
    reference: str | None = None,
    conf_level: float = CONF_LEVEL,
) -> Result:
    """By how much strengths differ between groups of raters.

    Parameters
    ----------
    fit
        A model of choices.
    by
        A demographic of the model.
    reference
        Level that the others are compared with; by default its first.
    conf_level
        Level of the intervals.

    Returns
    -------
    Result
        Columns term, option, contrast, level, reference, estimate, std_error, conf_low, conf_high,
        p_value, p_adjusted (Holm, over the options of one contrast), n_raters (of the level),
        method.

    Raises
    ------
    InputError
        If the model has no such demographic or level, or no strengths of options.
    """
    need_options(fit)
    groups, width = option_groups(fit, by), quantile(conf_level)
    reference = reference or groups.names[0]
    check_one_of("the reference", reference, groups.names)
    base = groups.names.index(reference)
    others = [k for k in range(len(groups.names)) if k != base]
    rows = fit.centred_rows(groups.covariates)
    flat = (rows[others] - rows[base]).reshape(-1, rows.shape[2])
    estimate, error = fit.combine(flat)
    n = len(fit.options)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * norm.sf(np.abs(estimate / error))
    family = np.repeat(np.arange(len(others)), n)
    labels = contrast_labels([(groups.names[k], reference) for k in others])
    place = np.repeat(others, n)
    fewer = np.minimum(groups.behind[others], groups.behind[base]).ravel()
    adjusted = np.concatenate([holm(p[family == f]) for f in range(len(others))])
    table = pd.DataFrame(
        {
            "term": by,
            "option": np.tile(fit.options, len(others)),
            "contrast": np.repeat(labels, n),
            "level": np.repeat([groups.names[k] for k in others], n),
            "reference": reference,
            "estimate": estimate,
            "std_error": error,
            "conf_low": estimate - width * error,
            "conf_high": estimate + width * error,
            "p_value": p,
            "p_adjusted": adjusted,
            "n_raters": groups.raters[place],
            "method": fit.method,
        }
    )
    together = strength_test(fit, by)
    unit = UNITS[fit.structure.link]

    def told(shown: pd.DataFrame) -> str:
        n_clear = int(significant(shown).sum()) if len(shown) else 0
        return (
            f"{n_clear} of {counted(len(shown), 'difference')} in strength by {by} have an "
            f"adjusted p below {SIGNIFICANCE:g}; together: {p_told(together.p_value)}."
        )

    backing = backing_of_groups(fit, by, fewer, told, place=place, family=family, readjust=holm)
    return Result.of(
        fit, table, told(table), f"Differences in strength by {by}", unit=unit,
        conf_level=conf_level,
        notes=[*about_choices(fit), Note(Code.ADJUSTMENT, "p adjusted: Holm, over the options.")],
        backing=backing, figure=FOREST,
    )  # fmt: skip


@dataclass(frozen=True)
class StrengthTest:
    """Wald's test that all strengths are the same in all groups: chi-squared, df, and p."""

    statistic: float
    df: int
    p_value: float


def strength_test(fit: ChoiceEstimates, by: str) -> StrengthTest:
    """Test that strengths do not differ by a demographic of the model.

    Parameters
    ----------
    fit
        A model of choices.
    by
        A demographic of the model.

    Returns
    -------
    StrengthTest
        Wald's.
    """
    rows = fit.strength_rows(fit.covariates_at(by))
    flat = (rows[1:, :-1] - rows[0, :-1]).reshape(-1, rows.shape[2])
    value = flat @ fit.parameters
    matrix = flat @ fit.found.vcov @ flat.T
    if not np.isfinite(matrix).all() or not fit.finite(flat).all():
        return StrengthTest(np.nan, len(value), np.nan)
    statistic = float(value @ np.linalg.pinv(matrix, hermitian=True) @ value)
    return StrengthTest(statistic, len(value), float(chi2.sf(statistic, len(value))))
