"""Raters of a model's rows by number, and how many stand behind a group."""

import numpy as np
import pandas as pd

from pluralign_stats.backing import Backing
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.suppression import few


def rater_numbers(fit: ModelEstimates) -> np.ndarray:
    """(n,) number of each row's rater; of the row itself where the model knows no raters."""
    codes = fit.design.raters.codes
    return np.arange(fit.nobs) if codes is None else codes


def counted_backing(fit: ModelEstimates, table: pd.DataFrame) -> Backing:
    """Who stands behind the rows of a table that counts raters itself."""
    raters = table["n_raters"].fillna(0).to_numpy(dtype=float)
    apart = _apart(fit, table)
    coarse = np.where(few(apart, MIN_CELL), table["n_ratings"].to_numpy(dtype=float), 0)
    return Backing(raters, fit.design.raters.unknown, apart=apart, coarse=coarse)


def _apart(fit: ModelEstimates, table: pd.DataFrame) -> np.ndarray:
    """(m,) by how many raters groups differ from what other tables of the study count, at least.

    A group that differs by few counts for all groups of its variable, and for all raters together;
    so do groups that only the model knows, where it is without few raters of the study, and groups
    whose numbers no table of the study tells.
    """
    published = fit.design.published
    apart = np.where(table["term"].isin(list(published)), 0, fit.design.left_out).astype(float)
    for name, counts in published.items():
        here = table["term"] == name
        whole = table["group"].astype(str).map({str(k): n for k, n in counts.items()})
        own = (whole - table["n_raters"]).where(here).fillna(0).to_numpy(dtype=float)
        differing = own > 0
        apart[differing] = own[differing].min(initial=np.inf) if differing.any() else 0
        apart[here & table["group"].isin(fit.design.withheld.get(name, ()))] = 1
    return apart


def count_raters(codes: np.ndarray, raters: np.ndarray, n_groups: int) -> np.ndarray:
    """(G,) different raters in each group; rows of code -1 do not count."""
    pairs = np.unique(np.column_stack([codes, raters]), axis=0)[:, 0]
    return np.bincount(pairs[pairs >= 0], minlength=n_groups)
