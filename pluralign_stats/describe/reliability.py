"""How far raters agree: Krippendorff's alpha, with bootstrap intervals."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.backing import COUNT_WITHHELD, EVERYONE
from pluralign_stats.describe.alpha import (
    coincidences_of,
    interval_alpha,
    item_sums,
    ordinal_alpha,
)
from pluralign_stats.describe.disclosure import hide_counts, published
from pluralign_stats.errors import InputError, one_of
from pluralign_stats.figures.charts import AGREEMENT
from pluralign_stats.formatting import minus
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL, MOST_LEVELS
from pluralign_stats.significance import check_bootstrap, percentile_interval
from pluralign_stats.study.study import Study
from pluralign_stats.suppression import check_min_cell
from pluralign_stats.words import alike, counted, extremes, joined

#: With fewer items a bootstrap over items says little about the interval's ends.
FEW_ITEMS = 30

_COLUMNS = ["dimension", "group", "estimate", "conf_low", "conf_high"]
_COLUMNS += ["n_items", "n_raters", "n_ratings", "method"]


@dataclass(frozen=True)
class Agreement:
    """Alpha of one set of ratings.

    Attributes
    ----------
    alpha
        1 for perfect agreement, 0 for agreement by chance; missing where no item has two raters
        or all ratings are equal.
    replicates
        (b,) alphas of resampled items; missing ones left out.
    n_items
        Items with two ratings or more; others carry no information on agreement.
    """

    alpha: float
    replicates: np.ndarray
    n_items: int


def resampled(
    each: np.ndarray, alpha: Callable[[np.ndarray], np.ndarray], n_bootstrap: int, seed: int
) -> Agreement:
    """Alpha, and its bootstrap over items.

    Parameters
    ----------
    each
        (items, m) what each item adds to the sums that `alpha` reads; zeros for an item that has
        no two ratings.
    alpha
        Turns (b, m) sums into (b,) alphas.
    n_bootstrap, seed
        Number of resamples of items, and the seed that draws them.
    """
    paired = each[each.any(axis=1)]
    n = len(paired)
    if n == 0:
        return Agreement(float("nan"), np.array([]), 0)
    draws = np.random.default_rng(seed).integers(n, size=(n_bootstrap, n))
    weight = np.array([np.bincount(draw, minlength=n) for draw in draws]).reshape(-1, n)
    replicates = alpha(weight @ paired) if n_bootstrap else np.array([])
    whole = float(alpha(paired.sum(axis=0)[None])[0])
    return Agreement(whole, replicates[~np.isnan(replicates)], n)


def agreement(
    study: Study,
    by: str | None = None,
    *,
    n_bootstrap: int = 1000,
    seed: int = 1,
    min_cell: int = MIN_CELL,
    conf_level: float = CONF_LEVEL,
) -> Result:
    """Krippendorff's alpha of each dimension, over all raters and within groups.

    With the ordinal metric; on scales of more than 15 ratings with the interval metric, which
    takes ratings for numbers.

    Parameters
    ----------
    study
        The study.
    by
        A demographic whose groups are shown below all raters; None for all raters only.
    n_bootstrap, seed
        Resamples of items for the intervals, and their seed.
    min_cell
        Groups of fewer raters are left out.
    conf_level
        Level of the percentile intervals.

    Returns
    -------
    Result
        Columns dimension, group, estimate, conf_low, conf_high, n_items (with two ratings or
        more), n_raters, n_ratings, method.

    Raises
    ------
    InputError
        If the study has no such demographic, or an argument is out of range.

    References
    ----------
    Krippendorff (2019), Content Analysis, 4th edition, Sage, chapter 12.

    Examples
    --------
    >>> agreed = pls.describe.agreement(study, n_bootstrap=100)
    >>> agreed.table["estimate"].round(1).tolist()
    [0.1, 0.1, 0.1, 0.1, 0.0]
    """
    check_bootstrap(n_bootstrap, conf_level)
    check_min_cell(min_cell)
    if by is not None and by not in study.demographics:
        raise InputError(one_of("'by'", by, study.demographics))
    ratings = study.ratings.dropna(subset="rating")
    records = []
    for dimension in study.dimensions:
        block = ratings[ratings["dimension"] == dimension]
        for group, part in _groups(study, block, by, min_cell):
            found = agreement_of(study, dimension, part, n_bootstrap, seed)
            named = study.codebook.label(dimension), metric_of(study, dimension)
            records.append((*named, group, found, part, conf_level))
    table = pd.DataFrame([_record(*record) for record in records], columns=_COLUMNS)
    if records:
        table = hide_counts(study, by, table, table["group"], min_cell) if by else table
    within = f" within groups: {study.codebook.label(by)}" if by else ""
    return Result.of(
        study,
        table,
        _sentence(table),
        f"Agreement between raters{within}",
        unit="alpha",
        conf_level=conf_level,
        interval=f"percentile intervals, {n_bootstrap:,} bootstrap samples of items",
        notes=_notes(study, table),
        published=published(study, [by] if by else [], min_cell),
        figure=AGREEMENT,
    )


def _groups(
    study: Study, block: pd.DataFrame, by: str | None, min_cell: int
) -> list[tuple[str, pd.DataFrame]]:
    groups = [(EVERYONE, block)]
    groups += [(level, block[block[by] == level]) for level in (study.levels(by) if by else ())]
    return [(g, part) for g, part in groups if part["rater"].nunique() >= min_cell]


def agreement_of(
    study: Study, dimension: str, block: pd.DataFrame, n_bootstrap: int, seed: int
) -> Agreement:
    """Alpha of the ratings of one dimension by some raters."""
    if not study.codebook.dimensions[dimension].scale.categorical:
        sums = item_sums(pd.factorize(block["item"])[0], block["rating"].to_numpy())
        return resampled(sums, interval_alpha, n_bootstrap, seed)
    levels = list(study.codebook.dimensions[dimension].levels)
    counts = pd.crosstab(block["item"], block["rating"]).reindex(columns=levels, fill_value=0)
    return resampled(coincidences_of(counts.to_numpy()), ordinal_alpha, n_bootstrap, seed)


def metric_of(study: Study, dimension: str) -> str:
    """Metric of alpha: how far two ratings are apart."""
    return "ordinal" if study.codebook.dimensions[dimension].scale.categorical else "interval"


def metric_notes(study: Study) -> list[str]:
    """On which dimensions alpha takes ratings for numbers."""
    many = [study.codebook.label(d) for d in study.dimensions if metric_of(study, d) == "interval"]
    if not many:
        return []
    return [
        f"Alpha on {joined(many)} takes ratings for numbers (interval metric), as there are more "
        f"than {MOST_LEVELS} of them; else for ordered steps (ordinal metric)."
    ]


def _record(
    dimension: str,
    metric: str,
    group: str,
    found: Agreement,
    block: pd.DataFrame,
    conf_level: float,
) -> dict[str, object]:
    low, high = percentile_interval(found.replicates, conf_level)
    return {
        "dimension": dimension,
        "group": group,
        "estimate": found.alpha,
        "conf_low": low,
        "conf_high": high,
        "n_items": found.n_items,
        "n_raters": block["rater"].nunique(),
        "n_ratings": len(block),
        "method": f"Krippendorff's alpha, {metric}",
    }


def _apart(groups: pd.DataFrame) -> str:
    """Which groups, of those with the alpha of `everyone` beside them, agree unlike all raters."""
    several = groups["dimension"].nunique() > 1
    clearly = "clearly more or less among themselves than all raters do"
    leaves_out = (groups["everyone"] < groups["conf_low"]) | (
        groups["everyone"] > groups["conf_high"]
    )
    n, of = int(leaves_out.sum()), len(groups)
    cases = f"{counted(of, 'case')}, a group on a dimension each" if several else ""
    if not n:
        where = f"in {cases}, its interval" if several else "the interval of each group"
        return f"No group's raters agree {clearly}: {where} holds the alpha of all raters."
    far = (groups["estimate"] - groups["everyone"]).abs()[leaves_out].idxmax()
    row = groups.loc[far]
    most = f"{row['group']} on {row['dimension']}" if several else row["group"]
    many = f"In {n} of {cases}," if several else f"Of {counted(of, 'group')}, {n}"
    agree = "raters of one group agree" if several else "agrees" if n == 1 else "agree"
    so = "most so " if n > 1 else ""
    return minus(
        f"{many} {agree} {clearly}: {so}{most}, with an alpha of {row['estimate']:.2f} "
        f"[{row['conf_low']:.2f}, {row['conf_high']:.2f}] against {row['everyone']:.2f} of all "
        "raters."
    )


def _sentence(table: pd.DataFrame) -> str:
    if table.empty:
        return "This study has too few raters for their agreement to be shown."
    overall = table[table["group"] == EVERYONE].dropna(subset="estimate")
    if overall.empty:
        return _not_measured(table)
    groups = table[table["group"] != EVERYONE].dropna(subset="estimate")
    if len(groups):
        alpha = groups["dimension"].map(overall.set_index("dimension")["estimate"])
        return _apart(groups.assign(everyone=alpha).dropna(subset="everyone"))
    alpha = overall.set_index("dimension")["estimate"]
    (least, most), low, high = extremes(alpha.to_dict()), alpha.min(), alpha.max()
    scale = "1 would be perfect agreement, 0 is what chance gives"
    if len(overall) == 1:
        ends = "[{conf_low:.2f}, {conf_high:.2f}]".format(**overall.iloc[0])
        return minus(f"Raters agree on {most} with an alpha of {high:.2f} {ends}; {scale}.")
    if alike(low, high):
        return minus(f"Raters agree alike on all dimensions (alpha {high:.2f}); {scale}.")
    return minus(
        f"Raters agree most on {most} (alpha {high:.2f}) and least on {least} (alpha {low:.2f}); "
        f"{scale}."
    )


def _not_measured(table: pd.DataFrame) -> str:
    """Why no dimension has an alpha."""
    if not table["n_items"].any():
        return "Agreement cannot be measured: no item was rated by two raters."
    return (
        "Agreement cannot be measured: all ratings of the items that two raters rated are equal, "
        "so that there is nothing to agree or disagree on."
    )


def _notes(study: Study, table: pd.DataFrame) -> list[str]:
    notes = ["Items with fewer than two ratings say nothing about agreement and are not counted."]
    return [*notes, *metric_notes(study), *rough_notes(table, ["n_raters"])]


def rough_notes(table: pd.DataFrame, counts: list[str]) -> list[str]:
    """That counts are withheld, and that intervals from few items are rough."""
    notes: list[str] = []
    if table[counts].isna().any(axis=None):
        notes.append(COUNT_WITHHELD)
    if (table["n_items"] < FEW_ITEMS).any():
        notes.append(
            f"Fewer than {FEW_ITEMS} items: intervals from resampling so few are rough, and "
            "as a rule too narrow."
        )
    return notes
