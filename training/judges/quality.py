"""Quality of generations, whatever their scores: length, variety, likelihood, malformed text."""

import re

import numpy as np
import pandas as pd

from pluralign_stats.outcomes.schema import HEALTH_COLUMNS

#: A run has collapsed if its commonest reply has a larger share than this, and than the control's.
MOST_TOP_SHARE = 0.15

#: … or if its malformed replies, or its unfinished ones, exceed the control's share by this much.
MOST_BROKEN = 0.15

#: … or if one of its measures of variety is below this part of the control's.
LEAST_VARIETY = 0.5

#: Below this many replies the share of the commonest one says nothing.
FEWEST = 20

_VARIETY = ("distinct_share", "distinct_1", "distinct_2")
_BROKEN = ("malformed_share", "unfinished_share")
_WORD = re.compile(r"\w+")


def generation_quality(
    generations: pd.DataFrame, control: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Describe the generations of every run and language, and flag runs that have collapsed.

    Parameters
    ----------
    generations : DataFrame
        One row per generation with ``run``, ``language``, ``response``, ``n_tokens``,
        ``finished``, ``base_logprob`` and ``malformed``.
    control : DataFrame, optional
        Such a table of the control of the same base model, by language. Without it the runs are
        held against a sound model: no broken replies, and no measure of variety.

    Returns
    -------
    DataFrame
        One row per run and language: ``n`` replies, ``mean_tokens``, ``distinct_1`` and
        ``distinct_2`` (different words, and pairs of neighbouring words, as a share of all; Li et
        al., 2016, NAACL), ``distinct_share`` (different replies as a share of all), ``top_share``
        (share of the commonest reply), ``base_logprob`` (mean log probability per token under the
        base model), ``malformed_share``, ``unfinished_share`` and ``collapsed``.
    """
    rows = [
        {"run": run, "language": language} | _measures(part)
        for (run, language), part in generations.groupby(["run", "language"], sort=True)
    ]
    table = pd.DataFrame(rows, columns=list(HEALTH_COLUMNS[:-1]))
    return table.assign(collapsed=collapsed(table, control))


def collapsed(table: pd.DataFrame, control: pd.DataFrame | None = None) -> pd.Series:
    """Whether each row of a table of `generation_quality` shows a collapsed model.

    A model has collapsed if its commonest reply has a share above `MOST_TOP_SHARE` and above the
    control's, if it breaks off or breaks form in `MOST_BROKEN` more of its replies than the
    control, or if one of its measures of variety is below `LEAST_VARIETY` times the control's.
    Variety falls with the number of replies, so runs and control are to have equally many.

    Parameters
    ----------
    table : DataFrame
        Rows of `generation_quality`, of one base model.
    control : DataFrame, optional
        The control's rows, one per language; a language that it lacks is judged as without it.

    Returns
    -------
    Series of bool
        On the index of `table`.
    """
    usual = {row["language"]: row for _, row in ([] if control is None else control.iterrows())}
    flags = [_has_collapsed(row, usual.get(row["language"])) for _, row in table.iterrows()]
    return pd.Series(flags, table.index, bool)


def _measures(part: pd.DataFrame) -> dict[str, float]:
    """The measures of one run's replies in one language."""
    replies = part["response"].fillna("").astype(str)
    words = [_WORD.findall(reply.lower()) for reply in replies]
    counts = replies.value_counts()
    return {
        "n": len(part),
        "mean_tokens": float(part["n_tokens"].mean()),
        "distinct_1": distinct(words, 1),
        "distinct_2": distinct(words, 2),
        "distinct_share": len(counts) / len(part),
        "top_share": counts.iloc[0] / len(part),
        "base_logprob": float(part["base_logprob"].mean()),
        "malformed_share": float(part["malformed"].astype(bool).mean()),
        "unfinished_share": float((~part["finished"].astype(bool)).mean()),
    }


def distinct(texts: list[list[str]], n: int) -> float:
    """Different runs of `n` words as a share of all such runs; not a number if there are none."""
    runs = [tuple(words[i : i + n]) for words in texts for i in range(len(words) - n + 1)]
    return len(set(runs)) / len(runs) if runs else np.nan


def _has_collapsed(row: pd.Series, control: pd.Series | None) -> bool:
    sound = dict.fromkeys(_BROKEN, 0.0) | {"top_share": 0.0}
    usual = sound if control is None else control
    repeats = row["n"] >= FEWEST and row["top_share"] > max(MOST_TOP_SHARE, usual["top_share"])
    broken = any(row[name] > usual[name] + MOST_BROKEN for name in _BROKEN)
    dull = control is not None and any(
        row[name] < LEAST_VARIETY * control[name] or (np.isnan(row[name]) and control[name] > 0)
        for name in _VARIETY
    )
    return bool(repeats or broken or dull)
