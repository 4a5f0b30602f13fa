"""How far raters agree with themselves: items that they rated a second time."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.describe.disclosure import hide_totals
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL
from pluralign_stats.significance import check_bootstrap, percentile_interval
from pluralign_stats.study.study import Study
from pluralign_stats.suppression import check_min_cell
from pluralign_stats.words import alike, extremes

_COLUMNS = ["dimension", "estimate", "conf_low", "conf_high", "same", "shift"]
_COLUMNS += ["n_raters", "n_ratings", "method"]

METHOD = "weighted kappa, quadratic weights"


@dataclass(frozen=True)
class Reliability:
    """How far second ratings agree with first ones.

    Attributes
    ----------
    kappa
        1 for equal ratings, 0 for chance; missing where all ratings are equal.
    replicates
        (b,) kappas of resampled raters; missing ones left out.
    same
        Share of second ratings that equal the first.
    shift
        Mean of the second ratings less that of the first.
    """

    kappa: float
    replicates: np.ndarray
    same: float
    shift: float


def reliability(
    first: np.ndarray, second: np.ndarray, rater: np.ndarray, n_bootstrap: int, seed: int
) -> Reliability:
    """Quadratically weighted kappa of pairs of ratings, with a bootstrap over raters.

    ``1 - E(x - y)² / (var x + var y + (mean x - mean y)²)`` with variances of 1/n, which is the
    weighted kappa for ratings in categories, and Lin's concordance for ratings that are numbers.

    Parameters
    ----------
    first, second
        (n,) ratings of the same items.
    rater
        (n,) whole numbers from 0, whose they are. Raters are resampled whole.
    n_bootstrap, seed
        Resamples and their seed.

    References
    ----------
    Fleiss & Cohen (1973), Educational and Psychological Measurement 33, 613-619; Lin (1989),
    Biometrics 45, 255-268.
    """
    # About a common centre, as moments about 0 lose digits.
    x, y = first - first.mean(), second - first.mean()
    each = np.column_stack([np.ones(len(x)), x, y, x * x, y * y, x * y])
    n = int(rater.max()) + 1
    sums = np.column_stack([np.bincount(rater, column, n) for column in each.T])
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=n_bootstrap)
    replicates = _kappa(weights @ sums)
    return Reliability(
        float(_kappa(sums.sum(axis=0)[None])[0]),
        replicates[~np.isnan(replicates)],
        float((first == second).mean()),
        float(second.mean() - first.mean()),
    )


def _kappa(sums: np.ndarray) -> np.ndarray:
    """(b,) kappas of (b, 6) sums of 1, x, y, x², y² and xy."""
    n, x, y, xx, yy, xy = sums.T
    apart = (xx + yy - 2 * xy) / n
    chance = (xx + yy) / n - 2 * x * y / n**2
    known = chance > 1e-12
    return np.where(known, 1 - apart / np.where(known, chance, 1), np.nan)


def retest(
    study: Study,
    *,
    n_bootstrap: int = 1000,
    seed: int = 1,
    min_cell: int = MIN_CELL,
    conf_level: float = CONF_LEVEL,
) -> Result:
    """Test-retest reliability: how far raters agree with themselves on items rated twice.

    Of a study whose codebook keeps repeated ratings (``repeats: retest``). The first two ratings
    of an item by one rater are compared; models and all other tables take the first one only.

    Parameters
    ----------
    study
        The study.
    n_bootstrap, seed
        Resamples of raters for the intervals, and their seed.
    min_cell
        Dimensions on which fewer raters repeated a rating are left out.
    conf_level
        Level of the percentile intervals.

    Returns
    -------
    Result
        Columns dimension, estimate (weighted kappa with quadratic weights; of ratings that are
        numbers Lin's concordance, which has the same formula), conf_low, conf_high, same (share of
        equal ratings), shift (mean second less mean first rating, in rating points), n_raters,
        n_ratings (pairs of ratings), method.

    Raises
    ------
    InputError
        If an argument is out of range.

    References
    ----------
    Fleiss & Cohen (1973), Educational and Psychological Measurement 33, 613-619.

    Examples
    --------
    >>> pls.describe.retest(study).sentence
    'No item was rated twice by a rater, so nothing can be said of how far raters agree with \
themselves.'
    """
    check_bootstrap(n_bootstrap, conf_level)
    check_min_cell(min_cell)
    repeats = study.repeats
    pairs = repeats[repeats["occasion"].isin([1, 2])].pivot(
        index=["dimension", "rater", "item"], columns="occasion", values="rating"
    )
    records, few = [], []
    for dimension in study.dimensions:
        if dimension not in pairs.index.get_level_values("dimension"):
            continue
        own = pairs.loc[dimension]
        rater = pd.factorize(own.index.get_level_values("rater"))[0]
        if len(set(rater)) < min_cell:
            few.append(study.codebook.label(dimension))
            continue
        first, second = (own[k].to_numpy(dtype=float) for k in (1, 2))
        found = reliability(first, second, rater, n_bootstrap, seed)
        low, high = percentile_interval(found.replicates, conf_level)
        shown = found.kappa, low, high, found.same, found.shift
        label = study.codebook.label(dimension)
        records.append((label, *shown, len(set(rater)), len(own), METHOD))
    table = hide_totals(study, pd.DataFrame(records, columns=_COLUMNS), min_cell)
    notes = [
        "Models and all other tables take the first rating of an item by a rater, once.",
        "On a scale of numbers the same formula is Lin's concordance.",
    ]
    if (repeats["occasion"] > 2).any():
        notes.append("Ratings after the second one are not compared.")
    if few:
        told = ", ".join(few)
        notes.append(f"Not shown, with fewer than {min_cell} raters who rated again: {told}.")
    return Result.of(
        study,
        table,
        _sentence(table, rated=len(repeats) > 0, min_cell=min_cell),
        "Agreement of raters with themselves",
        unit="kappa",
        conf_level=conf_level,
        interval=f"percentile intervals, {n_bootstrap:,} bootstrap samples of raters",
        notes=notes if len(repeats) else (),
        figure=FOREST,
    )


def _sentence(table: pd.DataFrame, *, rated: bool, min_cell: int) -> str:
    if not rated:
        return (
            "No item was rated twice by a rater, so nothing can be said of how far raters agree "
            "with themselves."
        )
    known = table.dropna(subset="estimate").set_index("dimension")["estimate"]
    if known.empty:
        return (
            f"Fewer than {min_cell} raters rated an item again, or all ratings are equal: nothing "
            "can be said of how far raters agree with themselves."
        )
    (least, most), low, high = extremes(known.to_dict()), known.min(), known.max()
    scale = "1 would be the same rating each time, 0 is what chance gives"
    if len(known) == 1 or alike(low, high):
        where = most if len(known) == 1 else "all dimensions"
        return f"Raters agree with themselves on {where} with a kappa of {high:.2f}; {scale}."
    return (
        f"Raters agree with themselves most on {most} (kappa {high:.2f}) and least on {least} "
        f"(kappa {low:.2f}); {scale}."
    )
