"""Examples drawn without replacement from counted preferences."""

import numpy as np

#: Second numbers of the seeds that draw for the cap on each prompt and for the budget.
_CAP, _BUDGET = 2, 3

#: numpy draws from urns of fewer than this many balls.
_LARGEST_URN = 1_000_000_000


def drawn(counts: np.ndarray, k: int, seed: int) -> np.ndarray:
    """Draw `k` of all that is counted, each with equal chance, and count again.

    Parameters
    ----------
    counts
        (r,) how many there are of each row.
    k
        How many to draw, at most as many as there are.
    seed
        Equal seeds draw the same.

    Returns
    -------
    (r,) how many of each row were drawn: multivariate hypergeometric.
    """
    return _urn(counts, k, np.random.default_rng([seed, _BUDGET]))


def capped(counts: np.ndarray, prompt: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Draw `most` of each prompt that has more, each with equal chance.

    Parameters
    ----------
    counts, prompt
        (r,) how many there are of each row, and the row's prompt.
    most
        Largest number for a prompt.
    seed
        Equal seeds draw the same; each prompt has draws of its own.
    """
    names, code = np.unique(prompt, return_inverse=True)
    total = np.bincount(code, weights=counts, minlength=len(names))
    kept = counts.copy()
    for n in np.flatnonzero(total > most):
        rows = np.flatnonzero(code == n)
        rng = np.random.default_rng([seed, _CAP, *str(names[n]).encode()])
        kept[rows] = _urn(counts[rows], most, rng)
    return kept


def _urn(counts: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    total = int(counts.sum())
    if k >= total:
        return counts.copy()
    if total < _LARGEST_URN:
        return rng.multivariate_hypergeometric(counts, k, method="marginals")
    places: np.ndarray = np.zeros(0, np.int64)
    while len(places) < k:
        places = np.unique(np.r_[places, rng.integers(total, size=k - len(places))])
    ends = np.cumsum(counts)
    return np.bincount(np.searchsorted(ends, places, side="right"), minlength=len(counts))
