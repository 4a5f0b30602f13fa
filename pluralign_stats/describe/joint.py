"""What the dimensions share: how often a response positive on one is positive on another."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.backing import Backing
from pluralign_stats.figures.charts import JOINT
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL
from pluralign_stats.significance import check_bootstrap
from pluralign_stats.study.study import Study
from pluralign_stats.suppression import few
from pluralign_stats.words import alike


@dataclass(frozen=True)
class JointPositives:
    """Conditional shares between d dimensions.

    Attributes
    ----------
    share
        (d, d) P(positive on column | positive on row); missing where nothing is positive.
    low, high
        (d, d) ends of the bootstrap interval.
    n
        (d, d) ratings positive on the row's dimension and answered on the column's.
    """

    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n: np.ndarray


def joint_positives(
    positive: np.ndarray,
    answered: np.ndarray,
    rater: np.ndarray,
    *,
    n_bootstrap: int,
    seed: int,
    conf_level: float = CONF_LEVEL,
) -> JointPositives:
    """Conditional shares of positive ratings, with a bootstrap over raters.

    Parameters
    ----------
    positive, answered
        (n, d) boolean: rater-item pair n is positive, or has an answer, on dimension d.
    rater
        (n,) whole numbers from 0, the rater of each pair. Raters are resampled whole, as their
        ratings depend on each other.
    n_bootstrap, seed, conf_level
        Resamples, their seed, and the level of the percentile intervals.
    """
    n_raters, d = int(rater.max()) + 1, positive.shape[1]
    hits = np.zeros((n_raters, d * d))
    base = np.zeros((n_raters, d * d))
    both = positive[:, :, None] & positive[:, None, :] & answered[:, None, :]
    conditioned = positive[:, :, None] & answered[:, None, :]
    np.add.at(hits, rater, both.reshape(-1, d * d))
    np.add.at(base, rater, conditioned.reshape(-1, d * d))
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(n_raters, np.full(n_raters, 1 / n_raters), size=n_bootstrap)
    replicates = _ratio(weights @ hits, weights @ base)
    tail = (1 - conf_level) / 2
    low, high = np.full((2, d * d), np.nan)
    known = ~np.isnan(replicates).all(axis=0)
    if known.any():
        low[known], high[known] = np.nanquantile(replicates[:, known], [tail, 1 - tail], axis=0)
    share = _ratio(hits.sum(axis=0), base.sum(axis=0))
    shape = (d, d)
    return JointPositives(
        share.reshape(shape), low.reshape(shape), high.reshape(shape), base.sum(0).reshape(shape)
    )


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    return np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)


def positive_given_positive(
    study: Study, *, n_bootstrap: int = 1000, seed: int = 1, conf_level: float = CONF_LEVEL
) -> Result:
    """P(positive on one dimension | positive on another), with bootstrap intervals over raters.

    A rating is positive where it reaches the codebook's `positive_from`, by default where it lies
    above the middle of the scale: 4 or 5 of five (design: figure 1).

    Parameters
    ----------
    study
        The study.
    n_bootstrap, seed
        How many times raters are drawn anew, and the seed of it.
    conf_level
        Level of the intervals.

    Returns
    -------
    Result
        One row per ordered pair of different dimensions: given (positive on this dimension),
        dimension (share positive on this one), estimate, conf_low, conf_high, n_raters,
        n_ratings (positive on `given` and answered on `dimension`), method.

    Raises
    ------
    InputError
        If an argument is out of range.

    References
    ----------
    arXiv 2511.14476, figure 1; Efron & Tibshirani (1993), An Introduction to the Bootstrap,
    Chapman & Hall, chapter 13, for the intervals.

    Examples
    --------
    >>> pls.describe.positive_given_positive(study, n_bootstrap=100).table.shape
    (20, 8)
    """
    check_bootstrap(n_bootstrap, conf_level)
    wide = study.ratings.pivot(index=["rater", "item"], columns="dimension", values="rating")
    wide = wide[list(study.dimensions)]
    cuts = np.array([study.codebook.dimensions[d].positive for d in study.dimensions])
    found = joint_positives(
        (wide >= cuts).to_numpy(),
        wide.notna().to_numpy(),
        wide.index.get_level_values("rater").codes,
        n_bootstrap=n_bootstrap,
        seed=seed,
        conf_level=conf_level,
    )
    table = _table(study, found, wide)
    any_positive = bool((wide >= cuts).to_numpy().any())
    sentence = _sentence(table, any_positive=any_positive)
    if table["estimate"].notna().any():
        sentence = f"{sentence} {study.codebook.positive_rule()}."
    apart = _apart(wide)
    coarse = np.where(apart > 0, table["n_ratings"], 0)
    backing = Backing(np.zeros(len(table)), apart=apart, coarse=coarse, fractions=("estimate",))
    bad = f"; on {_bad(study)} that is bad" if _bad(study) else ""
    return Result.of(
        study,
        table,
        sentence,
        "Positive on one dimension, given positive on another",
        unit="share",
        conf_level=conf_level,
        interval=f"percentile intervals, {n_bootstrap:,} bootstrap samples of raters",
        notes=(f"{study.codebook.positive_rule()}{bad}.",),
        backing=backing,
        figure=JOINT,
    )


def _apart(wide: pd.DataFrame) -> np.ndarray:
    """(pairs,) by how few raters those of both dimensions differ from those of one, or of any.

    0 where they do not, or by enough. Ratings of both, beside those of one as other tables count
    them, would be the ratings of these raters.
    """
    rated = wide.notna().groupby(level="rater", observed=True).any().to_numpy()
    both = (rated[:, :, None] & rated[:, None, :]).sum(axis=0)
    one = rated.sum(axis=0)
    lost = np.array([len(rated) - both, one[:, None] - both, one[None, :] - both])
    least = np.where(few(lost, MIN_CELL), lost, 0).max(axis=0)
    return least[~np.eye(len(one), dtype=bool)]


def _table(study: Study, found: JointPositives, wide: pd.DataFrame) -> pd.DataFrame:
    names = [study.codebook.label(d) for d in study.dimensions]
    rows, columns = np.nonzero(~np.eye(len(names), dtype=bool))
    return pd.DataFrame(
        {
            "given": [names[i] for i in rows],
            "dimension": [names[j] for j in columns],
            "estimate": found.share[rows, columns],
            "conf_low": found.low[rows, columns],
            "conf_high": found.high[rows, columns],
            "n_raters": wide.index.get_level_values("rater").nunique(),
            "n_ratings": found.n[rows, columns].astype(int),
            "method": "share of ratings",
        }
    )


def _sentence(table: pd.DataFrame, *, any_positive: bool) -> str:
    if table.empty:
        return "This study has one dimension, so there is no pair of dimensions to compare."
    known = table.dropna(subset="estimate")
    if known.empty and any_positive:
        return (
            "No rater rated one item positive on one dimension and rated it on another as well, so "
            "nothing can be said of their joint share."
        )
    if known.empty:
        return "No dimension has positive ratings, so nothing can be said of their joint share."
    high, low = known.loc[known["estimate"].idxmax()], known.loc[known["estimate"].idxmin()]

    def told(row: pd.Series) -> str:
        return (
            f"of the ratings positive on {row['given']}, {row['estimate']:.0%} "
            f"[{row['conf_low']:.0%}, {row['conf_high']:.0%}] are positive on "
            f"{row['dimension']} too"
        )

    if len(known) == 1:
        return f"The one pair known: {told(high)}."
    if alike(high["estimate"], low["estimate"], ".0%"):
        return f"All pairs are equally close, such as: {told(high)}."
    return f"The closest pair: {told(high)}. The most distant: {told(low)}."


def _bad(study: Study) -> str:
    """Dimensions on which a high rating is bad, for a sentence."""
    bad = [d for d, entry in study.codebook.dimensions.items() if entry.valence == -1]
    return " and ".join(study.codebook.label(d) for d in bad)
