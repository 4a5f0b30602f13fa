"""What the preferences would be without one group: how many labels flip, how many go."""

from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.feedback.audit_frame import AuditFrame
from pluralign_stats.feedback.dominance import FEW_PAIRS, named
from pluralign_stats.feedback.pairs import compare
from pluralign_stats.feedback.preferences import Preferences
from pluralign_stats.feedback.selection import Selection
from pluralign_stats.figures.charts import FEEDBACK_FLIPS
from pluralign_stats.results import Result
from pluralign_stats.words import counted


def flips(frame: AuditFrame) -> Result:
    """Labels that change when a group's ratings are left out.

    Columns: what tells recipes apart, term, group (left out), n_raters, n_pairs (of responses with
    a label), flipped_share (labelled the other way round without the group), lost_share (without a
    label then). The label of a pair is what most of its preferences say.
    """
    records: list[dict[str, Any]] = []
    for selection, told in zip(frame.selections, frame.factors(), strict=True):
        records += [{**told, **row} for row in _recipe(frame, selection)]
    columns = [*frame.factors()[0], "term", "group", "n_raters", "n_pairs"]
    table = pd.DataFrame(records, columns=[*columns, "flipped_share", "lost_share"])
    notes = (
        frame.about(),
        "Labels are what most preferences of two responses say. Nothing else is changed: weights "
        "stay, and where one rater is drawn for a response, another is drawn only if that rater "
        "is left out.",
    )
    title = f"Labels without one group: {frame.label}"
    return Result.of(
        frame.study,
        table,
        _sentence(frame, table),
        title,
        notes=notes,
        published=frame.published,
        figure=FEEDBACK_FLIPS,
    )


def labels(preferences: Preferences) -> pd.Series:
    """1 where the lower cell of a pair is preferred, -1 where the higher is; by pair."""
    low = np.minimum(preferences.chosen, preferences.rejected)
    high = np.maximum(preferences.chosen, preferences.rejected)
    sign = np.where(preferences.chosen == low, 1, -1)
    certain = preferences.share > 0.5 + 1e-9
    pairs = pd.MultiIndex.from_arrays([low[certain], high[certain]])
    return pd.Series(sign[certain], pairs)


def _recipe(frame: AuditFrame, selection: Selection) -> list[dict[str, Any]]:
    group, raters = frame.group[selection.rows], frame.raters_by_group(selection)
    every, records = labels(compare(selection.counted_anew())), []
    for k in frame.levels:
        if raters[k] < frame.min_cell or every.empty:
            continue
        others = selection.counted_anew(group != k)
        rest = labels(compare(others)).reindex(every.index)
        records.append(
            {
                "term": frame.label,
                "group": frame.groups[k],
                "n_raters": raters[k],
                "n_pairs": len(every),
                "flipped_share": float((rest == -every).mean()),
                "lost_share": float(rest.isna().mean()),
            }
        )
    return records


def _sentence(frame: AuditFrame, table: pd.DataFrame) -> str:
    if table.empty:
        return "No group is large enough for the feedback without it to be shown."
    many = table[table["n_pairs"] >= FEW_PAIRS]
    known = many if len(many) else table
    n = len(known[list(frame.factors()[0])].drop_duplicates())
    worst = known.loc[known["flipped_share"].idxmax()]
    if not known[["flipped_share", "lost_share"]].any(axis=None):
        return f"Leaving out one group changes no label, under any of {counted(n, 'recipe')}."
    least = f" (of recipes with {FEW_PAIRS} pairs or more)" if 0 < len(many) < len(table) else ""
    return (
        f"Leaving out one group turns round at most {worst['flipped_share']:.1%} of the labels"
        f"{least}: those by {named(frame, worst)} without {worst['group']}, where another "
        f"{worst['lost_share']:.1%} are lost."
    )
