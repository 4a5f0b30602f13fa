"""How many raters and ratings stand behind an estimate."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from pluralign_stats.backing import Backing, Readjust
from pluralign_stats.effects.adjust import benjamini_hochberg, holm
from pluralign_stats.effects.averages import Population
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.suppression import few


def count(fit: ModelEstimates, rows: Population, factor: str | None = None) -> pd.DataFrame:
    """Raters and ratings of the model's data in each group, and in each level of a factor.

    Returns
    -------
    DataFrame
        Columns n_raters (missing where the model does not know its raters), n_ratings, indexed by
        group number and level.
    """
    data, codes = fit.design.rated
    keys = {"group": _group_numbers(data, rows), "level": ""}
    if factor is not None:
        keys["level"] = data[factor].astype(str).to_numpy()
    frame = pd.DataFrame(keys | {"rater": 0 if codes is None else codes})
    grouped = frame[frame["group"] >= 0].groupby(["group", "level"])["rater"]
    made = pd.DataFrame({"n_raters": grouped.nunique(), "n_ratings": grouped.size()})
    return made.assign(n_raters=np.nan) if codes is None else made


def _group_numbers(data: pd.DataFrame, rows: Population) -> np.ndarray:
    """Group of each row of the model's data; -1 for those in none."""
    if not rows.names or any(name not in data for name in rows.names):
        return np.zeros(len(data), dtype=int) if not rows.names else np.full(len(data), -1)
    number = {group: k for k, group in enumerate(rows.groups)}
    columns = [data[name].astype(str) for name in rows.names]
    return np.array([number.get(cell, -1) for cell in zip(*columns, strict=True)])


#: How p-values of a family are adjusted anew among some of it; of the others it cannot be done.
READJUST: dict[str, Readjust] = {
    "holm": holm,
    "bh": benjamini_hochberg,
    "none": partial(np.asarray, dtype=float),
}


def group_backing(fit: ModelEstimates, rows: Population, factor: str | None = None) -> Backing:
    """Who stands behind each group, or behind each level of a factor within each group.

    A group rests on its own raters and, where all of its rows have one level of a variable of the
    model, on the raters of that level, whatever data are predicted.

    Returns
    -------
    Backing
        One row per group, or per group and level, the level varying fastest.
    """
    raters = fit.design.raters
    n_groups = len(rows.groups)
    if not raters.known:
        levels = 1 if factor is None else len(fit.design.data[factor].cat.categories)
        return Backing(np.zeros(n_groups * levels), raters.unknown)
    counted = count(fit, rows, factor)["n_raters"]
    if factor is None:
        counts = counted.droplevel("level").reindex(range(n_groups)).fillna(0).to_numpy()[None]
    else:
        levels = fit.design.data[factor].cat.categories.astype(str)
        wide = counted.unstack().reindex(index=range(n_groups), columns=levels)
        counts = wide.fillna(0).to_numpy()
    fewest = counts if factor is not None else counts.T
    fewest = _no_more(fewest, _single_levels(fit, rows)[:, None])
    if factor is not None:
        fewest = _no_more(fewest, level_raters(fit, factor)[None])
    place = np.arange(counts.size)
    withheld = _withheld(fit, rows, factor, counts)
    return Backing(fewest.ravel(), "", counts.astype(int), place, withheld)


def _withheld(
    fit: ModelEstimates, rows: Population, factor: str | None, counts: np.ndarray
) -> np.ndarray:
    """Which counts are withheld for the sake of the other tables of the study, as `counts`.

    So they are of levels that these do not count, and where any differs by few raters from what
    they count: then of all that differ.
    """
    if factor is None and not rows.names:
        return np.full(counts.shape, few(np.array(fit.design.left_out), MIN_CELL))
    levels = [()] if factor is None else [(x,) for x in fit.design.data[factor].cat.categories]
    names = rows.names if factor is None else (*rows.names, factor)
    cells = [(*group, *map(str, level)) for group in rows.groups for level in levels]
    pairs = [list(zip(names, cell, strict=True)) for cell in cells]
    told, away = fit.design.published, fit.design.withheld
    whole = [[told.get(name, {}).get(level, 0) for name, level in pair] for pair in pairs]
    n = counts.reshape(-1, 1)
    lost = np.where(n > 0, np.array(whole) - n, 0)
    hidden = [any(level in away.get(name, ()) for name, level in pair) for pair in pairs]
    differing = (lost > 0).any(axis=1) & few(lost, MIN_CELL).any()
    return (differing | hidden).reshape(counts.shape)


def _no_more(counts: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Counts that are no more than a limit, which alone counts where there is nobody."""
    return np.where(counts > 0, np.minimum(counts, limit), limit)


def level_raters(fit: ModelEstimates, factor: str) -> np.ndarray:
    """(L,) raters of each level of a factor in the model's data."""
    data, codes = fit.design.rated
    column = data[factor].cat
    frame = pd.DataFrame({"level": column.codes.to_numpy(), "rater": 0 if codes is None else codes})
    n = frame.groupby("level")["rater"].nunique()
    return n.reindex(range(len(column.categories)), fill_value=0).to_numpy()


def cell_raters(fit: ModelEstimates, factors: Sequence[str]) -> np.ndarray:
    """(C,) raters of each combination of levels of factors that occurs in the model's data."""
    data, codes = fit.design.rated
    frame = data[list(factors)].assign(rater=0 if codes is None else codes)
    return frame.groupby(list(factors), observed=True)["rater"].nunique().to_numpy()


def level_counts(fit: ModelEstimates, factor: str) -> pd.Series:
    """Raters of each level of a factor in the model's data, by level."""
    return pd.Series(level_raters(fit, factor), fit.design.data[factor].cat.categories.astype(str))


def _single_levels(fit: ModelEstimates, rows: Population) -> np.ndarray:
    """(groups,) raters of the rarest level that all rows of a group have, else all raters."""
    fewest = np.full(len(rows.groups), fit.design.raters.n)
    for factor in fit.design.factors:
        if factor not in rows.data:
            continue
        known = fit.design.data[factor].cat.categories
        level = pd.Categorical(rows.data[factor], known).codes
        n = level_raters(fit, factor)
        for group in range(len(rows.groups)):
            present = np.unique(level[rows.codes == group])
            if len(present) == 1 and present[0] >= 0:
                fewest[group] = min(fewest[group], n[present[0]])
    return fewest


def pair_backing(
    fit: ModelEstimates, rows: Population, factor: str | None, pairs: np.ndarray, n_categories: int
) -> Backing:
    """Who stands behind contrasts, which run over group, category and contrast.

    Parameters
    ----------
    pairs
        (c, 2) numbers of the levels that are compared; of a number its two settings, behind both
        of which are all raters of the group.
    """
    each = group_backing(fit, rows, factor)
    n_groups, c = len(rows.groups), len(pairs)
    group, _, contrast = (i.ravel() for i in np.indices((n_groups, n_categories, c)))
    if factor is None:
        first = second = group
    else:
        n_levels = len(fit.design.data[factor].cat.categories)
        first, second = (group * n_levels + pairs[contrast, side] for side in (0, 1))
    fewest = np.minimum(each.raters[first], each.raters[second])
    return replace(each, raters=fewest, place=each.place[first] if len(each.place) else each.place)
