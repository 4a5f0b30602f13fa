"""Tests of proportional odds: whether a variable moves all thresholds alike, and no scale."""

import numpy as np
import pandas as pd
from scipy.stats import chi2

from pluralign_stats.effects.adjust import holm
from pluralign_stats.errors import InputError
from pluralign_stats.models.bayes.bayes import Posterior
from pluralign_stats.models.fit import Fit
from pluralign_stats.models.ordinal import OrdinalFit, fit_ordinal
from pluralign_stats.results import Metadata, Result, ordered_columns
from pluralign_stats.settings import SIGNIFICANCE


def proportional_odds(fit: Fit) -> Result:
    """Test each variable of an ordinal model against effects of its own on thresholds and scale.

    The model is fitted anew with the variable in `nominal`, and in `scale`, and compared by
    likelihood ratio.

    Parameters
    ----------
    fit
        An ordinal fit without such effects.

    Returns
    -------
    Result
        Columns term, against (``"thresholds"``, ``"scale"``), statistic, df, p_value, p_adjusted
        (Holm, over the table), n_ratings, method.

    Raises
    ------
    InputError
        If the fit is not ordinal, is Bayesian, has two categories only or such effects already.
    """
    if isinstance(fit, Posterior):
        raise InputError(
            "a Bayesian fit has no likelihood-ratio test; test proportional odds on a fit by "
            "fit_ordinal, or compare by `fit.loo()` with a fit_bayes that has nominal= or scale="
        )
    if not isinstance(fit, OrdinalFit):
        raise InputError("proportional odds are an assumption of ordinal models; use fit_ordinal")
    if fit.design.nominal is not None or fit.design.scale is not None:
        raise InputError("the model has effects on thresholds or scale already; test one without")
    if len(fit.labels) < 3:
        raise InputError("with two categories there is one threshold, and nothing to test")
    rows = [
        _compare(fit, variable, against)
        for variable in fit.design.fixed_variables
        for against in ("thresholds", "scale")
    ]
    table = pd.DataFrame(rows)
    table["p_adjusted"] = holm(table["p_value"].to_numpy())
    table = table.assign(n_ratings=fit.nobs, method=fit.method)
    meta = Metadata(
        "Tests of proportional odds",
        fit.design.data_kind,
        conf_level=None,
        notes=(
            "Each row compares the model with one in which the variable moves every threshold by "
            "an amount of its own, or changes the scale (likelihood ratio). A missing test is of a "
            "model that could not be fitted. p adjusted: Holm.",
        ),
        warnings=fit.warnings,
    )
    return Result(table[ordered_columns(table)], _sentence(table), meta)


def _compare(fit: OrdinalFit, variable: str, against: str) -> dict[str, object]:
    options = {"nominal" if against == "thresholds" else "scale": variable}
    weighted = not np.allclose(fit.design.weight, 1)
    try:
        larger = fit_ordinal(
            fit.formula,
            fit.design.data,
            link=fit.link,
            weights=fit.design.weight if weighted else None,
            n_nodes=fit.n_nodes,
            **options,
        )
    except InputError:
        larger = None
    row: dict[str, object] = {"term": variable, "against": against}
    if larger is None or not larger.converged:
        return row | {"statistic": np.nan, "df": np.nan, "p_value": np.nan}
    statistic = 2 * (larger.loglik - fit.loglik)
    df = larger.n_parameters - fit.n_parameters
    p = chi2.sf(max(statistic, 0), df) if df else np.nan
    return row | {"statistic": statistic, "df": df, "p_value": p}


def _sentence(table: pd.DataFrame) -> str:
    clear = table[table["p_adjusted"] < SIGNIFICANCE]
    if clear.empty:
        return "No variable clearly moves single thresholds or the scale."
    told = ", ".join(f"{row.term} ({row.against})" for row in clear.itertuples())
    return f"Proportional odds do not hold for {told}."
