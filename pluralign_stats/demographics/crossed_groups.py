"""Ratings by the cells of two demographics, and what a model that shrinks them makes of these.

Each cell has an effect of its own beyond the sum of both demographics. Those effects share one
distribution, so that a cell of few raters is drawn towards what its two demographics say (partial
pooling; Evans, Williams, Onnela & Subramanian 2018, Social Science & Medicine 203, 64-73).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations

import numpy as np
import pandas as pd

from pluralign_stats.demographics.bayesian import bayesian_effects, some_points
from pluralign_stats.demographics.effects import chosen, default_factors, named_note, one_dimension
from pluralign_stats.demographics.plans import family_of, formula_of, given_ratings, numbers_note
from pluralign_stats.demographics.references import groups_of, no_demographics, nothing_compared
from pluralign_stats.describe.disclosure import hidden_crossing
from pluralign_stats.describe.participants import not_asked
from pluralign_stats.documentation import documented_by
from pluralign_stats.effects.averages import averages, population
from pluralign_stats.errors import InputError, MissingExtraError
from pluralign_stats.figures.charts import INTERSECTIONS
from pluralign_stats.fits.bayes import Posterior, fit_bayes
from pluralign_stats.models.bayes.options import SAMPLING, Sampling
from pluralign_stats.models.bayes.summarize import summarize
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL
from pluralign_stats.study.study import Study
from pluralign_stats.suppression import check_min_cell, rounded

_COLUMNS = ["dimension", "given", "term", "group", "observed", "estimate", "sd", "conf_low"]
_COLUMNS += ["conf_high", "n_raters", "n_ratings", "method"]

_BETRAYED = (
    "beside the sizes of the groups of each demographic, any group by two would tell the size of "
    "one of too few raters"
)


@documented_by(bayesian_effects)
def intersections(
    study: Study,
    pair: Sequence[str] = (),
    dimension: str = "",
    demographics: Sequence[str] = (),
    *,
    min_cell: int = MIN_CELL,
    conf_level: float = CONF_LEVEL,
    priors: Mapping[str, str] | None = None,
    sampling: Sampling = SAMPLING,
) -> Result:
    """Mean ratings of the cells of two demographics, as observed and as a Bayesian model has them.

    Parameters
    ----------
    pair
        The two demographics; by default the first two that all raters were asked, of different
        questions. Two answers to one question are crossed where you ask for them, and a note says
        that they are that.
    demographics
        Which the model holds besides; by default those whose effects the codebook asks for, as far
        as all raters were asked.
    min_cell
        Cells of fewer raters stay in the model but are not shown; others of their row and column
        are shown without counts where these would give them away.

    Returns
    -------
    Result
        One row per cell: columns dimension, given (level of the first demographic), term, group
        (level of the second), observed (mean rating, rounded), estimate (what the model expects of
        such raters for the same items), sd, conf_low, conf_high, n_raters, n_ratings, method. Empty
        where there are no two demographics, or no model.

    Raises
    ------
    InputError
        If a name is not in the study, or `pair` is not two demographics.

    References
    ----------
    Evans, Williams, Onnela & Subramanian (2018), Social Science & Medicine 203, 64-73.

    Examples
    --------
    >>> cells = pls.demographics.intersections(
    ...     study, ["gender", "country"], "toxicity", sampling=sampling
    ... )
    >>> cells.table["group"].unique().tolist()
    ['US', 'Germany']
    """
    check_min_cell(min_cell)
    target = one_dimension(study, dimension)
    factors = chosen("demographic", demographics, study.demographics, default_factors(study))
    two = chosen("demographic", pair, study.demographics, ())
    if two and len(set(two)) != 2:
        raise InputError(f"an intersection is of two demographics, not of {len(set(two))}")
    data = given_ratings(study, target)
    everywhere = [f for f in factors if not not_asked(study, f) and data[f].nunique() > 1]
    two = two or _first_two(everywhere, study.ratings.attrs["questions"])
    if lacking := _lacking(study, data, factors, two):
        return _nothing(study, *lacking)
    formula = f"{formula_of(data, tuple(dict.fromkeys([*everywhere, *two])))} + (1|{':'.join(two)})"
    try:
        fit = fit_bayes(
            formula, data, family=family_of(study, target), priors=priors, **asdict(sampling)
        )
    except (InputError, MissingExtraError) as error:
        return _nothing(study, f"no model of groups by two demographics: {error}")
    hidden = hidden_crossing(study, (two[0], two[1]), fit.design.data["rater"].unique(), min_cell)
    if hidden is None:
        return _nothing(study, _BETRAYED)
    cells = _cells(fit, data, (two[0], two[1]), hidden, min_cell, conf_level)
    return _result(study, fit, target, (two[0], two[1]), cells, min_cell, conf_level)


def _first_two(names: Sequence[str], questions: Mapping[str, str]) -> tuple[str, ...]:
    """The first two demographics that are not answers to one question."""
    pairs = combinations(names, 2)
    apart = (p for p in pairs if questions.get(p[0], p[0]) != questions.get(p[1], p[1]))
    return next(apart, tuple(names[:1]))


def _one_question(study: Study, two: tuple[str, str]) -> str:
    """What is crossed where both are answers to one question; empty where they are not."""
    first, second = (study.codebook.demographics[name] for name in two)
    if first.named is None or first.question != second.question:
        return ""
    return (
        f"Both are answers to one question, which allowed several: raters who named "
        f"{first.named} and {second.named}, one of them, or neither (whatever else they named)."
    )


def _lacking(
    study: Study, data: pd.DataFrame, factors: Sequence[str], two: tuple[str, ...]
) -> list[str]:
    """Why there are no two demographics to cross; empty where there are."""
    label = study.codebook.label
    if len(two) == 2 and all(data[f].nunique() > 1 for f in two):
        return []
    none = "there are no two demographics of two groups each"
    if not factors and not two:
        return [none, no_demographics(map(label, study.demographics))]
    if data.empty:
        return ["no rating was given"]
    told = [
        f"{label(f)} was not asked in all groups ({gap})"
        if (gap := not_asked(study, f))
        else groups_of(data, f, label(f), 1).lacking
        for f in dict.fromkeys((*two, *factors))
    ]
    return [none, *(why for why in told if why)]


def _nothing(study: Study, *why: str) -> Result:
    return Result.of(
        study,
        pd.DataFrame(columns=_COLUMNS),
        nothing_compared(why),
        "Groups by two demographics",
        figure=INTERSECTIONS,
    )


def _cells(
    fit: Posterior,
    data: pd.DataFrame,
    two: tuple[str, str],
    withheld: pd.DataFrame,
    min_cell: int,
    conf_level: float,
) -> pd.DataFrame:
    """One row per cell that may be shown, in the order of the levels."""
    used = fit.design.data
    # Other raters of the same kind, for the same items: the rater's own effect is averaged over.
    rows = population(fit, two, used.assign(rater=np.nan))
    made = averages(fit, rows, [{}], "mean", "conditional").at(some_points(fit))
    levels = {name: used[name].astype(str) for name in two}
    given = used.assign(score=data.loc[used.index, "rating"], **levels).groupby(list(two))
    own = given.agg(mean=("score", "mean"), n_ratings=("score", "size"), n=("rater", "nunique"))
    own = own.loc[list(rows.groups)].reset_index()
    hidden = np.array([withheld.loc[group] for group in rows.groups], dtype=bool)
    coarse = rounded(own["mean"].to_numpy(), own["n_ratings"].to_numpy())
    table = pd.DataFrame(
        {
            "given": own[two[0]],
            "group": own[two[1]],
            "observed": np.where(hidden, coarse, own["mean"].round(2)),
            **summarize(made, conf_level, signed=False),
            "n_raters": own["n"].where(~hidden).astype(float),
            "n_ratings": own["n_ratings"].where(~hidden).astype(float),
        }
    )
    return table[own["n"] >= min_cell].reset_index(drop=True)


def _result(
    study: Study,
    fit: Posterior,
    dimension: str,
    two: tuple[str, str],
    cells: pd.DataFrame,
    min_cell: int,
    conf_level: float,
) -> Result:
    first, second = (study.codebook.label(name) for name in two)
    table = cells.assign(
        dimension=study.codebook.label(dimension),
        given=first + ": " + cells["given"],
        term=second,
        method=str(fit.method),
    )
    notes = [
        "Observed: mean of the ratings given, rounded. Estimate: what the model expects of "
        "the same items rated by other people of the group.",
        f"Groups of fewer than {min_cell} raters are in the model but not shown; where their "
        "number could be computed, others are shown without counts.",
        _beyond(fit, two),
        *filter(None, [_one_question(study, two), named_note(study, two)]),
        *filter(None, [numbers_note(study, [dimension])]),
    ]
    told = _sentence(table, cells["given"])
    return Result.of(
        study,
        table[ordered_columns(table)],
        told,
        f"Mean ratings by {first} and {second}",
        unit="rating points",
        conf_level=conf_level,
        interval=fit.interval,
        notes=notes,
        warnings=fit.warnings,
        figure=INTERSECTIONS,
    ).labelled(study.labels)


def _sentence(table: pd.DataFrame, given: pd.Series) -> str:
    """The sentence on cells, of which `given` holds the levels of the first demographic."""
    if table.empty:
        return nothing_compared(["no group by two demographics has enough raters to be shown"])
    table = table.assign(name=given + ", " + table["group"])
    low, high = (table.loc[getattr(table["estimate"], pick)()] for pick in ("idxmin", "idxmax"))
    moved = (table["estimate"] - table["observed"]).abs().mean()
    if len(table) == 1:
        return (
            f"One group has enough raters to be shown, {low['name']}: its mean is "
            f"{low['observed']:.2f} as observed and {low['estimate']:.2f} by the model."
        )
    return (
        f"Group means go from {table['observed'].min():.2f} to {table['observed'].max():.2f} as "
        f"observed, and from {low['estimate']:.2f} ({low['name']}) to {high['estimate']:.2f} "
        f"({high['name']}) by the model, which moves them by {moved:.2f} on average."
    )


def _beyond(fit: Posterior, two: tuple[str, str]) -> str:
    """By how much cells differ beyond the sum of their demographics."""
    unit = "log odds" if fit.family.ordered else "rating points"
    own = fit.summary().table.set_index("term").loc[f"sd({':'.join(two)})"]
    return (
        "Beyond the sum of both demographics, groups differ by a standard deviation of "
        f"{own['estimate']:.2f} {unit} [{own['conf_low']:.2f}, {own['conf_high']:.2f}]; near 0, "
        "the two simply add up."
    )
