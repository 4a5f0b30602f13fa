"""What the paper reports, beside what this run found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, listing
from pluralign_stats.outcomes.experiments import OVERALL_LABEL
from pluralign_stats.outcomes.read import Meaning
from pluralign_stats.results import Metadata, Result
from pluralign_stats.settings import SIGNIFICANCE
from pluralign_stats.simulate.levels import LEVELS
from pluralign_stats.simulate.parameters import PLANTED
from pluralign_stats.study.study import Study

#: Where the reported numbers come from.
SOURCE = "arXiv 2511.14476"


@dataclass(frozen=True)
class GainClaim:
    """A reported relative gain of one design over another in reducing a dimension."""

    claim: str
    dimension: str
    first: str
    second: str
    percent: float


#: The reported gains.
GAINS = (
    GainClaim("keeping all disagreeing ratings reduces toxicity more than majority vote",
              "toxicity", "preserve", "majority", 53.0),
    GainClaim("5-point scales reduce toxicity more than binary ones",
              "toxicity", "5-point", "binary", 22.0),
)  # fmt: skip

BETTER_DPO = "DPO beats GRPO in multi-value optimisation"
SINGLE = "single-objective sometimes beats multi-objective"

_COLUMNS = ["claim", "quantity", "reported", "estimate", "conf_low", "conf_high", "agrees"]
_COLUMNS += ["source", "method"]

_NOTES = (
    "Agrees. Yes: the interval holds the reported number and leaves out 0 (of a claim without a "
    "number: the interval leaves out 0 on its side). Direction only: the interval leaves out 0 on "
    "the reported side, without the reported number. Undecided: the interval holds 0. No: the "
    "interval leaves out 0 on the other side. Not in this run: nothing here speaks to the claim.",
    "The paper does not say how it computed percentages, so both readings stand here.",
    "Groups of real raters and large models were studied there; what a run of other data or models "
    "finds neither confirms nor refutes it.",
)


def reported(
    study: Study,
    *,
    percents: Result | None = None,
    gains: Sequence[Result] = (),
    comparisons: Sequence[Result] = (),
) -> Result:
    """Set the paper's numbers beside those of this run.

    Parameters
    ----------
    study
        The study, for its labels.
    percents
        Differences between groups' ratings in percent: ``demographic_effects(study).percents``.
    gains
        What `relative_gain` gave.
    comparisons
        What `pairwise` gave for optimizer and objective, with ``"overall"`` among its dimensions.

    Returns
    -------
    Result
        One row per claim and reading: columns claim, quantity (what the numbers are), reported
        (missing where the paper gives no number), estimate, conf_low, conf_high, agrees ("yes",
        "direction only", "undecided", "no", "not in this run"), source, method.

    Raises
    ------
    InputError
        If the results have intervals of different levels.
    """
    meaning = Meaning(study.codebook)
    rows = [
        *_demographic_rows(study, percents),
        *(_gain_row(claim, gains, meaning) for claim in GAINS),
        _optimizer_row(comparisons),
        _single_row(study, comparisons, meaning),
    ]
    table = pd.DataFrame([{"method": "", **row} for row in rows]).reindex(columns=_COLUMNS)
    meta = Metadata(
        "Reported in the paper, and in this run",
        study.data_kind,
        "percent; score points where the paper gives no number",
        _level([*([percents] if percents else []), *gains, *comparisons]),
        "intervals",
        _NOTES,
    )
    return Result(table, _sentence(table), meta)


def _level(results: Sequence[Result]) -> float | None:
    """Level of the intervals of all results."""
    levels = {result.meta.conf_level for result in results}
    if len(levels) > 1:
        raise InputError(f"the results have intervals of different levels ({listing(levels)})")
    return levels.pop() if levels else None


def verdict(low: float, high: float, side: int, number: float | None = None) -> str:
    """Whether an interval agrees with a claim.

    Parameters
    ----------
    low, high
        The interval.
    side
        1 if the claim is about something above 0, -1 below.
    number
        The number claimed, if any.
    """
    if np.isnan(low) or np.isnan(high):
        return "undecided"
    if low <= 0 <= high:
        return "undecided"
    if (low > 0) != (side > 0):
        return "no"
    if number is None or low <= number <= high:
        return "yes"
    return "direction only"


def _found(row: pd.Series, agrees: str) -> dict[str, object]:
    names = ("estimate", "conf_low", "conf_high", "method")
    return {**{name: row[name] for name in names}, "agrees": agrees}


_ABSENT: Mapping[str, object] = {"agrees": "not in this run"}


def _demographic_rows(study: Study, percents: Result | None) -> Iterable[dict[str, object]]:
    label = study.codebook.label
    for planted in PLANTED:
        reference = LEVELS[planted.term][0]
        words = "higher" if planted.share > 0 else "lower"
        claim = (
            f"{planted.level} raters give {words} ratings of "
            f"{planted.dimension.replace('_', ' ')} than {reference} raters"
        )
        number = 100 * planted.share
        for reading in ("mean", "odds"):
            row = _matching(
                percents,
                dimension=label(planted.dimension),
                term=label(planted.term),
                contrast=f"{planted.level} vs {reference}",
                reading=reading,
            )
            told = {"claim": claim, "quantity": f"percent, reading '{reading}'",
                    "reported": number, "source": SOURCE}  # fmt: skip
            if row is None:
                yield {**told, **_ABSENT}
            else:
                side = int(np.sign(number))
                agrees = verdict(row["conf_low"], row["conf_high"], side, number)
                yield {**told, **_found(row, agrees)}


def _matching(result: Result | None, **values: str) -> pd.Series | None:
    """The row of a table that has the given values; None without one."""
    if result is None or not set(values) <= set(result.table):
        return None
    rows = result.table
    for column, value in values.items():
        rows = rows[rows[column] == value]
    return None if rows.empty else rows.iloc[0]


def _gain_row(claim: GainClaim, gains: Sequence[Result], meaning: Meaning) -> dict[str, object]:
    told = {"claim": claim.claim, "quantity": "relative gain in percent",
            "reported": claim.percent, "source": SOURCE}  # fmt: skip
    dimension, contrast = meaning.label(claim.dimension), f"{claim.first} vs {claim.second}"
    found = [_matching(g, dimension=dimension, contrast=contrast) for g in gains]
    rows = [row for row in found if row is not None and "change_first" in row]
    if not rows:
        return {**told, **_ABSENT}
    row = rows[0]
    reduced = row["change_first"] < 0 and row["change_second"] < 0
    agrees = verdict(row["conf_low"], row["conf_high"], 1, claim.percent)
    return {**told, **_found(row, agrees if reduced else "undecided")}


def _optimizer_row(comparisons: Sequence[Result]) -> dict[str, object]:
    """DPO against GRPO, both on all objectives, in the mean over dimensions."""
    told = {"claim": BETTER_DPO, "quantity": "difference of overall scores, DPO less GRPO",
            "source": SOURCE}  # fmt: skip
    for first, second, row in _contrasts(comparisons, OVERALL_LABEL):
        ours, theirs = _parts(first), _parts(second)
        if (ours[0], theirs[0]) == ("dpo", "grpo") and ours[1] == theirs[1] and _several(ours[1]):
            agrees = verdict(row["conf_low"], row["conf_high"], 1)
            return {**told, **_found(row, agrees)}
    return {**told, **_ABSENT}


def _single_row(study: Study, comparisons: Sequence[Result], meaning: Meaning) -> dict[str, object]:
    """DPO on one dimension against DPO on several, on that dimension, where it does best.

    The claim says "sometimes", so the best of several dimensions is looked at, and its p-value is
    multiplied by their number.
    """
    told = {"claim": SINGLE, "source": SOURCE}
    found: list[pd.Series] = []
    for name in study.dimensions:
        sign = study.codebook.dimensions[name].valence
        for first, second, row in _contrasts(comparisons, meaning.label(name)):
            ours, theirs = _parts(first), _parts(second)
            if ours == ("dpo", name) and theirs[0] == "dpo" and _several(theirs[1]):
                found.append(_turned(row, sign))
    if not found:
        return {**told, "quantity": "difference of scores on the single objective", **_ABSENT}
    best = max(found, key=lambda row: row["standardized"])
    sure = len(found) * best.get("p_adjusted", np.nan) < SIGNIFICANCE
    quantity = (
        f"difference on {best['dimension'].lower()} in its good direction, single less multi, the "
        f"best of {len(found)}; judged by its p times {len(found)}"
    )
    agrees = "yes" if sure and best["estimate"] > 0 else "undecided"
    return {**told, "quantity": quantity, **_found(best, agrees)}


def _turned(row: pd.Series, sign: int) -> pd.Series:
    """A difference, turned round where a low score is good."""
    made = row.copy()
    made["estimate"], made["standardized"] = sign * row["estimate"], sign * row["standardized"]
    made["conf_low"], made["conf_high"] = sorted((sign * row["conf_low"], sign * row["conf_high"]))
    return made


def _contrasts(
    comparisons: Sequence[Result], dimension: str
) -> Iterable[tuple[str, str, pd.Series]]:
    for result in comparisons:
        for _, row in result.table[result.table["dimension"] == dimension].iterrows():
            first, _, second = row["contrast"].partition(" vs ")
            yield first, second, row


def _parts(design: str) -> tuple[str, str]:
    """Optimizer and objective of a design."""
    optimizer, _, objective = design.partition(", ")
    return optimizer, objective


def _several(objective: str) -> bool:
    return "+" in objective or objective.endswith(" objectives")


def _sentence(table: pd.DataFrame) -> str:
    seen = table[table["agrees"] != "not in this run"]
    if seen.empty:
        return "Nothing in this run speaks to what the paper reports."
    counts = seen["agrees"].value_counts()
    told = [
        f"{counts[word]} {word}"
        for word in ("yes", "direction only", "undecided", "no")
        if word in counts
    ]
    return f"Does this run agree with the paper, of {len(seen)} numbers: {', '.join(told)}."
