"""A score test whose variance is that between clusters of rows, whatever the model says of it.

With efficient scores d_g of G independent clusters, the sum S has covariance V, estimated from
their spread, and S' V^-1 S is Hotelling's T-squared (Boos 1992, American Statistician 46, 327-333;
Hotelling 1931). As one level of all clusters was estimated, a degree of freedom is lost, and two
groups of clusters are compared as by Hotelling's test of two samples. Rows that are clustered in
more than one way have V by inclusion and exclusion (Cameron, Gelbach & Miller 2011, JBES 29,
238-249).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.stats import f as fisher

#: Directions in which the scores vary by a smaller share than in the others carry no test.
LEAST = 1e-9


def lie_within(fine: np.ndarray, coarse: np.ndarray) -> bool:
    """Whether all rows of each fine group are of one coarse group; both (n,) numbers of groups."""
    _, first, group = np.unique(fine, return_index=True, return_inverse=True)
    return bool((coarse == coarse[first][group]).all())


@dataclass(frozen=True)
class ScoreTest:
    """F statistic, its two degrees of freedom, and p."""

    statistic: float
    df: int
    df_residual: float
    p_value: float


def score_test(scores: np.ndarray, clusters: Sequence[np.ndarray]) -> ScoreTest:
    """Test that scores (n, q) have the mean 0.

    Parameters
    ----------
    scores
        What each row adds to the efficient scores.
    clusters
        One or more ways (n,) in which the rows are clustered: numbers from 0.

    Returns
    -------
    ScoreTest
        Missing where clusters are too few, or the scores do not vary in each direction.
    """
    q, fewest = scores.shape[1], min(int(c.max()) + 1 for c in clusters)
    rest = float(fewest - 1 - q)
    size = np.sqrt((scores**2).sum(axis=0))
    if not q or rest < 1 or not (size > 0).all():
        return ScoreTest(np.nan, q, np.nan, np.nan)
    scaled = scores / size
    variance = cluster_covariance(scaled, clusters)
    values, vectors = np.linalg.eigh(variance)
    if values.min() <= LEAST * values.max():
        return ScoreTest(np.nan, q, np.nan, np.nan)
    squared = float(((vectors.T @ scaled.sum(axis=0)) ** 2 / values).sum())
    statistic = squared * rest / ((fewest - 1) * q)
    return ScoreTest(statistic, q, rest, float(fisher.sf(statistic, q, rest)))


def cluster_covariance(scores: np.ndarray, clusters: Sequence[np.ndarray]) -> np.ndarray:
    """Covariance (q, q) of the sum of scores (n, q) of rows in clusters.

    Of several ways of clustering, the sum of the covariances of each stands where inclusion and
    exclusion gives none, which is too large rather than too small.
    """
    parts = [
        (-1) ** (size + 1) * _one_way(scores, _crossed(chosen))
        for size in range(1, len(clusters) + 1)
        for chosen in combinations(clusters, size)
    ]
    made = np.sum(parts, axis=0)
    if len(clusters) > 1 and np.linalg.eigvalsh(made)[0] <= LEAST * np.trace(made):
        return np.sum(parts[: len(clusters)], axis=0)
    return made


def _crossed(clusters: Sequence[np.ndarray]) -> np.ndarray:
    """(n,) number of each row's combination of clusters."""
    return np.unique(np.column_stack(clusters), axis=0, return_inverse=True)[1].ravel()


def _one_way(scores: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    sums = np.array([np.bincount(cluster, column) for column in scores.T]).T
    apart = sums - sums.mean(axis=0)
    return len(sums) / (len(sums) - 1) * apart.T @ apart


def spread_draws(parameters: np.ndarray, drawn: np.ndarray, meat: np.ndarray) -> np.ndarray:
    """Draws (S, m) of quantities, spread about their means as far as clusters differ.

    With a quantity's covariances c with the parameters, whose covariance is C, its variance is
    ``c' C^-1 c`` by the model and ``c' M c`` by the sandwich ``C M C`` (and what is not linear in
    the parameters, which stays). The larger counts.

    Parameters
    ----------
    drawn
        (S, m) what was made of them.
    meat
        M (k, k), covariance of the sum of the scores of independent clusters.
    """
    apart, moved = parameters - parameters.mean(axis=0), drawn - drawn.mean(axis=0)
    c = apart.T @ moved / (len(drawn) - 1)
    slopes = np.linalg.lstsq(apart, moved, rcond=None)[0]
    model = np.einsum("km,km->m", c, slopes)
    robust = np.einsum("km,kl,lm->m", c, meat, c)
    whole = moved.var(axis=0, ddof=1)
    gain = np.maximum(robust - model, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(whole > 0, np.sqrt(1 + gain / whole), 1.0)
    return drawn.mean(axis=0) + factor * moved
