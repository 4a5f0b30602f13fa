"""What a coarser rating scale makes of feedback: which labels it keeps, turns round or loses."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.describe.disclosure import hide_totals
from pluralign_stats.errors import InputError, check_one_of
from pluralign_stats.feedback.dominance import FEW_PAIRS
from pluralign_stats.feedback.feedback_audit import audit_recipes
from pluralign_stats.feedback.given_scales import given_scales, whole_scale
from pluralign_stats.feedback.leave_out import labels
from pluralign_stats.feedback.parts import parts_of
from pluralign_stats.feedback.scales import (
    SCALES,
    Scale,
    conversion_note,
    dimension_conversion,
    scale_words,
)
from pluralign_stats.feedback.selection import Selection, select
from pluralign_stats.figures.charts import FEEDBACK_SCALES
from pluralign_stats.results import Result
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.strategies.registry import STRATEGIES
from pluralign_stats.study.study import Study
from pluralign_stats.suppression import check_min_cell
from pluralign_stats.words import joined

_COLUMNS = ["strategy", "scale", "n_preferences", "n_pairs", "n_raters", "flipped_share"]
_COLUMNS += ["lost_share", "new_share"]

_GIVEN = (
    "Given and recoded: ratings that were given on few options, and ratings on the whole scale "
    "recoded to as many, by as many raters; changes are of the labels of all other raters."
)


def coarser_scales(
    study: Study,
    dimension: str | None = None,
    strategies: Sequence[str] = tuple(STRATEGIES),
    *,
    prompts: Collection[str] | None = None,
    min_cell: int = MIN_CELL,
    seed: int = 0,
) -> Result:
    """Convert the ratings of one dimension to coarser scales, and compare the feedback.

    The label of a pair of responses is what most of its preferences say. These are counts of this
    data set, not estimates, and have no intervals.

    Where some ratings were given on fewer options than others (`formats` in the codebook), scales
    are compared on those given on the whole scale. Ratings given on few options are then held
    against ratings recoded to as many, by as many raters who had the whole scale: both against the
    labels of all other raters, so that they differ in how few options came about only.

    Parameters
    ----------
    study
        The study.
    dimension
        Which to look at; by default that of `audit_recipes`.
    strategies
        What is done where raters of one response disagree.
    prompts
        As for `preference_pairs`.
    min_cell
        What rests on fewer raters is not shown.
    seed
        Of the draw of raters whose ratings are recoded beside those given on few options.

    Returns
    -------
    Result
        A row for each strategy and scale, the full scale first, then ``"given: …"`` and
        ``"recoded: …"`` where there are such formats: columns strategy, scale,
        n_preferences, n_pairs (of responses with a label), n_raters (with a part in them),
        flipped_share and lost_share (of the labels on the full scale, turned round or gone on this
        one), new_share (of the labels on this scale, those of pairs without one on the full scale).

    Raises
    ------
    InputError
        If a dimension or strategy is unknown, or an argument out of range.

    Examples
    --------
    >>> pls.feedback.coarser_scales(study, "toxicity").table["scale"].unique().tolist()
    ['5-point', '3-point', 'binary']
    """
    check_min_cell(min_cell)
    for strategy in strategies:
        check_one_of("the strategy", strategy, STRATEGIES)
    first, *_ = audit_recipes(study, dimension)
    (name,) = first.dimensions
    scales = _coarser(study, name, first.scale)
    records = []
    for strategy in strategies if scales else ():
        recipe = first.model_copy(update={"strategy": strategy})
        chosen = whole_scale(study, select(study, recipe, prompts))
        full = _labelled(chosen, recipe.scale, min_cell)
        records.append(full.record)
        for scale in scales:
            changed = recipe.model_copy(update={"scale": scale})
            chosen = whole_scale(study, select(study, changed, prompts))
            records.append(_against(full, _labelled(chosen, scale, min_cell)))
        for few in given_scales(study, recipe, prompts, seed):
            rest = _labelled(few.rest, recipe.scale, min_cell)
            given = _labelled(few.given, f"given: {few.name}", min_cell)
            recoded = _labelled(few.recoded, f"recoded: {few.scale}", min_cell)
            records += [_against(rest, given), _against(rest, recoded)]
    table = pd.DataFrame(records, columns=_COLUMNS)
    # What the full scale gives stands in the audit too, where the same is shown of it.
    in_order = table.sort_values("scale", key=lambda c: c != first.scale, kind="stable")
    table = hide_totals(study, in_order, min_cell).sort_index()
    beside = ~table["scale"].isin(SCALES)
    label, withheld = study.codebook.label(name), table["n_raters"].isna().any()
    full_scale = scale_words(first.scale)
    notes = (
        ()
        if table.empty
        else (
            f"Feedback from everyone's ratings on {label}. A label is what most preferences of two "
            f"responses say. Turned round and lost: of the labels on {full_scale}; new: of "
            f"the labels on the coarser scale, those of pairs without one on {full_scale}.",
            *filter(None, (conversion_note(study.codebook, [name], scale) for scale in scales)),
            *([_GIVEN] if beside.any() else []),
            *(["A dash stands for what rests on too few raters."] if withheld else []),
        )
    )
    return Result.of(
        study,
        table,
        _sentence(table, label, first.scale) if len(table) else _no_coarser(study, name),
        "Feedback on coarser scales",
        notes=notes,
        figure=FEEDBACK_SCALES,
    )


def _coarser(study: Study, name: str, full: Scale) -> list[Scale]:
    """The scales to which ratings of a dimension can be converted, the finest first."""
    found: list[Scale] = []
    for scale in SCALES[SCALES.index(full) + 1 :] if full != "as-rated" else SCALES:
        try:
            conversion = dimension_conversion(name, study.codebook.dimensions[name], scale)
        except InputError:
            continue
        if conversion.coarsens(study.codebook.dimensions[name]):
            found.append(scale)
    return found


@dataclass(frozen=True)
class _Labelled:
    """Labels by pair, and the row of the table on them: counts are missing for too few raters."""

    labels: pd.Series
    record: dict[str, Any]

    @property
    def shown(self) -> bool:
        return not np.isnan(self.record["n_raters"])


def _labelled(selection: Selection, scale: str, min_cell: int) -> _Labelled:
    """The labels of a selection, under the name of its scale."""
    found = parts_of(selection)
    speaking = len(found.speaking)
    made = labels(found.preferences)
    counts = (int(found.preferences.n.sum()), len(made), speaking)
    hidden = 0 < speaking < min_cell
    numbers = dict(zip(_COLUMNS[2:5], [np.nan] * 3 if hidden else counts, strict=True))
    return _Labelled(made, {"strategy": selection.recipe.strategy, "scale": scale, **numbers})


def _against(full: _Labelled, other: _Labelled) -> dict[str, Any]:
    """The row on other labels, with what changes from the full ones."""
    known = full.shown and other.shown
    return other.record | (_changes(full.labels, other.labels) if known else {})


def _changes(whole: pd.Series, found: pd.Series) -> dict[str, float]:
    """Shares of labels turned round, lost and new; missing where there are none to be shares of."""
    rest = found.reindex(whole.index)
    return {
        "flipped_share": float((rest == -whole).mean()),
        "lost_share": float(rest.isna().mean()),
        "new_share": float((~found.index.isin(whole.index)).mean()) if len(found) else np.nan,
    }


def _no_coarser(study: Study, name: str) -> str:
    """Why feedback on a dimension cannot be compared between scales, and what would do."""
    scale, label = study.codebook.dimensions[name].scale, study.codebook.label(name)
    if scale.categorical and len(scale.levels) == 2:
        return f"{label} has two ratings: there is no coarser scale to compare its feedback with."
    return (
        f"Feedback on {label} cannot be compared with that on a coarser scale, as the codebook "
        f"does not say which of its ratings go together ('conversions' of '{name}')."
    )


def _sentence(table: pd.DataFrame, label: str, full: str) -> str:
    converted = table["scale"].isin(SCALES)
    known = table[converted].dropna(subset="lost_share")
    if known.empty:
        return f"No feedback on {label} comes from enough raters to be compared between scales."
    given = _given_sentence(table[~converted].dropna(subset="lost_share"))
    size = table[table["scale"] == full].set_index("strategy")["n_pairs"]
    many = known[known["strategy"].map(size) >= FEW_PAIRS]
    least = (
        f" (of strategies with {FEW_PAIRS} labels or more)" if 0 < len(many) < len(known) else ""
    )
    known = many if len(many) else known
    if not known[["lost_share", "flipped_share"]].any(axis=None):
        kept = f"{label}: a coarser scale keeps every label that {scale_words(full)} gives"
        return f"{kept}{least}.{given}"
    parts = []
    for column in ("lost_share", "flipped_share"):
        row = known.loc[known[column].idxmax()]
        most = f"at most {row[column]:.0%} ({row['scale']}, {row['strategy']})"
        parts.append(most if row[column] else "none")
    return (
        f"{label}: of the labels that {scale_words(full)} gives{least}, a coarser scale loses "
        f"{parts[0]} and turns round {parts[1]}.{given}"
    )


def _given_sentence(table: pd.DataFrame) -> str:
    """How labels of ratings given on few options stand to those of ratings recoded to as many."""
    if table.empty:
        return ""
    shares = [
        f"{float(part['flipped_share'].iloc[0]):.0%} by ratings {name} ({strategy})"
        for strategy, rows in table.groupby("strategy", sort=False)
        for name, part in rows.groupby("scale", sort=False)
    ]
    return f" Of the labels of all other raters, turned round are {joined(shares)}."
