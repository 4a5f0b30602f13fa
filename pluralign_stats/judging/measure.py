"""Measures a judge against everyone and against each group, with the resamples behind intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.backing import EVERYONE
from pluralign_stats.errors import InputError, listing
from pluralign_stats.judging.resample import Influence, resampled_item_sums, resampled_sums
from pluralign_stats.judging.scores import rated_and_scored, unread_languages
from pluralign_stats.judging.statistics import (
    STATISTICS,
    Pairs,
    judge_influences,
    judge_statistics,
    rater_statistics,
    text_coincidences,
)
from pluralign_stats.study.study import Study


@dataclass(frozen=True)
class Measured:
    """A judge measured against one group of raters on one dimension.

    Attributes
    ----------
    dimension
        Its name.
    demographic, group
        Whose ratings; the demographic is empty for everyone.
    estimate, ceiling
        (3,) statistics of the judge against a rater, and of a rater against another.
    replicates
        (b, 3) the judge's in resamples of items and raters, the same for all groups.
    influence
        How far each rating of the dimension moves the judge's.
    ceilings
        (b, 3) the raters' in resamples of items.
    n_items, n_raters, n_ratings
        What stands behind them.
    """

    dimension: str
    demographic: str
    group: str
    estimate: np.ndarray
    ceiling: np.ndarray
    replicates: np.ndarray
    influence: Influence
    ceilings: np.ndarray
    n_items: int
    n_raters: int
    n_ratings: int


@dataclass(frozen=True)
class Measures:
    """All measures of a judge.

    Attributes
    ----------
    judge
        Its name.
    rows
        One for each dimension and group of `min_cell` raters or more.
    unscored
        Ratings of texts that the judge gave no score.
    unjudged
        Dimensions of the study of which no rated text has a score.
    unread
        Languages of ratings in which the judge scored no text.
    """

    judge: str
    rows: tuple[Measured, ...]
    unscored: int
    unjudged: tuple[str, ...]
    unread: tuple[str, ...] = ()


def measure(
    study: Study,
    scores: pd.DataFrame,
    demographics: Sequence[str],
    n_bootstrap: int,
    seed: int,
    min_cell: int,
) -> Measures:
    """Measure a judge against everyone and against each group of some demographics.

    Parameters
    ----------
    study
        The study.
    scores
        What `read_judge_scores` gave.
    demographics
        Whose groups to look at besides everyone.
    n_bootstrap, seed
        Resamples, and their seed.
    min_cell
        Groups of fewer raters are left out.

    Raises
    ------
    InputError
        If no rating stands beside a score.
    """
    if scores["score"].isna().all():
        raise InputError("every score of the judge is missing; let it judge the texts again")
    both = rated_and_scored(study, scores)
    if both.empty:
        raise InputError(f"no rated text has a score: {_apart(study, scores)}")
    rows = [
        row
        for dimension in study.dimensions
        if (block := both[both["dimension"] == dimension]).size
        for row in _of_dimension(study, dimension, block, demographics, n_bootstrap, seed, min_cell)
    ]
    judged = study.ratings.dropna(subset="rating")["dimension"].isin(scores["dimension"].unique())
    unjudged = tuple(d for d in study.dimensions if not (both["dimension"] == d).any())
    unscored = int(judged.sum()) - len(both)
    unread = unread_languages(study, scores)
    return Measures(str(scores["judge"].iloc[0]), tuple(rows), unscored, unjudged, unread)


def _apart(study: Study, scores: pd.DataFrame) -> str:
    """Why scores and ratings do not meet."""
    unread = unread_languages(study, scores)
    if unread:
        return (
            f"the ratings are in {listing(unread)}, the texts scored in "
            f"{listing(scores['language'].unique())}; give both the same tags of languages"
        )
    return "item names of the judge's scores must be those of the study"


def _of_dimension(
    study: Study,
    dimension: str,
    block: pd.DataFrame,
    demographics: Sequence[str],
    n_bootstrap: int,
    seed: int,
    min_cell: int,
) -> list[Measured]:
    scale = study.codebook.dimensions[dimension].scale
    levels = np.array(scale.levels, dtype=float) if scale.categorical else None
    groups = [("", EVERYONE, np.ones(len(block), dtype=bool))]
    groups += [
        (name, level, (block[name] == level).to_numpy())
        for name in demographics
        for level in study.levels(name)
    ]
    groups = [g for g in groups if block.loc[g[2], "rater"].nunique() >= min_cell]
    if not groups:
        return []
    items, raters = (pd.factorize(block[c])[0] for c in ("item", "rater"))
    rating = block["rating"].to_numpy(dtype=float)
    moments = Pairs(block["score"].to_numpy(dtype=float), rating, levels).moments()
    parts = [mask for _, _, mask in groups]
    resampled = resampled_sums(moments, items, raters, parts, n_bootstrap, seed)
    rows = []
    for (name, level, mask), sums in zip(groups, resampled, strict=True):
        text = pd.factorize(block["text"][mask])[0]
        first = np.unique(text, return_index=True)[1]
        pairs = text_coincidences(text, rating[mask], levels)
        drawn = resampled_item_sums(pairs, items[mask][first], items.max() + 1, n_bootstrap, seed)
        influences = np.zeros((len(mask), len(STATISTICS)))
        influences[mask] = judge_influences(moments[mask], levels)
        row = Measured(
            dimension,
            name,
            level,
            judge_statistics(moments[mask].sum(axis=0)[None], levels)[0],
            rater_statistics(pairs.sum(axis=0)[None], levels)[0],
            judge_statistics(sums, levels),
            Influence(influences, items, raters),
            rater_statistics(drawn, levels),
            int(np.unique(items[mask]).size),
            int(np.unique(raters[mask]).size),
            int(mask.sum()),
        )
        rows.append(row)
    return rows
