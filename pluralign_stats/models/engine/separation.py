"""Which columns of a matrix others determine, and whether a coefficient runs off to infinity.

The log-likelihood of an ordinal model is concave in the location coefficients, and has no finite
maximum if moving along some direction never brings a cut nearer to any rating (Konis 2007, DPhil
thesis, Oxford, chapter 4, for the binary case). A linear program finds such a direction.
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


def determined_rows(
    lower: np.ndarray,
    upper: np.ndarray,
    bottom: np.ndarray,
    top: np.ndarray,
    direction: np.ndarray,
) -> np.ndarray:
    """(n,) ratings whose probability tends to 1 along a direction: all cuts beside them move away.

    Parameters are those of `separating_direction`, and what it found.
    """
    below = bottom | (-lower @ direction > AWAY)
    above = top | (upper @ direction > AWAY)
    return below & above & ~(bottom & top)


#: A column whose scaled part outside the others is shorter than this is determined by them.
COLLINEAR = 1e-7


def independent_columns(X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split the columns of a matrix into independent ones and those that earlier ones determine.

    Returns
    -------
    kept, dropped
        (r,) and (p - r,) column numbers.
    dependence
        (r, p - r) weights: ``X[:, dropped] = X[:, kept] @ dependence``.
    """
    scale = np.linalg.norm(X, axis=0)
    scale[scale == 0] = 1
    R = np.linalg.qr(X / scale, mode="r")
    kept: list[int] = []
    for j in range(X.shape[1]):
        if np.linalg.matrix_rank(R[:, [*kept, j]], tol=COLLINEAR) == len(kept) + 1:
            kept.append(j)
    dropped = np.setdiff1d(np.arange(X.shape[1]), kept)
    weights = np.linalg.lstsq(R[:, kept], R[:, dropped], rcond=None)[0]
    return np.array(kept, dtype=int), dropped, weights * scale[dropped] / scale[kept][:, None]
