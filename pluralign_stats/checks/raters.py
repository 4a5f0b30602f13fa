"""Raters of a model's rows by number, and how many stand behind a group."""

import numpy as np

from pluralign_stats.models.fit import Fit


def rater_numbers(fit: Fit) -> np.ndarray:
    """(n,) number of each row's rater; of the row itself where the model knows no raters."""
    codes = fit.design.raters.codes
    return np.arange(fit.nobs) if codes is None else codes


def count_raters(codes: np.ndarray, raters: np.ndarray, n_groups: int) -> np.ndarray:
    """(G,) different raters in each group; rows of code -1 do not count."""
    pairs = np.unique(np.column_stack([codes, raters]), axis=0)[:, 0]
    return np.bincount(pairs[pairs >= 0], minlength=n_groups)
