"""Who dominates the feedback: shares of raters, ratings and preferences, and contradictions."""

from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.describe.disclosure import hide_totals
from pluralign_stats.feedback.audit_frame import AuditFrame, too_few
from pluralign_stats.feedback.parts import Parts, effective_number
from pluralign_stats.feedback.preferences import Preferences
from pluralign_stats.figures.charts import FEEDBACK_SHARES, FOREST
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.words import alike, counted, first_up

_WITHHELD = "A dash stands for a cell of too few raters, or one that would give such a cell away."
_PART = (
    "Of every preference half belongs to each response, and is divided among the raters who speak "
    "for it: the single rater (preserve, random), those of the commonest rating (majority), or all "
    "of them (mean, median, consensus)."
)


#: Recipes with fewer pairs are not put into words.
FEW_PAIRS = 30


def shares(frame: AuditFrame, parts: list[Parts]) -> Result:
    """Share of raters, ratings and preferences by group; missing where withheld.

    Columns: what tells recipes apart, term, group, n_raters, raters_share, n_ratings,
    ratings_share, pairs_share.
    """
    tables = [
        _shares(frame, found).assign(**told)
        for found, told in zip(parts, frame.factors(), strict=True)
    ]
    table = pd.concat(tables, ignore_index=True)
    table = table[[*dict.fromkeys([*frame.factors()[0], *ordered_columns(table)])]]
    notes = (frame.about(), _PART) + ((_WITHHELD,) if table.isna().any(axis=None) else ())
    title = f"Who speaks in the preferences: {frame.label}"
    told = [found.preferences.n.sum() >= FEW_PAIRS for found in parts]
    rows = np.repeat(told if any(told) else np.ones(len(told), bool), len(frame.groups))
    least = f" (of recipes with {FEW_PAIRS} preferences or more)" if any(told) > all(told) else ""
    return Result.of(
        frame.study,
        table,
        _shares_sentence(frame, table[rows], least),
        title,
        notes=notes,
        published=frame.published,
        figure=FEEDBACK_SHARES,
    )


def _shares(frame: AuditFrame, parts: Parts) -> pd.DataFrame:
    """One recipe's rows, a group each."""
    selection = parts.selection
    group, k = frame.group[selection.rows], len(frame.groups)
    given = ~np.isnan(selection.responses.ratings[np.ix_(selection.rows, selection.columns)])
    raters = frame.raters_by_group(selection)
    ratings = np.bincount(group, weights=given.sum(axis=1), minlength=k)
    part = np.bincount(group, weights=parts.part, minlength=k)
    speaking = frame.raters_by_group(selection, parts.part > 0)
    hidden = ~frame.shown
    unheard = too_few(speaking, frame.shown, frame.min_cell)
    return pd.DataFrame(
        {
            "term": frame.label,
            "group": frame.groups,
            "n_raters": np.where(hidden, np.nan, raters),
            "raters_share": np.where(hidden, np.nan, _of_all(raters)),
            "n_ratings": np.where(hidden, np.nan, ratings),
            "ratings_share": np.where(hidden, np.nan, _of_all(ratings)),
            "pairs_share": np.where(unheard, np.nan, _of_all(part)),
        }
    )


def _of_all(numbers: np.ndarray) -> np.ndarray:
    total = numbers.sum()
    return numbers / total if total else np.full(len(numbers), np.nan)


def _shares_sentence(frame: AuditFrame, table: pd.DataFrame, least: str) -> str:
    known = table.dropna(subset=["raters_share", "pairs_share"])
    known = known[known["raters_share"] > 0]
    if known.empty:
        return "No group is large enough for its part in the preferences to be shown."
    row = known.loc[(known["pairs_share"] - known["raters_share"]).abs().idxmax()]
    size = f"{row['pairs_share']:.1%} of the preferences, {row['raters_share']:.1%} of the raters"
    if len(known) == 1:
        return f"{row['group']} has, under {named(frame, row)}, {size}."
    if alike(row["pairs_share"], row["raters_share"], ".1%"):
        return "Every group's part in the preferences is its share of raters, to 0.1 %."
    return (
        f"A group's part in the preferences lies farthest from its share of raters{least} for "
        f"{row['group']} under {named(frame, row)}: {size}."
    )


def named(frame: AuditFrame, row: pd.Series) -> str:
    """The recipe of a row in words."""
    return ", ".join(str(row[c]) for c in frame.factors()[0])


def conditions(frame: AuditFrame, parts: list[Parts]) -> Result:
    """How much feedback each recipe gives, from how many raters, and how far it contradicts itself.

    Columns: what tells recipes apart, n_preferences, n_pairs (of responses with a preference),
    n_raters (with a part), effective_raters (Kish), contradictory_share (of these pairs, preferred
    in both orders) and contradicting_share (of preferences, against most of the same pair).
    """
    records = [
        {**told, **_condition(found, frame.min_cell)}
        for found, told in zip(parts, frame.factors(), strict=True)
    ]
    table = hide_totals(frame.study, pd.DataFrame(records), frame.min_cell)
    notes: tuple[str, ...] = (
        frame.about(),
        "Effective raters: as many raters with equal parts would carry as much information "
        "(Kish). A pair of responses is contradictory where some raters prefer the one and some "
        "the other; a preference contradicts where most of its pair say the opposite.",
    )
    notes += (_WITHHELD,) if table["n_raters"].isna().any() else ()
    title = "How much feedback, and from how many"
    sentence, warnings = _conditions_sentence(frame, table), _none(frame, table)
    return Result.of(
        frame.study, table, sentence, title, notes=notes, warnings=warnings, figure=FOREST
    )


def _condition(parts: Parts, min_cell: int) -> dict[str, Any]:
    speaking, selection = len(parts.speaking), parts.selection
    if 0 < speaking < min_cell:
        return dict.fromkeys(_CONDITION, np.nan)
    by_rater = np.bincount(selection.responses.rater[selection.rows], weights=parts.part)
    both, against, n_pairs = contradictions(parts.preferences)
    counts = (int(parts.preferences.n.sum()), n_pairs, speaking)
    numbers = (*counts, round(effective_number(by_rater), 1), both, against)
    return dict(zip(_CONDITION, numbers, strict=True))


_CONDITION = ("n_preferences", "n_pairs", "n_raters", "effective_raters", "contradictory_share",
              "contradicting_share")  # fmt: skip


def contradictions(preferences: Preferences) -> tuple[float, float, int]:
    """Share of pairs preferred in both orders, share of preferences against most, and pairs."""
    low = np.minimum(preferences.chosen, preferences.rejected)
    high = np.maximum(preferences.chosen, preferences.rejected)
    _, pair = np.unique(np.column_stack([low, high]), axis=0, return_inverse=True)
    pair = pair.ravel()
    if not len(pair):
        return float("nan"), float("nan"), 0
    total = np.bincount(pair, weights=preferences.weight)
    first = preferences.chosen == low
    forward = np.bincount(pair, weights=preferences.weight * first)
    minority = np.minimum(forward, total - forward)
    both = np.bincount(pair) == 2
    return float(both.mean()), float(minority[both].sum() / total.sum()), len(total)


def _none(frame: AuditFrame, table: pd.DataFrame) -> tuple[str, ...]:
    empty = table[table["n_preferences"] == 0]
    none = (f"{named(frame, row)} gives no preferences." for _, row in empty.iterrows())
    return tuple(map(first_up, none))


def _conditions_sentence(frame: AuditFrame, table: pd.DataFrame) -> str:
    known = table[table["n_preferences"] > 0]
    if known.empty:
        return "None of the recipes gives preferences from enough raters to be shown."
    most = known.loc[known["n_preferences"].idxmax()]
    least = known.loc[known["n_preferences"].idxmin()]
    given = f"{counted(most['n_preferences'], 'preference')} between two responses to one prompt"
    told = f"{named(frame, most)} gives {given}"
    if len(known) > 1 and most["n_preferences"] > least["n_preferences"]:
        told += f", {named(frame, least)} {least['n_preferences']:,.0f}"
    elif len(known) > 1:
        told = f"every recipe gives {given}"
    which = "the former" if most["n_preferences"] > least["n_preferences"] else "these"
    if len(known) > 1 and which == "these":
        which = f"those of {named(frame, most)}"
    told = (
        f"{first_up(told)}; of {which} {most['contradicting_share']:.0%} go against what most say "
        "of the same two"
    )
    if np.isnan(most["n_raters"]):
        return f"{told}."
    return (
        f"{told}, and they come from {counted(most['n_raters'], 'rater')}, who weigh as much as "
        f"{most['effective_raters']:,.0f} with equal parts would."
    )
