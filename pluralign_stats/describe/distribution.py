"""What raters said: the share of each rating by dimension and group."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.backing import COUNT_WITHHELD, Backing
from pluralign_stats.describe.disclosure import hide_counts, published
from pluralign_stats.errors import InputError, one_of
from pluralign_stats.figures.charts import DISTRIBUTION
from pluralign_stats.formatting import minus
from pluralign_stats.results import Result
from pluralign_stats.settings import MIN_CELL, MOST_LEVELS
from pluralign_stats.study.study import Study
from pluralign_stats.suppression import check_min_cell
from pluralign_stats.words import alike, extremes, joined, some


def rating_distribution(study: Study, by: str | None = None, min_cell: int = MIN_CELL) -> Result:
    """Share of each rating on each dimension, over all raters or by group.

    Parameters
    ----------
    study
        The study.
    by
        A demographic; None for all raters together.
    min_cell
        Groups of fewer raters are left out and named in the notes.

    Returns
    -------
    Result
        Columns dimension, (term, group,) rating, share, n_raters, n_ratings; the counts are of
        the whole group. Where a scale has too many ratings to show each, `rating` names parts of
        it, such as ``"1 to 10"``, and is text.

    Raises
    ------
    InputError
        If the study has no such demographic, or `min_cell` is out of range.

    Examples
    --------
    >>> pls.describe.rating_distribution(study, by="gender").table["group"].unique().tolist()
    ['Female', 'Male', 'Non-binary']
    """
    check_min_cell(min_cell)
    if by is not None and by not in study.demographics:
        raise InputError(one_of("'by'", by, study.demographics))
    ratings = study.ratings.dropna(subset="rating")
    ratings["group"] = ratings[by].astype("str") if by else "All raters"
    blocks, small, means = [], [], dict[tuple[str, str], float]()
    for dimension in study.dimensions:
        for group in study.levels(by) if by else ("All raters",):
            chosen = (ratings["dimension"] == dimension) & (ratings["group"] == group)
            if ratings.loc[chosen, "rater"].nunique() >= min_cell:
                blocks.append(_shares(study, ratings[chosen], dimension, group))
                key = study.codebook.label(dimension), group
                means[key] = ratings.loc[chosen, "rating"].mean()
            else:
                small.append((dimension, group))
    order = ["dimension", "term", "group", "rating", "share", "n_raters", "n_ratings"]
    table = pd.concat(blocks, ignore_index=True) if blocks else pd.DataFrame(columns=order)
    if any(isinstance(rating, str) for rating in table["rating"]):
        table["rating"] = table["rating"].astype(str)
    table = table.assign(term=study.codebook.label(by)) if by else table.drop(columns="group")
    given = table["n_ratings"].to_numpy(dtype=float)
    if by and blocks:
        table = hide_counts(study, by, table, table["group"], min_cell)
    coarse = np.where(table["n_raters"].isna(), given, 0)
    title = f"Ratings by {study.codebook.label(by)}" if by else "Ratings by dimension"
    notes = (*_left_out(study, small, min_cell), *_in_parts(study))
    notes += (COUNT_WITHHELD,) if table["n_raters"].isna().any() else ()
    if not blocks:
        sentence = f"No group has {min_cell} raters or more."
    elif by:
        label = study.codebook.label(by)
        sentence = _group_sentence(study, label, pd.Series(means).unstack(sort=False))
    else:
        sentence = _sentence(study, pd.Series({d: mean for (d, _), mean in means.items()}))
    return Result.of(
        study,
        table[[c for c in order if c in table]],
        sentence,
        title,
        notes=notes,
        published=published(study, [by] if by else [], min_cell),
        backing=Backing(np.zeros(len(table)), coarse=coarse),
        figure=DISTRIBUTION,
    )


def _left_out(study: Study, small: list[tuple[str, str]], min_cell: int) -> tuple[str, ...]:
    """Name the groups that are not shown, with the dimensions where it is not all of them."""
    told = []
    for group in dict.fromkeys(group for _, group in small):
        dimensions = [study.codebook.label(d) for d, g in small if g == group]
        everywhere = len(dimensions) == len(study.dimensions)
        told.append(group if everywhere else f"{group} ({', '.join(dimensions)})")
    return (f"Left out, with fewer than {min_cell} raters: {', '.join(told)}.",) if told else ()


def _shares(study: Study, block: pd.DataFrame, dimension: str, group: str) -> pd.DataFrame:
    scale = study.codebook.dimensions[dimension].scale
    if scale.categorical:
        levels: list[Any] = list(scale.levels)
        counts = block["rating"].value_counts().reindex(levels, fill_value=0)
    else:
        starts, names = scale.shown()
        levels = list(names)
        part = np.searchsorted(starts, block["rating"], side="right")
        counts = pd.Series(np.bincount(part, minlength=len(levels)))
    return pd.DataFrame(
        {
            "dimension": study.codebook.label(dimension),
            "group": group,
            "rating": levels,
            "share": counts.to_numpy() / len(block),
            "n_raters": block["rater"].nunique(),
            "n_ratings": len(block),
        }
    )


def _in_parts(study: Study) -> tuple[str, ...]:
    """On which dimensions there are too many ratings to show each."""
    book = study.codebook
    many = [book.label(d) for d, one in book.dimensions.items() if not one.scale.categorical]
    if not many:
        return ()
    return (
        f"Ratings on {joined(many)} are shown in parts of the scale, as it has more than "
        f"{MOST_LEVELS} ratings; means are of the ratings themselves.",
    )


def _scales(study: Study) -> dict[str, tuple[float, float]]:
    """Lowest and highest rating of each dimension, by its label."""
    book = study.codebook
    return {book.label(d): (one.scale.low, one.scale.high) for d, one in book.dimensions.items()}


def _group_sentence(study: Study, by: str, means: pd.DataFrame) -> str:
    """Name the dimension (rows of `means`) on which two groups lie farthest apart.

    Between scales, gaps are compared as shares of the scale's width.
    """
    if means.notna().sum(axis=1).max() < 2:
        only = joined(means.columns)
        return f"No two groups have enough raters on one dimension to be compared (shown: {only})."
    scales = _scales(study)
    width = pd.Series({d: scales[d][1] - scales[d][0] for d in means.index})
    gaps = (means.max(axis=1) - means.min(axis=1)) / width
    dimension = gaps.idxmax()
    own = means.loc[dimension].dropna()
    if alike(own.min(), own.max()):
        return "The groups have the same mean ratings, to two decimals."
    low, high = extremes(own.to_dict())
    if len(means) == 1:
        what, told = _one_mean(study, str(dimension))
        what = f"By {by}, {what[:1].lower()}{what[1:]}"
        return f"{what} is {told(own.max())} for {high} and {told(own.min())} for {low}."
    one_scale = len({scales[d] for d in means.index}) == 1
    beside = "" if one_scale else ", for the width of its scale"
    return minus(
        f"By {by}, mean ratings differ most on {dimension}{beside}: {own.max():.2f} for {high} and "
        f"{own.min():.2f} for {low}."
    )


def _one_mean(study: Study, label: str) -> tuple[str, Callable[[float], str]]:
    """What the only known mean is called in a sentence, and how it is written there.

    The mean of two ratings is the share of the higher one.
    """
    book = study.codebook
    name, dimension = next((n, d) for n, d in book.dimensions.items() if book.label(n) == label)
    low, high = dimension.scale.low, dimension.scale.high
    if not dimension.scale.categorical or len(dimension.levels) != 2:
        return f"The mean rating on {label}", lambda mean: minus(f"{mean:.2f}")
    return (
        f"The share of {book.rating_label(name, high)} among ratings on {label}",
        lambda mean: f"{(mean - low) / (high - low):.0%}",
    )


def _sentence(study: Study, means: pd.Series) -> str:
    """The highest and the lowest mean of dimensions on one scale; of others each by itself."""
    scales = _scales(study)
    on = {d: f"{low:g} to {high:g}".replace("-", "−") for d, (low, high) in scales.items()}
    if len({on[d] for d in means.index}) > 1:
        each = some((f"{d} {minus(f'{means[d]:.2f}')} of {on[d]}" for d in means.index), 6)
        return f"Scales differ, so that means are not compared between dimensions: {each}."
    low, high = extremes(means.to_dict())
    if len(means) == 1:
        what, told = _one_mean(study, high)
        of = "" if told(means[high]).endswith("%") else f", on a scale of {on[high]}"
        return f"{what} is {told(means[high])}{of}."
    if alike(means.min(), means.max()):
        return f"The mean rating is {minus(f'{means.max():.2f}')} on every dimension."
    return minus(
        f"The mean rating is highest for {high} ({means.max():.2f}) and lowest for {low} "
        f"({means.min():.2f})."
    )
