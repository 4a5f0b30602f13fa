"""Average predictions weighted by a population instead of by who happened to rate.

The model predicts each cell of the population (a combination of its variables), and the cells are
weighted by how many people each has (Gelman & Little 1997, Survey Methodology 23, 127-135).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Real
from typing import Literal

import numpy as np
import pandas as pd

from pluralign_stats.backing import Backing
from pluralign_stats.effects.averages import Population, averages, population
from pluralign_stats.effects.cells import Cells, read_cells
from pluralign_stats.effects.counts import count, group_backing
from pluralign_stats.effects.estimates import (
    Estimates,
    Inference,
    infer,
    posterior_table,
    tabulate,
)
from pluralign_stats.effects.options import EffectOptions
from pluralign_stats.effects.predictions import AVERAGED, UNITS, level_table
from pluralign_stats.errors import InputError, one_of
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.formatting import with_interval
from pluralign_stats.models.few_units import few_units
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.ordered_beta import OrderedBetaEstimates, read_positive
from pluralign_stats.models.parts import Kind
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.settings import CONF_LEVEL
from pluralign_stats.study.scale import Scale
from pluralign_stats.study.text import labels_of

#: What is predicted: the mean rating, the share of positive ratings, or the share of each.
Target = Literal["mean", "positive", "probability"]

#: What each row of the table is weighted by.
WEIGHTINGS = ("population", "sample", "difference")

#: What the row of everybody is called where there are groups.
EVERYBODY = "all"

#: Seed of the counts that are drawn for each draw of a Bayesian fit.
_SEED = 1


def poststratify(
    fit: ModelEstimates,
    population: pd.DataFrame | Mapping[str, pd.DataFrame],
    *,
    by: str | Sequence[str] | None = None,
    kind: Target = "mean",
    positive_from: float | None = None,
    conf_level: float = CONF_LEVEL,
) -> Result:
    """Average predictions over a population, beside those over the sample's own composition.

    Parameters
    ----------
    fit
        A fitted model, by whatever function.
    population
        One row per cell: a column for each variable of the model, and ``n``, how many people the
        cell has, or ``share`` of the population (summing to 1). Or several such tables by level of
        `by`, such as ``{"US": us, "Germany": germany}``; with shares each sums to 1, and as sizes
        of the populations are then unknown there is no row for all of them together.
        ``population.attrs["source"]``, if there, is told in the notes.
    by
        Variables of the population within whose levels to average as well.
    kind
        ``"mean"`` rating, ``"positive"`` for the share of positive ratings, or ``"probability"``
        for the share of each rating.
    positive_from
        Lowest positive rating; by default every rating above the middle of the model's ratings, as
        for a dimension of a study.
    conf_level
        Level of the intervals: by the delta method, or quantiles over the draws of a Bayesian fit,
        each of which is averaged first.

    Returns
    -------
    Result
        Columns term and group (with `by`; first ``"all"``), rating (for probabilities), weighting
        (``"population"``, ``"sample"``, and their ``"difference"``), estimate, std_error (of a
        Bayesian fit sd), conf_low, conf_high, n_raters, n_ratings, method.

    Raises
    ------
    InputError
        If the population lacks a variable of the model, has a level that the model does not know,
        counts that are negative or not finite, or shares that do not sum to 1.

    Notes
    -----
    A random effect whose group the population names, such as ``(1|country)`` or ``(1|age:gender)``,
    is the predicted one of that group (of each draw); all others, such as raters' and items', are
    averaged over. So unshrunken fixed effects and partially pooled intersections both work. The
    counts of the population are taken to be exact, unless a column ``n_error`` has their standard
    errors: these are then part of all errors and intervals, by the delta method, or as draws.

    References
    ----------
    Gelman & Little (1997), Survey Methodology 23, 127-135.

    Examples
    --------
    >>> model = pls.fit_ordinal("rating ~ gender + country + (1|rater)", toxicity)
    >>> weighted = pls.poststratify(model, pls.example_population())
    >>> weighted.table["weighting"].tolist()
    ['population', 'sample', 'difference']
    """
    how = infer(fit, EffectOptions(conf_level=conf_level, adjust="none"))
    positive = _positive(fit, kind, positive_from)
    cells = read_cells(fit, population, by)
    predicted: Kind = "probability" if kind == "positive" else kind
    if isinstance(fit, OrderedBetaEstimates):
        predicted = kind
        if kind == "positive" and positive_from is not None:
            fit = replace(fit, positive_from=read_positive(positive_from, fit.bounds))
    rows, made = _averages(fit, cells, predicted)
    shifts = _shifts(fit, cells, rows, predicted)
    table = _table(fit, cells, rows, made, positive, how, shifts, shares=kind != "mean")
    unit = UNITS[predicted] if kind != "positive" else "share of positive ratings"
    return Result.of(
        fit,
        table,
        _sentence(table, kind),
        "Predicted ratings, weighted by a population"
        + (f", by {' and '.join(cells.names)}" if cells.names else ""),
        unit=unit,
        conf_level=conf_level,
        interval=how.kind,
        notes=_notes(fit, cells, positive, kind),
        backing=_backing(fit, rows, table),
        figure=FOREST,
    )


def _backing(fit: ModelEstimates, rows: Population, table: pd.DataFrame) -> Backing:
    """Who stands behind each row; no row is counted where the study withholds any group's count."""
    groups = rows.groups[1 : len(rows.groups) // 2]
    named = Population(rows.data, rows.names, groups, rows.codes, 0)
    withheld = bool(rows.names) and group_backing(fit, named).withheld.any()
    apart = np.full(len(table), 1 if withheld else fit.design.left_out)
    raters = table["n_raters"].fillna(0).to_numpy()
    return Backing(raters, fit.design.raters.unknown, apart=apart)


def _positive(fit: ModelEstimates, kind: Target, positive_from: float | None) -> np.ndarray | None:
    """(J,) whether each rating is positive; None where that is not asked, or not of single ones."""
    between = isinstance(fit, OrderedBetaEstimates)
    shares = fit.family.ordered or between
    allowed = ("mean", "positive", "probability") if shares else ("mean",)
    if kind not in allowed:
        hint = "; shares of ratings come from an ordinal model" if len(allowed) == 1 else ""
        raise InputError(one_of("'kind'", kind, allowed) + hint)
    if kind != "positive":
        if positive_from is not None:
            raise InputError("'positive_from' is for kind='positive'; leave it out otherwise")
        return None
    if positive_from is not None and not isinstance(positive_from, Real):
        raise InputError(f"'positive_from' must be a number, not {positive_from!r}")
    if between:
        return None
    scale = fit.family.scale
    lowest, highest = scale[0], scale[-1]
    middle = Scale.of(lowest, highest, continuous=True).above_middle
    least = middle if positive_from is None else positive_from
    positive = fit.family.scores >= least
    if positive.all() or not positive.any():
        raise InputError(
            f"'positive_from' must be above {lowest:g} and at most {highest:g}, not {least:g}"
        )
    return positive


def _averages(fit: ModelEstimates, cells: Cells, kind: Kind) -> tuple[Population, Estimates]:
    """The sample's rows, and averages by population and sample, group and category.

    Groups are the population's, before them everybody.
    """
    sample = population(fit, cells.names, cells.sample)
    target = population(fit, cells.names, cells.data)
    place = {group: k for k, group in enumerate(target.groups)}
    own = np.array([place.get(group, -1) for group in sample.groups])[sample.codes]
    n = len(target.groups) + 1 if cells.names else 1
    parts = [(target.data, np.zeros(len(target.codes), dtype=int), cells.weight)]
    parts += [(sample.data, np.full(len(own), n), np.ones(len(own)))]
    if cells.names:
        kept = own >= 0
        parts += [(target.data, 1 + target.codes, cells.weight)]
        parts += [(sample.data[kept], n + 1 + own[kept], np.ones(kept.sum()))]
    frames, codes, weights = zip(*parts, strict=True)
    names = ((EVERYBODY,) * len(cells.names), *target.groups) if cells.names else ((),)
    whole = Population(
        pd.concat(frames, ignore_index=True),
        cells.names,
        names * 2,
        np.concatenate(codes),
        sample.n_dropped,
        np.concatenate(weights),
    )
    return whole, averages(fit, whole, [{}], kind, "conditional")


def _table(
    fit: ModelEstimates,
    cells: Cells,
    rows: Population,
    made: Estimates,
    positive: np.ndarray | None,
    how: Inference,
    shifts: np.ndarray,
    *,
    shares: bool,
) -> pd.DataFrame:
    """Rows by group, category and weighting."""
    n = len(rows.groups) // 2
    K = len(made.estimate) // (2 * n)
    to = np.eye(K) if positive is None else positive[None].astype(float)
    absent = np.bincount(rows.codes, minlength=2 * n)[n:] == 0
    signs = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]])
    weights = np.einsum("vw,gh,ck->gcvwhk", signs, np.eye(n), to)
    weights[absent, :, 1:] = np.nan
    weights = weights.reshape(n * len(to) * len(signs), -1)
    labels = _labels(fit, rows, len(to))
    few = few_units(fit, *fit.design.fixed_variables)
    combined = made.combine(weights, labels)
    table = tabulate(fit, combined, how, test=False, few=[few])
    moves = np.einsum("gkm,ck,v->gcvm", shifts, to, signs[:, 0]).reshape(len(labels), -1)
    if how.credible and moves.any():
        noise = np.random.default_rng(_SEED).normal(size=(len(fit.points.parameters), len(moves.T)))
        drawn = combined.at(fit.points) + noise @ moves.T
        table = posterior_table(fit, labels, drawn, how, test=False)
    if shares and not how.credible:
        own = labels["weighting"] != "difference"
        levels = made.combine(weights[own], labels[own])
        ends = level_table(fit, levels, labels[own], how, few, logit=True)[
            ["conf_low", "conf_high"]
        ]
        table.loc[own, ends.columns] = ends
    if not how.credible and moves.any():
        table = _widened(table, (moves**2).sum(axis=1), shares=shares)
    if cells.names and not cells.sized:
        table = table[table["group"] != EVERYBODY].reset_index(drop=True)
    return table[ordered_columns(table)]


def _shifts(fit: ModelEstimates, cells: Cells, rows: Population, kind: Kind) -> np.ndarray:
    """(g, K, m) how far each average moves where a cell has one standard error more people."""
    n, m = len(rows.groups) // 2, len(cells.weight)
    inside = np.ones((n, m))
    if cells.names:
        inside[1:] = population(fit, cells.names, cells.data).codes == np.arange(n - 1)[:, None]
    if not cells.error.any():
        return np.zeros((n, 1, m))
    each = Population(population(fit, (), cells.data).data, (), ((),) * m, np.arange(m), 0)
    predicted = averages(fit, each, [{}], kind, "conditional").estimate.reshape(m, -1)
    share = inside * cells.weight
    share /= share.sum(axis=1, keepdims=True)
    apart = predicted[None] - (share @ predicted)[:, None]
    return np.einsum("gmk,gm,m->gkm", apart, share, cells.error / cells.weight)


def _widened(table: pd.DataFrame, variance: np.ndarray, *, shares: bool) -> pd.DataFrame:
    """The table with variance added to the squared errors, and intervals as much wider."""
    error = np.sqrt(table["std_error"] ** 2 + variance)
    wider = error / table["std_error"]
    plain = (table["weighting"] == "difference") | (not shares)
    ends = {}
    for end in ("conf_low", "conf_high"):
        linear = table["estimate"] + wider * (table[end] - table["estimate"])
        with np.errstate(divide="ignore", invalid="ignore"):  # differences are no shares
            middle, out = (np.log(table[c] / (1 - table[c])) for c in ("estimate", end))
        ends[end] = linear.where(plain, 1 / (1 + np.exp(-(middle + wider * (out - middle)))))
    return table.assign(std_error=error, **ends)


def _labels(fit: ModelEstimates, rows: Population, K: int) -> pd.DataFrame:
    """Columns term, group, rating, weighting (varying fastest), n_raters, n_ratings."""
    n, each = len(rows.groups) // 2, len(WEIGHTINGS)
    group = np.repeat(np.arange(n), K * each)
    labels = pd.DataFrame({"weighting": WEIGHTINGS * (n * K)})
    if rows.names:
        joined = labels_of(rows.groups[1:n], ", ")
        labels = labels.assign(
            term=", ".join(rows.names), group=np.array([EVERYBODY, *joined], object)[group]
        )
    if K > 1:
        labels["rating"] = np.tile(np.repeat(np.asarray(fit.family.categories), each), n)
    whole = Population(rows.data, (), ((),), rows.codes, 0)
    counts = count(fit, whole).reset_index(drop=True)
    if rows.names:
        groups = Population(rows.data, rows.names, rows.groups[1:n], rows.codes, 0)
        apart = count(fit, groups).droplevel("level").reindex(range(n - 1))
        counts = pd.concat([counts, apart], ignore_index=True)
    return labels.join(counts.iloc[group].reset_index(drop=True))


def _notes(
    fit: ModelEstimates, cells: Cells, positive: np.ndarray | None, kind: Target
) -> tuple[str, ...]:
    few = few_units(fit, *fit.design.fixed_variables)
    told = [
        few.note if few else "",
        "Population: predictions weighted by how many people the population has of each kind, "
        + (
            "whose standard errors are part of the intervals"
            if cells.error.any()
            else "which is taken to be exact"
        )
        + ". Sample: by how many ratings the data have of each. "
        "Difference: population less sample.",
    ]
    if positive is not None:
        told.append(
            f"Positive is a rating of {_told(fit.family.categories[positive.argmax()])} or higher."
        )
    elif isinstance(fit, OrderedBetaEstimates) and kind == "positive":
        told.append(f"Positive is a rating {fit.positive_told}.")
    if cells.groups:
        known = "of each draw" if fit.bayesian else "taken as known"
        told.append(
            f"With the predicted effects of {' and '.join(cells.groups)}, {known}; averaged over "
            "the distribution of all other random effects."
        )
    elif fit.random:
        told.append(AVERAGED["marginal"])
    return (*told, *cells.notes)


def _sentence(table: pd.DataFrame, kind: Target) -> str:
    differences = table[table["weighting"] == "difference"].dropna(subset="estimate")
    if differences.empty:
        return "The data do not tell the groups of the population apart."
    if "group" in table and EVERYBODY in set(differences["group"]):
        differences = differences[differences["group"] == EVERYBODY]
    top = differences.loc[differences["estimate"].abs().idxmax()]
    keys = [name for name in ("group", "rating") if name in table]
    same = table[(table[keys] == top[keys]).all(axis=1)].set_index("weighting")["estimate"]
    where = f" ({top['group']})" if "group" in table and top["group"] != EVERYBODY else ""
    what = {
        "mean": "the average prediction",
        "positive": "the share of positive ratings",
        "probability": f"the share of rating {_told(top.get('rating'))}",
    }[kind]
    unit = "rating points" if kind == "mean" else "of all ratings"
    return (
        f"Weighted by the population, {what}{where} is {same['population']:.2f}, by the sample "
        f"{same['sample']:.2f}: a difference of {with_interval(top, '.2f', unit)}."
    )


def _told(rating: object) -> str:
    """A rating as words have it."""
    return f"{rating:g}" if isinstance(rating, float) else str(rating)
