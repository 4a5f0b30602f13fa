"""Judgements in a table: one row per answer and dimension."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from pluralign_stats.outcomes.schema import SCORE
from pluralign_stats.progress import WorkProgress
from training.judgement import Answer, Judge, Judgement


def answers_of(
    prompts: Iterable[str], responses: Iterable[str], languages: Iterable[str]
) -> list[Answer]:
    """Answers from the columns of a table."""
    return [Answer(*row) for row in zip(prompts, responses, languages, strict=True)]


def judge_all(
    judge: Judge, answers: Sequence[Answer], part: str, bar: WorkProgress
) -> list[Judgement]:
    """Judge all answers of a part, a chunk at a time."""
    judge.tell(bar.say)
    found: list[Judgement] = []
    for start in range(0, len(answers), judge.chunk):
        chunk = answers[start : start + judge.chunk]
        found += judge.judge(chunk)
        bar.advance(part, len(chunk))
    bar.end(part)
    return found


def score_table(keys: pd.DataFrame, judgements: Sequence[Judgement], judge: str) -> pd.DataFrame:
    """Put judgements beside the keys of their answers.

    Parameters
    ----------
    keys
        One row per answer: what identifies it, and what else belongs to it.
    judgements
        One per row of `keys`.

    Returns
    -------
    DataFrame
        One row per answer and dimension: the columns of `keys`, then dimension, score (missing
        where there is none), malformed, judge, note.
    """
    rows = [
        (place, dimension, score, judged.malformed, judge, judged.note)
        for place, judged in enumerate(judgements)
        for dimension, score in judged.scores.items()
    ]
    scores = pd.DataFrame(rows, columns=["place", *SCORE])
    scores = scores.astype({"score": float, "malformed": bool})
    repeated = keys.iloc[scores.pop("place").to_numpy()].reset_index(drop=True)
    return pd.concat([repeated, scores], axis=1)


def tally(judgements: Sequence[Judgement]) -> dict[str, Any]:
    """How many answers there were, how many malformed, and why scores of the others are missing.

    Returns
    -------
    dict
        ``answers``, ``malformed``, ``missing`` (by reason, of answers that are not malformed) and
        ``notes`` (other things to know of scored answers, by what they are).
    """
    lacking = [j for j in judgements if not j.malformed and None in j.scores.values()]
    noted = [j for j in judgements if j.note and None not in j.scores.values()]
    return {
        "answers": len(judgements),
        "malformed": sum(j.malformed for j in judgements),
        "missing": dict(Counter(j.note or "no reason given" for j in lacking)),
        "notes": dict(Counter(j.note for j in noted)),
    }


def add_up(tallies: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The sum of several tallies."""
    total: dict[str, Any] = {
        name: sum(t[name] for t in tallies) for name in ("answers", "malformed")
    }
    for name in ("missing", "notes"):
        total[name] = dict(sum((Counter(t[name]) for t in tallies), Counter()))
    return total
