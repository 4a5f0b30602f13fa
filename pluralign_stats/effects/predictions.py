"""Average predictions by group."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from pluralign_stats.effects.averages import averages, population
from pluralign_stats.effects.counts import count, group_backing
from pluralign_stats.effects.estimates import Estimates, Inference, infer, tabulate
from pluralign_stats.effects.options import EffectOptions, Interval, with_options
from pluralign_stats.figures.charts import FOREST, SHARES
from pluralign_stats.formatting import minus
from pluralign_stats.models.few_units import FewUnits, few_units
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.parts import Averaging, Kind
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.settings import CONF_LEVEL
from pluralign_stats.study.text import labels_of
from pluralign_stats.words import alike

#: What the averaging over random effects means, for a table's notes.
AVERAGED = {
    "marginal": "Averaged over the distribution of the random effects, as for new raters and "
    "items.",
    "conditional": "With the predicted effects of the data's own raters and items, {known}.",
    "zero": "For random effects of zero: a typical rater and item, not an average.",
}

UNITS = {
    "mean": "rating points",
    "probability": "share",
    "positive": "share of positive ratings",
    "linear": "linear predictor",
}

#: What is predicted as a share, which has intervals from the logit scale.
SHARES_OF = ("probability", "positive")


@with_options
def predictions(
    fit: ModelEstimates,
    *,
    by: str | Sequence[str] | None = None,
    newdata: pd.DataFrame | None = None,
    kind: Kind = "mean",
    averaging: Averaging = "marginal",
    conf_level: float = CONF_LEVEL,
    interval: Interval = "delta",
    n_draws: int = 1000,
    seed: int = 1,
) -> Result:
    """Average predictions of the model, over all rows or by group.

    Parameters
    ----------
    fit
        A fitted model.

    Returns
    -------
    Result
        Columns term and group (with `by`), rating (for probabilities), estimate, std_error,
        conf_low, conf_high, n_raters, n_ratings, method. Of a Bayesian fit, sd takes the place of
        std_error.

    Raises
    ------
    InputError
        If an option is unknown, out of range, or not for this kind of fit.

    References
    ----------
    Arel-Bundock, Greifer & Heiss (2024), Journal of Statistical Software 111(9).

    Examples
    --------
    >>> table = pls.predictions(fit, by="gender").table
    >>> table[["group", "estimate"]].round(1).values.tolist()
    [['Female', 1.8], ['Male', 1.8], ['Non-binary', 1.6]]
    """
    options = EffectOptions(
        by=by, newdata=newdata, kind=kind, averaging=averaging, conf_level=conf_level,
        interval=interval, adjust="none", n_draws=n_draws, seed=seed,
    )  # fmt: skip
    how = infer(fit, options)
    rows = population(fit, by, newdata)
    made = averages(fit, rows, [{}], kind, averaging)
    labels = label_groups(rows.names, rows.groups, made.labels["group"])
    if kind == "probability":
        labels["rating"] = np.asarray(fit.family.categories)[made.labels["category"]]
    counts = count(fit, rows).droplevel("level")
    labels = labels.join(counts.reindex(made.labels["group"]).reset_index(drop=True))
    logit = kind in SHARES_OF and interval == "delta" and not how.credible
    few = few_units(fit, *rows.names)
    table = level_table(fit, made, labels, how, few, logit=logit)
    each, number = group_backing(fit, rows), made.labels["group"].to_numpy()
    retell = partial(_sentence, kind=kind)
    place = each.place[number] if each.place.size else each.place
    return Result.of(
        fit,
        table,
        retell(table),
        f"Predicted {'shares of ratings' if kind in SHARES_OF else 'ratings'}"
        + (f" by {' and '.join(rows.names)}" if rows.names else ""),
        unit=UNITS[kind],
        conf_level=conf_level,
        interval=how.kind,
        notes=(
            *notes(fit, rows.n_dropped, options),
            few.note if few else None,
            *how.left_out,
        ),
        backing=replace(each, raters=each.raters[number], place=place, retell=retell),
        figure=SHARES if kind == "probability" else FOREST,
    )


def label_groups(
    names: tuple[str, ...], groups: tuple[tuple[str, ...], ...], codes: pd.Series
) -> pd.DataFrame:
    """Columns term and group, one row per code; none without names."""
    if not names:
        return pd.DataFrame(index=pd.RangeIndex(len(codes)))
    labels = np.array(labels_of(groups, ", "), dtype=object)
    return pd.DataFrame({"term": ", ".join(names), "group": labels[codes]})


def notes(fit: ModelEstimates, n_dropped: int, options: EffectOptions) -> tuple[str, ...]:
    """What a reader has to know of averages."""
    known = "those of each draw" if fit.bayesian else "taken as known"
    averaged = bool(fit.random) and options.kind != "linear"
    told = [AVERAGED[options.averaging].format(known=known)] if averaged else []
    if n_dropped:
        told.append(f"Rows left out because a variable is missing: {n_dropped:,}.")
    if fit.design.raters.unknown:
        told.append(fit.design.raters.unknown)
    return tuple(told)


def level_table(
    fit: ModelEstimates,
    made: Estimates,
    labels: pd.DataFrame,
    how: Inference,
    few: FewUnits | None,
    *,
    logit: bool,
) -> pd.DataFrame:
    """Table of averages, of shares with intervals from the logit scale."""
    plain = Estimates(labels, made.estimate, made.slopes, made.at)
    table = tabulate(fit, plain, how, test=False, few=[few])
    if logit:
        with np.errstate(divide="ignore", invalid="ignore"):  # a share of 0 has no interval
            ends = plain.transform(lambda p: np.log(p / (1 - p)), lambda p: 1 / (p * (1 - p)))
            wide = tabulate(fit, ends, how, test=False, few=[few])
        for end in ("conf_low", "conf_high"):
            table[end] = 1 / (1 + np.exp(-wide[end]))
    return table[ordered_columns(table)]


def _sentence(table: pd.DataFrame, kind: Kind) -> str:
    if table["estimate"].isna().all():
        return "The data do not tell the groups apart from other terms of the model."
    if kind == "probability":
        top = table.loc[table["estimate"].idxmax()]
        where = f" ({top['group']})" if "group" in top else ""
        return f"The most likely rating is {top['rating']}{where}: {top['estimate']:.0%}."
    if "group" not in table or len(table) == 1:
        only = table.iloc[0]
        where = f" ({only['group']})" if "group" in only else ""
        return minus(f"The average prediction{where} is {only['estimate']:.2f}.")
    low, high = (table.loc[getattr(table["estimate"], pick)()] for pick in ("idxmin", "idxmax"))
    if alike(low["estimate"], high["estimate"]):
        return minus(f"The average prediction is {low['estimate']:.2f} in every group.")
    return minus(
        f"Average predictions go from {low['estimate']:.2f} ({low['group']}) to "
        f"{high['estimate']:.2f} ({high['group']})."
    )
