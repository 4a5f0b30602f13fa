"""Bootstrap intervals, and the checks of their arguments."""

import numpy as np

from pluralign_stats.errors import InputError


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
