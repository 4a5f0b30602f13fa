"""How often what a group finds bad is outvoted, and under which strategy it survives."""

from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.feedback.audit_frame import AuditFrame
from pluralign_stats.feedback.dominance import named
from pluralign_stats.feedback.recipe import Recipe
from pluralign_stats.feedback.selection import Selection
from pluralign_stats.feedback.utilities import Scored, aggregated_utilities, score
from pluralign_stats.figures.charts import FEEDBACK_SURVIVAL
from pluralign_stats.results import Result
from pluralign_stats.strategies.registry import STRATEGIES
from pluralign_stats.words import counted, joined

#: Shares of fewer responses are put into words only where there are no others.
FEW_RESPONSES = 10

_SHARES = ("survived_share", "outvoted_share", "absent_share", "voices_share")


def survival(frame: AuditFrame, min_voices: int) -> Result:
    """What becomes of responses that most raters of a group find bad.

    For each dimension of a recipe on which a high rating is bad, and each group: the responses
    (by language, if languages are separate) that more than half of the group's raters, of
    `min_voices` or more, rate positive, that is, bad. Columns: what tells recipes apart,
    dimension, term, group, n_raters (of the group who rated these responses), n_responses,
    survived_share (the feedback still holds a voice above the middle of the scale),
    outvoted_share (it holds none), absent_share (the response gives no feedback at all), and
    voices_share (where every rater speaks: mean share of the voices for such a response that lie
    above the middle).
    """
    records: list[dict[str, Any]] = []
    for selection, told in zip(frame.selections, frame.factors(), strict=True):
        records += [{**told, **row} for row in _recipe(frame, selection, min_voices)]
    columns = [*frame.factors()[0], "dimension", "term", "group", "n_raters", "n_responses"]
    table = pd.DataFrame(records, columns=[*columns, *_SHARES])
    rated = dict.fromkeys(d for recipe in frame.recipes for d in _bad_when_high(frame, recipe))
    rule = [f"{frame.study.codebook.positive_rule(rated)}, which is bad here."] if rated else []
    notes = (
        frame.about(),
        *rule,
        "Counted are responses that more than half of a group's raters, "
        f"{min_voices} or more of them, rate as bad. Such a verdict survives where the feedback "
        "keeps a voice above the middle of the scale: any rater's under preserve, the one value "
        "of the response under other strategies. Voices: the share of all voices for the "
        "response that say so, which is what preserve leaves of a minority.",
    )
    title = f"What becomes of a group's verdict: {frame.label}"
    return Result.of(
        frame.study,
        table,
        _sentence(frame, table),
        title,
        notes=notes,
        published=frame.published,
        figure=FEEDBACK_SURVIVAL,
    )


def _recipe(frame: AuditFrame, selection: Selection, min_voices: int) -> list[dict[str, Any]]:
    recipe, scored = selection.recipe, score(selection.counted_anew())
    records = []
    for name in _bad_when_high(frame, recipe):
        dimension = recipe.dimensions.index(name)
        share = _voices(scored, dimension)
        for k in frame.levels:
            bad, rated = _bad(frame, selection, name, k, min_voices)
            raters = len(np.unique(selection.responses.rater[selection.rows[rated]]))
            if raters >= frame.min_cell:
                head: dict[str, Any] = {
                    "dimension": frame.study.codebook.label(name),
                    "term": frame.label,
                }
                head |= {"group": frame.groups[k], "n_raters": raters, "n_responses": len(bad)}
                records.append({**head, **_fates(recipe, share[bad])})
    return records


def _bad_when_high(frame: AuditFrame, recipe: Recipe) -> list[str]:
    """Dimensions of a recipe on which a high rating is bad."""
    book = frame.study.codebook.dimensions
    return [name for name in recipe.dimensions if book[name].valence == -1]


def _bad(
    frame: AuditFrame, selection: Selection, name: str, k: int, min_voices: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cells that most of group k rate positive, and which rows are the group's ratings of them."""
    responses, cell = selection.responses, selection.cell
    given = responses.ratings[selection.rows, responses.dimensions.index(name)]
    own = (frame.group[selection.rows] == k) & ~np.isnan(given)
    positive = given >= frame.study.codebook.dimensions[name].positive
    voices = np.bincount(cell[own], minlength=responses.n_cells)
    high = np.bincount(cell[own & positive], minlength=responses.n_cells)
    bad = (voices >= min_voices) & (2 * high > voices)
    return np.flatnonzero(bad), own & bad[cell]


def _voices(scored: Scored, dimension: int) -> np.ndarray:
    """(cells,) share of the voices for each response above the middle; NaN without a voice."""
    selection, middle = scored.selection, scored.middles[dimension]
    if selection.recipe.treatment.voices != "every":
        voice = aggregated_utilities(scored)
        rating = np.where(np.isnan(voice.utility), np.nan, voice.ratings[:, dimension])
        return np.where(np.isnan(rating), np.nan, (rating > middle).astype(float))
    rating, size = scored.ratings[:, dimension], selection.responses.n_cells
    total, high = (
        np.bincount(selection.cell, weights=selection.weight * said, minlength=size)
        for said in (~np.isnan(rating), rating > middle)
    )
    return np.divide(high, total, out=np.full(len(total), np.nan), where=total > 0)


def _fates(recipe: Recipe, share: np.ndarray) -> dict[str, float]:
    heard = ~np.isnan(share)
    survived = float((share > 0).mean())
    absent = float((~heard).mean())
    several = recipe.treatment.voices == "every" and heard.any()
    voices = float(share[heard].mean()) if several else float("nan")
    return dict(zip(_SHARES, (survived, 1 - survived - absent, absent, voices), strict=True))


def _nothing(frame: AuditFrame) -> str:
    """Why no group's verdict can be followed."""
    book, label = frame.study.codebook.dimensions, frame.study.codebook.label
    used = dict.fromkeys(d for recipe in frame.recipes for d in recipe.dimensions)
    bad = [label(d) for d in used if book[d].valence == -1]
    if not bad:
        fed_back = joined(map(label, used))
        return (
            f"A high rating is good on all of what is fed back ({fed_back}): nothing was found bad."
        )
    return (
        f"No group has {frame.min_cell} raters or more of responses that it finds bad "
        f"({joined(bad)}), so no verdict is shown."
    )


def _sentence(frame: AuditFrame, table: pd.DataFrame) -> str:
    if table.empty:
        return _nothing(frame)
    own = [name for name, one in STRATEGIES.items() if one.voices != "one"]
    single = table[~table["strategy"].isin(own)]
    many = single[single["n_responses"] >= FEW_RESPONSES]
    known = next(part for part in (many, single, table) if len(part))
    worst = known.loc[known["outvoted_share"].idxmax()]
    if not table["outvoted_share"].fillna(0).any():
        return "What most raters of a group find bad, no recipe shown calls good."
    book = frame.study.codebook
    rule = {book.label(name): one.positive_told for name, one in book.dimensions.items()}
    bad = f"{worst['dimension']}: {rule[worst['dimension']]}"
    said = (
        f"Of the {counted(worst['n_responses'], 'response')} that most raters of the group "
        f"{worst['group']} find bad ({bad}), {named(frame, worst)} says otherwise of "
        f"{worst['outvoted_share']:.0%}"
    )
    alike = [c for c in (*frame.factors()[0], "dimension", "group") if c != "strategy"]
    same = (table[alike] == worst[alike]).all(axis=1)
    kept = table[same & (table["strategy"] == "preserve")]
    if kept.empty:
        return f"{said}."
    voices = kept.iloc[0]["voices_share"]
    return f"{said}; preserve keeps such voices, on average {voices:.0%} of all for a response."
