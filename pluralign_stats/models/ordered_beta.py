"""Ordered beta mixed models: ratings on a slider, some at its ends and others anywhere between."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Real

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, NotApplicableError
from pluralign_stats.models import diagnose
from pluralign_stats.models.aside import Separation, set_aside, told_aside, without_errors
from pluralign_stats.models.design import Design, build_design
from pluralign_stats.models.engine.separation import determined_rows, separating_direction
from pluralign_stats.models.family import Family, Method
from pluralign_stats.models.formula import parse_formula
from pluralign_stats.models.laplace_fit import LaplaceEstimates
from pluralign_stats.models.mixed import random_parts
from pluralign_stats.models.ordered_beta_model import OrderedBetaModel, Placed, noise
from pluralign_stats.models.parts import Parameters, combined_covariance
from pluralign_stats.models.search import Optimum, search
from pluralign_stats.notes import Code, Note

#: Ratings that are scattered less than by this precision are determined by the effects.
PRECISEST = 1e8

#: Effects that span more log odds than this may have no finite estimate.
SUSPICIOUS = 8.0

#: A coefficient is part of a direction if it moves by more than this share of the one that most.
MOVING = 1e-4


@dataclass(frozen=True, eq=False, repr=False)
class OrderedBetaEstimates(LaplaceEstimates[OrderedBetaModel]):
    """A fitted ordered beta mixed model; see `Fit` for what all fits have.

    Attributes
    ----------
    bounds
        The two ends of the scale.
    ends
        Whether any rating is at the lowest, and at the highest end; else none is expected there.
    positive_from
        Lowest rating that counts as positive.
    noise
        Variance of a rating's own error in units of the predictor.
    """

    bounds: tuple[float, float]
    ends: tuple[bool, bool]
    positive_from: float
    noise: float

    def engine_model(self) -> OrderedBetaModel:
        """The engine's model, built anew."""
        return OrderedBetaModel(self.design, self.placed)

    @property
    def placed(self) -> Placed:
        """Ratings on a scale from 0 to 1."""
        return Placed.of(self.design.y, self.bounds)

    @property
    def parts(self) -> tuple[str, ...]:
        """The ends of the scale that have ratings, and what lies between."""
        low, high = (f"{end:g}" for end in self.bounds)
        return (*([low] if self.ends[0] else []), "between", *([high] if self.ends[1] else []))

    @property
    def cuts(self) -> list[str]:
        """Names of the cuts, such as ``0|between``."""
        return [f"{a}|{b}" for a, b in zip(self.parts[:-1], self.parts[1:], strict=True)]

    @property
    def positive_told(self) -> str:
        """Which ratings are positive, in words: ``above 50`` or ``of 60 or more``."""
        middle = sum(self.bounds) / 2
        above = self.positive_from == np.nextafter(middle, np.inf)
        return f"above {middle:g}" if above else f"of {self.positive_from:g} or more"

    @property
    def phi(self) -> float:
        """Precision of ratings between the ends: their variance is ``mu (1 - mu) / (1 + phi)``."""
        return float(np.exp(self.joint.parts[1][0]))

    @property
    def phi_se(self) -> float:
        """Standard error of the precision."""
        place = self.joint.sizes[0]
        return self.phi * float(np.sqrt(self.joint.vcov[place, place]))

    @property
    def family(self) -> Family:
        """Numbers between two ends."""
        return Family.between(self.bounds, self.parts, self.noise)

    @cached_property
    def combinations(self) -> np.ndarray:
        """(m, k) how coefficients and cuts combine the parameters of `joint`."""
        c, k = sum(self.ends), len(self.joint.estimates)
        p = self.joint.sizes[0] - c
        return np.eye(k)[[*range(c, c + p), *range(c)]]


def estimate_ordered_beta(
    formula: str,
    data: pd.DataFrame,
    *,
    bounds: tuple[float, float] | None = None,
    positive_from: float | None = None,
    weights: str | Sequence[float] | np.ndarray | None = None,
    rater: str | Sequence[str] | None = None,
    whole: bool = False,
) -> OrderedBetaEstimates:
    """Fit an ordered beta mixed model; see `fit_ordered_beta`.

    With `whole` no row is set aside, as priors can tell of all.
    """
    design = build_design(parse_formula(formula), data, weights=weights, rater=rater)
    ends = _read_bounds(bounds, design.y, design.formula.response)
    least = read_positive(positive_from, ends)
    fit = _of_design(formula, design, ends, least, whole=whole)
    return told_aside(fit, design, diagnose.set_aside_note)


def _of_design(
    formula: str, design: Design, ends: tuple[float, float], least: float, *, whole: bool
) -> OrderedBetaEstimates:
    """Fit the rows of a design, but those that run off to the ends of the scale."""
    placed = Placed.of(design.y, ends)
    _refuse(design, placed, design.formula.response, ends)
    model = OrderedBetaModel(design, placed)
    optimum = search(model, model.start())
    fit = _as_fit(formula, model, optimum, ends, least)
    separation = _separation(fit, model, optimum)
    if separation is not None and separation.rows.any() and not whole:
        with suppress(InputError):  # nothing may be left that could be described
            fewer = set_aside(design, separation.rows)
            return _of_design(formula, fewer, ends, least, whole=whole)
    if separation is not None and separation.rows.any() and not whole:
        fit = without_errors(fit, separation.parameters)
    notes, finite = _warnings(fit, optimum, separation.names if separation else [])
    return replace(fit, warnings=notes, converged=fit.converged and finite)


def _read_bounds(bounds: object, y: np.ndarray, name: str) -> tuple[float, float]:
    """The ends of the scale, checked against the ratings."""
    told = f"'{name}' goes from {y.min():g} to {y.max():g} in the rows used"
    if bounds is None:
        raise InputError(
            f"an ordered beta model needs the ends of the scale, as in bounds=(0, 100); {told}"
        )
    ends = list(bounds) if isinstance(bounds, (Sequence, np.ndarray)) else []
    numbers = [float(end) for end in ends if isinstance(end, Real) and np.isfinite(float(end))]
    if isinstance(bounds, str) or len(ends) != 2 or len(numbers) != 2 or numbers[0] >= numbers[1]:
        raise InputError(
            "'bounds' must be the lowest and the highest rating of the scale, as in (0, 100), not "
            f"{bounds!r}"
        )
    low, high = numbers
    if y.min() < low or y.max() > high or not np.isfinite(y).all():
        raise InputError(
            f"{told}, which is outside 'bounds', {low:g} to {high:g}; state the ends of the scale, "
            "or correct the ratings"
        )
    return low, high


def read_positive(least: object, bounds: tuple[float, float]) -> float:
    """Lowest rating that counts as positive: just above the middle unless stated."""
    low, high = bounds
    if least is None:
        return float(np.nextafter((low + high) / 2, np.inf))
    if isinstance(least, bool) or not isinstance(least, Real) or not low < float(least) <= high:
        raise InputError(
            f"'positive_from' must be above {low:g} and at most {high:g}, not {least!r}"
        )
    return float(least)


def _refuse(design: Design, placed: Placed, name: str, bounds: tuple[float, float]) -> None:
    """Refuse ratings that such a model cannot describe."""
    y = placed.y
    inside = y[(y > 0) & (y < 1)]
    low, high = bounds
    if not len(inside):
        raise NotApplicableError(
            f"every rating '{name}' is at an end of the scale ({low:g} or {high:g}), so that there "
            "is nothing between for an ordered beta model; use fit_ordinal"
        )
    if len(np.unique(inside)) == 1:
        raise NotApplicableError(
            f"every rating '{name}' between the ends of the scale is "
            f"{low + inside[0] * (high - low):g}; an ordered beta model needs some that differ; "
            "use fit_ordinal"
        )
    n, p = design.fixed.columns.shape
    k = p + 1 + sum(placed.ends)
    if n <= k:
        raise NotApplicableError(
            f"{n} complete rows are too few for {k} parameters; simplify the model"
        )


def _as_fit(
    formula: str,
    model: OrderedBetaModel,
    optimum: Optimum,
    bounds: tuple[float, float],
    positive_from: float,
) -> OrderedBetaEstimates:
    design, t = model.design, model.prepared.layout.covariance.size
    back = model.back
    values, f = back @ optimum.psi, len(back) - 1 - t
    if values[f] > np.log(PRECISEST):
        raise NotApplicableError(
            "the effects, fixed and random, reproduce all ratings between the ends of the scale; "
            "there is nothing left to model"
        )
    inverse = model.problem.system.invert()
    terms = tuple(r.term for r in design.random)
    return OrderedBetaEstimates(
        formula=formula,
        random=random_parts(design, model.prepared, values[f + 1 :], optimum.state.u, inverse),
        joint=Parameters(values, combined_covariance(back, optimum.vcov), (f, 1, t)),
        loglik=optimum.value,
        n_parameters=len(values),
        converged=optimum.converged,
        warnings=(),
        design=design,
        method=Method("ordered beta", "logit", "Laplace" if terms else "ML", terms, (), "Wald"),
        n_nodes=1,
        transforms=model.prepared.transforms,
        bounds=bounds,
        ends=model.placed.ends,
        positive_from=positive_from,
        noise=noise(optimum.state),
    )


def _warnings(
    fit: OrderedBetaEstimates, optimum: Optimum, separated: list[str]
) -> tuple[tuple[Note, ...], bool]:
    """What to doubt, and whether all estimates are finite."""
    notes = diagnose.design_notes(fit.design)
    notes += end_notes(fit)
    notes += diagnose.random_notes(fit.random, fit.nobs, fit.design.weight.sum())
    notes += diagnose.no_variation_notes(fit.random, fit.family.residual)
    if separated:
        notes.append(diagnose.separation_note(separated))
    lost = [str(name) for name in fit.params.index[fit.se.isna()]]
    lost += [str(name) for name in fit.thresholds.index[fit.thresholds_se.isna()]]
    if lost and not separated:
        notes.append(diagnose.undetermined_note(lost))
    if not optimum.converged and not separated and not lost:
        notes.append(diagnose.CONVERGENCE)
    return tuple(notes), not separated


def end_notes(fit: OrderedBetaEstimates) -> list[Note]:
    """Ends of the scale that nobody chose."""
    pairs = zip(fit.bounds, fit.ends, strict=True)
    none = " and ".join(f"{end:g}" for end, there in pairs if not there)
    if not none:
        return []
    text = f"no rating is {none}, an end of the scale, and so predictions put none there"
    if " and " in none:
        text = f"no rating is {none}, the ends of the scale, and so predictions put none there"
    return [Note(Code.UNUSED_CATEGORIES, text)]


def _separation(
    fit: OrderedBetaEstimates, model: OrderedBetaModel, optimum: Optimum
) -> Separation | None:
    """What has no finite estimate, looked for where a coefficient is suspiciously large.

    Ratings between the ends hold the predictor where it is, in either direction.
    """
    spans = np.ptp(fit.design.fixed.columns, axis=0)
    spans[spans == 0] = 1.0
    largest = np.abs(spans * fit.params.to_numpy()).max(initial=0.0)
    if optimum.converged and largest < SUSPICIOUS and not fit.se.isna().any():
        return None
    problem = model.problem
    inside = problem.mean[~np.isnan(problem.log_y)]
    none = np.ones(len(inside), dtype=bool)
    direction = separating_direction(
        np.vstack([problem.lower, inside, inside]),
        np.vstack([problem.upper, inside, -inside]),
        np.concatenate([problem.bottom, none, none]),
        np.concatenate([problem.top, ~none, ~none]),
    )
    if direction is None:
        return None
    natural = np.zeros(len(model.back))
    natural[: len(direction)] = model.back[: len(direction), : len(direction)] @ direction
    moved = np.abs(natural[sum(fit.ends) : len(direction)]) * spans
    names = map(str, fit.params.index)
    at_end = np.isnan(problem.log_y)
    rows = np.zeros(len(at_end), dtype=bool)
    rows[model.prepared.layout.order] = at_end & determined_rows(
        problem.lower, problem.upper, problem.bottom, problem.top, direction
    )
    return Separation(
        [name for name, m in zip(names, moved > MOVING * moved.max(), strict=True) if m],
        np.abs(natural) > MOVING * np.abs(natural).max(),
        rows,
    )
