"""Whose judgement a judge reproduces: how its distance from people differs between groups."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pluralign_stats.describe.disclosure import check_min_cell, hide_counts
from pluralign_stats.describe.intervals import check_bootstrap, percentile_interval
from pluralign_stats.effects.adjust import holm
from pluralign_stats.errors import InputError, one_of
from pluralign_stats.judging.agreement import METHODS
from pluralign_stats.judging.measure import Measured, measure
from pluralign_stats.judging.statistics import STATISTICS
from pluralign_stats.results import Metadata, Result, with_interval
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL, SIGNIFICANCE
from pluralign_stats.study.study import Study

_COLUMNS = ["dimension", "term", "contrast", "statistic", "estimate", "conf_low", "conf_high"]
_COLUMNS += ["p_value", "p_adjusted", "n_items", "n_raters", "n_ratings", "method"]

_UNITS = {"kappa": "kappa", "alpha": "alpha", "bias": "rating points"}


def judge_contrasts(
    study: Study,
    scores: pd.DataFrame,
    demographics: Sequence[str] = (),
    *,
    statistic: str = "bias",
    n_bootstrap: int = 1000,
    seed: int = 1,
    min_cell: int = MIN_CELL,
    conf_level: float = CONF_LEVEL,
) -> Result:
    """Differences between groups in how a judge stands to their ratings.

    Parameters
    ----------
    study
        The study.
    scores
        What `read_judge_scores` gave.
    demographics
        Whose groups are compared with their reference group; all whose effects the codebook asks
        for by default.
    statistic
        ``"bias"``, ``"kappa"`` or ``"alpha"``, as `judge_agreement` has them.
    n_bootstrap, seed
        Resamples for the intervals, and their seed; the same items and raters are drawn for both
        groups of a difference.
    min_cell
        Groups of fewer raters are left out.
    conf_level
        Level of the percentile intervals.

    Returns
    -------
    Result
        Columns dimension, term, contrast, statistic, estimate (of the group named first, minus the
        reference group's), conf_low, conf_high, p_value (from the resamples, two-sided),
        p_adjusted (Holm, over the contrasts of one demographic on one dimension), n_items,
        n_raters, n_ratings (of the group named first), method.

    Raises
    ------
    InputError
        If there is no such demographic or statistic, or no rating stands beside a score.
    """
    check_bootstrap(n_bootstrap, conf_level)
    check_min_cell(min_cell)
    if statistic not in STATISTICS:
        raise InputError(one_of("'statistic'", statistic, STATISTICS))
    wanted = list(demographics) or [d for d, f in study.codebook.demographics.items() if f.effects]
    for name in wanted:
        if name not in study.demographics:
            raise InputError(one_of("a demographic", name, study.demographics))
    found = measure(study, scores, wanted, n_bootstrap, seed, min_cell)
    place = STATISTICS.index(statistic)
    blocks = [
        _contrasts(study, name, dimension, found.rows, place, conf_level, min_cell)
        for name in wanted
        for dimension in study.dimensions
    ]
    blocks = [block for block in blocks if len(block)]
    table = pd.concat(blocks, ignore_index=True) if blocks else pd.DataFrame(columns=_COLUMNS)
    meta = Metadata(
        f"Differences between groups in the {statistic} of the judge '{found.judge}'",
        study.data_kind,
        _UNITS[statistic],
        conf_level,
        f"intervals from {n_bootstrap:,} resamples of items and raters",
        (_NOTES[statistic],),
    )
    return Result(table[_COLUMNS], _sentence(table, statistic), meta)


_NOTES = {
    "bias": "Above 0: against the ratings of the group named first, the judge's scores lie higher "
    "than against those of the reference group.",
    "kappa": "Above 0: the judge agrees better with the group named first.",
    "alpha": "Above 0: the judge agrees better with the group named first.",
}


def _contrasts(
    study: Study,
    name: str,
    dimension: str,
    rows: Sequence[Measured],
    place: int,
    conf_level: float,
    min_cell: int,
) -> pd.DataFrame:
    """Each group of one demographic against the reference group, on one dimension."""
    own = {r.group: r for r in rows if (r.demographic, r.dimension) == (name, dimension)}
    reference = str(study.raters[name].cat.categories[0])
    if reference not in own or len(own) < 2:
        return pd.DataFrame()
    others = [group for group in own if group != reference]
    records = [_record(study, own[group], own[reference], place, conf_level) for group in others]
    table = pd.DataFrame(records)
    table["p_adjusted"] = holm(table["p_value"].to_numpy())
    return hide_counts(study, name, table, pd.Series(others), min_cell)


def _record(
    study: Study, row: Measured, reference: Measured, place: int, conf_level: float
) -> dict[str, object]:
    differences = row.replicates[:, place] - reference.replicates[:, place]
    differences = differences[~np.isnan(differences)]
    low, high = percentile_interval(differences, conf_level)
    return {
        "dimension": study.codebook.label(row.dimension),
        "term": study.codebook.label(row.demographic),
        "contrast": f"{row.group} vs {reference.group}",
        "statistic": STATISTICS[place],
        "estimate": row.estimate[place] - reference.estimate[place],
        "conf_low": low,
        "conf_high": high,
        "p_value": _p_value(differences),
        "n_items": row.n_items,
        "n_raters": row.n_raters,
        "n_ratings": row.n_ratings,
        "method": METHODS[STATISTICS[place]],
    }


def _p_value(replicates: np.ndarray) -> float:
    """Two-sided p of (b,) resampled differences: how rarely they fall on the other side of 0."""
    if len(replicates) == 0:
        return float("nan")
    beyond = min((replicates <= 0).sum(), (replicates >= 0).sum())
    return float(min(1.0, 2 * (beyond + 1) / (len(replicates) + 1)))


def _sentence(table: pd.DataFrame, statistic: str) -> str:
    if table.empty:
        return "No demographic has two groups of enough raters to compare."
    clear = table[table["p_adjusted"] < SIGNIFICANCE]
    known = clear if len(clear) else table
    largest = known.loc[known["estimate"].abs().idxmax()]
    of_these = " of these" if len(clear) else ""
    return (
        f"Differences between groups in the judge's {statistic} with an adjusted p below "
        f"{SIGNIFICANCE}: {len(clear)} of {len(table)}; the largest{of_these} is on "
        f"{largest['dimension']}, {largest['contrast']}: "
        f"{with_interval(largest, '.2f', _UNITS[statistic])}."
    )
