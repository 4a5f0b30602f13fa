"""What the paper reports, beside what this run found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.designs import parse_objective
from pluralign_stats.errors import InputError, listing
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.formatting import minus
from pluralign_stats.notes import Code, tells
from pluralign_stats.outcomes.experiments import OVERALL_LABEL
from pluralign_stats.outcomes.read import DimensionInfo
from pluralign_stats.results import Result
from pluralign_stats.settings import SIGNIFICANCE
from pluralign_stats.simulate.parameters import LEVELS, PLANTED
from pluralign_stats.study.study import Study
from pluralign_stats.words import counted, is_are

#: Where reported numbers and claims come from.
SOURCE = "arXiv 2511.14476"
ABSTRACT = f"{SOURCE}, abstract"


@dataclass(frozen=True)
class GainClaim:
    """A reported relative gain of one design over another, levels of a factor."""

    claim: str
    dimension: str
    factor: str
    first: str
    second: str
    percent: float


#: The reported gains.
GAINS = (
    GainClaim("Keeping all disagreeing ratings reduces toxicity more than majority vote",
              "toxicity", "strategy", "preserve", "majority", 53.0),
    GainClaim("5-point scales reduce toxicity more than binary ones",
              "toxicity", "scale", "5-point", "binary", 22.0),
)  # fmt: skip

#: Dimensions of the claims about ratings.
RATED = tuple(dict.fromkeys(planted.dimension for planted in PLANTED))

BETTER_DPO = "DPO beats GRPO in multi-value optimisation"
SINGLE = "Single-objective sometimes beats multi-objective"

_COLUMNS = ["claim", "what", "reported", "this_run", "interval", "agrees", "reported_in"]
_COLUMNS += ["table", "reported_number", "estimate", "unit", "conf_low", "conf_high", "method"]

ABSENT = "not in this run"

_NOTES = (
    "Agrees. Yes: the interval holds the reported number and leaves out 0 (of a claim without a "
    "number: the interval leaves out 0 on its side). Direction only: the interval leaves out 0 on "
    "the reported side, without the reported number. Undecided: the interval holds 0, or training "
    "was not repeated, so that intervals do not hold training noise. No: the interval leaves out 0 "
    "on the other side. Not in this run: nothing here speaks to the claim.",
    "Table: the one to download that holds this run's number.",
    "The paper does not say how it computed percentages, so both readings stand here.",
    "Groups of real raters and large models were studied there; what a run of other data or models "
    "finds neither confirms nor refutes it.",
)


#: Results by the name of the table to download that holds them.
Tables = Mapping[str, Result]


def reported(
    study: Study,
    *,
    percents: Tables | None = None,
    gains: Tables | None = None,
    comparisons: Tables | None = None,
) -> Result:
    """Set the paper's numbers beside those of this run.

    Parameters
    ----------
    study
        The study, for its labels.
    percents
        Differences between groups' ratings in percent: ``demographic_effects(study).percents``, by
        the name under which the table is offered, such as ``"demographic_percents"``.
    gains
        What `relative_gain` gave, by name.
    comparisons
        What `pairwise` gave for optimizer and objective, with ``"overall"`` among its dimensions,
        by name.

    Returns
    -------
    Result
        One row per claim and reading: columns claim, what (the numbers are), reported, this_run and
        interval (in words, with units), agrees ("yes", "direction only", "undecided", "no", "not in
        this run"), reported_in (the source), table (that holds this run's number),
        reported_number (missing where the paper gives none), estimate, unit, conf_low, conf_high,
        method.

    Raises
    ------
    InputError
        If the results have intervals of different levels.

    References
    ----------
    arXiv 2511.14476.

    Examples
    --------
    >>> pls.outcomes.reported(study).table["agrees"].unique().tolist()
    ['not in this run']
    """
    meaning = DimensionInfo(study.codebook)
    percents, gains, comparisons = percents or {}, gains or {}, comparisons or {}
    rows = [
        *_demographic_rows(study, percents),
        *(_gain_row(claim, gains, meaning) for claim in GAINS),
        _optimizer_row(comparisons),
        _single_row(study, comparisons, meaning),
    ]
    usual = {"method": "", "table": "", "unit": "%", "reported_in": ABSTRACT, "agrees": ABSENT}
    table = pd.DataFrame([usual | row for row in rows])
    results = [*percents.values(), *gains.values(), *comparisons.values()]
    return Result.of(
        study,
        _in_words(table).reindex(columns=_COLUMNS),
        _sentence(table),
        "Reported in the paper, and in this run",
        data_note=next((result.meta.data_note for result in results if result.meta.data_note), ""),
        conf_level=_level(results),
        interval="intervals",
        notes=_NOTES,
        figure=FOREST,
    )


def _level(results: Sequence[Result]) -> float | None:
    """Level of the intervals of all results."""
    levels = {result.meta.conf_level for result in results if result.meta.conf_level}
    if len(levels) > 1:
        raise InputError(f"the results have intervals of different levels ({listing(levels)})")
    return levels.pop() if levels else None


def _in_words(table: pd.DataFrame) -> pd.DataFrame:
    """Numbers as readers see them, with their units."""
    numbers = ["reported_number", "estimate", "conf_low", "conf_high"]
    table = table.reindex(columns=[*dict.fromkeys([*table, *numbers])])
    words = []
    for row in table.to_dict("records"):
        unit = row["unit"]
        given, found = row["reported_number"], row["estimate"]
        shown = not pd.isna(found)
        words.append(
            {
                "reported": "no number" if pd.isna(given) else minus(f"{given:+g} %"),
                "this_run": minus(f"{found:+{_PLACES[unit]}} {unit}") if shown else "–",
                "interval": _ends(row["conf_low"], row["conf_high"], unit) if shown else "–",
            }
        )
    return table.assign(**pd.DataFrame(words, table.index))


#: How numbers in each unit are written.
_PLACES = {"%": ".1f", "points": ".2f"}


def _ends(low: float, high: float, unit: str) -> str:
    """An interval in words; one without an upper end has none."""
    if pd.isna(low) or pd.isna(high):
        return "none"
    first = f"{low:{_PLACES[unit]}}"
    end = f"{first} to {high:{_PLACES[unit]}}" if np.isfinite(high) else f"above {first}"
    return minus(f"{end} {unit}")


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


def _found(name: str, row: pd.Series, agrees: str) -> dict[str, object]:
    numbers = ("estimate", "conf_low", "conf_high", "method")
    return {**{n: row[n] for n in numbers}, "agrees": agrees, "table": f"{name}.csv"}


def _sure(result: Result, agrees: str) -> str:
    """A verdict, which intervals that rest on generations alone cannot give."""
    return "undecided" if tells(result.warnings, Code.ONE_RUN) else agrees


def _demographic_rows(study: Study, percents: Tables) -> Iterable[dict[str, object]]:
    label = study.codebook.label
    for planted in PLANTED:
        reference = LEVELS[planted.term][0]
        words = "higher" if planted.share > 0 else "lower"
        claim = (
            f"{planted.level} raters give {words} ratings of "
            f"{planted.dimension.replace('_', ' ')} than {reference} raters"
        )
        number = round(100 * planted.share, 6)
        for reading, what in _READINGS.items():
            found = _matching(
                percents,
                dimension=label(planted.dimension),
                term=label(planted.term),
                level=planted.level,
                reference=reference,
                reading=reading,
            )
            told: dict[str, object] = {"claim": claim, "what": what, "reported_number": number}
            if found is not None:
                name, row = found
                agrees = verdict(row["conf_low"], row["conf_high"], int(np.sign(number)), number)
                told |= _found(name, row, agrees)
            yield told


#: What the two readings of a percentage are.
_READINGS = {
    "mean": "difference in mean ratings, as a share of the reference group's",
    "odds": "difference in the odds of a higher rating",
}


def _matching(results: Tables, **values: str) -> tuple[str, pd.Series] | None:
    """Name and row of the first table that has the given values; None without one."""
    for name, result in results.items():
        if not set(values) <= set(result.table):
            continue
        same = (result.table[list(values)] == pd.Series(values)).all(axis=1)
        if same.any():
            return name, result.table[same].iloc[0]
    return None


def _gain_row(claim: GainClaim, gains: Tables, meaning: DimensionInfo) -> dict[str, object]:
    what = "relative gain (change from the untuned model)"
    told = {"claim": claim.claim, "what": what, "reported_number": claim.percent}
    found = _matching(
        {name: result for name, result in gains.items() if "change_first" in result.table},
        dimension=meaning.label(claim.dimension),
        level=claim.first,
        reference=claim.second,
    )
    if found is None:
        return told
    name, row = found
    reduced = row["change_first"] < 0 and row["change_second"] < 0
    agrees = verdict(row["conf_low"], row["conf_high"], 1, claim.percent)
    return {**told, **_found(name, row, _sure(gains[name], agrees if reduced else "undecided"))}


def _optimizer_row(comparisons: Tables) -> dict[str, object]:
    """DPO against GRPO, both on all objectives, in the mean over dimensions."""
    what = "difference in overall scores, DPO less GRPO"
    told: dict[str, object] = {"claim": BETTER_DPO, "what": what, "unit": "points"}
    for name, ours, theirs, row in _contrasts(comparisons, OVERALL_LABEL):
        if (ours[0], theirs[0]) == ("dpo", "grpo") and ours[1] == theirs[1] and _several(ours[1]):
            agrees = verdict(row["conf_low"], row["conf_high"], 1)
            return {**told, **_found(name, row, _sure(comparisons[name], agrees))}
    return told


def _single_row(study: Study, comparisons: Tables, meaning: DimensionInfo) -> dict[str, object]:
    """DPO on one dimension against DPO on several, on that dimension, where it does best.

    The claim says "sometimes", so the best of several dimensions is looked at, and its p-value is
    multiplied by their number.
    """
    told = {"claim": SINGLE, "unit": "points", "reported_in": SOURCE}
    found: list[tuple[str, pd.Series]] = []
    for dimension in study.dimensions:
        sign = study.codebook.dimensions[dimension].valence
        if sign is None:
            continue
        for name, ours, theirs, row in _contrasts(comparisons, meaning.label(dimension)):
            alone = ours[0] == "dpo" and [*parse_objective(ours[1])] == [dimension]
            if alone and theirs[0] == "dpo" and _several(theirs[1]):
                found.append((name, _turned(row, sign)))
    if not found:
        return {**told, "what": "difference in scores on the single objective"}
    name, best = max(found, key=lambda pair: pair[1]["standardized"])
    sure = len(found) * best.get("p_adjusted", np.nan) < SIGNIFICANCE
    what = f"difference on {best['dimension']} in its good direction, single less multi"
    if len(found) > 1:
        what += f", the best of {len(found)} (judged by its p times {len(found)})"
    agrees = "yes" if sure and best["estimate"] > 0 else "undecided"
    return {**told, "what": what, **_found(name, best, _sure(comparisons[name], agrees))}


def _turned(row: pd.Series, sign: int) -> pd.Series:
    """A difference, turned round where a low score is good."""
    made = row.copy()
    made["estimate"], made["standardized"] = sign * row["estimate"], sign * row["standardized"]
    made["conf_low"], made["conf_high"] = sorted((sign * row["conf_low"], sign * row["conf_high"]))
    return made


def _contrasts(
    comparisons: Tables, dimension: str
) -> Iterable[tuple[str, tuple[str, str], tuple[str, str], pd.Series]]:
    """Name of the table, optimizer and objective of the two designs, and the row."""
    for name, result in comparisons.items():
        for _, row in result.table[result.table["dimension"] == dimension].iterrows():
            made = [result.meta.designs.get(row[c], {}) for c in ("level", "reference")]
            first, second = ((d.get("optimizer", ""), d.get("objective", "")) for d in made)
            yield name, first, second, row


def _several(objective: str) -> bool:
    return len(parse_objective(objective)) > 1


#: Verdicts in words, for sentences.
_VERDICTS = {
    "yes": ("{} agrees", "{} agree"),
    "direction only": ("{} agrees in direction only", "{} agree in direction only"),
    "undecided": ("{} is undecided", "{} are undecided"),
    "no": ("{} disagrees", "{} disagree"),
}


def _sentence(table: pd.DataFrame) -> str:
    seen = table[table["agrees"] != ABSENT]
    if seen.empty:
        return "Nothing in this run speaks to what the paper reports."
    counts = seen["agrees"].value_counts()
    found = {v: counts[v] for v in _VERDICTS if v in counts}
    told = [_VERDICTS[v][int(n > 1)].format(n) for v, n in found.items()]
    absent = len(table) - len(seen)
    rest = f" {absent} more {is_are(absent)} not in this run." if absent else ""
    numbers = counted(len(seen), "number")
    return f"Of {numbers} of this run set beside the paper's, {', '.join(told)}.{rest}"
