"""Which groups of a part of a study would, held against the whole, give away a few raters."""

from collections.abc import Mapping

import pandas as pd

from pluralign_stats.suppression import suppressed


def withheld_groups(
    given: pd.DataFrame, demographic: str, only: Mapping[str, str], min_cell: int
) -> tuple[str, ...]:
    """Name the groups that must not be shown in a part of the ratings.

    Who sees a group in the whole and in the part can take one from the other. So what any of the
    conditions leaves out of a group must be nobody or enough raters, also beside the other values
    of its column and those without a value. As totals may be known from other tables, no group is
    withheld alone, and of those withheld together no few raters may be left out either; the
    smallest others are withheld until so.

    Parameters
    ----------
    given
        Ratings of the whole; columns rater, the demographic and those of `only`.
    demographic
        Whose groups are compared.
    only
        Columns and the value of each that the part is made of.
    min_cell
        Fewest raters that may be told apart. Groups that are smaller in the part are not named:
        they are not shown in any case.
    """
    cells = given[["rater", demographic, *only]].drop_duplicates().dropna(subset=demographic)
    inside = cells[_meets(cells, only).all(axis=1)]
    n = inside.groupby(demographic, observed=True)["rater"].nunique()
    shown = [str(group) for group in n[n >= min_cell].sort_values(kind="stable").index]
    withheld = [
        group for group in shown if _betrays(cells[cells[demographic] == group], only, min_cell)
    ]
    rest = [group for group in shown if group not in withheld]
    while withheld and rest:
        if len(withheld) > 1 and not _few(cells[cells[demographic].isin(withheld)], only, min_cell):
            break
        withheld.append(rest.pop(0))
    return tuple(group for group in given[demographic].cat.categories if group in withheld)


def _few(cells: pd.DataFrame, only: Mapping[str, str], min_cell: int) -> bool:
    """Whether few raters meet some of the conditions and not the others."""
    meets = _meets(cells, only)
    sizes = cells.groupby([meets[column] for column in only])["rater"].nunique()
    return bool((sizes < min_cell).any())


def _betrays(cells: pd.DataFrame, only: Mapping[str, str], min_cell: int) -> bool:
    """Whether few raters could be told apart by asking for other conditions as well."""
    if _few(cells, only, min_cell):
        return True
    meets = _meets(cells, only)
    for column, value in only.items():
        context = cells[meets.drop(columns=column).all(axis=1)]
        raters = context.groupby(column, observed=True, dropna=False)["rater"].nunique()
        if suppressed(raters.to_numpy(), min_cell)[raters.index == value].any():
            return True
    return False


def _meets(cells: pd.DataFrame, only: Mapping[str, str]) -> pd.DataFrame:
    """Which of the conditions each row meets."""
    return pd.DataFrame({column: cells[column] == value for column, value in only.items()})
