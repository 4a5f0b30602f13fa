"""How many raters and ratings stand behind an estimate."""

import numpy as np
import pandas as pd

from pluralign_stats.effects.averages import Population
from pluralign_stats.models.fit import Fit


def count(fit: Fit, rows: Population, factor: str | None = None) -> pd.DataFrame:
    """Raters and ratings of the model's data in each group, and in each level of a factor.

    Returns
    -------
    DataFrame
        Columns n_raters (missing where the model does not know its raters), n_ratings, indexed by
        group number and level.
    """
    data, codes = fit.design.data, fit.design.raters.codes
    keys = {"group": _group_numbers(fit, rows), "level": ""}
    if factor is not None:
        keys["level"] = data[factor].astype(str).to_numpy()
    frame = pd.DataFrame(keys | {"rater": 0 if codes is None else codes})
    grouped = frame[frame["group"] >= 0].groupby(["group", "level"])["rater"]
    made = pd.DataFrame({"n_raters": grouped.nunique(), "n_ratings": grouped.size()})
    return made.assign(n_raters=np.nan) if codes is None else made


def _group_numbers(fit: Fit, rows: Population) -> np.ndarray:
    """Group of each row of the model's data; -1 for those in none."""
    data = fit.design.data
    if not rows.names or any(name not in data for name in rows.names):
        return np.zeros(len(data), dtype=int) if not rows.names else np.full(len(data), -1)
    number = {group: k for k, group in enumerate(rows.groups)}
    columns = [data[name].astype(str) for name in rows.names]
    return np.array([number.get(cell, -1) for cell in zip(*columns, strict=True)])
