"""Items that a rater rated more than once: which rating counts, and what becomes of the others."""

from dataclasses import dataclass, field

import pandas as pd

from pluralign_stats.errors import InputError
from pluralign_stats.study.codebook import Repeats
from pluralign_stats.study.filters import LEFT_OUT, told
from pluralign_stats.study.questions import Dimension
from pluralign_stats.study.tables import RawTable, row_list

_KEY = ["rater", "item"]

#: What each rule does with ratings after the first.
DONE: dict[Repeats, str] = {
    "first": LEFT_OUT,
    "last": LEFT_OUT,
    "mean": "averaged",
    "retest": "kept as later occasions",
}


@dataclass
class Occasions:
    """What was found of repeated ratings, dimension by dimension.

    Attributes
    ----------
    rule
        What the codebook says of them.
    kept
        Of each dimension, the ratings by occasion.
    rows
        Rows of the ratings file of which a rating does not stand for itself.
    """

    rule: Repeats | None
    kept: list[pd.DataFrame] = field(default_factory=list)
    rows: set[int] = field(default_factory=set)

    @property
    def frame(self) -> pd.DataFrame:
        """Columns rater, item, dimension, occasion, rating."""
        return pd.concat(self.kept, ignore_index=True) if self.kept else no_repeats()

    @property
    def told(self) -> pd.DataFrame:
        """What the rule did, as a row of a study's exclusions."""
        if self.rule is None or not self.rows:
            return told([])
        return told([(f"repeats: {self.rule}", len(self.rows), 0, DONE[self.rule])])


def no_repeats() -> pd.DataFrame:
    """Ratings by occasion where nothing was rated twice."""
    return pd.DataFrame(columns=[*_KEY, "dimension", "occasion", "rating"])


def settle(
    ratings: pd.DataFrame,
    table: RawTable,
    column: str,
    name: str,
    dimension: Dimension,
    occasions: Occasions,
) -> pd.DataFrame:
    """Leave one rating of each rater and item, as the codebook's rule says.

    An empty cell is no rating: beside a given one it goes. Ratings come in the order of the file.

    Parameters
    ----------
    ratings
        Columns rater, item, rating of one dimension; indexed by the row numbers of `table`.
    table, column, name, dimension
        Where they come from, and their entry in the codebook.
    occasions
        The rule; what was found is added to it.

    Raises
    ------
    InputError
        If means of ratings are no ratings of the scale.
    """
    repeated = ratings.duplicated(_KEY, keep=False)
    if occasions.rule is None or not repeated.any():
        return ratings
    several = ratings[repeated]
    given = several.dropna(subset="rating")
    one = given.drop_duplicates(_KEY, keep="last" if occasions.rule == "last" else "first")
    if occasions.rule == "mean":
        means = given.groupby(_KEY, sort=False)["rating"].mean()
        one = one.assign(rating=means.loc[pd.MultiIndex.from_frame(one[_KEY])].to_numpy())
        _refuse_means(one, table, column, name, dimension)
    if occasions.rule == "retest":
        order = given.groupby(_KEY, sort=False).cumcount() + 1
        found = given.assign(dimension=name, occasion=order)[no_repeats().columns]
        occasions.kept.append(found[found.duplicated(_KEY, keep=False)])
    empty = several.drop_duplicates(_KEY)
    known = pd.MultiIndex.from_frame(empty[_KEY]).isin(pd.MultiIndex.from_frame(one[_KEY]))
    left = pd.concat([one, empty[~known]])
    occasions.rows.update(several.index.difference(left.index))
    return pd.concat([ratings[~repeated], left]).sort_index()


def _refuse_means(
    means: pd.DataFrame, table: RawTable, column: str, name: str, dimension: Dimension
) -> None:
    off = ~dimension.scale.holds(means["rating"].to_numpy())
    if off.any():
        low, high = dimension.scale
        first = means[off].iloc[0]
        raise InputError(
            f"{table.name}: column '{column}', {row_list(means.index[off])}: the mean of several "
            f"ratings of item '{first['item']}' by rater '{first['rater']}' on '{name}' is "
            f"{first['rating']:g}; allowed: {dimension.scale.allowed}; for means state 'scale: "
            f"{{from: {low}, to: {high}, continuous: true}}', or take the first ('repeats: first')"
        )
