"""Who the raters of a model are, and how many stand behind a group."""

import numpy as np
import pandas as pd

from pluralign_stats.effects.counts import rater_of
from pluralign_stats.models.fit import Fit


def rater_numbers(fit: Fit) -> np.ndarray:
    """(n,) number of each row's rater; of the row itself where the model knows no raters."""
    column = rater_of(fit)
    return np.arange(fit.nobs) if column is None else pd.factorize(fit.design.data[column])[0]


def count_raters(codes: np.ndarray, raters: np.ndarray, n_groups: int) -> np.ndarray:
    """(G,) different raters in each group; rows of code -1 do not count."""
    pairs = np.unique(np.column_stack([codes, raters]), axis=0)[:, 0]
    return np.bincount(pairs[pairs >= 0], minlength=n_groups)
