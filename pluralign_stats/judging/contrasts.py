"""Whose judgement a judge reproduces: how its distance from people differs between groups."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pluralign_stats.backing import Backing
from pluralign_stats.demographics.effects import default_factors
from pluralign_stats.demographics.references import (
    Groups,
    groups_of,
    no_demographics,
    nothing_compared,
    replaced,
)
from pluralign_stats.describe.disclosure import hide_counts, published
from pluralign_stats.documentation import documented_by
from pluralign_stats.effects.adjust import holm
from pluralign_stats.errors import check_one_of
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.formatting import with_interval
from pluralign_stats.judging.agreement import RESAMPLED, judge_agreement, method_of, widths
from pluralign_stats.judging.measure import Measured, measure
from pluralign_stats.judging.resample import brought_to
from pluralign_stats.judging.scores import rated_and_scored
from pluralign_stats.judging.statistics import STATISTICS
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL, SIGNIFICANCE
from pluralign_stats.significance import check_bootstrap, percentile_interval, significant
from pluralign_stats.study.study import Study
from pluralign_stats.study.text import contrast_label
from pluralign_stats.suppression import check_min_cell
from pluralign_stats.words import counted, joined

_COLUMNS = ["dimension", "term", "contrast", "level", "reference", "statistic", "estimate"]
_COLUMNS += ["conf_low", "conf_high", "p_value", "p_adjusted", "n_items", "n_raters", "n_ratings"]
_COLUMNS += ["method"]

_UNITS = {"kappa": "kappa", "alpha": "alpha", "bias": "rating points"}


@documented_by(judge_agreement)
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
    demographics
        Whose groups are compared with their reference group; all whose effects the codebook asks
        for by default.
    statistic
        ``"bias"``, ``"kappa"`` or ``"alpha"``, as `judge_agreement` has them.
    n_bootstrap, seed
        Resamples for the intervals, and their seed; the same items and raters are drawn for both
        groups of a difference.

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

    References
    ----------
    Owen (2007), Annals of Applied Statistics 1, 386-411, for resampling items and raters at
    once; MacKinnon, Nielsen & Webb (2024), Journal of Econometrics 245, for the spread that
    intervals are brought to.
    Holm (1979), Scandinavian Journal of Statistics 6, 65-70, for the correction of p.

    Examples
    --------
    >>> read = pls.judging.read_judge_scores(study, "item_scores.parquet")
    >>> made = pls.judging.judge_contrasts(study, read, ["gender"], n_bootstrap=100)
    >>> made.table["contrast"].unique().tolist()
    ['Male vs Female', 'Non-binary vs Female']
    """
    check_bootstrap(n_bootstrap, conf_level)
    check_min_cell(min_cell)
    check_one_of("'statistic'", statistic, STATISTICS)
    wanted = _wanted(study, demographics)
    found = measure(study, scores, wanted, n_bootstrap, seed, min_cell)
    place = STATISTICS.index(statistic)
    judged = [dimension for dimension in study.dimensions if dimension not in found.unjudged]
    groups = _groups(study, scores, wanted, judged, min_cell)
    blocks = [
        _contrasts(study, name, dimension, own.reference, found.rows, place, conf_level, min_cell)
        for (name, dimension), own in groups.items()
        if own.reference
    ]
    table = pd.concat(blocks, ignore_index=True) if blocks else pd.DataFrame(columns=_COLUMNS)
    backing = None
    if table.empty:
        none = [] if wanted else [no_demographics(map(study.codebook.label, study.demographics))]
        sentence = nothing_compared([*none, *(own.lacking for own in groups.values())])
    else:
        coarse = table["coarse"].to_numpy(dtype=float)
        backing = Backing(np.zeros(len(table)), coarse=coarse, fractions=("estimate",))
        sentence = _sentence(table, statistic, widths(study))
    return Result.of(
        study,
        table[_COLUMNS],
        sentence,
        f"Differences between groups in the {statistic} of the judge '{found.judge}'",
        unit=_UNITS[statistic],
        conf_level=conf_level,
        interval=RESAMPLED.format(n=n_bootstrap),
        notes=(_NOTES[statistic], *_told(study, groups, min_cell)),
        published=published(study, wanted, min_cell),
        backing=backing,
        figure=FOREST,
    )


def _wanted(study: Study, demographics: Sequence[str]) -> list[str]:
    """The demographics asked for, else those whose effects the codebook asks for."""
    wanted = list(demographics) or list(default_factors(study))
    for name in wanted:
        check_one_of("a demographic", name, study.demographics)
    return wanted


def _groups(
    study: Study,
    scores: pd.DataFrame,
    demographics: Sequence[str],
    dimensions: Sequence[str],
    min_cell: int,
) -> dict[tuple[str, str], Groups]:
    """Which groups are compared with which, by demographic and dimension."""
    rated = rated_and_scored(study, scores)
    return {
        (name, dimension): groups_of(
            rated[rated["dimension"] == dimension], name, study.codebook.label(name), min_cell
        )
        for name in demographics
        for dimension in dimensions
    }


def _told(study: Study, groups: Mapping[tuple[str, str], Groups], min_cell: int) -> tuple[str, ...]:
    """What groups are compared with where that is not the usual one, and what is not compared."""
    label, told = study.codebook.label, dict[str, list[str]]()
    for (name, dimension), own in groups.items():
        usual = study.raters[name].cat.categories
        text = own.lacking or replaced(label(name), str(usual[0]), own.reference, min_cell)
        told.setdefault(text, []).append(label(dimension))
    return tuple(f"{joined(on)}: {text}." for text, on in told.items() if text)


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
    reference: str,
    rows: Sequence[Measured],
    place: int,
    conf_level: float,
    min_cell: int,
) -> pd.DataFrame:
    """Each group of one demographic against the reference group, on one dimension."""
    own = {r.group: r for r in rows if (r.demographic, r.dimension) == (name, dimension)}
    others = [group for group in own if group != reference]
    records = [_record(study, own[group], own[reference], place, conf_level) for group in others]
    table = pd.DataFrame(records)
    table["p_adjusted"] = holm(table["p_value"].to_numpy())
    least = [min(own[group].n_ratings, own[reference].n_ratings) for group in others]
    # A difference of means in full would tell how many ratings both are of.
    betraying = study.plan(name, min_cell).hidden_ratings.any()
    table = table.assign(coarse=least if betraying else 0)
    return hide_counts(study, name, table, pd.Series(others), min_cell)


def _record(
    study: Study, row: Measured, reference: Measured, place: int, conf_level: float
) -> dict[str, object]:
    differences = brought_to(
        row.replicates - reference.replicates,
        row.estimate - reference.estimate,
        row.influence.less(reference.influence),
    )[:, place]
    differences = differences[~np.isnan(differences)]
    low, high = percentile_interval(differences, conf_level)
    return {
        "dimension": study.codebook.label(row.dimension),
        "term": study.codebook.label(row.demographic),
        "contrast": contrast_label(row.group, reference.group),
        "level": row.group,
        "reference": reference.group,
        "statistic": STATISTICS[place],
        "estimate": row.estimate[place] - reference.estimate[place],
        "conf_low": low,
        "conf_high": high,
        "p_value": _p_value(differences),
        "n_items": row.n_items,
        "n_raters": row.n_raters,
        "n_ratings": row.n_ratings,
        "method": method_of(study, row.dimension, STATISTICS[place]),
    }


def _p_value(replicates: np.ndarray) -> float:
    """Two-sided p of (b,) resampled differences: how rarely they fall on the other side of 0."""
    if len(replicates) == 0:
        return float("nan")
    beyond = min((replicates <= 0).sum(), (replicates >= 0).sum())
    return float(min(1.0, 2 * (beyond + 1) / (len(replicates) + 1)))


def _sentence(table: pd.DataFrame, statistic: str, wide: dict[str, float]) -> str:
    known = table.dropna(subset="estimate")
    if known.empty:
        return (
            f"{counted(len(table), 'difference')} between groups in the judge's {statistic} could "
            "not be computed, as all scores or all ratings of a group are equal."
        )
    clear = known[significant(known)]
    some = clear if len(clear) else known
    unit = some["dimension"].map(wide) if statistic == "bias" else 1.0
    largest = some.loc[(some["estimate"].abs() / unit).idxmax()]
    size = with_interval(largest, ".2f", _UNITS[statistic])
    where = f"{largest['dimension']}, {largest['contrast']}: {size}"
    p = f"an adjusted p below {SIGNIFICANCE}"
    if len(known) == 1:
        verdict = f"{'with' if len(clear) else 'without'} {p}"
        return f"The one difference in the judge's {statistic} is on {where}, {verdict}."
    count = f"Differences between groups in the judge's {statistic} with {p}:"
    if len(clear) == 1:
        return f"{count} one of {len(known)}, on {where}."
    of_these = " of these" if len(clear) else ""
    return f"{count} {len(clear)} of {len(known)}; the largest{of_these} is on {where}."
