"""Whether ratings drawn from a Bayesian model look like those that were given."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.checks.groups import Groups, group_rows, repeated, whole
from pluralign_stats.checks.protocol import Check
from pluralign_stats.checks.raters import counted_backing, rater_numbers
from pluralign_stats.checks.replicates import FEWEST, P_TOLD, Comparison, share_beyond
from pluralign_stats.errors import InputError, NotApplicableError, check_one_of
from pluralign_stats.formatting import plain_rating
from pluralign_stats.models.bayes.fit import PosteriorEstimates, need_posterior
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.raters import RATER
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL, SIGNIFICANCE
from pluralign_stats.suppression import check_min_cell
from pluralign_stats.words import counted, p_told

#: Whose effects are drawn anew in replicated ratings.
NEW = ("raters", "all", "none")

#: Factors of the model with more levels are not looked at unless asked for.
MOST_LEVELS = 20

#: By how much correlations between the numbers compared are shrunk towards 0.
SHRINK = 0.1

#: Shares of raters that lie below the points shown of a distribution over raters.
POINTS = np.arange(1, 10) / 10


@dataclass(frozen=True, eq=False)
class Statistic:
    """Numbers by which replicated ratings are compared with those given.

    Attributes
    ----------
    of
        From (n,) categories or responses to the K numbers.
    names
        K rows: columns term, group, rating or statistic, n_raters, n_ratings.
    notes
        What was left out.
    """

    of: Callable[[np.ndarray], np.ndarray]
    names: pd.DataFrame
    notes: tuple[str, ...] = ()


def predictive_check(
    fit: ModelEstimates,
    by: str | pd.Series | None = None,
    *,
    n_draws: int = 200,
    new: str = "raters",
    min_cell: int = MIN_CELL,
    conf_level: float = CONF_LEVEL,
    seed: int = 0,
) -> Check:
    """Compare ratings with those that the posterior says might have been given instead.

    Parameters
    ----------
    fit
        A Bayesian fit.
    by
        A variable by whose levels to look, also a series for variables outside the model; None for
        all factors of the model. ``"rater"`` for the distribution over raters of the mean and of
        the spread of their ratings.
    n_draws
        Draws of the posterior, each of which gives one set of ratings.
    new
        ``"raters"``: ratings of the same items by new raters, whose effects are drawn anew (of all
        groups where the model tells no raters apart). ``"all"``: by new raters of new items.
        ``"none"``: by the same raters of the same items.
    min_cell
        Fewest raters of a group that is shown.
    conf_level
        Share of the replicated values within the intervals.
    seed
        Of the random numbers.

    Returns
    -------
    Check
        Table with columns term, group, rating (ordinal models: share of that rating) or statistic,
        estimate (predicted), conf_low, conf_high (of replicated ratings), n_raters, n_ratings,
        observed, method. Passed unless fewer than 5 % of the replicates depart as far from what the
        model predicts; the p-value is that share.

    Raises
    ------
    InputError
        If the fit is not Bayesian or an argument cannot be used.

    Notes
    -----
    Departure is the distance from the average of all sets of ratings in terms of their covariance
    (Mahalanobis's, with correlations shrunk towards 0): a difference counts for more where the sets
    hardly differ. As the model was fitted to these ratings, this posterior predictive p-value is
    too large rather than too small.

    References
    ----------
    Gelman, Meng & Stern (1996), Statistica Sinica 6, 733-807.

    Examples
    --------
    >>> pls.checks.predictive_check(posterior, "gender", n_draws=50).name
    'predictive'
    """
    fit = need_posterior(
        fit,
        "this check is for fits by fit_bayes; for fit_linear and fit_ordinal there is "
        "checks.calibration_check",
    )
    check_one_of("'new'", new, NEW)
    if not isinstance(n_draws, int) or n_draws < FEWEST:
        raise InputError(f"'n_draws' must be a whole number of {FEWEST} or more, not {n_draws}")
    check_min_cell(min_cell)
    of_raters = isinstance(by, str) and (by == RATER or (by,) == fit.design.raters.columns)
    statistic = _by_rater(fit) if of_raters else _by_groups(fit, by, min_cell)
    compared = compare_draws(fit, statistic, n_draws, new, seed)
    p = predictive_p(compared)
    table = _table(fit, statistic, compared, conf_level)
    result = Result.of(
        fit,
        table,
        _sentence(table, p),
        "Replicated and observed ratings",
        unit="share of ratings" if "rating" in table else "rating points",
        conf_level=conf_level,
        interval="intervals of replicated ratings",
        notes=(_what_is_new(fit, new), P_TOLD, *statistic.notes),
        backing=counted_backing(fit, table),
    )
    return Check("predictive", p >= SIGNIFICANCE, result, (), p)


def compare_draws(
    fit: PosteriorEstimates, statistic: Statistic, n_draws: int, new: str, seed: int
) -> Comparison:
    """A statistic of the ratings, and of as many sets of replicated ones as there are draws."""
    from pluralign_stats.models.bayes.by_rater import own_terms
    from pluralign_stats.models.bayes.predictive import replicate

    terms: tuple[int, ...] = () if new == "none" else tuple(range(len(fit.random)))
    if new == "raters" and fit.design.raters.known:
        terms = own_terms(fit, rater_numbers(fit))
    S = len(fit.draws.joint)
    draws = np.linspace(0, S - 1, n_draws).round().astype(int)
    replicates = replicate(fit, draws, terms, np.random.default_rng(seed))
    observed = statistic.of(np.asarray(fit.design.y, dtype=float))
    return Comparison(observed, np.array([statistic.of(y) for y in replicates]))


def predictive_p(compared: Comparison) -> float:
    """Share of replicates that depart from what is usual as far as the data, or farther.

    Data and replicates are taken together for what is usual, so that all have the same chance to
    stand out.
    """
    z = compared.standardized()
    if not z.size:
        return 1.0
    correlation = (1 - SHRINK) * z.T @ z / len(z) + SHRINK * np.eye(z.shape[1])
    departure = (z * np.linalg.solve(correlation, z.T).T).sum(axis=1)
    return share_beyond(departure)


def enough_raters(fit: ModelEstimates) -> bool:
    """Whether a distribution over raters may be shown."""
    return fit.design.raters.n >= MIN_CELL


def _by_groups(fit: PosteriorEstimates, by: str | pd.Series | None, min_cell: int) -> Statistic:
    """Shares of categories, or means and spreads, over all and within groups."""
    blocks = [whole(fit)]
    notes: list[str] = []
    if by is not None:
        blocks.append(group_rows(fit, by, min_cell))
    else:
        data = fit.design.data
        for factor in fit.design.factors:
            if data[factor].nunique() > MOST_LEVELS:
                notes.append(f"{factor} was left out for its more than {MOST_LEVELS} levels.")
                continue
            try:
                blocks.append(group_rows(fit, factor, min_cell))
            except InputError as error:
                notes.append(f"{factor} was left out: {error}.")
    notes += [note for block in blocks for note in block.notes]
    weight, J = fit.design.weight, len(fit.family.scores)

    def shares(y: np.ndarray) -> np.ndarray:
        each = (y[:, None] == np.arange(J)).astype(float)
        return np.vstack([g.means(each, weight) for g in blocks]).ravel()

    def moments(y: np.ndarray) -> np.ndarray:
        powers = np.column_stack([y, y**2])
        mean, square = np.vstack([g.means(powers, weight) for g in blocks]).T
        return np.column_stack([mean, np.sqrt(np.maximum(square - mean**2, 0))]).ravel()

    if J:
        return Statistic(shares, _names(blocks, "rating", fit.family.categories), tuple(notes))
    kinds: list[object] = ["mean", "standard deviation"]
    return Statistic(moments, _names(blocks, "statistic", kinds), tuple(notes))


def _names(blocks: list[Groups], column: str, values: list[object]) -> pd.DataFrame:
    frame = repeated(blocks, len(values))
    frame.insert(2, column, list(values) * (len(frame) // len(values)))
    return frame


def _by_rater(fit: PosteriorEstimates) -> Statistic:
    """Points of the distributions over raters of the mean and the spread of their ratings."""
    if not enough_raters(fit):
        raise NotApplicableError(
            f"the model tells fewer than {MIN_CELL} raters apart, and this check needs them; say "
            "who they are when fitting, as in rater='user_id'"
        )
    raters = rater_numbers(fit)
    sizes = np.bincount(raters)
    several = sizes > 1
    spread = several.sum() >= MIN_CELL
    values = fit.family.scores if fit.family.ordered else None

    def points(y: np.ndarray) -> np.ndarray:
        given = y if values is None else values[y.astype(int)]
        mean = np.bincount(raters, given) / sizes
        found = [np.quantile(mean, POINTS)]
        if spread:
            square = np.bincount(raters, (given - mean[raters]) ** 2)[several]
            found.append(np.quantile(np.sqrt(square / (sizes[several] - 1)), POINTS))
        return np.concatenate(found)

    kinds = [("mean of a rater's ratings", sizes)]
    kinds += [("spread (SD) of a rater's ratings", sizes[several])] if spread else []
    names = pd.DataFrame(
        {
            "term": "Raters",
            "group": [f"{share:.0%} of raters below" for _ in kinds for share in POINTS],
            "statistic": [kind for kind, _ in kinds for _ in POINTS],
            "n_raters": [len(each) for _, each in kinds for _ in POINTS],
            "n_ratings": [each.sum() for _, each in kinds for _ in POINTS],
        }
    )
    alone = int((~several).sum())
    notes = (f"Raters of a single rating have no spread: {alone:,}.",) if alone else ()
    return Statistic(points, names, notes)


def _table(
    fit: PosteriorEstimates, statistic: Statistic, compared: Comparison, conf_level: float
) -> pd.DataFrame:
    low, high = compared.limits(conf_level)
    table = statistic.names.assign(
        estimate=compared.replicates.mean(axis=0),
        conf_low=low,
        conf_high=high,
        observed=compared.observed,
        method=str(fit.method),
    )
    return table[ordered_columns(table)]


def _what_is_new(fit: PosteriorEstimates, new: str) -> str:
    whose = {
        "raters": "new raters of the same items",
        "all": "new raters of new items",
        "none": "the same raters of the same items",
    }
    if new == "raters" and not fit.design.raters.known:
        new = "all"
    return (
        f"Estimate: average over sets of ratings drawn from the posterior, by {whose[new]}; in "
        "the interval the observed value should lie if the model is right."
    )


def _sentence(table: pd.DataFrame, p: float) -> str:
    outside = (table["observed"] < table["conf_low"]) | (table["observed"] > table["conf_high"])
    width = (table["conf_high"] - table["conf_low"]).clip(lower=1e-12)
    worst = table.loc[((table["observed"] - table["estimate"]).abs() / width).idxmax()]
    rated = "rating" in table
    form = ".1%" if rated else ".2f"
    what = f"ratings of {plain_rating(worst['rating'])}" if rated else worst["statistic"]
    where = {"All ratings": "over all", "Raters": worst["group"]}.get(
        worst["term"], f"{worst['term']}: {worst['group']}"
    )
    n = int(outside.sum())
    told = (
        f"{n} of {counted(len(table), 'observed value')} {'lies' if n == 1 else 'lie'} outside the "
        f"intervals; the farthest off: {what}, {where}: predicted {worst['estimate']:{form}}, "
        f"observed {worst['observed']:{form}}"
    )
    if p >= SIGNIFICANCE:
        return f"Ratings look like those that the model would give ({p_told(p)}); {told}."
    return f"Ratings do not look like those that the model would give ({p_told(p)}); {told}."
