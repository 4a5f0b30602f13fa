"""Draws in a table: each quantity with its mean, spread and interval."""

import numpy as np
import pandas as pd

from pluralign_stats.significance import check_level


def summarize(draws: np.ndarray, conf_level: float, *, signed: bool = True) -> pd.DataFrame:
    """Summarise draws.

    Parameters
    ----------
    draws
        (S, m) draws of m quantities.
    conf_level
        Level of the intervals, which have equal tails.
    signed
        Whether to tell the probability that a quantity is above 0.

    Returns
    -------
    DataFrame
        One row per quantity: columns estimate, sd, conf_low, conf_high, prob_positive; all missing
        where a draw is.
    """
    from arviz_stats.base import array_stats

    check_level(conf_level)
    lost = ~np.isfinite(draws).all(axis=0)
    known = np.where(lost, 0.0, draws)
    low, high = array_stats.eti(known, conf_level, axis=0).T
    columns = {
        "estimate": known.mean(axis=0),
        "sd": known.std(axis=0, ddof=1),
        "conf_low": low,
        "conf_high": high,
    }
    if signed:
        columns["prob_positive"] = (known > 0).mean(axis=0)
    return pd.DataFrame({name: np.where(lost, np.nan, each) for name, each in columns.items()})
