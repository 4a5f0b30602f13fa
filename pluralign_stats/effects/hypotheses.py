"""Tests of combinations of coefficients, or of average predictions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pluralign_stats.backing import Backing
from pluralign_stats.effects.adjust import Adjustment
from pluralign_stats.effects.averages import averages, population
from pluralign_stats.effects.counts import READJUST, group_backing
from pluralign_stats.effects.equations import parse_equation
from pluralign_stats.effects.estimates import (
    Estimates,
    Inference,
    infer,
    posterior_table,
    tabulate,
)
from pluralign_stats.effects.options import EffectOptions, Interval, with_options
from pluralign_stats.effects.predictions import UNITS, notes
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.models.engine.clusters import spread_draws
from pluralign_stats.models.few_units import (
    FewUnits,
    between_units,
    few_of_coefficients,
    few_units,
    scale_df,
    scale_units,
    score_covariance,
)
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.parts import Averaging, Kind
from pluralign_stats.models.summary import coefficient_raters
from pluralign_stats.models.units import Units
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.settings import CONF_LEVEL, SIGNIFICANCE
from pluralign_stats.significance import excludes_zero, significant
from pluralign_stats.words import levels_of

LEFT_LESS_RIGHT = "Estimates are the left side of each equation less its right side."


@with_options
def hypotheses(
    fit: ModelEstimates,
    tests: str | Sequence[str],
    *,
    by: str | Sequence[str] | None = None,
    newdata: pd.DataFrame | None = None,
    kind: Kind = "mean",
    averaging: Averaging = "marginal",
    conf_level: float = CONF_LEVEL,
    interval: Interval = "delta",
    adjust: Adjustment = "holm",
    n_draws: int = 1000,
    seed: int = 1,
) -> Result:
    """Test linear combinations against a value.

    Parameters
    ----------
    fit
        A fitted model.
    tests
        Equations such as ``"politics[T.Conservative] = politics[T.Centre]"`` or
        ``"2 * age - 1 = 0"`` (without ``=``, against 0), in the names of the coefficients and
        thresholds; with `by`, in the names of the groups, whose average predictions they are about,
        such as ``"Male - Female = 0"``. A number is a constant: names that could be read as one, or
        as a calculation, are put in backticks or quotation marks, as in ``"`1` - `0` = 0"`` or
        ``"`31-40` = `18-30`"``. A number that is also a name is taken for a constant only where it
        multiplies or divides what holds a name, as in ``"2 * `1` = `0`"``, and as a whole side of
        an equation with names in quotes, as in ``"`1` = 0"``; elsewhere it is refused.
    by
        Variables whose combinations make the groups; without them the tests are about coefficients.
    adjust
        As for `comparisons`; the family is all `tests`.

    Returns
    -------
    Result
        Columns term (the equation), estimate (left side less right side), std_error, conf_low,
        conf_high, p_value, p_adjusted, method. Of a Bayesian fit, in which no equation holds
        exactly: sd, prob_positive (probability that the left side is the larger), prob_direction
        (that the side is the larger which more draws say), instead of std_error and p.

    Raises
    ------
    InputError
        If an equation cannot be read, or in two ways, names what is not there, or is not linear.

    References
    ----------
    Arel-Bundock, Greifer & Heiss (2024), Journal of Statistical Software 111(9).

    Examples
    --------
    >>> pls.hypotheses(fit, "gender[T.Male] = 0").table["term"].tolist()
    ['gender[T.Male] = 0']
    """
    options = EffectOptions(
        by=by, newdata=newdata, kind=kind, averaging=averaging, conf_level=conf_level,
        interval=interval, adjust=adjust, n_draws=n_draws, seed=seed,
    )  # fmt: skip
    how = infer(fit, options)
    equations = [tests] if isinstance(tests, str) else list(tests)
    named = _named_coefficients(fit) if by is None else _named_groups(fit, options)
    parsed = [parse_equation(equation, named.names) for equation in equations]
    weights, constants = np.array([w for w, _ in parsed]), np.array([c for _, c in parsed])
    combined = named.base.combine(weights, pd.DataFrame({"term": equations}))
    shifted = combined.transform(lambda v: v + constants, np.ones_like)
    few = [fewest([named.few[at] for at in np.flatnonzero(w)]) for w in weights]
    apart = weights[:, named.apart].any(axis=1)
    table, units = tabulate_apart(fit, shifted, how, apart, few)
    told = [*named.notes]
    if units:
        numbers = ", ".join(map(str, np.flatnonzero(apart) + 1))
        where = "" if apart.all() else f" (equations {numbers})"
        told.append(f"Errors are from how much {levels_of(units.names)} differ{where}.")
    told += [f.note for f, a in zip(few, apart, strict=True) if f and not a]
    if how.credible:
        positive = table["prob_positive"]
        table = table.assign(prob_direction=np.maximum(positive, 1 - positive))
        table = table[ordered_columns(table)]
    everybody = fit.design.raters.n
    return Result.of(
        fit,
        table,
        _sentence(table),
        "Tests of hypotheses",
        unit=named.unit,
        conf_level=conf_level,
        interval=how.kind,
        notes=(LEFT_LESS_RIGHT, *told, how.note),
        backing=Backing(
            np.array([named.raters[w != 0].min(initial=everybody) for w in weights]),
            fit.design.raters.unknown,
            family=np.zeros(len(table), dtype=int),
            readjust=READJUST.get(adjust),
            retell=_sentence,
        ),
        figure=FOREST,
    )


@dataclass(frozen=True, eq=False)
class _Named:
    """What equations are about: m estimates by name.

    Attributes
    ----------
    few, raters
        Between how few units each differs, and (m,) raters whom it is about.
    apart
        Which of them are effects on thresholds or the scale.
    """

    names: list[str]
    base: Estimates
    few: list[FewUnits | None]
    raters: np.ndarray
    unit: str
    apart: slice = slice(0)
    notes: tuple[str, ...] = ()


def _named_coefficients(fit: ModelEstimates) -> _Named:
    names, base = coefficients(fit)
    raters = np.append(coefficient_raters(fit), [fit.design.raters.n] * len(fit.thresholds))
    apart = slice(len(fit.design.fixed.names), len(fit.params))
    return _Named(names, base, few_of_coefficients(fit), raters, fit.family.unit, apart)


def _named_groups(fit: ModelEstimates, options: EffectOptions) -> _Named:
    rows = population(fit, options.by, options.newdata)
    base = averages(fit, rows, [{}], options.kind, options.averaging)
    names = [", ".join(group) for group in rows.groups]
    if options.kind == "probability":
        names = [f"{name}: {k}" for name in names for k in fit.family.labels]
    raters = np.repeat(group_backing(fit, rows).raters, len(names) // len(rows.groups))
    few = [few_units(fit, *rows.names)] * len(names)
    told = notes(fit, rows.n_dropped, options)
    return _Named(names, base, few, raters, UNITS[options.kind], notes=told)


def fewest(found: Sequence[FewUnits | None]) -> FewUnits | None:
    """The fewest units of several."""
    return min((f for f in found if f), key=lambda f: f.n, default=None)


def tabulate_apart(
    fit: ModelEstimates,
    estimates: Estimates,
    how: Inference,
    apart: np.ndarray,
    few: Sequence[FewUnits | None],
) -> tuple[pd.DataFrame, Units | None]:
    """The table, with errors from how much units differ where a row is apart, and these units."""
    units = scale_units(fit) if apart.any() else None
    if units is None:
        return tabulate(fit, estimates, how, few=few), None
    if fit.bayesian:
        points = fit.points
        drawn = estimates.at(points)
        wide = spread_draws(points.parameters, drawn, score_covariance(fit, units))
        drawn = np.where(apart, wide, drawn)
        return posterior_table(fit, estimates.labels, drawn, how), units
    wider = replace(fit, joint=replace(fit.joint, vcov=between_units(fit, units)))
    df = scale_df(fit, units)
    by_units = FewUnits("", units.name, units.fewest, df, 1.0 if df else np.nan, True)
    own, other = (tabulate(f, estimates, how, few=n) for f, n in ((fit, few), (wider, [by_units])))
    own = own if "df" in own else own.assign(df=np.inf)
    table = own[other.columns].where(~pd.Series(apart), other)
    if readjust := READJUST.get(how.options.adjust):
        table["p_adjusted"] = readjust(table["p_value"].to_numpy(dtype=float))
    return table, units


def _sentence(table: pd.DataFrame) -> str:
    if "prob_positive" in table:
        top = table.loc[table["prob_direction"].fillna(0).idxmax()]
        side = "left" if top["prob_positive"] >= 1 / 2 else "right"
        clear = excludes_zero(table).sum()
        return (
            f"{clear} of {len(table)} equations have a credible interval of the "
            f"difference of their sides that leaves out 0; surest is '{top['term']}', whose {side} "
            f"side is the larger with probability {top['prob_direction']:.3f}."
        )
    tested = table["p_value"].notna()
    if not tested.any():
        return "The data are too few to test any of the equations."
    clear = int(significant(table).sum())
    lost = "" if tested.all() else f"; of {(~tested).sum()} there is no test"
    return f"{clear} of {len(table)} equations do not hold (adjusted p below {SIGNIFICANCE}){lost}."


def coefficients(fit: ModelEstimates) -> tuple[list[str], Estimates]:
    """Names of coefficients and thresholds, and their estimates."""
    names = [*map(str, fit.params.index), *map(str, fit.thresholds.index)]
    rows = fit.combinations
    labels = pd.DataFrame({"term": names})
    return names, Estimates(
        labels, rows @ fit.joint.estimates, rows, lambda points: points.parameters @ rows.T
    )
