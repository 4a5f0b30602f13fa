"""How much further one design moves a model than another."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import t as student

from pluralign_stats.documentation import documented_by
from pluralign_stats.effects.estimates import Estimates, covariance
from pluralign_stats.errors import InputError
from pluralign_stats.fits.fit import Fit
from pluralign_stats.formatting import minus
from pluralign_stats.models.bayes.options import SAMPLING, Sampling
from pluralign_stats.outcomes.contrasts import COUNTED, COUNTS, by_dimension, experiment_result
from pluralign_stats.outcomes.experiments import Experiment
from pluralign_stats.outcomes.models import BayesFamily, Kind, ScoreModel, design_means, differences
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL
from pluralign_stats.significance import check_level
from pluralign_stats.study.text import contrast_label

_COLUMNS = ["dimension", "term", "contrast", "level", "reference", "estimate", "conf_low"]
_COLUMNS += ["conf_high", "bounded", "change_first", "change_second", "same_direction", *COUNTS]
_COLUMNS += ["df", "method"]

_MEANING = (
    "Relative gain: size of the change from the control under the design named first, over that "
    "under the second, less 1; 0 means equally large changes, −100 that the first changes nothing. "
    "Sizes: whether both changes go the same way stands in its own column."
)
_UNBOUNDED = (
    "Not bounded: the change under the second design cannot be told from none, so that no upper "
    "end can be given for the gain over it."
)


@documented_by(ScoreModel)
def relative_gain(
    experiment: Experiment,
    a: str,
    b: str,
    dimensions: Sequence[str] = (),
    *,
    conf_level: float = CONF_LEVEL,
    kind: Kind = "linear",
    by_prompt: bool = False,
    rounded: bool = False,
    family: BayesFamily = "gaussian",
    sampling: Sampling = SAMPLING,
) -> Result:
    """Compare how far two designs move a model away from the untuned control.

    Parameters
    ----------
    experiment
        What `select_experiment` chose.
    a, b
        Two of its levels: the gain is that of `a` over `b`.
    dimensions
        Which to look at; all by default.
    conf_level
        Level of the intervals.

    Returns
    -------
    Result
        Columns dimension, term, contrast, level, reference, estimate (percent:
        ``|D_a| / |D_b| - 1`` of the differences D from the control), conf_low, conf_high (infinite
        where the data set no upper limit), bounded, change_first, change_second
        (the differences, in score points), same_direction, n_runs, n_seeds, n_prompts,
        n_generations (of the design named first), df, method.

    Raises
    ------
    InputError
        If a design or option is unknown, or no dimension can be modelled.

    Notes
    -----
    Fieller's set from the joint covariance of both differences: every ratio is tested with the
    degrees of freedom of its own combination, so that the set is bounded just where the change
    under `b` is clear of 0 by its own interval. The set of ratios is turned into one of sizes,
    which covers at least as often. A set that is not bounded is given as such. Of a Bayesian fit
    the estimate is the median over draws and the interval their quantiles, since the mean of a
    ratio need not exist.

    References
    ----------
    Fieller (1954), Journal of the Royal Statistical Society B 16, 175-185.

    Examples
    --------
    >>> pls.outcomes.relative_gain(experiment, "preserve", "majority").table["contrast"].tolist()
    ['preserve vs majority']
    """
    check_level(conf_level)
    experiment.check_design("a", a)
    experiment.check_design("b", b)
    if a == b or experiment.control_label in (a, b):
        raise InputError(
            f"a gain needs two different designs beside the control, not '{a}' and '{b}'"
        )

    model = ScoreModel(
        kind=kind, by_prompt=by_prompt, rounded=rounded, family=family, sampling=sampling
    )

    def of_fit(fit: Fit, dimension: str) -> pd.DataFrame:
        counts = experiment.counts(dimension).loc[a]
        row = gain_row(fit, (a, b), experiment.control_label, conf_level)
        return pd.DataFrame([row | {name: counts[name] for name in COUNTS}])

    table, doubts, told = by_dimension(experiment, dimensions, of_fit, model)
    interval = "credible intervals (equal tails)" if kind == "bayes" else "Fieller's intervals"
    unbounded = (_UNBOUNDED,) if not table["bounded"].all() else ()
    return experiment_result(
        experiment,
        table[[c for c in _COLUMNS if c in table]],
        _sentence(table),
        f"Relative gain of {a} over {b}",
        unit="percent",
        conf_level=conf_level,
        interval=interval,
        warnings=doubts,
        notes=(_MEANING, *unbounded, COUNTED, *told),
    )


def gain_row(
    fit: Fit, pair: tuple[str, str], control: str, conf_level: float
) -> dict[str, float | str]:
    """Relative gain of the first design of a pair over the second, with its interval."""
    a, b = pair
    made = differences(design_means(fit), [(a, control), (b, control), (a, b)])
    told: dict[str, float | str] = {"contrast": contrast_label(a, b), "level": a, "reference": b}
    if fit.bayesian:
        draws = made.at(fit.points)
        with np.errstate(divide="ignore", invalid="ignore"):
            gains = 100 * (np.abs(draws[:, 0] / draws[:, 1]) - 1)
        tail = (1 - conf_level) / 2
        low, estimate, high = np.quantile(gains, [tail, 1 / 2, 1 - tail])
    else:
        estimate, low, high, told["df"] = _fieller(fit, made, conf_level)
    first, second = made.estimate[:2]
    return told | {
        "estimate": float(estimate),
        "conf_low": float(low),
        "conf_high": float(high),
        "bounded": bool(np.isfinite(high)),
        "change_first": float(first),
        "change_second": float(second),
        "same_direction": bool(first * second > 0),
        "method": str(fit.method),
    }


def _fieller(fit: Fit, made: Estimates, conf_level: float) -> tuple[float, float, float, float]:
    """Estimate and ends in percent, and the degrees of freedom of the equality of both changes."""
    first, second = made.estimate[:2]
    if not second or not np.isfinite(first / second):
        return np.nan, np.nan, np.nan, np.nan
    slopes = made.slopes[:2]

    def quantile(weights: np.ndarray) -> np.ndarray:
        return student.ppf((1 + conf_level) / 2, fit.degrees(weights @ slopes))

    low, high = ratio_sizes(first, second, covariance(fit, made)[:2, :2], quantile)
    df = float(fit.degrees(made.slopes[2:])[0])
    return 100 * (abs(first / second) - 1), 100 * (low - 1), 100 * (high - 1), df


def with_gain(row: pd.Series) -> str:
    """Write a relative gain with its interval, saying so where it has no upper end."""
    estimate, low, high = row["estimate"], row["conf_low"], row["conf_high"]
    end = f"{high:.0f}]" if np.isfinite(high) else "no upper end)"
    return minus(f"{estimate:+.0f} % [{low:.0f}, {end}")


def _sentence(table: pd.DataFrame) -> str:
    told = [f"{row['dimension']} {with_gain(row)}" for _, row in table.iterrows()]
    first, second = table[["level", "reference"]].iloc[0]
    return f"Change from the control under {first}, held against that under {second}: " + (
        "; ".join(told) + "."
    )


#: Directions at which the test is tried on either side of the estimate, ever denser towards it.
_TRIED = 200


def ratio_sizes(
    a: float,
    b: float,
    covariance: np.ndarray,
    quantile: Callable[[np.ndarray], np.ndarray],
) -> tuple[float, float]:
    """Smallest and largest size of the ratio of the true values behind two estimates.

    Parameters
    ----------
    a, b
        Estimates of numerator and denominator, not both 0.
    covariance
        (2, 2) their covariance.
    quantile
        From weights (m, 2) of a and b to the standard errors (m,) on either side of an interval
        for the combination, such as quantiles of t with its own degrees of freedom.

    Returns
    -------
    tuple of float
        Ends of ``|r|`` over the ratios r that are not ruled out: those for which ``a - r b`` lies
        within so many standard errors of 0. The lower end is 0 where a, the upper infinite where b
        cannot be told from 0.

    Notes
    -----
    A ratio is taken as a direction, ``r = tan(angle)``, so that an infinite one is a direction like
    any other. With a constant quantile the set is Fieller's in closed form; it need not be an
    interval, but the sizes of its members always make one.

    References
    ----------
    Fieller (1954), JRSS B 16, 175-185; its three cases in Franz (2007), arXiv:0710.2024.
    """

    def beyond(angles: np.ndarray) -> np.ndarray:
        """How far each direction is from being held possible; below 0 for those that are."""
        weights = np.column_stack([np.cos(angles), -np.sin(angles)])
        spread = np.sqrt(np.einsum("mi,ij,mj->m", weights, covariance, weights))
        return np.abs(weights @ [a, b]) - quantile(weights) * spread

    best = np.arctan2(a, b)
    steps = np.geomspace(1e-9, np.pi / 2, _TRIED)
    angles = best + np.concatenate([-steps[::-1], [0.0], steps])
    far = beyond(angles) > 0
    ends = [
        abs(np.tan(brentq(lambda angle: beyond(np.array([angle]))[0], angles[k], angles[k + 1])))
        for k in np.flatnonzero(far[1:] != far[:-1])
    ]
    if not ends:  # closer together than the directions that were tried
        ends = [abs(np.tan(best))]
    none, all_ = beyond(np.array([0.0, np.pi / 2])) <= 0
    return 0.0 if none else min(ends), np.inf if all_ else max(ends)
