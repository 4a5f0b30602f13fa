"""Who rated, who did not answer what, and which cells of a study's files hold no answer."""

from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.figures.charts import COMPOSITION, FOREST
from pluralign_stats.results import Result
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.study.filters import LEFT_OUT
from pluralign_stats.study.missing import ANSWER, MISSING, NAME
from pluralign_stats.study.plan import SILENT
from pluralign_stats.study.remarks import gathered_answers
from pluralign_stats.study.study import Study
from pluralign_stats.suppression import check_min_cell, few
from pluralign_stats.words import counted, is_are, plural

#: So many groups of so many demographics are told in a sentence.
_TOLD = 3


def composition(study: Study, min_cell: int = MIN_CELL) -> Result:
    """Count raters and ratings by level of each demographic.

    Parameters
    ----------
    study
        The study.
    min_cell
        Cells of fewer raters are withheld, also of raters without an answer, and so is as much
        else as it takes for none to be computed from the total, or from those who rated one
        dimension. What is withheld here is withheld in every table of the study.

    Returns
    -------
    Result
        Columns term, group, n_raters, share (of all raters), n_ratings; missing where withheld.

    Raises
    ------
    InputError
        If `min_cell` is out of range.

    Examples
    --------
    >>> pls.describe.composition(study).table["term"].unique().tolist()
    ['Gender', 'Age', 'Country', 'Ethnicity', 'Political spectrum', 'Political party']
    """
    check_min_cell(min_cell)
    tables = [_one(study, name, min_cell) for name in study.demographics]
    if not tables:
        empty = pd.DataFrame(columns=["term", "group", "n_raters", "share", "n_ratings"])
        none = "This study records no demographics of its raters."
        return Result.of(study, empty, none, "Who rated", figure=COMPOSITION)
    table = pd.concat(tables, ignore_index=True)
    withheld = int(table["n_raters"].isna().sum())
    notes = []
    if withheld:
        notes.append(
            f"{counted(withheld, 'cell')} {is_are(withheld)} withheld: those of fewer than "
            f"{min_cell} raters, and others without which the total would give one of these away. "
            "To show more, lead small levels to a common one in the codebook ('recode'), or let "
            "'other' gather them."
        )
    notes += [f"{told[:1].upper()}{told[1:]}." for told in gathered_answers(study)]
    if table["n_ratings"].isna().sum() > withheld:
        notes.append("Ratings without a number would tell how few raters left a dimension out.")
    told = {what: counted(n, what[:-1]) for what, n in study.released_counts().items()}
    gave = f"gave {told['ratings']} of" if "ratings" in told else "rated"
    sentence = f"{told['raters']} {gave} {told['items']} on {told['dimensions']}."
    sentence = sentence[:1].upper() + sentence[1:] + _largest_groups(study, min_cell)
    return Result.of(study, table, sentence, "Who rated", notes=notes, figure=COMPOSITION)


def _largest_groups(study: Study, min_cell: int) -> str:
    """The largest groups that may be told by the first demographics, in a sentence."""
    told = []
    for name in study.demographics[:_TOLD]:
        cells = _one(study, name, max(min_cell, MIN_CELL))
        cells = cells[cells["n_raters"] != 0]
        shown = cells[cells["n_raters"].notna() & ~cells["group"].isin(SILENT.values())]
        largest = shown.sort_values("n_raters", ascending=False, kind="stable").head(_TOLD)
        groups = [f"{row.group} ({row.share:.0%})" for row in largest.itertuples()]
        groups += ["…"] if groups and len(groups) < len(cells) else []
        told += [f"by {study.codebook.label(name)}: {', '.join(groups)}"] if groups else []
    listed = "; ".join(told)
    return f" Largest groups {listed}{'' if listed.endswith('…') else '.'}" if told else ""


def _one(study: Study, name: str, min_cell: int) -> pd.DataFrame:
    """Cells of one demographic, nonresponse included."""
    groups = study.answers[name]
    raters = groups.value_counts(sort=False)
    given = study.ratings.dropna(subset="rating")["rater"].astype(str)
    ratings = given.map(groups).value_counts().reindex(raters.index, fill_value=0)
    plan = study.plan(name, min_cell)
    return pd.DataFrame(
        {
            "term": study.codebook.label(name),
            "group": raters.index.astype(str),
            "n_raters": np.where(plan.hidden, np.nan, raters),
            "share": np.where(plan.hidden, np.nan, raters / raters.sum()),
            "n_ratings": np.where(plan.hidden_ratings, np.nan, ratings),
        }
    )


def nonresponse(study: Study, min_cell: int = MIN_CELL) -> Result:
    """Tell which demographics went unanswered, and for whom they were not asked at all.

    Parameters
    ----------
    study
        The study.
    min_cell
        Fewest raters of a group that is told of.

    Returns
    -------
    Result
        Columns term, n_raters (who gave a level), declined_share, missing_share (of all raters)
        and not_asked: groups in which nobody has an answer.

    Raises
    ------
    InputError
        If `min_cell` is out of range.

    Examples
    --------
    >>> pls.describe.nonresponse(study).sentence
    'No question about raters went unanswered by a whole group (of 10 raters or more).'
    """
    check_min_cell(min_cell)
    records = [_unanswered(study, name, min_cell) for name in study.demographics]
    columns = ["term", "n_raters", "declined_share", "missing_share", "not_asked"]
    table = pd.DataFrame(records, columns=columns)
    absent = table[table["not_asked"] != ""]
    told = "; ".join(f"{r.term}: no answers at all for {r.not_asked}" for r in absent.itertuples())
    everywhere = (
        "No question about raters went unanswered by a whole group "
        f"(of {counted(min_cell, 'rater')} or more)."
    )
    none = "This study records no demographics of its raters."
    sentence = f"{told}." if told else everywhere if records else none
    notes = (
        "A rater without an answer is left out only of analyses that use that demographic. "
        f"A dash stands for a cell of fewer than {min_cell} raters.",
    )
    return Result.of(study, table, sentence, "Unanswered demographics", notes=notes, figure=FOREST)


def _unanswered(study: Study, name: str, min_cell: int) -> tuple[str, float, float, float, str]:
    """One demographic's row; what `composition` withholds is withheld here too."""
    cells = _one(study, name, min_cell).set_index("group")
    silent = cells.reindex([g for g in SILENT.values() if g in cells.index])
    answered = len(study.raters) - silent["n_raters"].sum(skipna=False)
    shares = [cells["share"].get(group, 0.0) for group in SILENT.values()]
    label = study.codebook.label(name)
    return label, float(answered), *shares, not_asked(study, name, min_cell)


def not_asked(study: Study, name: str, min_cell: int = MIN_CELL) -> str:
    """Groups of `min_cell` raters or more in which `name` has no answer at all, such as a country.

    Empty where there are none. Declined answers count as answers: those raters were asked.
    """
    answered = study.answers[name] != SILENT["missing"]
    raters = study.raters.set_index("rater")
    found = []
    for other in study.demographics:
        groups = answered.groupby(raters[other], observed=True).agg(["size", "any"])
        empty = groups.index[(groups["size"] >= min_cell) & ~groups["any"]]
        if other != name and len(empty):
            found.append(f"{study.codebook.label(other)} = {', '.join(empty)}")
    return "; ".join(found)


def exclusions(study: Study, min_cell: int = MIN_CELL) -> Result:
    """Count what each filter of the codebook removed, and what its rules for rows did.

    Parameters
    ----------
    study
        The study.
    min_cell
        Fewest raters that are counted: what a filter did to fewer is not told in numbers.

    Returns
    -------
    Result
        Columns filter, n_rows (rows of the ratings file removed) and n_raters (raters left
        without any row), in the order in which the filters apply; missing where withheld. Rules
        for repeated ratings and for raters described twice or not at all stand below; where one
        did something else than to leave rows out, a column done says what with these rows and
        raters.

    Raises
    ------
    InputError
        If `min_cell` is out of range.

    Examples
    --------
    >>> pls.describe.exclusions(study).sentence
    'Rows left out: 0; raters left without any row: 0.'
    """
    check_min_cell(min_cell)
    table = study.exclusions.rename(columns={"rows": "n_rows", "raters": "n_raters"})
    counts = table[["n_rows", "n_raters"]].to_numpy()
    hidden = few(counts, min_cell).any(axis=1)
    gone = (table["done"] == LEFT_OUT).to_numpy()
    rows, raters = counts[~hidden & gone].sum(axis=0)
    if table.empty:
        sentence = "The codebook names no filter; all rows are used."
    elif hidden[gone].all() and gone.any():
        sentence = f"The filters left out rows of fewer than {min_cell} raters each."
    else:
        sentence = f"Rows left out: {rows:,}; raters left without any row: {raters:,}."
    if (hidden & gone).any() and not hidden[gone].all():
        sentence += f" Not counted: {(hidden & gone).sum()} of {gone.sum()} filters, which left out"
        sentence += " few."
    for rule in table[~gone].itertuples():
        sentence += f" {_done(rule, min_cell)}"
    table = table.drop(columns="done") if gone.all() else table
    blank = {c: np.where(hidden, np.nan, table[c]) for c in ("n_rows", "n_raters")}
    table = table.assign(**blank) if hidden.any() else table
    note = f"A dash stands for fewer than {min_cell} rows or raters, or for the rows of so few."
    notes = (note,) if hidden.any() else ()
    return Result.of(study, table, sentence, "Left out by checks", notes=notes, figure=FOREST)


def _done(rule: Any, min_cell: int) -> str:
    """What a rule did that left no row out."""
    n, noun = (rule.n_rows, "row") if rule.n_rows else (rule.n_raters, "rater")
    many = f"fewer than {min_cell} {plural(noun)}" if n < min_cell else counted(n, noun)
    return f"By '{rule.filter}': {many} {rule.done}."


def missing_codes(study: Study, min_cell: int = MIN_CELL) -> Result:
    """Count what became missing in the files, before any filter, by column and code.

    Parameters
    ----------
    study
        The study.
    min_cell
        Cells of a demographic are not counted where they would tell of fewer raters.

    Returns
    -------
    Result
        Columns file, column, read (what the column was read for), code (``"(empty)"`` for empty
        cells), n_cells (missing where withheld), read_as. Codes that were not read as missing
        stand there too: answers that the codebook states, and names of raters, items and prompts,
        go before missing-value codes.
    """
    check_min_cell(min_cell)
    table = study.codes.rename(columns={"cells": "n_cells"})
    table["code"] = table["code"].replace("", "(empty)")
    hidden = few(table["n_cells"].to_numpy(), min_cell) & table["read"].isin(study.demographics)
    plans = {name: study.plan(name, min_cell).hidden for name in study.demographics}
    # Where the number of raters without an answer is withheld.
    kinds = [*SILENT.values()]
    silent = [name for name, cells in plans.items() if cells[cells.index.isin(kinds)].any()]
    hidden |= table["read"].isin(silent)
    told = [f"{_told(table, hidden, MISSING, min_cell)} cells hold no answer"]
    told += [
        f"{_told(table, hidden, kind, min_cell)} hold a missing-value code and were read as {kind}"
        for kind in (ANSWER, NAME)
        if (table["read_as"] == kind).any()
    ]
    sentence = "; ".join(told) + "." if len(table) else "Every cell that is read holds an answer."
    sentence = sentence[:1].upper() + sentence[1:]
    note = f"A dash stands for cells that would tell of fewer than {min_cell} raters."
    notes = (note,) if hidden.any() else ()
    table = table.assign(n_cells=np.where(hidden, np.nan, table["n_cells"])) if notes else table
    return Result.of(study, table, sentence, "No answer", notes=notes, figure=FOREST)


def _told(table: pd.DataFrame, hidden: pd.Series, kind: str, min_cell: int) -> str:
    """How many cells were read as something, as far as that is shown."""
    own = table["read_as"] == kind
    n = int(table.loc[own, "n_cells"].sum())
    if not (own & hidden).any():
        return f"{n:,}"
    return f"fewer than {min_cell}" if n < min_cell else "some"
