"""Ordinal mixed models of ratings."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Integral

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, NotApplicableError, check_one_of
from pluralign_stats.models import diagnose
from pluralign_stats.models.aside import Separation, set_aside, told_aside, without_errors
from pluralign_stats.models.categories import Categories, categories_of
from pluralign_stats.models.columns import read_column
from pluralign_stats.models.design import Design, build_design
from pluralign_stats.models.engine.links import LATENT_SD, LINKS, threshold_basis
from pluralign_stats.models.engine.separation import determined_rows, separating_direction
from pluralign_stats.models.family import Family, Method
from pluralign_stats.models.formula import parse_formula
from pluralign_stats.models.laplace_fit import LaplaceEstimates
from pluralign_stats.models.mixed import random_parts
from pluralign_stats.models.ordered import Ordered, search_in_order
from pluralign_stats.models.ordinal_model import OrdinalModel
from pluralign_stats.models.parts import Parameters, combined_covariance
from pluralign_stats.models.rating_formats import (
    Offered,
    all_offered,
    not_offered_notes,
    offered,
    widest_first,
)
from pluralign_stats.notes import Note

#: Most nodes of the quadrature.
MOST_NODES = 100

#: Effects that span more latent standard deviations than this may have no finite estimate; the
#: search stops where the probit link leaves nothing to gain, at five or six of them.
SUSPICIOUS = 4.0

#: Effects on the log of the scale that span more than this have no finite estimate.
BOUNDLESS = 7.0

#: A coefficient is part of a direction if it moves by more than this share of the one that most.
MOVING = 1e-4


@dataclass(frozen=True, eq=False, repr=False)
class OrdinalEstimates(LaplaceEstimates[OrdinalModel]):
    """A fitted ordinal mixed model; see `Fit` for what all fits have.

    Attributes
    ----------
    link
        ``"logit"``, ``"probit"`` or ``"cloglog"``.
    coded
        The categories, with their scores, and those that nobody chose.
    structure
        ``"flexible"``, ``"symmetric"`` or ``"equidistant"`` thresholds.
    basis
        (J - 1, b) structure of the thresholds.
    offered
        Which categories raters could choose.
    """

    link: str
    coded: Categories
    structure: str
    basis: np.ndarray
    offered: Offered

    def engine_model(self) -> OrdinalModel:
        """The engine's model, built anew, without thresholds held together."""
        return OrdinalModel(self.design, self.coded, self.basis, self.link, self.offered)

    @property
    def cuts(self) -> list[str]:
        """Names of the thresholds, such as ``1|2``."""
        return self.coded.cuts

    @property
    def estimated(self) -> np.ndarray:
        """(p + J - 1,) all but thresholds beyond what a format offered."""
        known = np.ones(len(self._estimates), dtype=bool)
        if self.offered.beyond.any():
            p = len(self.params)
            known[p - self.offered.beyond.size : p] = self.offered.beyond.ravel() == 0
        return known

    @property
    def row_cuts(self) -> np.ndarray:
        """(G, J - 1) thresholds of the rows, once for each set that they have."""
        thresholds, nominal = self.thresholds.to_numpy(), self.design.nominal
        if nominal is None or not nominal.names:
            return thresholds[None]
        columns = np.unique(nominal.columns, axis=0)
        changes = self.params.to_numpy()[-columns.shape[1] * len(thresholds) :]
        return thresholds + columns @ changes.reshape(columns.shape[1], -1)

    @property
    def family(self) -> Family:
        """Ordered categories."""
        return Family.cumulative(self.link, self.coded)

    @cached_property
    def combinations(self) -> np.ndarray:
        """(m, k) how coefficients and thresholds combine the parameters of `joint`."""
        (f, s, t), p = self.joint.sizes, len(self.design.fixed.names)
        n_cuts, b = self.basis.shape
        c = (f - b - p) // b
        rows = np.zeros((p + s + (c + 1) * n_cuts, f + s + t))
        rows[:p, f - p : f] = np.eye(p)
        rows[p : p + s, f : f + s] = np.eye(s)
        rows[p + s : len(rows) - n_cuts, b : f - p] = np.kron(np.eye(c), self.basis)
        rows[len(rows) - n_cuts :, :b] = self.basis
        return rows


def estimate_ordinal(
    formula: str,
    data: pd.DataFrame,
    *,
    link: str = "logit",
    thresholds: str = "flexible",
    nominal: str | None = None,
    formats: str | None = None,
    scale: str | None = None,
    weights: str | Sequence[float] | np.ndarray | None = None,
    n_nodes: int = 1,
    rater: str | Sequence[str] | None = None,
    whole: bool = False,
) -> OrdinalEstimates:
    """Fit a cumulative link mixed model; see `fit_ordinal`.

    With `whole` no row is set aside, as priors can tell of all.
    """
    check_one_of("'link'", link, LINKS)
    parsed = parse_formula(formula)
    if formats is not None:
        data = widest_first(data, formats, parsed.outcome)
        nominal = formats if nominal is None else f"{nominal} + {formats}"
    design = build_design(
        parsed,
        data,
        weights=weights,
        nominal=nominal,
        scale=scale,
        ordinal=True,
        rater=rater,
    )
    how = How(link, thresholds, formats, n_nodes, whole)
    return ordinal_of(formula, design, read_column(data[parsed.outcome]), how)


@dataclass(frozen=True)
class How:
    """What an ordinal model is besides its formula; see `estimate_ordinal`."""

    link: str = "logit"
    thresholds: str = "flexible"
    formats: str | None = None
    n_nodes: int = 1
    whole: bool = False


def ordinal_of(
    formula: str, design: Design, response: pd.Series, how: How = How()
) -> OrdinalEstimates:
    """Fit the rows of a design, but those that run off to the ends of the scale.

    Parameters
    ----------
    response
        The response as it was given, with all categories of its scale.
    """
    return told_aside(_finite(formula, design, response, how), design, diagnose.set_aside_note)


def _finite(formula: str, design: Design, response: pd.Series, how: How) -> OrdinalEstimates:
    """Fit a design without the rows that have no finite estimates."""
    fit, ordered = _fitted(formula, design, response, how)
    separation = _separation(fit, ordered)
    if separation is None:
        return _told(fit, ordered, [])
    if how.whole:
        return _told(fit, ordered, separation.names)
    if separation.rows.any():
        with suppress(InputError):  # nothing may be left that could be described
            return _finite(formula, set_aside(design, separation.rows), response, how)
        fit = without_errors(fit, separation.parameters)
    # Where each rating keeps a cut that stays, predictions are finite, and have errors.
    return _told(fit, ordered, separation.names)


def _fitted(
    formula: str, design: Design, response: pd.Series, how: How
) -> tuple[OrdinalEstimates, Ordered]:
    """The maximum of the likelihood, wherever it was found."""
    name = design.formula.outcome
    flexible = how.thresholds == "flexible"
    found = categories_of(design.data[name], response, keep_unused=not flexible)
    design = replace(design, y=found.codes)
    if isinstance(response.dtype, pd.CategoricalDtype):
        whole = design.data[name].cat.set_categories(response.cat.categories)
        design = replace(design, data=design.data.assign(**{name: whole}))
    basis = threshold_basis(how.thresholds, len(found.labels) - 1)
    (n, p), b = design.fixed.columns.shape, basis.shape[1]
    scales, changes = (len(m.names) if m else 0 for m in (design.scale, design.nominal))
    k = b * (1 + changes) + p + scales
    if n <= k:
        raise NotApplicableError(
            f"{n} complete rows are too few for {k} parameters; simplify the model"
        )
    if how.n_nodes != 1:
        _check_quadrature(design, how.n_nodes)
    if how.formats is None:
        could = all_offered(found.codes, len(basis), (changes, b))
    else:
        could = offered(design, found, how.formats, how.thresholds)
    ordered = search_in_order(design, found, basis, how.link, how.n_nodes, could)
    return _as_fit(formula, ordered, how.thresholds, how.n_nodes, could), ordered


def _told(fit: OrdinalEstimates, ordered: Ordered, separated: list[str]) -> OrdinalEstimates:
    """A fit with what is to be doubted."""
    notes, finite = _warnings(fit, ordered, separated)
    return replace(fit, warnings=notes, converged=fit.converged and finite)


def _check_quadrature(design: Design, n_nodes: int) -> None:
    if not isinstance(n_nodes, Integral) or not 1 <= n_nodes <= MOST_NODES:
        raise InputError(f"'n_nodes' must be a whole number from 1 to {MOST_NODES}, not {n_nodes}")
    if len(design.random) != 1 or design.random[0].z.shape[1] != 1:
        given = ", ".join(str(r.term) for r in design.random) or "none"
        raise InputError(
            f"quadrature with {n_nodes} nodes takes exactly one random intercept or slope; given: "
            f"{given}; leave 'n_nodes' at 1 for the Laplace approximation"
        )


def _as_fit(
    formula: str, ordered: Ordered, structure: str, n_nodes: int, could: Offered
) -> OrdinalEstimates:
    model, optimum = ordered.model, ordered.optimum
    design, cuts = model.design, model.cuts
    f, s, t = cuts.lower.shape[1], cuts.scale.shape[1], len(model.lift)
    back = model.back @ model.lift
    values = back @ optimum.psi
    b = model.basis.shape[1]
    values[b : b + could.beyond.size] += could.shifts
    vcov = combined_covariance(back, optimum.vcov)
    inverse = model.problem.system.invert()
    return OrdinalEstimates(
        formula=formula,
        random=random_parts(design, model.prepared, values[f + s :], optimum.state.u, inverse),
        joint=Parameters(values, vcov, (f, s, t - f - s)),
        loglik=optimum.value,
        n_parameters=_n_parameters(model),
        converged=optimum.converged,
        warnings=(),
        design=design,
        method=_method(design, model.link, n_nodes),
        link=model.link,
        coded=model.categories,
        structure=structure,
        basis=model.basis,
        n_nodes=n_nodes,
        offered=could,
        transforms=model.prepared.transforms,
    )


def _n_parameters(model: OrdinalModel) -> int:
    """All parameters but gaps that close for every row, as nobody chose what lies in them.

    It is the same for all models of a response: gaps that close for some rows only are counted.
    """
    nominal = model.design.nominal
    kinds, kind = np.unique(np.diff(model.basis, axis=0), axis=0, return_inverse=True)
    codes = model.categories.codes
    inner = codes[(codes > 0) & (codes < len(model.basis))]
    n_closed = len(kinds) - len(np.unique(kind.ravel()[inner - 1]))
    n_closed *= 1 + (nominal.columns.shape[1] if nominal else 0)
    return len(model.lift) - n_closed - int(np.count_nonzero(model.offered.beyond))


def _method(design: Design, link: str, n_nodes: int) -> Method:
    family = "cumulative" if len(np.unique(design.y)) > 2 else "binary"
    integrated = "Laplace" if n_nodes == 1 else f"{n_nodes}-point quadrature"
    estimation = integrated if design.random else "ML"
    terms = tuple(r.term for r in design.random)
    parts = {"thresholds": design.nominal, "scale": design.scale}
    varying = tuple(what for what, matrix in parts.items() if matrix is not None)
    return Method(family, link, estimation, terms, varying, "Wald")


def _warnings(
    fit: OrdinalEstimates, ordered: Ordered, separated: list[str]
) -> tuple[tuple[Note, ...], bool]:
    """What to doubt, and whether all estimates are finite."""
    optimum = ordered.optimum
    notes = diagnose.design_notes(fit.design)
    notes += diagnose.category_notes(fit.coded)
    if fit.coded.unused and fit.structure == "flexible":
        notes.append(diagnose.unplaced_note(fit.coded.unused, advise=len(fit.coded.labels) > 2))
    notes += not_offered_notes(fit.design, fit.offered, fit.coded.labels)
    if ordered.held:
        notes.append(diagnose.held_note(ordered.held, everywhere=ordered.everywhere))
    notes += diagnose.random_notes(fit.random, fit.nobs, fit.design.weight.sum())
    notes += diagnose.no_variation_notes(fit.random, fit.family.residual)
    if separated:
        notes.append(diagnose.separation_note(separated))
    boundless = _boundless(fit)
    if boundless:
        notes.append(diagnose.scale_note(boundless))
    lost = [str(name) for name in fit.params.index[fit.se.isna()]]
    lost += [str(name) for name in fit.thresholds.index[fit.thresholds_se.isna()]]
    explained = separated or boundless
    if lost and not explained:
        notes.append(diagnose.undetermined_note(lost))
    if not optimum.converged and not explained and not lost:
        notes.append(diagnose.CONVERGENCE)
    return tuple(notes), not explained


def _separation(fit: OrdinalEstimates, ordered: Ordered) -> Separation | None:
    """What has no finite estimate, looked for where a coefficient is suspiciously large."""
    model, optimum = ordered.model, ordered.optimum
    design, link = fit.design, model.link
    effects = (
        np.ptp(design.fixed.columns, axis=0) * fit.params.to_numpy()[: len(design.fixed.names)]
    )
    largest = max(np.abs(effects).max(initial=0.0), np.ptp(np.append(fit.row_cuts, 0.0)))
    if optimum.converged and largest < SUSPICIOUS * LATENT_SD[link] and not fit.se.isna().any():
        return None
    problem = model.problem
    direction = separating_direction(problem.lower, problem.upper, problem.bottom, problem.top)
    if direction is None:
        return None
    f, s, t = fit.joint.sizes
    natural = np.concatenate([model.cuts.back[:f, :f] @ model.free @ direction, np.zeros(s + t)])
    moved = np.abs(fit.combinations @ natural) * np.concatenate(
        [_spans(fit), np.ones(len(fit.thresholds))]
    )
    names = [*fit.params.index, *fit.thresholds.index]
    found = [name for name, m in zip(names, moved > MOVING * moved.max(), strict=True) if m]
    rows = np.zeros(len(design.y), dtype=bool)
    rows[model.prepared.layout.order] = determined_rows(
        problem.lower, problem.upper, problem.bottom, problem.top, direction
    )
    return Separation(
        [name for name in found if name in fit.params.index] or found,
        np.abs(natural) > MOVING * np.abs(natural).max(),
        rows,
    )


def _boundless(fit: OrdinalEstimates) -> list[str]:
    """Effects on the scale that make it shrink to nothing, or grow without bound."""
    p = len(fit.design.fixed.names)
    moves = np.abs(fit.params.to_numpy()) * _spans(fit)
    scales = range(p, p + fit.joint.sizes[1])
    return [str(fit.params.index[k]) for k in scales if moves[k] > BOUNDLESS]


def _spans(fit: OrdinalEstimates) -> np.ndarray:
    """How far the covariate of each coefficient spans."""
    design, n_cuts = fit.design, len(fit.basis)
    matrices = [design.fixed, design.scale, design.nominal]
    spans = [np.ptp(m.columns, axis=0) for m in matrices if m is not None]
    if design.nominal is not None:
        spans[-1] = np.repeat(spans[-1], n_cuts)
    return np.concatenate(spans)
