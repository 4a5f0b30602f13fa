"""Raters of a model's rows by number, and how many stand behind a group."""

import numpy as np
import pandas as pd

from pluralign_stats.backing import Backing
from pluralign_stats.models.fit import Fit


def rater_numbers(fit: Fit) -> np.ndarray:
    """(n,) number of each row's rater; of the row itself where the model knows no raters."""
    codes = fit.design.raters.codes
    return np.arange(fit.nobs) if codes is None else codes


def counted_backing(fit: Fit, table: pd.DataFrame) -> Backing:
    """Who stands behind the rows of a table that counts raters itself."""
    raters = table["n_raters"].fillna(0).to_numpy(dtype=float)
    apart = _apart(fit, table)
    n = table["n_ratings"].to_numpy(dtype=float)
    return Backing(raters, fit.design.raters.unknown, apart=apart, coarse=np.where(apart > 0, n, 0))


def _apart(fit: Fit, table: pd.DataFrame) -> np.ndarray:
    """(m,) by how many raters groups differ from what other tables of the study count, at least.

    A group that differs by few counts for all groups of its variable, and for all raters together.
    """
    published, apart = fit.design.published, np.zeros(len(table))
    for name, counts in published.items():
        here = table["term"] == name
        whole = table["group"].astype(str).map({str(k): n for k, n in counts.items()})
        own = (whole - table["n_raters"]).where(here).fillna(0).to_numpy(dtype=float)
        differing = own > 0
        apart[differing] = own[differing].min(initial=np.inf) if differing.any() else 0
    return apart


def count_raters(codes: np.ndarray, raters: np.ndarray, n_groups: int) -> np.ndarray:
    """(G,) different raters in each group; rows of code -1 do not count."""
    pairs = np.unique(np.column_stack([codes, raters]), axis=0)[:, 0]
    return np.bincount(pairs[pairs >= 0], minlength=n_groups)
