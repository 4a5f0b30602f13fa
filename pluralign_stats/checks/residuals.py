"""Whether ratings spread over their predicted distributions as they should.

A rating's residual is its rank in the distribution that the model predicts for it, averaged over
raters and items: uniform between 0 and 1 if the model is right (randomized quantile residuals:
Dunn & Smyth 1996, JCGS 5, 236-244; Hartig's DHARMa). A category covers a stretch of ranks; instead
of drawing one rank from it at random, its rating counts in equal parts along it, which is the
average over all draws (Czado, Gneiting & Held 2009, Biometrics 65, 1254-1261).

Ratings of one rater or item are not independent, so no test for independent ranks holds its level.
The verdict compares the data with data sets drawn from the model, which have the same raters and
items and are fitted too; see `replicates`.
"""

import numpy as np
import pandas as pd

from pluralign_stats.checks.groups import Groups, group_rows, repeated
from pluralign_stats.checks.protocol import Check
from pluralign_stats.checks.raters import counted_backing
from pluralign_stats.checks.replicates import OF_THE_MODEL, P_TOLD, Comparison, Data, compare
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL, SIGNIFICANCE
from pluralign_stats.words import p_told

#: Parts of equal probability in which residuals are counted.
N_PARTS = 10


def residual_check(
    fit: ModelEstimates,
    by: str | pd.Series | None = None,
    *,
    n_simulations: int = 200,
    conf_level: float = CONF_LEVEL,
    seed: int = 0,
) -> Check:
    """Check that residuals are uniform, whatever the fitted rating.

    Parameters
    ----------
    fit
        A linear or ordinal fit.
    by
        A variable by whose levels to look, instead of the fitted mean rating; also a series, for
        variables outside the model.
    n_simulations
        Data sets drawn from the model.
    conf_level
        Share of them within the limits shown.
    seed
        Of the random numbers.

    Returns
    -------
    Check
        Table with columns term, group, part (tenth of the predicted distribution), estimate (share
        of residuals in it), conf_low and conf_high (limits for data from the model), n_raters,
        n_ratings, method. Passed unless fewer than 5 % of the data sets from the model depart as
        far from uniform.

    Raises
    ------
    InputError
        If an argument cannot be used.

    References
    ----------
    Dunn & Smyth (1996), Journal of Computational and Graphical Statistics 5, 236-244.

    Examples
    --------
    >>> pls.checks.residual_check(fit, n_simulations=39).passed
    True
    """
    groups = group_rows(fit, by)

    def statistic(data: Data) -> np.ndarray:
        low, high = data.ranks()
        return groups.means(part_shares(low, high), data.weight).ravel()

    compared = compare(fit, statistic, n_simulations, seed)
    p = compared.p_value()
    table = _table(fit, groups, compared, conf_level)
    result = Result.of(
        fit,
        table,
        _sentence(table, p),
        f"Residuals by {groups.term}",
        unit="share of residuals",
        conf_level=conf_level,
        interval=f"limits from {n_simulations:,} data sets drawn from the model",
        notes=(
            "A residual is the rank of a rating in its predicted distribution, averaged over "
            "raters and items; if the model is right, each tenth holds a tenth of them.",
            P_TOLD,
            None if by is None else OF_THE_MODEL,
            *groups.notes,
        ),
        backing=counted_backing(fit, table),
    )
    return Check("residuals", p >= SIGNIFICANCE, result, p_value=p)


def part_shares(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """(n, 10) shares of the stretches from low to high (n,) that lie in each tenth of 0 to 1."""
    edges = np.linspace(0, 1, N_PARTS + 1)[1:-1]
    length = high - low
    with np.errstate(divide="ignore", invalid="ignore"):
        below = np.clip((edges - low[:, None]) / length[:, None], 0, 1)
    points = (edges > low[:, None]).astype(float)
    below = np.where(length[:, None] > 0, below, points)
    return np.diff(below, axis=1, prepend=0, append=1)


def _table(
    fit: ModelEstimates, groups: Groups, compared: Comparison, conf_level: float
) -> pd.DataFrame:
    low, high = compared.limits(conf_level)
    numbers = {"estimate": compared.observed, "conf_low": low, "conf_high": high}
    parts = np.tile(np.arange(1, N_PARTS + 1), len(groups.labels))
    table = repeated([groups], N_PARTS).assign(**numbers, part=parts, method=str(fit.method))
    columns = ["term", "group", *numbers, "n_raters", "n_ratings", "part", "method"]
    return table[columns]


def _sentence(table: pd.DataFrame, p: float) -> str:
    outside = (table["estimate"] < table["conf_low"]) | (table["estimate"] > table["conf_high"])
    told = f"{outside.sum()} of {len(table)} shares of residuals lie outside their limits"
    if p >= SIGNIFICANCE:
        return (
            "The ratings spread over their predicted distributions as the model says "
            f"({p_told(p)}): {told}."
        )
    return (
        "The ratings do not spread over their predicted distributions as the model says "
        f"({p_told(p)}): {told}. A variable may be missing, or move single ratings or their spread "
        "instead of all ratings alike."
    )
