"""A judge's scores of a study's items, read from a file and set beside the ratings."""

from pathlib import Path

import pandas as pd

from pluralign_stats.errors import InputError, listing, one_of
from pluralign_stats.outcomes.schema import ITEM_NEEDED, read_made
from pluralign_stats.study.data_file import read_unlisted
from pluralign_stats.study.study import Study
from pluralign_stats.study.tables import NO_VALUE
from pluralign_stats.study.text import lookup, nfc_column

#: Makes such files.
_COMMAND = "pluralign judge STUDY --out FOLDER --judge JUDGE"


def read_judge_scores(study: Study, path: str | Path, judge: str = "") -> pd.DataFrame:
    """Read what a judge made of a study's items, and check that it belongs to the study.

    Parameters
    ----------
    study
        The study.
    path
        Parquet or CSV with columns item, dimension, score, judge and, where the study's texts are
        in several languages, language: what ``pluralign judge STUDY`` writes.
    judge
        Which judge, if the file holds scores by several.

    Returns
    -------
    DataFrame
        One row per item, (language) and dimension of the study: item, (language,) dimension,
        score (missing where the judge gave none), judge.

    Raises
    ------
    InputError
        If the file cannot be read, or does not fit the study.

    Examples
    --------
    >>> pls.judging.read_judge_scores(study, "item_scores.parquet").columns.tolist()
    ['item', 'dimension', 'score', 'judge']
    """
    path = Path(path)
    table = _read(path)
    missing = [c for c in ITEM_NEEDED if c not in table]
    if missing:
        raise InputError(f"{path} lacks the column {listing(missing)}; make it with: {_COMMAND}")
    table = _one_judge(table, path, judge)
    by = ["item", "language", "dimension"] if "language" in table else ["item", "dimension"]
    table = table[[*by, "score", "judge"]]
    table = table[table["dimension"].isin(study.dimensions)]
    if table.empty:
        raise InputError(
            f"{path} has no score on a dimension of the study, which are "
            f"{listing(study.dimensions)}"
        )
    if not table["item"].isin(study.items["item"].astype(str)).any():
        raise InputError(f"{path} scores no item of the study '{study.name}'; name its own scores")
    twice = table.duplicated(by)
    if twice.any():
        where = ", ".join(f"{c} '{v}'" for c, v in table.loc[twice.idxmax(), by].items())
        raise InputError(f"{path} has two scores of {where}; keep one")
    return _in_range(study, table, path).reset_index(drop=True)


def _read(path: Path) -> pd.DataFrame:
    read = pd.read_parquet if path.suffix == ".parquet" else _read_text
    table = read_made(path, read, "Parquet or CSV", f"the scores with: {_COMMAND}")
    names = [c for c in ("item", "language", "dimension", "judge") if c in table]
    return table.assign(**{c: nfc_column(table[c].astype(str)) for c in names})


def _read_text(path: Path) -> pd.DataFrame:
    """A file of text in which no name is taken for a missing value, and a score may be missing."""
    table = read_unlisted(path).frame
    if "score" in table:
        table["score"] = table["score"].mask(table["score"].isin(NO_VALUE))
    return table.reset_index(drop=True)


def _one_judge(table: pd.DataFrame, path: Path, judge: str) -> pd.DataFrame:
    judges = table["judge"].astype(str).unique()
    if judge:
        if judge not in judges:
            raise InputError(f"{path}: {one_of('the judge', judge, judges)}")
        return table[table["judge"] == judge]
    if len(judges) > 1:
        raise InputError(
            f"{path} holds scores by {len(judges)} judges ({listing(judges)}); say which to look at"
        )
    return table


def _in_range(study: Study, table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The table with its scores as numbers, each on its dimension's scale."""
    scores = pd.to_numeric(table["score"], errors="coerce")
    if (scores.isna() & table["score"].notna()).any():
        raise InputError(f"{path}: 'score' must hold numbers, missing where there is no score")
    for name in study.dimensions:
        scale = study.codebook.dimensions[name].scale
        own = scores[table["dimension"] == name]
        outside = own[(own < scale.low) | (own > scale.high)]
        if len(outside):
            raise InputError(
                f"{path}: {outside.iloc[0]:g} is no score of '{name}', which goes from "
                f"{scale}; name scores by a judge on the study's scale"
            )
    return table.assign(score=scores)


def rated_and_scored(study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """The ratings of a study, each beside the judge's score of the same text.

    Where both have a language, a rating stands beside the score of the text in that language; the
    score in ``de`` belongs to ratings in ``de-DE`` too.

    Returns
    -------
    DataFrame
        The rows of ``study.ratings`` that have a rating and a score, with ``score`` and ``text``
        (a number for each text as rated).
    """
    ratings = study.ratings.dropna(subset="rating")
    by = ["item", "dimension"]
    if "language" in ratings and "language" in scores:
        by.insert(1, "language")
    elif "language" in scores and scores["language"].nunique() > 1:
        raise InputError(
            "the judge scored texts in several languages, and the study does not tell in which "
            "each was rated; keep the scores of one language"
        )
    columns = [*by, "score"]
    keyed = ratings.assign(**{c: ratings[c].astype(str) for c in by})
    if "language" in by:
        texts = scores["language"].unique()
        read = {tag: lookup(tag, texts) or tag for tag in keyed["language"].unique()}
        keyed["language"] = keyed["language"].map(read)
    score = keyed[by].merge(scores[columns], on=by, how="left")["score"].to_numpy()
    both = ratings.assign(score=score)
    both["text"] = keyed.groupby([c for c in by if c != "dimension"]).ngroup().to_numpy()
    return both.dropna(subset="score").reset_index(drop=True)


def unread_languages(study: Study, scores: pd.DataFrame) -> tuple[str, ...]:
    """Languages of ratings in which the judge scored no text."""
    ratings = study.ratings.dropna(subset="rating")
    if "language" not in ratings or "language" not in scores:
        return ()
    texts = scores["language"].unique()
    tags = ratings["language"].dropna().unique()
    return tuple(sorted(tag for tag in map(str, tags) if lookup(tag, texts) is None))
