"""The rule by which an estimate in a table counts as different from 0."""

import pandas as pd

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
