"""How far a judge agrees with raters, beside how far raters agree with each other."""

import numpy as np
import pandas as pd

from pluralign_stats.backing import COUNT_WITHHELD, EVERYONE, Backing
from pluralign_stats.describe.disclosure import hide_counts, published
from pluralign_stats.describe.reliability import FEW_ITEMS, agreement, metric_notes, metric_of
from pluralign_stats.documentation import documented_by
from pluralign_stats.errors import InputError, listing, one_of
from pluralign_stats.figures.charts import JUDGE
from pluralign_stats.formatting import minus, with_interval
from pluralign_stats.judging.measure import Measured, Measures, measure
from pluralign_stats.judging.resample import brought_to
from pluralign_stats.judging.statistics import STATISTICS
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL
from pluralign_stats.significance import check_bootstrap, percentile_interval
from pluralign_stats.study.study import Study
from pluralign_stats.suppression import check_min_cell
from pluralign_stats.words import alike

#: Kind of the intervals of n resamples.
RESAMPLED = "intervals from {n:,} resamples of items and raters"

#: How each statistic was computed, for tables.
_METHODS = {
    "kappa": "Cohen's kappa, quadratic weights",
    "alpha": "Krippendorff's alpha, {metric}",
    "bias": "mean of score minus rating",
}


def method_of(study: Study, dimension: str, statistic: str) -> str:
    """How a statistic was computed, for tables."""
    return _METHODS[statistic].format(metric=metric_of(study, dimension))


_COLUMNS = ["dimension", "term", "group", "statistic", "estimate", "conf_low", "conf_high"]
_COLUMNS += ["ceiling", "ceiling_low", "ceiling_high"]
_COLUMNS += ["n_items", "n_raters", "n_ratings", "method"]


@documented_by(agreement)
def judge_agreement(
    study: Study,
    scores: pd.DataFrame,
    by: str | None = None,
    *,
    n_bootstrap: int = 1000,
    seed: int = 1,
    min_cell: int = MIN_CELL,
    conf_level: float = CONF_LEVEL,
) -> Result:
    """How far a judge agrees with a rater, by dimension and group of raters.

    Every rating is set beside the judge's score of the same text: kappa with quadratic weights,
    Krippendorff's alpha of the two (ordinal; interval on scales of more than 15 ratings), and the
    judge's bias, its scores minus the ratings in points. The ceiling is the same statistic between
    a rater of the group and another of the same text: a judge at the ceiling agrees with the group
    as well as one of its members does.

    Parameters
    ----------
    scores
        What `read_judge_scores` gave.
    n_bootstrap, seed
        Resamples for the intervals, and their seed.

    Returns
    -------
    Result
        Columns dimension, (term,) group, statistic (kappa, alpha, bias), estimate, conf_low,
        conf_high, ceiling, ceiling_low, ceiling_high (missing where no text has two raters of the
        group), n_items, n_raters, n_ratings, method.

    Raises
    ------
    InputError
        If there is no such demographic, or no rating stands beside a score.

    References
    ----------
    Cohen (1968), Psychological Bulletin 70, 213-220, for kappa; Krippendorff (2019), Content
    Analysis, 4th edition, Sage, chapter 12, for alpha.
    Owen (2007), Annals of Applied Statistics 1, 386-411, for resampling items and raters at
    once; MacKinnon, Nielsen & Webb (2024), Journal of Econometrics 245, for the spread that
    intervals are brought to.

    Examples
    --------
    >>> read = pls.judging.read_judge_scores(study, "item_scores.parquet")
    >>> made = pls.judging.judge_agreement(study, read, n_bootstrap=100)
    >>> made.table["statistic"].unique().tolist()
    ['kappa', 'alpha', 'bias']
    """
    check_bootstrap(n_bootstrap, conf_level)
    check_min_cell(min_cell)
    if by is not None and by not in study.demographics:
        raise InputError(one_of("'by'", by, study.demographics))
    found = measure(study, scores, [by] if by else [], n_bootstrap, seed, min_cell)
    rows = [_record(study, row, k, conf_level) for row in found.rows for k in range(3)]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    given = table["n_ratings"].to_numpy(dtype=float)
    if by:
        table = hide_counts(study, by, table, table["group"], min_cell) if rows else table
    else:
        table = table.drop(columns="term")
    within = f" by {study.codebook.label(by)}" if by else ""
    title = f"Agreement of the judge '{found.judge}' with raters{within}"
    wide = widths(study)
    sentence = _group_sentence(table, wide) if by else _sentence(table, wide)
    coarse = np.where(table["n_raters"].isna(), given, 0)
    return Result.of(
        study,
        table,
        sentence,
        title,
        conf_level=conf_level,
        interval=RESAMPLED.format(n=n_bootstrap),
        notes=_notes(study, table, found),
        published=published(study, [by] if by else [], min_cell),
        backing=Backing(np.zeros(len(table)), coarse=coarse, fractions=("estimate",)),
        figure=JUDGE,
    )


def _record(study: Study, row: Measured, k: int, conf_level: float) -> dict[str, object]:
    replicates = brought_to(row.replicates, row.estimate, row.influence)
    low, high = _interval(replicates[:, k], conf_level)
    ceiling_low, ceiling_high = _interval(row.ceilings[:, k], conf_level)
    label = study.codebook.label
    return {
        "dimension": label(row.dimension),
        "term": label(row.demographic) if row.demographic else EVERYONE,
        "group": row.group,
        "statistic": STATISTICS[k],
        "estimate": row.estimate[k],
        "conf_low": low,
        "conf_high": high,
        "ceiling": row.ceiling[k],
        "ceiling_low": ceiling_low,
        "ceiling_high": ceiling_high,
        "n_items": row.n_items,
        "n_raters": row.n_raters,
        "n_ratings": row.n_ratings,
        "method": method_of(study, row.dimension, STATISTICS[k]),
    }


def _interval(replicates: np.ndarray, conf_level: float) -> tuple[float, float]:
    return percentile_interval(replicates[~np.isnan(replicates)], conf_level)


def widths(study: Study) -> dict[str, float]:
    """Width of each dimension's scale, by its label: what points are a share of."""
    book = study.codebook
    return {book.label(d): one.scale.high - one.scale.low for d, one in book.dimensions.items()}


def _sentence(table: pd.DataFrame, wide: dict[str, float]) -> str:
    if table.empty:
        return "This study has too few raters for a judge to be held against them."
    kappas = table[table["statistic"] == "kappa"].dropna(subset=["estimate", "ceiling"])
    bias = table[table["statistic"] == "bias"]
    worst = bias.loc[(bias["estimate"].abs() / bias["dimension"].map(wide)).idxmax()]
    way = "above" if worst["estimate"] > 0 else "below"
    size = f"{abs(worst['estimate']):.2f} points {way} them on average"
    told = (
        f"Its scores lie farthest from the ratings on {worst['dimension']}: {size}."
        if len(bias) > 1
        else f"Its scores lie {size}."
    )
    if alike(abs(worst["estimate"]), 0):
        told = "On average its scores lie neither above nor below the ratings."
    if kappas.empty:
        return f"Agreement by kappa cannot be compared with that of two raters. {told}"
    kappas = kappas[kappas["ceiling"] > 0]
    if kappas.empty:
        return f"Two raters agree no better than by chance, so there is no ceiling to reach. {told}"
    reached = (kappas["estimate"] >= kappas["ceiling"]).sum()
    if len(kappas) == 1:
        how = "at least as well as" if reached else "less well than"
        said = f"The judge agrees with a rater {how} two raters with each other: weighted kappa"
        return f"{said} {_beside(kappas.iloc[0])}. {told}"
    low, high = (kappas.loc[kappas["estimate"].agg(f)] for f in ("idxmin", "idxmax"))
    sizes = f"from {_beside(low)} to {_beside(high)}"
    if alike(low["estimate"], high["estimate"]):
        sizes = f"{minus(format(low['estimate'], '.2f'))} on each"
    return (
        f"The judge agrees with a rater at least as well as two raters with each other on "
        f"{reached} of {len(kappas)} dimensions: weighted kappa {sizes}. {told}"
    )


def _beside(row: pd.Series) -> str:
    estimate, ceiling = (minus(f"{row[c]:.2f}") for c in ("estimate", "ceiling"))
    return f"{estimate} on {row['dimension']} (two raters: {ceiling})"


def _group_sentence(table: pd.DataFrame, wide: dict[str, float]) -> str:
    """Name the dimension on which a judge's bias differs most between groups, and these groups."""
    groups = table[(table["group"] != EVERYONE) & (table["statistic"] == "bias")]
    several = groups[groups.groupby("dimension")["group"].transform("nunique") > 1]
    if several.empty:
        return "Fewer than two groups have enough raters for the judge to be held against each."
    spread = several.groupby("dimension", sort=False)["estimate"].agg(np.ptp)
    widest = (spread / spread.index.map(wide).to_numpy(float)).idxmax()
    own = several[several["dimension"] == widest]
    low, high = own.loc[own["estimate"].idxmin()], own.loc[own["estimate"].idxmax()]
    if alike(low["estimate"], high["estimate"]):
        return "The judge's bias is the same against every group, to two decimals."
    overlap = low["conf_high"] >= high["conf_low"]
    most = "differs most between groups" if several["dimension"].nunique() > 1 else "differs"
    return (
        f"The judge's bias {most} on {low['dimension']}: "
        f"{with_interval(low, '.2f', 'rating points')} against {low['group']}, "
        f"{with_interval(high, '.2f', 'rating points')} against {high['group']}; "
        f"the intervals {'overlap' if overlap else 'do not overlap'}."
    )


def _notes(study: Study, table: pd.DataFrame, found: Measures) -> list[str]:
    notes = [
        "Kappa and alpha: 1 is perfect agreement, 0 what chance gives. Bias: above 0 where the "
        "judge's scores are higher than the ratings, in points.",
        "Ceiling: the same between a rater of the group and another of the same text. That of the "
        "bias is 0, since two raters are as often higher as lower than each other. Its interval is "
        "from resamples of items, given these raters.",
    ]
    notes += metric_notes(study)
    if found.unjudged:
        names = listing([study.codebook.label(d) for d in found.unjudged])
        notes.append(f"Without a score by the judge: {names}.")
    if found.unscored:
        notes.append(f"{found.unscored:,} ratings are of texts that the judge gave no score.")
    if found.unread:
        notes.append(f"The judge was given no text in {listing(found.unread)}.")
    if "n_raters" in table and table["n_raters"].isna().any():
        notes.append(COUNT_WITHHELD)
    if (table["n_items"] < FEW_ITEMS).any():
        notes.append(
            f"Fewer than {FEW_ITEMS} items: intervals from resampling so few are rough, and as a "
            "rule too narrow."
        )
    return notes
