"""The summary of a fit: its coefficients with intervals, and how the model fared."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from scipy.stats import t as student

from pluralign_stats.backing import Backing
from pluralign_stats.describe.intervals import check_level
from pluralign_stats.errors import InputError, one_of
from pluralign_stats.models.between import between_units, n_located, scale_df, scale_units
from pluralign_stats.models.coefficients import Coefficient
from pluralign_stats.models.few_units import few_of_coefficients, shown_degrees
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.suppression import few
from pluralign_stats.words import counted_levels, levels_of

#: Note on profile intervals where units are few.
PROFILES = "Profile intervals are the likelihood's own, which takes units for many."


def summary(fit: ModelEstimates, conf_level: float, interval: str) -> Result:
    """Coefficients and thresholds with intervals; see `Fit.summary`."""
    check_level(conf_level)
    if interval not in ("wald", "profile"):
        raise InputError(one_of("'interval'", interval, ("wald", "profile")))
    p = len(fit.params)
    each = fit.degrees(np.eye(p, len(fit.joint.estimates)))
    df = (
        shown_degrees(fit, fit.design.raters.n, each)
        if fit.thresholds.empty
        else np.full(p, np.inf)
    )
    few_each = few_of_coefficients(fit)[:p]
    raised = np.sqrt([each.inflation if each else 1.0 for each in few_each])
    df = np.minimum(df, [each.df if each else np.inf for each in few_each])
    table = wald_table(fit.params.to_numpy(), raised * fit.se.to_numpy(), df, conf_level)
    table.insert(0, "term", fit.params.index)
    if not fit.thresholds.empty:
        cuts = wald_table(
            fit.thresholds.to_numpy(), fit.thresholds_se.to_numpy(), np.inf, conf_level
        )
        cuts.insert(0, "term", [f"threshold {name}" for name in fit.thresholds.index])
        table = pd.concat([table, cuts], ignore_index=True)
    kind = fit.interval
    notes = tuple(dict.fromkeys(each.note for each in few_each if each))
    if interval == "profile":
        from pluralign_stats.models.profile import profile_intervals

        untested = table["p_value"].isna()
        table[["conf_low", "conf_high"]] = profile_intervals(fit, conf_level)
        table.loc[untested, ["conf_low", "conf_high"]] = np.nan
        notes += (PROFILES,) if notes else ()
        kind = "profile-likelihood intervals"
    table, told = _by_units(fit, table, conf_level, profile=interval == "profile")
    notes += told
    if "df" in table:
        table["df"] = table["df"].fillna(np.inf)
    table["method"] = str(fit.method)
    behind = np.append(coefficient_raters(fit), [fit.design.raters.n] * len(fit.thresholds))
    return Result.of(
        fit,
        table[ordered_columns(table)],
        _sentence(fit),
        fit.formula,
        unit=fit.family.unit,
        conf_level=conf_level,
        interval=kind,
        notes=notes,
        backing=model_backing(fit, behind, partial(_sentence, fit)),
    )


def model_backing(
    fit: ModelEstimates, behind: np.ndarray, sentence: Callable[[bool], str]
) -> Backing:
    """Who stands behind m rows about a model.

    Parameters
    ----------
    fit
        The model.
    behind
        (m,) raters whom each row is about.
    sentence
        What sums up the model, with or without the numbers of its raters and ratings.
    """
    left_out = fit.design.left_out
    return Backing(
        behind,
        fit.design.raters.unknown,
        apart=np.full(len(behind), left_out),
        retell=lambda _: sentence(not few(np.array(left_out), MIN_CELL)),
    )


def coefficient_raters(fit: ModelEstimates) -> np.ndarray:
    """(p,) raters whom each coefficient is about; of a level also no more than its reference has.

    0 where raters are not known.
    """
    design, codes = fit.design, fit.design.raters.codes
    if codes is None:
        return np.zeros(len(fit.params))
    first = {f: design.data[f] == design.data[f].cat.categories[0] for f in design.factors}
    reference = {f: len(np.unique(codes[at.to_numpy()])) for f, at in first.items()}

    def about(coefficient: Coefficient, column: np.ndarray) -> int:
        compared = [n for factor, n in reference.items() if factor in coefficient.variables]
        return min([len(np.unique(codes[column != 0])), *compared])

    made = [
        [about(c, column) for c, column in zip(m.coefficients, m.columns.T, strict=True)]
        for m in (design.fixed, design.scale, design.nominal)
        if m is not None
    ]
    if design.nominal is not None:
        made[-1] = [n for n in made[-1] for _ in fit.thresholds]
    return np.array([n for part in made for n in part], dtype=float)


def _by_units(
    fit: ModelEstimates, table: pd.DataFrame, conf_level: float, *, profile: bool
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The table with errors of effects on thresholds and scale from how much raters differ."""
    units = scale_units(fit)
    if units is None:
        return table, ()
    first, last = n_located(fit), len(fit.params)
    rows = fit.combinations[first:last]
    variance = np.einsum("mk,kl,ml->m", rows, between_units(fit, units), rows)
    df = scale_df(fit, units)
    made = wald_table(
        fit.params.to_numpy()[first:],
        np.sqrt(variance) if df > 0 else variance * np.nan,
        df,
        conf_level,
    )
    if "df" not in table and "df" in made:
        table = table.assign(df=np.inf)
    if profile:
        made[["conf_low", "conf_high"]] = np.nan
    table.loc[table.index[first:last], made.columns] = made.to_numpy()
    told = (
        f"Errors of effects on thresholds and scale are from how much {levels_of(units.names)} "
        "differ, and t; "
        "the likelihood takes ratings of one rater for independent witnesses of them"
    )
    return table, (f"{told}, so that they have no profile interval." if profile else f"{told}.",)


def wald_table(
    estimate: np.ndarray, std_error: np.ndarray, df: np.ndarray | float, conf_level: float
) -> pd.DataFrame:
    """Estimates (m,) with intervals and two-sided p-values from t, or from the normal at df inf.

    Without a standard error, or where it is zero, there is no p-value.
    """
    df = np.broadcast_to(np.asarray(df, dtype=float), estimate.shape)
    width = student.ppf((1 + conf_level) / 2, df) * std_error
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * student.sf(np.abs(estimate / std_error), df)
    table = pd.DataFrame(
        {
            "estimate": estimate,
            "std_error": std_error,
            "conf_low": estimate - width,
            "conf_high": estimate + width,
            "p_value": p,
        }
    )
    return table.assign(df=df) if np.isfinite(df).any() else table


def sizes_of(fit: ModelEstimates, counted: bool = True) -> str:
    """How many ratings and groups a model has, and how many rows it is without."""
    if not counted:
        return "few raters are left out, and so their number is not told"
    groups = [counted_levels(row.n_levels, row.group) for row in fit.groups().itertuples()]
    told = ", ".join([f"{fit.nobs:,} ratings", *groups])
    return f"{told}; rows left out for missing values: {fit.design.n_dropped:,}"


def _sentence(fit: ModelEstimates, counted: bool = True) -> str:
    sds = ", ".join(f"{name} {sd:.3f}" for name, sd in fit.random_sd.items())
    spread = f"; standard deviations: {sds}" if sds else ""
    told = f"{sizes_of(fit, counted)}{spread}; log-likelihood {fit.loglik:,.2f}."
    return told[:1].upper() + told[1:]
