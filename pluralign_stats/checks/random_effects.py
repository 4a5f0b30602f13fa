"""Predicted random effects of one grouping factor, with their uncertainty."""

import numpy as np
import pandas as pd
from scipy.stats import norm

from pluralign_stats.backing import of_model
from pluralign_stats.checks.names import find_parts, label_levels, level_counts, may_name
from pluralign_stats.figures.charts import CATERPILLAR
from pluralign_stats.formatting import minus
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.parts import RandomPart
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL
from pluralign_stats.significance import check_level, excludes_zero
from pluralign_stats.words import counted_levels, levels_of


def random_effects_table(
    fit: ModelEstimates, group: str, *, named: bool | None = None, conf_level: float = CONF_LEVEL
) -> Result:
    """Predicted effects of every level of a grouping factor, lowest first.

    Parameters
    ----------
    fit
        A fitted model.
    group
        The grouping factor.
    named
        Whether levels are named. By default those are that enough raters have rated; raters never
        are, and have their rank instead.
    conf_level
        Level of the intervals.

    Returns
    -------
    Result
        Columns term (the factor), group (level), estimate, std_error, conf_low, conf_high,
        n_raters, n_ratings (of named levels), effect, method. Intervals are conditional on the
        data and the estimated parameters, and normal.

    Raises
    ------
    InputError
        If the model has no such factor.

    References
    ----------
    Robinson (1991), Statistical Science 6, 15-32.

    Examples
    --------
    >>> pls.checks.random_effects_table(fit, "item").table.shape
    (48, 10)
    """
    check_level(conf_level)
    parts = find_parts(fit, group)
    first = parts[0]
    order = np.argsort(first.modes[:, 0], kind="stable")
    table = pd.concat([_block(fit, part, order, conf_level) for part in parts])
    table["term"] = group
    names = label_levels(fit, first.design, named=named, order=order, what="lowest")
    table["group"] = names * (len(table) // len(order))
    n_raters, n_ratings = level_counts(fit, first.design)
    repeats = len(table) // len(order)
    table["n_raters"] = np.tile(n_raters[order], repeats)
    shown = (may_name(fit, first.design, named=named) & ~(n_raters < MIN_CELL))[order]
    table["n_ratings"] = np.tile(np.where(shown, n_ratings[order], np.nan), repeats)
    table["method"] = str(fit.method)
    columns = ["term", "group", "estimate", "std_error", "conf_low", "conf_high"]
    columns += ["n_raters", "n_ratings", "effect", "method"]
    told = _sentence(table, group, len(order))
    return Result.of(
        fit,
        table[columns].reset_index(drop=True),
        told,
        f"Random effects of {levels_of(group)}",
        unit=fit.family.unit,
        conf_level=conf_level,
        interval="conditional intervals",
        notes=(
            "Effects are drawn towards zero, the more so the fewer the ratings; intervals "
            "take the other parameters as known.",
        ),
        backing=of_model(fit.design.left_out, len(table)),
        figure=CATERPILLAR,
    )


def _block(
    fit: ModelEstimates, part: RandomPart, order: np.ndarray, conf_level: float
) -> pd.DataFrame:
    width = norm.ppf((1 + conf_level) / 2)
    blocks = []
    for k, effect in enumerate(part.design.coefficients):
        estimate = part.modes[order, k]
        std_error = np.sqrt(np.maximum(part.conditional[order, k, k], 0.0))
        blocks.append(
            pd.DataFrame(
                {
                    "effect": effect.words,
                    "estimate": estimate,
                    "std_error": std_error,
                    "conf_low": estimate - width * std_error,
                    "conf_high": estimate + width * std_error,
                }
            )
        )
    return pd.concat(blocks)


def _sentence(table: pd.DataFrame, group: str, n_levels: int) -> str:
    block = table[table["effect"] == table["effect"].iloc[0]]
    apart = int(excludes_zero(block).sum())
    low, high = (minus(f"{block['estimate'].agg(end):.2f}") for end in ("min", "max"))
    return (
        f"Of {counted_levels(n_levels, group)}, {apart:,} {'lies' if apart == 1 else 'lie'} so far "
        f"from the average that the interval leaves out zero; effects go from {low} to {high}."
    )
