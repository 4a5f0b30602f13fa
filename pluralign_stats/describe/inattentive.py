"""How many raters show signs of not having read what they rated."""

from typing import Any

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from pluralign_stats.describe.disclosure import hide_totals
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL
from pluralign_stats.study.careless import INDICATORS, Careless, Indicator
from pluralign_stats.study.study import Study
from pluralign_stats.suppression import check_min_cell, few
from pluralign_stats.words import counted, joined

WORDS: dict[Indicator, str] = {
    "straight_lining": "the same answer throughout",
    "contradictions": "contradictions",
    "too_fast": "too fast",
    "repeated_texts": "repeated texts",
}

#: What raters did of whom a sign tells, in a sentence.
_DID = {
    WORDS["straight_lining"]: "gave the same answer throughout",
    WORDS["contradictions"]: "contradicted themselves",
    WORDS["too_fast"]: "were too fast",
    WORDS["repeated_texts"]: "repeated their texts",
}

_ANY = "any of these"

_COLUMNS = ["term", "rule", "estimate", "conf_low", "conf_high", "n_judged", "n_raters"]
_COLUMNS += ["n_ratings"]


def careless_raters(study: Study, min_cell: int = MIN_CELL) -> Result:
    """Count raters who show signs of not reading, by the rules of the codebook.

    Signs are looked for among raters whom the filters left. They are signs, not proof: a rater may
    find five answers equally harmless. Whether findings rest on these raters is what
    `rating_multiverse` tells; who they are stands in ``study.careless``.

    Parameters
    ----------
    study
        The study.
    min_cell
        Signs that fewer raters show are not counted.

    Returns
    -------
    Result
        A row for each sign that could be looked for, and one for any if several: columns term,
        rule, estimate (share of those judged who show it), conf_low, conf_high (Wilson's interval),
        n_judged (raters with rows enough), n_raters (who show it), n_ratings (theirs); missing
        where fewer than `min_cell` raters show it.

    Raises
    ------
    InputError
        If `min_cell` is out of range.

    References
    ----------
    Meade & Craig (2012), Identifying careless responses in survey data, Psychological Methods 17,
    437-455. The limits are this project's own.

    Examples
    --------
    >>> pls.describe.careless_raters(study).table["term"].tolist()
    ['the same answer throughout']
    """
    check_min_cell(min_cell)
    rules = study.codebook.careless
    flags = study.careless.set_index("rater")
    given = study.ratings.dropna(subset="rating")["rater"].astype(str).value_counts()
    known = [name for name in INDICATORS if name in flags]
    # What nobody could show, as contradictions on one dimension, is no sign that was looked for.
    signs = [name for name in known if flags[name].notna().any()] or known[:1]
    rows = [(WORDS[name], _rule(rules, name), flags[name]) for name in signs]
    some = flags[signs].any(axis=1).where(flags[signs].notna().any(axis=1))
    rows += [(_ANY, "", some)] if len(signs) > 1 else []
    made = pd.DataFrame([_row(*row, given) for row in rows], columns=_COLUMNS)
    table = _hide(study, made, min_cell)
    return Result.of(
        study,
        table[_COLUMNS],
        _sentence(table, rules, min_cell),
        "Raters who may not have read",
        unit="share of raters",
        conf_level=CONF_LEVEL,
        interval="Wilson intervals",
        notes=(
            f"Raters of fewer than {rules.fewest_rows} rows are not judged. Signs are no proof: "
            "look at findings with and without these raters before you leave them out.",
            *([_left_out(rules)] if rules.leave_out else []),
        ),
        figure=FOREST,
    )


def _hide(study: Study, table: pd.DataFrame, min_cell: int) -> pd.DataFrame:
    """Without numbers of raters that would tell how few left a dimension out."""
    judged = table[["n_judged"]].rename(columns={"n_judged": "n_raters"})
    hidden = hide_totals(study, judged, min_cell)["n_raters"].isna()
    blank = ["conf_low", "conf_high", "n_judged", "n_raters", "n_ratings"]
    table[blank] = table[blank].astype(float).mask(hidden)
    table = table.assign(estimate=table["estimate"].mask(hidden, table["estimate"].round(2)))
    small = few(table["n_raters"].fillna(0).to_numpy(), min_cell)
    # Beside another sign's, the number of those who show any would tell of the few.
    small |= small.any() & (table["term"] == _ANY).to_numpy()
    shown = ["estimate", "conf_low", "conf_high", "n_raters", "n_ratings"]
    withheld = pd.Series(small, table.index)
    table[shown] = table[shown].astype(float).mask(withheld)
    return table.assign(few=withheld)


def _row(sign: str, rule: str, flag: pd.Series, given: pd.Series) -> tuple[object, ...]:
    judged, shown = int(flag.notna().sum()), flag.index[flag.fillna(False).astype(bool)]
    share, ends = np.nan, (np.nan, np.nan)
    if judged:
        share = len(shown) / judged
        ends = proportion_confint(len(shown), judged, 1 - CONF_LEVEL, method="wilson")
    n_ratings = int(given.reindex(shown).fillna(0).sum())
    return sign, rule, share, *ends, judged, len(shown), n_ratings


def _rule(rules: Careless, sign: Indicator) -> str:
    return {
        "straight_lining": _in_rows(rules.straight_lining),
        "contradictions": f"opposed dimensions alike in {rules.contradictions:.0%} of rows or more",
        "too_fast": f"below {rules.too_fast:.0%} of the usual time",
        "repeated_texts": f"{rules.repeated_texts:.0%} of texts or more stand twice",
    }[sign]


def _in_rows(share: float) -> str:
    return "one rating in all rows" if share == 1 else f"one rating in {share:.0%} of rows or more"


def _left_out(rules: Careless) -> str:
    names = joined([WORDS[name] for name in rules.leave_out])
    return f"Raters were left out beforehand for {names}; see what was left out of the study."


def _sentence(table: pd.DataFrame, rules: Careless, min_cell: int) -> str:
    if (table["estimate"].isna() & ~table["few"]).all():
        return f"Nobody rated {rules.fewest_rows} rows, so that no rater can be judged."
    shown = table[(table["term"] != _ANY) & ((table["estimate"] > 0) | table["few"])]
    parts = [f"{_who(row, min_cell)} {_DID[row.term]}" for row in shown.itertuples()]
    n_judged = table["n_judged"].iloc[-1]
    judged = "those who can be judged" if np.isnan(n_judged) else counted(int(n_judged), "rater")
    if not parts:
        return f"None of {judged} shows a sign of not having read."
    return f"Of {judged}, {joined(parts)}: a sign, no proof, of not having read what was rated."


def _who(row: Any, min_cell: int) -> str:
    if row.few:
        return f"fewer than {min_cell}"
    if np.isnan(row.n_raters):
        return f"{row.estimate:.0%}"
    return f"{row.n_raters:,.0f} ({row.estimate:.1%})"
