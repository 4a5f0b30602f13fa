"""The summary of a fit: its coefficients with intervals, and how the model fared."""

import numpy as np
import pandas as pd
from scipy.stats import t as student

from pluralign_stats.describe.intervals import check_level
from pluralign_stats.errors import InputError, one_of
from pluralign_stats.models.fit import Fit
from pluralign_stats.results import Metadata, Result, ordered_columns


def summary(fit: Fit, conf_level: float, interval: str) -> Result:
    """Coefficients and thresholds with intervals; see `Fit.summary`."""
    check_level(conf_level)
    if interval not in ("wald", "profile"):
        raise InputError(one_of("'interval'", interval, ("wald", "profile")))
    p = len(fit.params)
    df = fit.degrees(np.eye(p, len(fit.joint.estimates))) if fit.thresholds.empty else np.inf
    table = wald_table(fit.params.to_numpy(), fit.se.to_numpy(), df, conf_level)
    table.insert(0, "term", fit.params.index)
    if not fit.thresholds.empty:
        cuts = wald_table(
            fit.thresholds.to_numpy(), fit.thresholds_se.to_numpy(), np.inf, conf_level
        )
        cuts.insert(0, "term", [f"threshold {name}" for name in fit.thresholds.index])
        table = pd.concat([table, cuts], ignore_index=True)
    kind = fit.interval
    if interval == "profile":
        from pluralign_stats.models.profile import profile_intervals

        table[["conf_low", "conf_high"]] = profile_intervals(fit, conf_level)
        kind = "profile-likelihood intervals"
    table["method"] = fit.method
    meta = Metadata(
        fit.formula,
        fit.design.data_kind,
        fit.unit,
        conf_level,
        kind,
        (),
        fit.warnings,
    )
    return Result(table[ordered_columns(table)], _sentence(fit), meta)


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


def _sentence(fit: Fit) -> str:
    groups = ", ".join(
        f"{row.n_levels:,} levels of {row.group}" for row in fit.groups().itertuples()
    )
    sds = ", ".join(f"{name} {sd:.3f}" for name, sd in fit.random_sd.items())
    sizes = f"{fit.nobs:,} ratings" + (f", {groups}" if groups else "")
    spread = f"; standard deviations: {sds}" if sds else ""
    return (
        f"{sizes}; rows left out for missing values: {fit.design.n_dropped:,}{spread}; "
        f"log-likelihood {fit.loglik:,.2f}."
    )
