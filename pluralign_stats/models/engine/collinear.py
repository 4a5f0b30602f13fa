"""Which columns of a matrix other columns determine."""

import numpy as np

#: A column whose scaled part outside the others is shorter than this is determined by them.
COLLINEAR = 1e-7


def independent_columns(X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split the columns of a matrix into independent ones and those that earlier ones determine.

    Parameters
    ----------
    X
        (n, p) matrix.

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
