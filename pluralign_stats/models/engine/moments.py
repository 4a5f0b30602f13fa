"""Variances of random effects from moments: starting values close to the optimum."""

from collections.abc import Sequence

import numpy as np

from pluralign_stats.models.engine.blocks import Term

#: Least variance of an effect, as a share of that of the residuals.
LEAST = 0.001


def moment_variances(terms: Sequence[Term], residual: np.ndarray) -> tuple[list[np.ndarray], float]:
    """Variances of every effect, and of what is left, that reproduce sums of squares.

    The squares of each effect's sums over its levels, and of the residuals, are set equal to
    their expectations, which are linear in the variances (MIVQUE(0): Hartley, Rao & LaMotte 1978,
    Biometrics 34, 233-242, leaving aside that the residuals are estimated).

    Parameters
    ----------
    residual
        (n,) response less fixed effects.

    Returns
    -------
    tuple
        (q,) variances of each term's effects, and the residual variance.
    """
    effects = [(k, e) for k, term in enumerate(terms) for e in range(term.z.shape[1])]
    m = len(effects)
    left, right = np.zeros((m + 1, m + 1)), np.zeros(m + 1)
    left[m, m], right[m] = len(residual), residual @ residual
    cells = {(k, j): _cells(terms[k], terms[j]) for k in range(len(terms)) for j in range(k + 1)}
    for a, (k, e) in enumerate(effects):
        z = terms[k].z[:, e]
        right[a] = (np.bincount(terms[k].codes, z * residual) ** 2).sum()
        left[a, m] = left[m, a] = z @ z
        for b, (j, f) in enumerate(effects[: a + 1]):
            crossed = np.bincount(cells[k, j], z * terms[j].z[:, f])
            left[a, b] = left[b, a] = (crossed**2).sum()
    scale = np.sqrt(np.diag(left))
    scale[scale == 0] = 1.0
    solved = np.linalg.lstsq(left / np.outer(scale, scale), right / scale, rcond=None)[0] / scale
    total = residual @ residual / len(residual) or 1.0
    noise = min(max(solved[m], 0.1 * total), total)
    variances = np.maximum(solved[:m], LEAST * noise)
    ends = np.cumsum([term.z.shape[1] for term in terms])
    return np.split(variances, ends)[: len(terms)], float(noise)


def _cells(first: Term, second: Term) -> np.ndarray:
    """(n,) number of each row's combination of groups."""
    if first is second:
        return first.codes
    combined = first.codes.astype(np.int64) * second.n_groups + second.codes
    return np.unique(combined, return_inverse=True)[1]
