"""How likely a rater of a group is to prefer one option to another."""

import numpy as np
import pandas as pd
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import expit, ndtr

from pluralign_stats.effects.option_groups import (
    about_choices,
    backing_of_groups,
    need_options,
    option_groups,
    quantile,
)
from pluralign_stats.errors import check_one_of
from pluralign_stats.figures.charts import WINS
from pluralign_stats.models.choice_estimates import ChoiceEstimates
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL

#: Nodes of the quadrature over raters' deviations.
NODES = 31

#: Step of the differences by which probabilities are differentiated.
STEP = 1e-6


def win_probabilities(
    fit: ChoiceEstimates,
    by: str | None = None,
    *,
    averaging: str = "marginal",
    conf_level: float = CONF_LEVEL,
) -> Result:
    """Probability that each option is preferred to each other, ties counted half.

    Parameters
    ----------
    fit
        A model of choices.
    by
        A demographic of the model, for each of its levels.
    averaging
        ``"marginal"``: over raters, who deviate from their group; ``"conditional"``: of a rater
        without deviations. They differ only where the model has deviations of raters.
    conf_level
        Level of the intervals.

    Returns
    -------
    Result
        Columns option, against, (group,) estimate, std_error, conf_low, conf_high, n_raters,
        method. Neither option has the advantage of being shown first.

    Raises
    ------
    InputError
        If the model has no such demographic, or no strengths of options.
    """
    need_options(fit)
    check_one_of("'averaging'", averaging, ("marginal", "conditional"))
    groups, width = option_groups(fit, by), quantile(conf_level)
    first, second = np.nonzero(~np.eye(len(fit.options), dtype=bool))
    rows = fit.strength_rows(groups.covariates)
    apart = (rows[:, first] - rows[:, second]).transpose(1, 0, 2).reshape(-1, rows.shape[2])
    share, slopes = _shares(fit, apart, marginal=averaging == "marginal")
    share = np.where(fit.finite(apart), share, np.nan)
    error = np.sqrt(np.einsum("mk,kl,ml->m", slopes, fit.found.vcov, slopes).clip(0))
    error = np.where(np.isnan(share), np.nan, error)
    logit, on_logit = np.log(share / (1 - share)), error / (share * (1 - share))
    n, g = len(first), len(groups.names)
    behind = np.minimum(groups.behind[:, first], groups.behind[:, second]).T.ravel()
    names, raters = np.array(fit.options, dtype=object), np.tile(groups.raters, n)
    table = pd.DataFrame(
        {
            "option": np.repeat(names[first], g),
            "against": np.repeat(names[second], g),
            "group": np.tile(groups.names, n),
            "estimate": share,
            "std_error": error,
            "conf_low": expit(logit - width * on_logit),
            "conf_high": expit(logit + width * on_logit),
            "n_raters": raters,
            "method": fit.method,
        }
    )
    table = table if by else table.drop(columns="group")

    def told(shown: pd.DataFrame) -> str:
        if shown.empty:
            return "No group is large enough to be shown."
        shown = shown.dropna(subset="estimate")
        if shown.empty:
            return "No win probability has a finite estimate; the warnings say why."
        top = shown.loc[shown["estimate"].idxmax()]
        who = f"raters of {by} {top['group']}" if by else "raters"
        return (
            f"Most one-sided: {who} prefer {top['option']} to {top['against']} in "
            f"{top['estimate']:.0%} of comparisons [{top['conf_low']:.0%}, {top['conf_high']:.0%}]."
        )

    title = f"Win probabilities by {by}" if by else "Win probabilities"
    return Result.of(
        fit, table, told(table), title, unit="probability", conf_level=conf_level,
        interval="delta-method intervals", notes=[*about_choices(fit), "Ties count half."],
        backing=backing_of_groups(fit, by, behind, told), figure=WINS,
    )  # fmt: skip


def _shares(
    fit: ChoiceEstimates, apart: np.ndarray, *, marginal: bool
) -> tuple[np.ndarray, np.ndarray]:
    """(m,) shares of wins at differences of strength (m, k) rows, and (m, k) slopes."""
    structure, x = fit.structure, fit.parameters
    curve = expit if structure.link == "logit" else ndtr
    at, weights = hermegauss(NODES)
    weights = weights / weights.sum()
    place = len(fit.found.location)
    spread = np.zeros(len(x))
    if marginal and "rater" in structure.terms:
        spread[place + structure.terms.index("rater")] = np.sqrt(2)

    def shares(x: np.ndarray) -> np.ndarray:
        eta = (apart @ x)[:, None] + spread @ x * at
        tie = x[0] if structure.ties else 0.0
        return (0.5 * (curve(eta - tie) + curve(eta + tie))) @ weights

    moved = [(shares(x + e) - shares(x - e)) / (2 * STEP) for e in STEP * np.eye(len(x))]
    return shares(x), np.array(moved).T
