"""Names of raters that begin anew in each of several files, and are not said to."""

from pluralign_stats.errors import InputError, listing
from pluralign_stats.study.codebook import Codebook
from pluralign_stats.study.files import FileSpec, Stack
from pluralign_stats.study.tables import RawTable, Tables


def refuse_collisions(codebook: Codebook, tables: Tables) -> None:
    """Refuse raters of several files who share a name, and names prefixed in one table alone.

    Raises
    ------
    InputError
        If a name stands in several files of a stack with other demographics and the stack says
        nothing of `restart`; or if `restart` differs between ratings and raters.
    """
    files, rater = codebook.files, codebook.columns.rater
    if files.raters is not None:
        _refuse_unlike(files.ratings, files.raters, rater)
    spec, table = files.raters or files.ratings, tables.raters or tables.ratings
    if isinstance(spec, Stack) and spec.restart is None and rater in table.frame:
        asked = [factor.column or name for name, factor in codebook.demographics.items()]
        known = [column for column in asked if column in table.frame]
        if known:
            _refuse_shared(table, rater, known)


def _refuse_shared(table: RawTable, rater: str, asked: list[str]) -> None:
    """Refuse a name with other demographics in another file."""
    people = table.frame[[rater, *asked]].fillna("")
    people = people.assign(**{"\0file": table.placed["file"]}).drop_duplicates()
    in_files = people.groupby(rater)["\0file"].nunique()
    answers = people.groupby(rater)[asked].nunique()
    shared = in_files.index[(in_files > 1) & (answers > 1).any(axis=1)]
    if len(shared):
        first = table.frame.index[table.frame[rater] == shared[0]]
        raise InputError(
            f"{table.place(first, rater)}: value '{shared[0]}' stands in several files with other "
            f"demographics; if names begin anew in each file, state 'restart: {rater}' beside "
            "'stack', for ratings and raters; if they are one person's, state 'restart: []'"
        )


def _refuse_unlike(ratings: FileSpec, raters: FileSpec, rater: str) -> None:
    """Refuse names that are told apart by file in one of two tables, or by other tags."""
    if not isinstance(ratings, Stack) or not isinstance(raters, Stack):
        return
    anew = [rater in (spec.restart or ()) for spec in (ratings, raters)]
    if anew[0] != anew[1]:
        named, other = ("ratings", "raters") if anew[0] else ("raters", "ratings")
        raise InputError(
            f"'restart' names '{rater}' in 'files.{named}' and not in 'files.{other}'; state it in "
            "both"
        )
    alien = [tag for tag in ratings.stack if tag not in raters.stack]
    if all(anew) and alien:
        raise InputError(
            f"'restart' puts tags before '{rater}', and the tag {listing(alien)} of "
            f"'files.ratings' is none of 'files.raters' ({listing(raters.stack)}); give files "
            "that belong together one tag, such as {en: ratings_en.csv} and {en: raters_en.csv}"
        )
