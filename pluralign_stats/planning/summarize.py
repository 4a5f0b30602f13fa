"""What simulated studies tell of a design: power, errors of sign and size, coverage."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from statsmodels.stats.proportion import proportion_confint

from pluralign_stats.planning.replicate import Replicate
from pluralign_stats.settings import CONF_LEVEL

#: A difference counts as found if its p-value is below.
ALPHA = 1 - CONF_LEVEL


@dataclass(frozen=True)
class Summary:
    """What a design can be expected to find.

    Attributes
    ----------
    power, conf_low, conf_high
        Share of studies in which the difference is found, with its Monte Carlo interval.
    type_s
        Share of these in which it has the wrong sign.
    type_m
        By what factor they exaggerate its size, on average.
    coverage
        Share of intervals that hold the truth, among fits that did not fail.
    n_simulations, n_found, n_failed
        Studies in all, those in which the difference is found, and those whose fit failed.
    """

    power: float
    conf_low: float
    conf_high: float
    type_s: float
    type_m: float
    coverage: float
    n_simulations: int
    n_found: int
    n_failed: int


def summarize(replicates: Sequence[Replicate], truth: float) -> Summary:
    """Sum up simulated studies.

    A failed fit counts as a study that does not find the difference. Errors of sign and size are
    those of Gelman & Carlin (2014, Perspectives on Psychological Science 9(6)): among differences
    that are found. They are missing where none is, or where there is nothing to find.

    Parameters
    ----------
    replicates
        One or more.
    truth
        The difference that was planted, in the unit of the estimates.
    """
    estimate, p, covered = (
        np.array([getattr(r, name) for r in replicates], dtype=float)
        for name in ("estimate", "p_value", "covered")
    )
    failed, found = np.isnan(p), p < ALPHA
    n, n_found, n_failed = len(p), int(found.sum()), int(failed.sum())
    low, high = proportion_confint(n_found, n, 1 - CONF_LEVEL, method="wilson")
    wrong = size = float("nan")
    if n_found and truth:
        wrong = float((np.sign(estimate[found]) != np.sign(truth)).mean())
        size = float(np.abs(estimate[found]).mean() / abs(truth))
    held = float(covered[~failed].mean()) if n_failed < n else float("nan")
    return Summary(n_found / n, low, high, wrong, size, held, n, n_found, n_failed)
