"""Mean ratings weighted by raters' weights, beside those of the sample as it is."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from pluralign_stats.backing import COUNT_WITHHELD, Backing
from pluralign_stats.describe.disclosure import hide_counts, published
from pluralign_stats.errors import InputError, one_of
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.formatting import with_interval
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL
from pluralign_stats.significance import check_level
from pluralign_stats.study.study import Study
from pluralign_stats.study.weights import WEIGHT
from pluralign_stats.suppression import check_min_cell
from pluralign_stats.weighting.linearize import Mean, standard_error, weighted_mean
from pluralign_stats.weighting.raking import RakedWeights

METHOD = "Hájek mean, linearization by rater"

_COLUMNS = ["dimension", "term", "group", "weighting", "estimate", "std_error", "conf_low"]
_COLUMNS += ["conf_high", "n_raters", "n_ratings", "method"]


def weighted_means(
    study: Study,
    weights: RakedWeights | None = None,
    *,
    by: str | None = None,
    conf_level: float = CONF_LEVEL,
    min_cell: int = MIN_CELL,
) -> Result:
    """Mean rating on each dimension with weights of raters, beside that without.

    Parameters
    ----------
    study
        The study.
    weights
        Of `rake`; None for those of the raters' file (``weight`` under ``columns`` in the
        codebook).
    by
        A demographic; None for all raters together.
    conf_level
        Level of the intervals, by Student's t.
    min_cell
        Groups of fewer raters are left out.

    Returns
    -------
    Result
        Columns dimension, (term, group,) weighting (``"weighted"``, ``"sample"`` for equal weights,
        and their ``"difference"``), estimate, std_error, conf_low, conf_high, n_raters, n_ratings,
        method.

    Raises
    ------
    InputError
        If there are no weights, a rater has none, or the study has no such demographic.

    Notes
    -----
    Every rating has its rater's weight. Errors are clustered by rater; with raked weights, what the
    margins explain of ratings is no error, as long as the margins were met.

    References
    ----------
    Hájek (1971), in Godambe & Sprott, Foundations of Statistical Inference, 236; Deville & Särndal
    (1992), Journal of the American Statistical Association 87, 376-382.

    Examples
    --------
    >>> raked = pls.weighting.rake(study, {"gender": {"Female": 0.5, "Male": 0.5}})
    >>> pls.weighting.weighted_means(study, raked).table["weighting"].tolist()[:3]
    ['weighted', 'sample', 'difference']
    """
    check_min_cell(min_cell)
    check_level(conf_level)
    if by is not None and by not in study.demographics:
        raise InputError(one_of("'by'", by, study.demographics))
    given = _weights(study, weights)
    ratings = study.ratings.dropna(subset="rating")
    ratings["group"] = ratings[by].astype("str") if by else "All raters"
    records, small = [], []
    for dimension in study.dimensions:
        for group in study.levels(by) if by else ("All raters",):
            own = ratings[(ratings["dimension"] == dimension) & (ratings["group"] == group)]
            label = study.codebook.label(dimension)
            if own["rater"].nunique() < min_cell:
                small.append(f"{label}: {group}" if by else label)
                continue
            about = {"dimension": label, "group": group}
            records += [{**about, **row} for row in _rows(own, given, weights, conf_level)]
    table = pd.DataFrame(records, columns=_COLUMNS)
    table = table.assign(term=study.codebook.label(by)) if by else table
    counts = table["n_ratings"].to_numpy(dtype=float)
    if by and len(table):
        table = hide_counts(study, by, table, table["group"], min_cell)
    hidden = table["n_raters"].isna()
    notes = [
        "Every rating has its rater's weight. Sample: equal weights. Difference: weighted less "
        "sample.",
        COUNT_WITHHELD if hidden.any() else "",
        f"Left out, with fewer than {min_cell} raters: {'; '.join(small)}." if small else "",
    ]
    return Result.of(
        study,
        table if by else table.drop(columns=["term", "group"]),
        _sentence(table, min_cell),
        "Mean ratings with weights of raters" + (f", by {study.codebook.label(by)}" if by else ""),
        unit="rating points",
        conf_level=conf_level,
        interval="confidence intervals, Student's t",
        notes=notes,
        warnings=() if weights is None else weights.result.warnings,
        published=published(study, [by] if by else [], min_cell),
        backing=Backing(
            np.zeros(len(table)),
            coarse=np.where(hidden, counts, 0),
            fractions=("estimate", "conf_low", "conf_high"),
        ),
        figure=FOREST,
    )


def _weights(study: Study, raked: RakedWeights | None) -> pd.Series:
    """Weights by rater: of all who were raked, or of the study's raters."""
    raters = study.raters.set_index("rater")
    if raked is None:
        if WEIGHT not in raters:
            raise InputError(
                "the study has no weights; give those of pls.weighting.rake(study, …), or name the "
                "column of the raters' file that holds them under 'columns.weight' in the codebook"
            )
        return raters[WEIGHT]
    without = raters.index.difference(raked.weights.index)
    if len(without):
        raise InputError(
            f"{len(without):,} of {len(raters):,} raters of the study have no weight; rake this "
            "study, or one that holds all of its raters"
        )
    return raked.weights


def _rows(
    own: pd.DataFrame, weights: pd.Series, raked: RakedWeights | None, conf_level: float
) -> Iterator[dict[str, Any]]:
    """Weighted mean, mean, and their difference, of one group on one dimension."""
    rating = own["rating"].to_numpy(dtype=float)
    rater = weights.index.get_indexer(own["rater"].astype(weights.index.dtype))
    w = weights.to_numpy(dtype=float)
    n = int(own["rater"].nunique())
    plain = weighted_mean(rating, rater, np.ones(len(w)))
    if w[rater].sum() > 0:
        fitted = raked is not None and raked.converged
        margins = [margin.departures for margin in raked._margins] if raked and fitted else []
        base = raked._base if raked and fitted else None
        weighted = weighted_mean(rating, rater, w, margins, base)
    else:
        weighted = Mean(np.nan, np.full(len(w), np.nan))
    gap = weighted.influence - plain.influence
    # Of all raters, as is usual; a group's own would tell how many it has.
    q = stats.t.ppf((1 + conf_level) / 2, max(len(w) - 1, 1))
    for name, estimate, error in (
        ("weighted", weighted.estimate, weighted.std_error),
        ("sample", plain.estimate, plain.std_error),
        ("difference", weighted.estimate - plain.estimate, standard_error(gap)),
    ):
        yield {
            "weighting": name,
            "estimate": estimate,
            "std_error": error,
            "conf_low": estimate - q * error,
            "conf_high": estimate + q * error,
            "n_raters": n,
            "n_ratings": len(own),
            "method": METHOD,
        }


def _sentence(table: pd.DataFrame, min_cell: int) -> str:
    gaps = table[table["weighting"] == "difference"].dropna(subset="estimate")
    if gaps.empty:
        return f"No group has {min_cell} raters or more with weights above 0."
    top = gaps.loc[gaps["estimate"].abs().idxmax()]
    same = table[(table["dimension"] == top["dimension"]) & (table["group"] == top["group"])]
    mean = same.set_index("weighting")["estimate"]
    where = (
        top["dimension"]
        if top["group"] == "All raters"
        else (f"{top['dimension']} ({top['group']})")
    )
    most = "Weights change the mean rating most on" if len(gaps) > 1 else "The mean rating on"
    told = f"{mean['weighted']:.2f} with weights, {mean['sample']:.2f} without"
    gap = with_interval(top, ".2f", "rating points")
    joint = ":" if len(gaps) > 1 else " is"
    return f"{most} {where}{joint} {told}, a difference of {gap}."
