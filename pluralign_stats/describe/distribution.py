"""What raters said: the share of each rating by dimension and group."""

import pandas as pd

from pluralign_stats.describe.disclosure import COUNT_WITHHELD, check_min_cell, hide_counts
from pluralign_stats.errors import InputError, one_of
from pluralign_stats.results import Metadata, Result
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.study.study import Study


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
        the whole group.
    """
    check_min_cell(min_cell)
    if by is not None and by not in study.demographics:
        raise InputError(one_of("'by'", by, study.demographics))
    ratings = study.ratings.dropna(subset="rating")
    ratings["group"] = ratings[by].astype("str") if by else "All raters"
    blocks, small = [], []
    for dimension in study.dimensions:
        for group in study.levels(by) if by else ("All raters",):
            chosen = (ratings["dimension"] == dimension) & (ratings["group"] == group)
            if ratings.loc[chosen, "rater"].nunique() >= min_cell:
                blocks.append(_shares(study, ratings[chosen], dimension, group))
            else:
                small.append((dimension, group))
    order = ["dimension", "term", "group", "rating", "share", "n_raters", "n_ratings"]
    table = pd.concat(blocks, ignore_index=True) if blocks else pd.DataFrame(columns=order)
    table = table.assign(term=study.codebook.label(by)) if by else table.drop(columns="group")
    if by and blocks:
        table = hide_counts(study, by, table, table["group"], min_cell)
    title = f"Ratings by {study.codebook.label(by)}" if by else "Ratings by dimension"
    notes = _left_out(study, small, min_cell)
    notes += (COUNT_WITHHELD,) if table["n_raters"].isna().any() else ()
    if not blocks:
        sentence = f"No group has {min_cell} raters or more."
    elif by and table["group"].nunique() > 1:
        sentence = _group_sentence(table)
    else:
        sentence = _sentence(study, ratings)
    return Result(
        table[[c for c in order if c in table]],
        sentence,
        Metadata(title, study.data_kind, conf_level=None, notes=notes),
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
    levels = list(study.codebook.dimensions[dimension].levels)
    counts = block["rating"].value_counts().reindex(levels, fill_value=0)
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


def _group_sentence(table: pd.DataFrame) -> str:
    """Name the dimension on which the means of two groups lie farthest apart."""
    keys = [table["dimension"], table["group"]]
    means = (table["rating"] * table["share"]).groupby(keys, sort=False).sum().unstack()
    dimension = (means.max(axis=1) - means.min(axis=1)).idxmax()
    high, low = means.loc[dimension].idxmax(), means.loc[dimension].idxmin()
    return (
        f"Mean ratings differ most on {dimension}: {means.loc[dimension, high]:.2f} for "
        f"{high} and {means.loc[dimension, low]:.2f} for {low}."
    )


def _sentence(study: Study, ratings: pd.DataFrame) -> str:
    means = ratings.groupby("dimension", observed=True)["rating"].mean()
    high, low = means.idxmax(), means.idxmin()
    label = study.codebook.label
    return (
        f"The mean rating is highest for {label(high)} ({means[high]:.2f}) and lowest for "
        f"{label(low)} ({means[low]:.2f})."
    )
