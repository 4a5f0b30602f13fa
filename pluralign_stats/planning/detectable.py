"""The smallest difference that a planned study can be expected to find."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, copysign
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.stats import norm
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.families.links import Probit
from statsmodels.genmod.generalized_linear_model import GLM

from pluralign_stats.errors import NotApplicableError
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.formatting import minus
from pluralign_stats.models.bayes.options import check_whole
from pluralign_stats.planning.design import StudyDesign
from pluralign_stats.planning.power_analysis import (
    METHODS,
    check_target,
    describe_designs,
    failures,
    in_words,
    size_of,
)
from pluralign_stats.planning.replicate import Model, Replicate
from pluralign_stats.planning.run import ALPHA, model_of, several, simulate_designs
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL

#: Fewest studies that tell which difference is found how often.
FEWEST_SIMULATIONS = 50

#: Studies without a difference that tell about how large the standard error is.
_PILOT = 16

#: Differences that are tried, as shares of what the standard error lets expect.
_TRIED = (0.6, 0.8, 1.0, 1.2, 1.4)

_STEPS, _SETTLED = 50, 1e-10


def detectable_effect(
    designs: StudyDesign | Iterable[StudyDesign],
    power: float = 0.8,
    *,
    n_simulations: int = 400,
    seed: int = 1,
    model: Model | Literal["auto"] = "auto",
    jobs: int | None = None,
    cache: str | Path = "",
    progress: bool = True,
) -> Result:
    """Find the smallest difference that a planned study finds with a given power.

    Studies are simulated with differences about the one that the standard error lets expect, and
    a probit regression of what is found on the size of the difference is solved for the power.

    Parameters
    ----------
    designs
        One planned study or several; the sign of `percent` says in which direction to look, and
        its size does not matter.
    power
        Between 0 and 1.
    n_simulations
        Studies to simulate of each design, all differences together, at least 50; a few more tell
        about how large the standard error is.
    seed, model, jobs, cache, progress
        As for `pluralign_stats.power`.

    Returns
    -------
    Result
        One row per design: columns raters, items, ratings_per_rater, n_ratings, share, n_group,
        power, estimate (percent of the odds of a higher rating) with its Monte Carlo interval
        conf_low and conf_high, mean_difference (the same in rating points), n_simulations,
        n_failed, method.

    Raises
    ------
    InputError
        If an argument is out of range or the folder cannot be used.
    PluralignError
        If the simulations do not determine the difference.

    References
    ----------
    Finney (1971), Probit Analysis, 3rd edition, Cambridge University Press, chapter 3.

    Examples
    --------
    >>> design = pls.planning.StudyDesign(raters=100, items=20, ratings_per_rater=3)
    >>> found = pls.planning.detectable_effect(design, n_simulations=50, jobs=1, progress=False)
    >>> found.table["power"].tolist()
    [0.8]
    """
    check_target(power)
    check_whole({"n_simulations": (n_simulations, FEWEST_SIMULATIONS)})
    planned = several(designs)
    fitted = model_of(planned, model)
    how: dict[str, Any] = {"seed": seed, "model": fitted, "jobs": jobs, "cache": cache}
    how["progress"] = progress
    tried = _around(planned, power, fitted, how)
    each = ceil(n_simulations / len(_TRIED))
    every = [design for designs in tried.values() for design in designs]
    found = simulate_designs(every, n_simulations=each, **how)
    rows = [_row(design, power, tried[design], found) for design in planned]
    table = pd.DataFrame(rows).assign(method=METHODS[fitted])
    return Result.of(
        planned[0],
        table,
        _sentence(table),
        f"Smallest difference found with {power:.0%} power",
        unit="percent of the odds of a higher rating",
        conf_level=CONF_LEVEL,
        interval="intervals of the Monte Carlo error, from a probit regression",
        notes=(
            *describe_designs(planned),
            f"Found: p below {ALPHA:g}. Mean difference: the same difference in rating points.",
        ),
        warnings=failures(int(table["n_failed"].sum()), int(table["n_simulations"].sum())),
        figure=FOREST,
    )


def _around(
    planned: Sequence[StudyDesign], power: float, model: Model, how: dict[str, Any]
) -> dict[StudyDesign, list[StudyDesign]]:
    """For each design, the same with differences about the one that can be expected."""
    none = {design: design.of_effect(0.0) for design in planned}
    pilots = simulate_designs(list(none.values()), n_simulations=_PILOT, **how)
    expected = norm.isf(ALPHA / 2) + norm.ppf(power)
    tried = {}
    for design, pilot in none.items():
        errors = [r.std_error for r in pilots[pilot] if np.isfinite(r.std_error)]
        if not errors:
            raise NotApplicableError(
                f"{design.label}: no model could be fitted; plan a larger study"
            )
        unit = 1.0 if model == "ordinal" else _slope(design)
        size = copysign(expected * float(np.mean(errors)) / unit, design.percent or -1.0)
        tried[design] = [design.of_effect(share * size) for share in _TRIED]
    return tried


def _slope(design: StudyDesign) -> float:
    """Rating points by which means differ per logit, for small differences."""
    step = 0.1
    return abs(design.of_effect(-step).mean_difference) / step


def _row(
    design: StudyDesign,
    power: float,
    tried: Sequence[StudyDesign],
    found: dict[StudyDesign, list[Replicate]],
) -> dict[str, Any]:
    replicates = [found[one] for one in tried]
    counts = np.array([sum(r.p_value < ALPHA for r in several) for several in replicates])
    n = len(replicates[0])
    sizes = np.array([abs(one.effect) for one in tried])
    solved = solve_probit(sizes, counts, n, power)
    if solved is None:
        raise NotApplicableError(
            f"{design.label}: the simulations do not tell which difference is found with "
            f"{power:.0%} power; simulate more of them"
        )
    ends = (solved.size, *solved.interval())
    signed = [design.of_effect(copysign(end, design.percent or -1.0)) for end in ends]
    percents = [one.percent for one in signed]
    return {
        **size_of(design),
        "power": power,
        "estimate": percents[0],
        "conf_low": min(percents[1:]),
        "conf_high": max(percents[1:]),
        "mean_difference": signed[0].mean_difference,
        "n_simulations": n * len(tried),
        "n_failed": sum(bool(np.isnan(r.p_value)) for several in replicates for r in several),
    }


@dataclass(frozen=True)
class Solved:
    """Size of a difference, in logits, and its standard error."""

    size: float
    std_error: float

    def interval(self) -> tuple[float, float]:
        """Ends of its interval, none below 0."""
        half = float(norm.ppf((1 + CONF_LEVEL) / 2)) * self.std_error
        return max(self.size - half, 0.0), self.size + half


def solve_probit(sizes: np.ndarray, counts: np.ndarray, n: int, power: float) -> Solved | None:
    """Size of a difference that is found with a given power.

    Probit regression of counts of found differences, solved for the power; the
    standard error is by the delta method (Finney 1971, Probit Analysis, ch. 3).

    Parameters
    ----------
    sizes, counts
        (m,) sizes of differences and how often each was found.
    n
        How often each was looked for.
    power
        Between 0 and 1.

    Returns
    -------
    Solved or None
        None where larger differences are not found more often, or the fit runs away.
    """
    scale = float(sizes.mean())
    X = np.column_stack([np.ones_like(sizes), sizes / scale])
    model = GLM(np.column_stack([counts, n - counts]), X, Binomial(link=Probit()))
    with warnings.catch_warnings():  # where the fit runs away, this says so by None
        warnings.simplefilter("ignore")
        fit = model.fit(maxiter=_STEPS, tol=_SETTLED, tol_criterion="params")
    (base, slope), covariance = fit.params, fit.cov_params()
    if not fit.converged or np.linalg.cond(covariance) > 1e10 or slope <= _SETTLED:
        return None
    at = (norm.ppf(power) - base) / slope
    rise = np.array([1.0, at]) / slope
    error = float(np.sqrt(rise @ covariance @ rise))
    return Solved(float(at) * scale, error * scale) if at > 0 else None


def _sentence(table: pd.DataFrame) -> str:
    low = table.loc[table["estimate"].abs().idxmin()]
    told = f"{low['estimate']:+.1f} % of the odds [{low['conf_low']:.1f}, {low['conf_high']:.1f}]"
    best = "" if len(table) == 1 else ", the best of the designs,"
    return minus(
        f"A study of {in_words(low)}{best} finds a difference of {told} with "
        f"{low['power']:.0%} power, which is {low['mean_difference']:+.2f} rating points; smaller "
        "ones are found less often."
    )
