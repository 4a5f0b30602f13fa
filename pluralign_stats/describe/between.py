"""How far raters of one group agree with those of another, beside agreement within groups."""

from collections.abc import Iterable
from itertools import combinations

import numpy as np
import pandas as pd

from pluralign_stats.describe.cross_alpha import (
    cross_counts,
    cross_moments,
    interval_cross_alpha,
    ordinal_cross_alpha,
)
from pluralign_stats.describe.disclosure import published
from pluralign_stats.describe.reliability import (
    Agreement,
    agreement_of,
    metric_notes,
    metric_of,
    resampled,
    rough_notes,
)
from pluralign_stats.errors import check_one_of
from pluralign_stats.figures.charts import AGREEMENT_BETWEEN
from pluralign_stats.formatting import minus
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL
from pluralign_stats.significance import check_bootstrap, percentile_interval
from pluralign_stats.study.study import Study
from pluralign_stats.suppression import check_min_cell, few

_COLUMNS = ["dimension", "group", "other", "estimate", "conf_low", "conf_high", "n_items"]
_COLUMNS += ["n_raters", "n_raters_other", "method"]


def agreement_between(
    study: Study,
    by: str,
    *,
    n_bootstrap: int = 1000,
    seed: int = 1,
    min_cell: int = MIN_CELL,
    conf_level: float = CONF_LEVEL,
) -> Result:
    """How far raters of one group agree with those of another, for every two groups.

    Of the items that both rated, the ratings of the one are set against the ratings of the other:
    1 for the same ratings, 0 for agreement by chance. Beside it stands Krippendorff's alpha within
    each group. Where two groups agree with each other as well as each within itself, they see the
    items alike; where less well, they differ by more than their raters do.

    Parameters
    ----------
    study
        The study.
    by
        The demographic whose groups are set against each other.
    n_bootstrap, seed
        Resamples of items for the intervals, and their seed.
    min_cell
        Groups of fewer raters are left out, and pairs of which fewer rated the items of both.
    conf_level
        Level of the percentile intervals.

    Returns
    -------
    Result
        Columns dimension, group, other (the same group, where it is about agreement within),
        estimate, conf_low, conf_high, n_items (rated by both, or by two of the group), n_raters,
        n_raters_other (of the two groups), method.

    Raises
    ------
    InputError
        If the study has no such demographic, or an argument is out of range.

    Notes
    -----
    Cross-replication reliability with the metric of `agreement`, ordinal by the ratings of both
    groups. An item counts as often as it has ratings, as in alpha; chance is any rating of the one
    group against any of the other. With one rater of each group per item it is Cohen's kappa on two
    categories, and Lin's concordance correlation with the interval metric.

    References
    ----------
    Wong, Paritosh & Aroyo (2021), Cross-replication reliability: an empirical approach to
    interpreting inter-rater reliability, Proceedings of ACL-IJCNLP, 7053-7065.

    Examples
    --------
    >>> between = pls.describe.agreement_between(study, "gender", n_bootstrap=100)
    >>> between.table[["group", "other"]].head(2).values.tolist()
    [['Female', 'Female'], ['Female', 'Male']]
    """
    check_bootstrap(n_bootstrap, conf_level)
    check_min_cell(min_cell)
    check_one_of("'by'", by, study.demographics)
    ratings = study.ratings.dropna(subset=["rating", by])
    how = n_bootstrap, seed, min_cell, conf_level
    rows = [
        row
        for dimension in study.dimensions
        for row in _rows(study, dimension, ratings[ratings["dimension"] == dimension], by, how)
    ]
    table = _hidden(study, by, pd.DataFrame(rows, columns=_COLUMNS), min_cell)
    return Result.of(
        study,
        table,
        _sentence(table),
        f"Agreement between groups: {study.codebook.label(by)}",
        unit="alpha",
        conf_level=conf_level,
        interval=f"percentile intervals, {n_bootstrap:,} bootstrap samples of items",
        notes=[_NOTE, *metric_notes(study), *rough_notes(table, ["n_raters", "n_raters_other"])],
        published=published(study, [by], min_cell),
        figure=AGREEMENT_BETWEEN,
    )


_NOTE = (
    "Between groups: ratings of one group against those of the other of the same items "
    "(cross-replication reliability); within a group: Krippendorff's alpha."
)


def _rows(
    study: Study,
    dimension: str,
    block: pd.DataFrame,
    by: str,
    how: tuple[int, int, int, float],
) -> Iterable[list[object]]:
    """Rows of one dimension: of each group, and of it with each that follows."""
    n_bootstrap, seed, min_cell, conf_level = how
    parts = {str(level): block[block[by] == level] for level in study.levels(by)}
    large = {g: part for g, part in parts.items() if part["rater"].nunique() >= min_cell}
    pairs = [(g, g) for g in large] + list(combinations(large, 2))
    for a, b in sorted(pairs, key=lambda pair: [list(large).index(g) for g in pair]):
        first, second = large[a], large[b]
        if a == b:
            found = agreement_of(study, dimension, first, n_bootstrap, seed)
            method = "Krippendorff's alpha"
        else:
            shared = set(first["item"]) & set(second["item"])
            first, second = (part[part["item"].isin(shared)] for part in (first, second))
            if min(first["rater"].nunique(), second["rater"].nunique()) < min_cell:
                continue
            found = _between(study, dimension, first, second, n_bootstrap, seed)
            method = "cross-replication reliability"
        low, high = percentile_interval(found.replicates, conf_level)
        counts = [large[g]["rater"].nunique() for g in (a, b)]
        named = f"{method}, {metric_of(study, dimension)}"
        label = study.codebook.label(dimension)
        yield [label, a, b, found.alpha, low, high, found.n_items, *counts, named]


def _between(
    study: Study,
    dimension: str,
    first: pd.DataFrame,
    second: pd.DataFrame,
    n_bootstrap: int,
    seed: int,
) -> Agreement:
    """Agreement of two groups' ratings of the same items."""
    both = pd.concat([first, second])
    item, known = pd.factorize(both["item"])
    of_first = np.arange(len(both)) < len(first)
    if not study.codebook.dimensions[dimension].scale.categorical:
        sums = cross_moments(item, both["rating"].to_numpy(), of_first, len(known))
        return resampled(sums, interval_cross_alpha, n_bootstrap, seed)
    levels = list(study.codebook.dimensions[dimension].levels)
    code = pd.Index(levels).get_indexer(both["rating"])
    counts = np.zeros((2, len(known), len(levels)))
    np.add.at(counts, ((~of_first).astype(int), item, code), 1)
    return resampled(cross_counts(*counts), ordinal_cross_alpha, n_bootstrap, seed)


def _hidden(study: Study, by: str, table: pd.DataFrame, min_cell: int) -> pd.DataFrame:
    """The table without counts that the plan of the study hides, or that differ from it by few."""
    plan = study.plan(by, min_cell)
    shown = plan.raters[~plan.hidden.to_numpy()].astype(float)
    masked = {}
    for column, group in (("n_raters", "group"), ("n_raters_other", "other")):
        known = table[group].map(shown).astype(float)
        left_out = (known - table[column].astype(float)).fillna(0)
        masked[column] = table[column].mask(known.isna() | few(left_out.to_numpy(), min_cell))
    return table.assign(**masked)


def _sentence(table: pd.DataFrame) -> str:
    known = table.dropna(subset="estimate")
    within = known[known["group"] == known["other"]].set_index(["dimension", "group"])["estimate"]
    across = known[known["group"] != known["other"]]
    if across.empty:
        return "No two groups have raters enough who rated the same items."
    own = pd.DataFrame(
        {
            side: within.reindex(pd.MultiIndex.from_frame(across[["dimension", side]])).to_numpy()
            for side in ("group", "other")
        },
        across.index,
    )
    less = across["conf_high"] < own.min(axis=1, skipna=False)
    one = across["dimension"].nunique() == 1
    if one and len(across) == 1:
        return _of_one_pair(across.iloc[0], own.iloc[0], clear=bool(less.iloc[0]))
    cases = f"{len(across)} pairs of groups{'' if one else ' on a dimension'}"
    if not less.any():
        return (
            f"Of {cases}, none agrees clearly less with each other than each group within itself: "
            "every interval reaches the alpha within one of the two."
        )
    apart = (own.min(axis=1) - across["estimate"])[less]
    row, n = across.loc[apart.idxmax()], int(less.sum())
    return minus(
        f"Of {cases}, {n} {'agrees' if n == 1 else 'agree'} clearly less with each other than each "
        f"group within itself{', most so' if n > 1 else ':'} {row['group']} and {row['other']}"
        f"{'' if one else ' on ' + row['dimension']} "
        f"({row['estimate']:.2f} [{row['conf_low']:.2f}, {row['conf_high']:.2f}] against "
        f"{own.loc[row.name].min():.2f} or more within)."
    )


def _of_one_pair(row: pd.Series, own: pd.Series, *, clear: bool) -> str:
    """The sentence on two groups, and how far each agrees within itself."""
    across = f"{row['estimate']:.2f} [{row['conf_low']:.2f}, {row['conf_high']:.2f}]"
    within = f"{own['group']:.2f} within {row['group']}, {own['other']:.2f} within {row['other']}"
    less = "clearly less" if clear else "not clearly less"
    return minus(
        f"{row['group']} and {row['other']} agree with each other {less} than raters of each group "
        f"among themselves: {across} between the two, {within}."
    )
