"""Whether a coefficient of an ordinal model runs off to infinity.

The log-likelihood is concave in the location coefficients, and has no finite maximum if moving
along some direction never brings a cut nearer to any rating (Konis 2007, DPhil thesis, Oxford,
chapter 4, for the binary case). A linear program finds such a direction.
"""

import numpy as np
from scipy.optimize import linprog

#: A direction is one of separation if cuts move away by more than this.
AWAY = 1e-6


def separating_direction(
    lower: np.ndarray, upper: np.ndarray, bottom: np.ndarray, top: np.ndarray
) -> np.ndarray | None:
    """A direction (f,) along which the likelihood never falls, or None.

    Parameters
    ----------
    lower, upper
        (n, f) design rows of the cuts below and above each rating.
    bottom, top
        (n,) whether there is no such cut.
    """
    away = np.unique(np.round(np.vstack([-lower[~bottom], upper[~top]]), 12), axis=0)
    found = linprog(-away.sum(axis=0), A_ub=-away, b_ub=np.zeros(len(away)), bounds=(-1, 1))
    if not found.success or (away @ found.x).max() < AWAY:
        return None
    return found.x
