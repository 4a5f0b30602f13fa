"""Which groups of a part of a study would, held against the whole, give away a few raters."""

from collections.abc import Mapping

import pandas as pd

from pluralign_stats.describe.disclosure import suppressed


def withheld_groups(
    given: pd.DataFrame, demographic: str, only: Mapping[str, str], min_cell: int
) -> tuple[str, ...]:
    """Name the groups that must not be shown in a part of the ratings.

    Who sees a group in the whole and in the part can take one from the other. So what any of the
    conditions leaves out of a group must be nobody or enough raters, also beside the other values
    of its column; raters without a value are none of these, as in `composition`. As totals may be known from other tables, the groups withheld must be safe
    together too; the smallest of the others are withheld until they are.

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
    while withheld and rest and _betrays(cells[cells[demographic].isin(withheld)], only, min_cell):
        withheld.append(rest.pop(0))
    return tuple(group for group in map(str, given[demographic].cat.categories) if group in withheld)


def _betrays(cells: pd.DataFrame, only: Mapping[str, str], min_cell: int) -> bool:
    """Whether few raters could be told apart by asking for some, all or none of the conditions."""
    meets = _meets(cells, only)
    sizes = cells.groupby([meets[column] for column in only])["rater"].nunique()
    if (sizes < min_cell).any():
        return True
    for column, value in only.items():
        context = cells[meets.drop(columns=column).all(axis=1)]
        raters = context.groupby(column, observed=True)["rater"].nunique()
        if suppressed(raters.to_numpy(), min_cell)[raters.index == value].any():
            return True
    return False


def _meets(cells: pd.DataFrame, only: Mapping[str, str]) -> pd.DataFrame:
    """Which of the conditions each row meets."""
    return pd.DataFrame({column: cells[column] == value for column, value in only.items()})
