"""Which group the others are compared with, or why there are no two groups to compare."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from pluralign_stats.words import joined


@dataclass(frozen=True)
class Groups:
    """The groups of one demographic among some ratings.

    Attributes
    ----------
    reference
        The group that the others are compared with; empty where there are no two groups.
    large
        Groups of enough raters to be shown, in the order of the levels.
    lacking
        Why there are no two groups to compare; empty where there are.
    """

    reference: str
    large: tuple[str, ...]
    lacking: str = ""


def groups_of(data: pd.DataFrame, factor: str, label: str, min_cell: int) -> Groups:
    """Find the group to compare the others with.

    It is the first level of the factor or, where that has too few raters to be shown, the level of
    most raters.

    Parameters
    ----------
    data
        Ratings, with the columns rater and `factor` (a categorical).
    factor, label
        The demographic, and what readers call it.
    min_cell
        Fewest raters of a group that is shown.
    """
    raters = data.groupby(factor, observed=False)["rater"].nunique()
    raters.index = raters.index.astype(str)
    large = raters[raters >= min_cell]
    if len(large) < 2:
        return Groups("", tuple(large.index), _lacking(raters[raters > 0], large, label, min_cell))
    first = str(raters.index[0])
    return Groups(first if first in large.index else str(large.idxmax()), tuple(large.index))


def _lacking(present: pd.Series, large: pd.Series, label: str, min_cell: int) -> str:
    if present.empty:
        return f"no rater has an answer to {label}"
    if len(present) == 1:
        return f"all raters with an answer to {label} are of one group, '{present.index[0]}'"
    only = f"only '{large.index[0]}'" if len(large) else "none"
    return (
        f"of the {len(present)} groups of {label} {only} has {min_cell} raters or more; join small "
        "groups in the codebook ('recode', or 'other' for all of them)"
    )


def replaced(label: str, usual: str, reference: str, min_cell: int) -> str:
    """Say that another group than the usual one is the reference; empty where it is not."""
    if reference == usual:
        return ""
    return (
        f"{label} is compared with '{reference}', the largest group, as '{usual}' has fewer than "
        f"{min_cell} raters"
    )


def large_references(data: pd.DataFrame, factors: Sequence[str], min_cell: int) -> pd.DataFrame:
    """The same ratings, each factor's first level being the group that `groups_of` finds.

    Counted are the raters of rows in which all factors are known, as models take no others.
    """
    asked = data.dropna(subset=list(factors))
    for factor in factors:
        found = groups_of(asked, factor, factor, min_cell).reference
        data = compared_with(data, factor, found) if found else data
    return data


def compared_with(data: pd.DataFrame, factor: str, reference: str) -> pd.DataFrame:
    """The same ratings with another level of a factor first, which models compare with."""
    levels = data[factor].cat.categories
    first = [level for level in levels if str(level) == reference]
    order = [*first, *(level for level in levels if str(level) != reference)]
    return data.assign(**{factor: data[factor].cat.reorder_categories(order)})


def nothing_compared(reasons: Iterable[str]) -> str:
    """Say that no groups were compared and why, which is no finding about the groups."""
    told = "; ".join(dict.fromkeys(reasons)) or "there are no groups of raters"
    return f"No groups were compared, so nothing can be said of differences between them: {told}."


def no_demographics(known: Iterable[str]) -> str:
    """Why no demographic is looked at, where none is."""
    names = list(known)
    if not names:
        return "this study records no demographics of its raters"
    return (
        f"the codebook asks for the effects of none of its demographics ({joined(names)}); name "
        "those to compare"
    )
