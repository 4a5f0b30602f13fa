"""What a latent effect does to mean ratings once rater and item effects are averaged out."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import root
from scipy.special import expit

from pluralign_stats.errors import InputError

# Exact to about ten digits for the SDs of a rating study (1 to 2 logits).
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(41)
_WEIGHTS = _WEIGHTS / np.sqrt(2 * np.pi)


def exceedance(eta: np.ndarray, thresholds: np.ndarray, sd: float) -> np.ndarray:
    r"""Probability of a rating above each threshold, averaged over normal random effects.

    .. math:: P(Y > k) = \int \operatorname{logit}^{-1}(\eta + s z - \theta_k)\,\phi(z)\,dz

    Parameters
    ----------
    eta : ndarray, shape (n,)
        Fixed parts, in logits.
    thresholds : ndarray, shape (k,)
        Increasing thresholds, in logits.
    sd : float
        SD of the sum of the random effects, in logits.

    Returns
    -------
    ndarray, shape (n, k)
    """
    distance = np.asarray(eta)[:, None, None] - np.asarray(thresholds)[:, None]
    return expit(distance + sd * _NODES) @ _WEIGHTS


def mean_rating(eta: np.ndarray, thresholds: np.ndarray, sd: float) -> np.ndarray:
    """Mean rating, from 1 to k + 1, for each fixed part; arguments as in `exceedance`."""
    return 1 + exceedance(eta, thresholds, sd).sum(axis=1)


@dataclass(frozen=True, eq=False)
class Standard:
    """One dimension's model and the raters over which its means are taken.

    Attributes
    ----------
    X : ndarray, shape (cells, columns)
        Indicators of levels other than the reference, one row per combination of demographics.
    weights : ndarray, shape (cells,)
        Share of the raters in each combination; adds up to one.
    terms : ndarray of str, shape (columns,)
        The demographic to which each column belongs.
    thresholds : ndarray, shape (k,)
        Thresholds, in logits.
    sd : float
        SD of the sum of rater and item effects, in logits.
    """

    X: np.ndarray
    weights: np.ndarray
    terms: np.ndarray
    thresholds: np.ndarray
    sd: float


def mean_shares(standard: Standard, b: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Change of the mean rating, as a share of the reference level's mean.

    Both means are over the same raters: everyone is set to the level, then to the reference,
    all else left as it is.

    Parameters
    ----------
    standard : Standard
        The model and the raters.
    b : ndarray, shape (columns of X,)
        Effects, in logits.
    columns : ndarray of int, shape (m,)
        Columns whose change is asked for.

    Returns
    -------
    ndarray, shape (m,)
        −0.18 for 18 % lower.
    """
    return np.array([_mean_share(standard, b, column) for column in columns])


def solve_mean_shares(
    standard: Standard, b: np.ndarray, columns: np.ndarray, shares: np.ndarray
) -> np.ndarray:
    """Find the effects of `columns`, jointly, that give the wanted `shares` of `mean_shares`.

    Parameters
    ----------
    standard : Standard
        The model and the raters.
    b : ndarray, shape (columns of X,)
        Effects of all columns, in logits; those of `columns` are ignored.
    columns : ndarray of int, shape (m,)
        Columns to solve for.
    shares : ndarray, shape (m,)
        Wanted changes of the mean rating.

    Returns
    -------
    ndarray, shape (columns of X,)
        `b` with the solution in place.

    Raises
    ------
    InputError
        If no effect reaches the shares, as where a mean would have to leave the scale.
    """

    def miss(candidate: np.ndarray) -> np.ndarray:
        return mean_shares(standard, _replaced(b, columns, candidate), columns) - shares

    found = root(miss, np.log1p(shares), tol=1e-12)
    if not found.success:
        wanted = ", ".join(f"{share:+.1%}" for share in shares)
        raise InputError(
            f"no effects change the mean rating by {wanted}: the scale is too short; "
            "plant smaller percentages or use reading='odds'"
        )
    return _replaced(b, columns, found.x)


def _mean_share(standard: Standard, b: np.ndarray, column: int) -> float:
    same_term = standard.terms == standard.terms[column]
    others = standard.X @ np.where(same_term, 0.0, b)
    reference, level = (
        standard.weights @ mean_rating(others + shift, standard.thresholds, standard.sd)
        for shift in (0.0, b[column])
    )
    return level / reference - 1


def _replaced(b: np.ndarray, columns: np.ndarray, values: np.ndarray) -> np.ndarray:
    changed = b.copy()
    changed[columns] = values
    return changed
