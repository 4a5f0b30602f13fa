"""Intervals and their levels, and the rule by which an estimate counts as different from 0."""

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError
from pluralign_stats.settings import SIGNIFICANCE


def excludes_zero(table: pd.DataFrame) -> pd.Series:
    """Whether the interval of each row excludes 0; not where there is none."""
    return (table["conf_low"] > 0) | (table["conf_high"] < 0)


def significant(table: pd.DataFrame) -> pd.Series:
    """Whether each row differs from 0: by its adjusted p or, without one, by its interval."""
    return table["p_adjusted"] < SIGNIFICANCE if "p_adjusted" in table else excludes_zero(table)


def criterion(table: pd.DataFrame) -> str:
    """What a significant row has, for a sentence."""
    if "p_adjusted" in table:
        return f"an adjusted p below {SIGNIFICANCE}"
    return "a credible interval that leaves out 0"


def uncorrected(table: pd.DataFrame) -> str:
    """That intervals of several rows are not corrected for their number, for a sentence's end."""
    alone = "p_adjusted" in table or len(table) < 2
    return "" if alone else " Each is taken by itself, without correction for their number."


def check_bootstrap(n_bootstrap: int, conf_level: float) -> None:
    """Refuse fewer than 100 resamples and levels outside 0 to 1."""
    if n_bootstrap < 100:
        raise InputError(f"n_bootstrap must be 100 or more, not {n_bootstrap}")
    check_level(conf_level)


def check_level(conf_level: float) -> None:
    """Refuse a confidence level outside 0 to 1."""
    if not 0 < conf_level < 1:
        raise InputError(f"conf_level must lie between 0 and 1, such as 0.95, not {conf_level}")


def percentile_interval(replicates: np.ndarray, conf_level: float) -> tuple[float, float]:
    """Percentile interval of (b,) replicates; missing where there are none."""
    if len(replicates) == 0:
        return float("nan"), float("nan")
    tail = (1 - conf_level) / 2
    low, high = np.quantile(replicates, [tail, 1 - tail])
    return float(low), float(high)
