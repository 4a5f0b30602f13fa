"""Who the raters of a model are, and how many stand behind a group."""

import numpy as np
import pandas as pd

from pluralign_stats.models.fit import Fit

#: Grouping factors that are not people.
THINGS = ("item", "prompt", "response")

#: A grouping factor with more ratings a level is taken for groups of people, such as countries.
MOST_RATINGS = 100


def rater_of(fit: Fit) -> str | None:
    """Column that tells raters apart: `rater`, else the finest grouping factor of people if any."""
    data = fit.design.data
    if "rater" in data:
        return "rater"
    factors = {name for part in fit.random for name in part.design.term.factors}
    sizes = {name: data[name].nunique() for name in sorted(factors - set(THINGS))}
    people = {name: n for name, n in sizes.items() if fit.nobs < MOST_RATINGS * n}
    return max(people, key=lambda name: people[name]) if people else None


def rater_numbers(fit: Fit) -> np.ndarray:
    """(n,) number of each row's rater; of the row itself where the model knows no raters."""
    column = rater_of(fit)
    return np.arange(fit.nobs) if column is None else pd.factorize(fit.design.data[column])[0]


def count_raters(codes: np.ndarray, raters: np.ndarray, n_groups: int) -> np.ndarray:
    """(G,) different raters in each group; rows of code -1 do not count."""
    pairs = np.unique(np.column_stack([codes, raters]), axis=0)[:, 0]
    return np.bincount(pairs[pairs >= 0], minlength=n_groups)
