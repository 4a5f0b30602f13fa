"""Findings in plain words, made from the tables that hold them."""

from collections.abc import Iterable

import pandas as pd

from pluralign_stats.designs import design_words
from pluralign_stats.formatting import minus
from pluralign_stats.notes import Code, tells
from pluralign_stats.outcomes.experiments import OVERALL_LABEL
from pluralign_stats.outcomes.models import UNIT
from pluralign_stats.results import Result
from pluralign_stats.significance import significant
from pluralign_stats.words import p_number


def findings(results: Iterable[Result]) -> tuple[str, ...]:
    """Sentences in plain words, with the numbers of the tables.

    Parameters
    ----------
    results
        What `relative_gain`, `against_control` and `pairwise` gave, in any order.

    Returns
    -------
    tuple of str
        For each gain one sentence; for each table of differences one about every difference that
        is clear, or one that says that none is. Sentences say what was found in this run and in
        which kind of data, and no more.

    Examples
    --------
    >>> pls.outcomes.findings([pls.outcomes.pairwise(experiment)])
    ('In this run no difference is clear (Differences between designs by strategy).',)
    """
    told: list[str] = []
    once = False
    for result in results:
        once |= tells(result.warnings, Code.ONE_RUN)
        if "change_first" in result.table:
            told += [gain_finding(row, result) for _, row in result.table.iterrows()]
        else:
            told += _difference_findings(result)
    return (*told, *([NOT_REPEATED] if once else []))


#: What findings without repeated training end in.
NOT_REPEATED = (
    "Training was not repeated in this run, so that training noise cannot be told from design: "
    "take this as no evidence about designs."
)


def optimizer_findings(result: Result) -> tuple[str, ...]:
    """Sentences on optimizers that had the same objective, clear or not.

    Parameters
    ----------
    result
        What `pairwise` gave for optimizer and objective. With ``"overall"`` among its dimensions
        the sentences are about that, else about all.

    Returns
    -------
    tuple of str
        One for each pair of optimizers and each objective; if there are none, the table's own.

    Examples
    --------
    >>> both = pls.outcomes.select_experiment(outcomes, ("optimizer", "objective"))
    >>> len(pls.outcomes.optimizer_findings(pls.outcomes.pairwise(both)))
    1
    """
    table = result.table
    overall = table["dimension"] == OVERALL_LABEL
    rows = table[overall] if overall.any() else table
    designs = result.meta.designs
    pairs = [[designs[name] for name in pair] for pair in rows[["level", "reference"]].to_numpy()]
    alike = [a["objective"] == b["objective"] for a, b in pairs]
    told = [_difference(row, result) for _, row in rows[alike].iterrows()]
    noise = [NOT_REPEATED] if told and tells(result.warnings, Code.ONE_RUN) else []
    return (*told, *noise) if told else (result.sentence,)


def gain_finding(row: pd.Series, result: Result) -> str:
    """One relative gain in a sentence."""
    designs = result.meta.designs
    first, second = (design_words(row[name], designs) for name in ("level", "reference"))
    what, level = row["dimension"], f"{result.meta.conf_level:.0%}"
    changes = minus(f"{row['change_first']:+.2f} against {row['change_second']:+.2f} {UNIT}")
    if pd.isna(row["conf_low"]):
        return (
            f"In this run, no gain of {first} over {second} can be computed on {what} ({changes})."
        )
    if not row["bounded"]:
        return (
            f"In this run, the change of {what} under {second} cannot be told from none, so that "
            f"the gain of {first} over it has no upper end ({changes}; {level} interval from "
            f"{minus(format(row['conf_low'], '.0f'))} %)."
        )
    if not row["same_direction"]:
        return (
            f"In this run, {first} and {second} moved {what} in opposite directions ({changes}), "
            "so that a gain of one over the other has no meaning."
        )
    verb = "raised" if row["change_first"] > 0 else "reduced"
    how = "more" if row["estimate"] > 0 else "less"
    low, high = (
        f"{abs(end):.0f} % {'more' if end > 0 else 'less'}"
        for end in (row["conf_low"], row["conf_high"])
    )
    open_ = row["conf_low"] <= 0 <= row["conf_high"]
    told = "the data do not tell which of the two does more" if open_ else "this is clear of zero"
    return (
        f"In this run, {first} {verb} {what} {abs(row['estimate']):.0f} % {how} than {second} "
        f"({changes}; {level} interval from {low} to {high}); {told}."
    )


def _difference_findings(result: Result) -> list[str]:
    """The clear differences of a table."""
    clear = result.table[significant(result.table)]
    if clear.empty:
        return [f"In this run no difference is clear ({result.meta.title})."]
    order = clear["standardized"].abs().sort_values(ascending=False).index
    return [_difference(clear.loc[k], result) for k in order]


def _difference(row: pd.Series, result: Result) -> str:
    designs = result.meta.designs
    first, second = (design_words(row[name], designs) for name in ("level", "reference"))
    more = "higher" if row["estimate"] > 0 else "lower"
    low, high = row["conf_low"], row["conf_high"]
    tested = f"; adjusted p {_p(row['p_adjusted'])}" if "p_adjusted" in row else ""
    size = f"{abs(row['estimate']):.2f} {UNIT}"
    ends = f"{result.meta.conf_level:.0%} interval of the difference {low:.2f} to {high:.2f}"
    clear = ""
    if not significant(row.to_frame().T).iloc[0]:
        clear = ", which is not clear of zero"
        if not low <= 0 <= high:
            clear += " once corrected for the number of comparisons"
    what = "the overall score" if row["dimension"] == OVERALL_LABEL else row["dimension"]
    return minus(
        f"In this run, {what} was {size} {more} under {first} than under {second} "
        f"({ends}{tested}){clear}."
    )


def _p(value: float) -> str:
    return "below 0.001" if value < 0.001 else f"{float(p_number(value, 3)):g}"
