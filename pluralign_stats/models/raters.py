"""Who the raters of a model are: the columns that tell them apart, or why that is not known."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, check_one_of
from pluralign_stats.models.formula import RandomTerm
from pluralign_stats.notes import Code, Note

#: Column that tells raters apart in every study.
RATER = "rater"

#: Grouping factors that are never people.
THINGS = ("item", "prompt", "response", "dimension")

#: What the one grouping factor of a model may be called to be taken for single people, as in
#: ``user_id``. Of another name it could as well be films.
PEOPLE = frozenset((
    "rater", "annotator", "assessor", "coder", "consumer", "customer", "evaluator", "human",
    "individual", "judge", "labeler", "labeller", "member", "observer", "panelist", "panellist",
    "participant", "patient", "people", "person", "pid", "player", "reader", "resp", "respondent",
    "reviewer", "student", "subj", "subject", "teacher", "uid", "user", "voter", "worker",
))  # fmt: skip

#: What else may stand in the name of a person's number.
_NUMBER = frozenset(("id", "ids", "no", "nr", "number", "code", "key", "hash", "uuid", "name"))

#: Of which a person has one, so that numbers nested in them are as many people as combinations.
NATIONS = frozenset(("country", "nation"))

#: Within which numbers of people may begin anew, though one person may also be in several.
PLACES = NATIONS | frozenset((
    "center", "centre", "city", "class", "clinic", "company", "department", "dept", "district",
    "hospital", "lab", "organisation", "organization", "province", "region", "school", "site",
    "state", "town", "university", "village",
))  # fmt: skip

#: What one person may have several of, and what is never people.
LANGUAGES = frozenset(("lang", "language", "locale"))

#: A factor is taken for a property of people if it is the same in all ratings of more raters than
#: chance would make it, by this share of those whom chance leaves.
_OWN = 0.25


@dataclass(frozen=True, eq=False)
class Raters:
    """The raters of a model's rows.

    Attributes
    ----------
    columns
        Columns whose combinations are the raters; empty where they are not known.
    codes
        (n,) number of each row's rater, from 0; empty where they are not known.
    unknown
        Why they are not known and what to do, for readers; empty where they are.
    said
        Whether the user names the columns.
    """

    columns: tuple[str, ...] = ()
    codes: np.ndarray | None = None
    unknown: str = ""
    said: bool = False

    @property
    def known(self) -> bool:
        """Whether raters can be counted."""
        return self.codes is not None

    @property
    def n(self) -> int:
        """How many raters there are; 0 where they are not known."""
        return 0 if self.codes is None else int(self.codes.max()) + 1

    def are(self, factors: Sequence[str]) -> bool:
        """Whether the combinations of these columns are the raters, and nothing else."""
        return self.known and set(self.columns) == set(factors)

    def within(self, factors: Sequence[str]) -> bool:
        """Whether each combination of these columns is of one rater."""
        return self.known and set(self.columns) <= set(factors)


def rater_columns(rater: str | Sequence[str] | None, data: pd.DataFrame) -> tuple[str, ...]:
    """The columns that a user or the study names as its raters; none where neither does."""
    if rater is None:
        return (RATER,) if RATER in data else ()
    names = (
        (rater,) if isinstance(rater, str) else tuple(rater) if isinstance(rater, Sequence) else ()
    )
    if not names or not all(isinstance(name, str) for name in names):
        raise InputError(
            "'rater' must be the column that tells raters apart, as in rater='user_id', or "
            f"several whose combinations do, as in rater=['country', 'id'], not {rater!r}"
        )
    for name in names:
        check_one_of("the column of 'rater'", name, data.columns)
    return tuple(dict.fromkeys(names))


def find_raters(
    rater: str | Sequence[str] | None, data: pd.DataFrame, random: Sequence[RandomTerm]
) -> Raters:
    """Tell raters apart: as the user says, else by a column `rater`, else by the formula.

    Parameters
    ----------
    rater
        The user's word; None for none.
    data
        The n rows used, with the columns of `rater_columns` and of the random terms.
    random
        The random terms. Of ids nested in countries, as in ``(1|country/id)``, raters are the
        combinations; of ids nested in what one person may have several of, such as languages or
        sites, they are not known. Of several columns that might be people none is chosen.
    """
    if rater is not None:
        named = rater_columns(rater, data)
        empty = data[list(named)].isna().any(axis=1)
        if empty.any():
            raise InputError(
                f"'rater': {int(empty.sum())} rows have no value in {' and '.join(named)}, the "
                f"first of them row {data.index[empty.to_numpy().argmax()]}; leave those rows out, "
                "or fill them in"
            )
        return Raters(named, _codes(data, named), said=True)
    groups = list(dict.fromkeys(term.factors for term in random))
    chosen = _by_column(data, groups) if RATER in data else _by_name(data, groups)
    if isinstance(chosen, str):
        return Raters(unknown=chosen)
    if data[list(chosen)].isna().any(axis=None):
        return Raters(unknown=_unknown(f"some rows have no {' or '.join(chosen)}"))
    return Raters(chosen, _codes(data, chosen))


def renumbered(raters: Raters, data: pd.DataFrame) -> Raters:
    """The raters of some of their rows."""
    return replace(raters, codes=_codes(data, raters.columns)) if raters.known else raters


def anew_notes(raters: Raters, data: pd.DataFrame, factors: Sequence[str]) -> list[Note]:
    """Doubt about raters who have several values of what one person should have one of.

    Their numbers may begin anew, as in each country; then there are more raters than are counted.

    Parameters
    ----------
    factors
        Categorical variables of the fixed effects; those that are the same in most raters are taken
        for properties of people, and so is every place in the data.
    """
    if raters.codes is None or raters.said:
        return []
    others = [name for name in data if name not in (*raters.columns, *THINGS)]
    several = [
        name
        for name in others
        if not _same_number(data, (name, *raters.columns), raters.columns)
        and (_is(name, PLACES) or (name in factors and _personal(data[name], raters.codes)))
    ]
    called = ":".join(raters.columns)
    return [
        Note(
            Code.RATERS_ANEW,
            f"'{called}' is taken for the raters, but some of them have several values of "
            f"'{name}'; if ids begin anew in each of these, there are more raters than are "
            f"counted: fit with rater={[name, *raters.columns]}, else with "
            f"rater={_said(raters.columns)}",
            name,
        )
        for name in several
    ]


def _personal(values: pd.Series, codes: np.ndarray) -> bool:
    """Whether a factor is the same within raters of several ratings more often than by chance."""
    if _is(str(values.name), LANGUAGES):
        return False
    counts = pd.crosstab(codes, values.to_numpy()).to_numpy()
    counts = counts[counts.sum(axis=1) > 1]
    size, share = counts.sum(axis=1), counts.sum(axis=0) / max(counts.sum(), 1)
    if not len(counts):
        return False
    same = (counts.max(axis=1) == size).mean()
    chance = (share ** size[:, None]).sum(axis=1).mean()
    return bool(same - chance > _OWN * (1 - chance))


def _codes(data: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """(n,) number of each row's combination."""
    return data.groupby(list(columns), observed=True, sort=False, dropna=False).ngroup().to_numpy()


def _unknown(why: str, *ways: str) -> str:
    """Why raters are not counted, and what to say for them to be."""
    said = " or ".join(ways) or "rater='user_id'"
    return f"Raters are not counted: {why}. Say who they are when fitting, as in {said}."


def _by_column(data: pd.DataFrame, groups: list[tuple[str, ...]]) -> tuple[str, ...] | str:
    """A column `rater`, or its combinations where the formula nests it and nothing else."""
    holding = [g for g in groups if RATER in g and not set(g) & set(THINGS)]
    if (RATER,) in groups:
        return (RATER,)
    if not holding:
        places = [name for name in data if _is(name, PLACES)]
        # Places of which raters have several.
        apart = [name for name in places if not _same_number(data, (name, RATER), (RATER,))]
        inner = (*apart, RATER)
    else:
        inner = min(holding, key=len)
    if _same_number(data, inner, (RATER,)):
        return (RATER,)
    if sum(len(g) == len(inner) for g in holding) == 1 and _nested(inner, (RATER,)):
        return inner
    return _unknown(
        f"they may be the values of '{RATER}', or combinations of {' and '.join(inner)}",
        f"rater='{RATER}'",
        f"rater={list(inner)}",
    )


def _by_name(data: pd.DataFrame, groups: list[tuple[str, ...]]) -> tuple[str, ...] | str:
    """The one grouping factor that may be people, if it is called so."""
    single = {g for g in groups if len(g) == 1 and _person(g[0])}
    candidates = [
        g
        for g in groups
        if not set(g) & set(THINGS)
        and not all(_is(name, PLACES | LANGUAGES) for name in g)
        and not any(set(s) < set(g) for s in single)
        and not (g not in single and any(set(g) < set(other) for other in groups))
    ]
    if not candidates:
        return _unknown("no column 'rater' and no term of the formula tells them apart")
    if len(candidates) > 1:
        told = ", ".join(":".join(g) for g in candidates)
        return _unknown(f"each of {told} might be they", *(f"rater={_said(g)}" for g in candidates))
    only = candidates[0]
    people = tuple(name for name in only if _person(name))
    if len(people) == 1 and (_nested(only, people) or _same_number(data, only, people)):
        return only
    if len(people) == 1:
        return _unknown(
            f"they may be the values of '{people[0]}', or combinations of {' and '.join(only)}",
            f"rater='{people[0]}'",
            f"rater={_said(only)}",
        )
    return _unknown(
        f"whether {':'.join(only)} are people does not follow from the name", f"rater={_said(only)}"
    )


def _said(columns: tuple[str, ...]) -> str:
    return repr(columns[0]) if len(columns) == 1 else str(list(columns))


def _same_number(data: pd.DataFrame, first: Sequence[str], second: Sequence[str]) -> bool:
    return bool(_codes(data, first).max() == _codes(data, second).max())


def _nested(group: Sequence[str], people: Sequence[str]) -> bool:
    return all(_is(name, NATIONS) for name in group if name not in people)


def _person(name: str) -> bool:
    return name.lower() == "id" or _is(name, PEOPLE)


def _is(name: str, words: frozenset[str]) -> bool:
    """Whether a column's name says that it is one of these, as in ``user_id`` or ``userID``."""
    parts = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().replace(".", "_").split("_")
    known = [part for part in parts if part in words or part.removesuffix("s") in words]
    return bool(known) and all(p in known or p in _NUMBER or p.isdigit() for p in parts if p)
