"""Ordinal mixed models of ratings."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral

import numpy as np
import pandas as pd
from scipy.linalg import block_diag

from pluralign_stats.errors import InputError, one_of
from pluralign_stats.models import diagnose
from pluralign_stats.models.categories import Categories, categories_of
from pluralign_stats.models.design import Design, build_design
from pluralign_stats.models.engine.covariance import Covariance, Shape
from pluralign_stats.models.engine.links import LATENT_SD, LINKS
from pluralign_stats.models.engine.separation import separating_direction
from pluralign_stats.models.engine.thresholds import threshold_basis
from pluralign_stats.models.fit import Fit, Joint
from pluralign_stats.models.formula import parse_formula
from pluralign_stats.models.mixed import random_parts
from pluralign_stats.models.ordinal_search import Optimum, OrdinalModel, search

#: Most nodes of the quadrature.
MOST_NODES = 100

#: Effects that span more latent standard deviations than this may have no finite estimate.
SUSPICIOUS = 7.0

#: A coefficient is part of a direction if it moves by more than this share of the one that most.
MOVING = 1e-4


@dataclass(frozen=True, eq=False, repr=False)
class OrdinalFit(Fit):
    """A fitted ordinal mixed model; see `Fit` for what all fits have.

    Attributes
    ----------
    link
        ``"logit"``, ``"probit"`` or ``"cloglog"``.
    labels
        The categories, lowest first.
    basis
        (J - 1, b) structure of the thresholds.
    thresholds_vcov
        Covariance of the thresholds.
    rows
        (m, k) how coefficients and thresholds combine the parameters of `joint`.
    n_nodes
        Nodes of the quadrature; 1 for the Laplace approximation.
    transforms
        For each random term, the (q, q) matrix T with which ``T L`` is the factor of its
        covariance, L having the entries that stand in `joint`.
    """

    link: str
    labels: tuple[str, ...]
    category_scores: np.ndarray
    basis: np.ndarray
    thresholds_vcov: pd.DataFrame
    rows: np.ndarray
    n_nodes: int
    transforms: tuple[np.ndarray, ...]

    @property
    def covariance(self) -> Covariance:
        """Shapes of the random effects' factors."""
        return Covariance(
            tuple(Shape(len(p.covariance), p.design.term.correlated) for p in self.random)
        )

    @property
    def thresholds_se(self) -> pd.Series:
        """Standard errors of the thresholds."""
        variance = np.diag(self.thresholds_vcov)
        return pd.Series(np.sqrt(variance), self.thresholds.index, name="std_error")

    @property
    def unit(self) -> str:
        """Unit of the fixed effects."""
        return {"logit": "log odds", "probit": "latent standard deviations"}.get(
            self.link, "complementary log-log"
        )

    @property
    def scores(self) -> np.ndarray:
        """(J,) numbers that the categories stand for."""
        return self.category_scores

    @property
    def categories(self) -> list[object]:
        """What tables call the categories: their numbers, or words."""
        plain = all(
            label == f"{score:g}" for label, score in zip(self.labels, self.scores, strict=True)
        )
        return list(self.scores) if plain else list(self.labels)

    @property
    def rating_sd(self) -> float:
        """Standard deviation of a single rating, averaged in variance over the data."""
        probability = self.predict(kind="probability").to_numpy()
        mean = probability @ self.scores
        return float(np.sqrt((probability @ self.scores**2 - mean**2).mean()))

    @property
    def odds_exact(self) -> bool:
        """Whether the linear predictor is in log odds."""
        return self.link == "logit"

    @property
    def odds_scale(self) -> float:
        """Log odds per unit of the linear predictor: 1 for a logit, else by standard deviations."""
        return LATENT_SD["logit"] / LATENT_SD[self.link]

    def degrees(self, rows: np.ndarray) -> np.ndarray:
        """Infinite: intervals are from the normal distribution."""
        return np.full(len(rows), np.inf)

    def simulate(self, seed: int) -> pd.Series:
        """New ratings for the rows of the data, with new random effects."""
        from pluralign_stats.models.predict import draw_categories

        return draw_categories(self, seed)


def fit_ordinal(
    formula: str,
    data: pd.DataFrame,
    *,
    link: str = "logit",
    thresholds: str = "flexible",
    nominal: str | None = None,
    scale: str | None = None,
    weights: str | Sequence[float] | np.ndarray | None = None,
    n_nodes: int = 1,
    rater: str | Sequence[str] | None = None,
) -> OrdinalFit:
    """Fit a cumulative link mixed model.

    A rating is at most j with probability ``F((threshold_j - effects) / scale)``, so a positive
    effect means higher ratings. With two categories this is the binary mixed model.

    Parameters
    ----------
    formula
        As for `fit_linear`; thresholds take the place of the intercept.
    data
        One row per rating. Rows with a missing variable are left out and counted. The response is
        numbers or an ordered categorical.
    link
        ``"logit"``, ``"probit"`` or ``"cloglog"``.
    thresholds
        ``"flexible"``, ``"symmetric"`` about a centre, or ``"equidistant"``.
    nominal
        Right-hand side, such as ``"country"``, of effects that every threshold has for itself:
        groups that use the scale differently.
    scale
        Right-hand side of effects on the log of the latent standard deviation: groups that spread
        their ratings more.
    weights
        A column, or one number per row, by which the row's log-likelihood is multiplied.
    n_nodes
        1 for the Laplace approximation; more nodes of adaptive Gauss-Hermite quadrature for a
        single random intercept or slope.
    rater
        As for `fit_linear`.

    Raises
    ------
    InputError
        If the formula, the data or an option cannot be used.

    Notes
    -----
    The marginal likelihood is approximated at the mode of the random effects and maximized with
    its exact gradient; standard errors are from the observed information of all parameters.
    """
    if link not in LINKS:
        raise InputError(one_of("'link'", link, LINKS))
    parsed = parse_formula(formula)
    design = build_design(
        parsed,
        data,
        weights=weights,
        nominal=nominal,
        scale=scale,
        ordinal=True,
        rater=rater,
    )
    name = parsed.response.strip("`")
    found = categories_of(design.data[name], data[name], keep_unused=thresholds != "flexible")
    design = replace(design, y=found.codes)
    if thresholds != "flexible" and isinstance(data[name].dtype, pd.CategoricalDtype):
        response = design.data[name].cat.set_categories(data[name].cat.categories)
        design = replace(design, data=design.data.assign(**{name: response}))
    model = OrdinalModel(design, found, threshold_basis(thresholds, len(found.labels) - 1), link)
    n, k = len(design.y), len(model.cuts.back)
    if n <= k:
        raise InputError(f"{n} complete rows are too few for {k} parameters; simplify the model")
    if n_nodes != 1:
        _check_quadrature(design, n_nodes)
    optimum = search(model, n_nodes)
    fit = _as_fit(formula, model, optimum, n_nodes)
    notes, finite = _warnings(fit, model, optimum)
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


def _as_fit(formula: str, model: OrdinalModel, optimum: Optimum, n_nodes: int) -> OrdinalFit:
    design, cuts, basis = model.design, model.cuts, model.basis
    (f, s), t = (cuts.lower.shape[1], cuts.scale.shape[1]), len(optimum.psi)
    back = block_diag(cuts.back, np.eye(t - f - s))
    values = back @ optimum.psi
    vcov = _transform(back, optimum.vcov)
    b, p = basis.shape[1], design.fixed.columns.shape[1]
    rows = np.zeros((p + s + (f - b - p) // b * len(basis), t))
    rows[:p, f - p : f] = np.eye(p)
    rows[p : p + s, f : f + s] = np.eye(s)
    rows[p + s :, b : f - p] = np.kron(np.eye((f - b - p) // b), basis)
    names = _names(design, model.categories)
    cut = np.hstack([basis, np.zeros((len(basis), t - b))])
    labels = model.categories.cuts
    inverse = model.problem.system.invert()
    return OrdinalFit(
        formula=formula,
        params=pd.Series(rows @ values, names, name="estimate"),
        vcov=pd.DataFrame(_transform(rows, vcov), names, names),
        thresholds=pd.Series(cut @ values, labels, name="threshold"),
        random=random_parts(design, model.prepared, optimum.psi[f + s :], optimum.state.u, inverse),
        joint=Joint(values, vcov, (f, s, t - f - s)),
        loglik=optimum.value,
        n_parameters=t,
        converged=optimum.converged,
        warnings=(),
        design=design,
        method=_method(design, model.link, n_nodes),
        link=model.link,
        labels=model.categories.labels,
        category_scores=model.categories.scores,
        basis=basis,
        thresholds_vcov=pd.DataFrame(_transform(cut, vcov), labels, labels),
        rows=np.vstack([rows, cut]),
        n_nodes=n_nodes,
        transforms=model.prepared.transforms,
    )


def _transform(rows: np.ndarray, vcov: np.ndarray) -> np.ndarray:
    """Covariance of combinations (m, k), missing only where they need what is missing."""
    lost = np.isnan(np.diag(vcov))
    known = np.where(lost[:, None] | lost, 0.0, vcov)
    made = rows @ known @ rows.T
    missing = (rows[:, lost] != 0).any(axis=1)
    made[missing] = np.nan
    made[:, missing] = np.nan
    return made


def _names(design: Design, categories: Categories) -> list[str]:
    names = list(design.fixed.names)
    names += [f"scale: {name}" for name in (design.scale.names if design.scale else ())]
    changed = design.nominal.names if design.nominal else ()
    return names + [f"{cut}: {name}" for name in changed for cut in categories.cuts]


def _method(design: Design, link: str, n_nodes: int) -> str:
    terms = "".join(f", {str(r.term).replace(' | ', '|')}" for r in design.random)
    kind = "cumulative" if len(np.unique(design.y)) > 2 else "binary"
    how = "Laplace" if n_nodes == 1 else f"{n_nodes}-point quadrature"
    extra = ", thresholds by group" if design.nominal else ""
    extra += ", scale by group" if design.scale else ""
    mixed = f" mixed model, {how}" if design.random else " model, ML"
    return f"{kind} {link}{mixed}{terms}{extra}, Wald"


def _warnings(
    fit: OrdinalFit, model: OrdinalModel, optimum: Optimum
) -> tuple[tuple[str, ...], bool]:
    """What to doubt, and whether all estimates are finite."""
    notes = diagnose.collinear_notes(fit.design)
    notes += diagnose.category_notes(model.categories)
    notes += diagnose.random_notes(fit.random, fit.nobs, fit.design.weight.sum())
    notes += diagnose.alike_notes(fit.random, LATENT_SD[fit.link] ** 2)
    crossed = _crossed(fit)
    if crossed:
        notes.append(diagnose.crossing_note(*crossed))
    separated = _separated(fit, model, optimum)
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


def _separated(fit: OrdinalFit, model: OrdinalModel, optimum: Optimum) -> list[str]:
    """Coefficients without a finite estimate, looked for where one is suspiciously large."""
    design, link = fit.design, model.link
    effects = (
        np.ptp(design.fixed.columns, axis=0) * fit.params.to_numpy()[: len(design.fixed.names)]
    )
    largest = max(np.abs(effects).max(initial=0.0), np.ptp(np.append(_cuts(fit), 0.0)))
    if optimum.converged and largest < SUSPICIOUS * LATENT_SD[link] and not fit.se.isna().any():
        return []
    problem = model.problem
    direction = separating_direction(problem.lower, problem.upper, problem.bottom, problem.top)
    if direction is None:
        return []
    f, s, t = fit.joint.sizes
    natural = np.concatenate([model.cuts.back[:f, :f] @ direction, np.zeros(s + t)])
    moved = np.abs(fit.rows @ natural) * np.concatenate([_spans(fit), np.ones(len(fit.thresholds))])
    names = [*fit.params.index, *fit.thresholds.index]
    found = [name for name, m in zip(names, moved > MOVING * moved.max(), strict=True) if m]
    return [name for name in found if name in fit.params.index] or found


def _boundless(fit: OrdinalFit) -> list[str]:
    """Effects on the scale that make it shrink to nothing, or grow without bound."""
    names = fit.params.index[fit.params.index.str.startswith("scale: ")]
    spans = pd.Series(_spans(fit), fit.params.index)
    return [name for name in names if abs(fit.params[name]) * spans[name] > SUSPICIOUS]


def _spans(fit: OrdinalFit) -> np.ndarray:
    """How far the covariate of each coefficient spans."""
    design, n_cuts = fit.design, len(fit.basis)
    matrices = [design.fixed, design.scale, design.nominal]
    spans = [np.ptp(m.columns, axis=0) for m in matrices if m is not None]
    if design.nominal is not None:
        spans[-1] = np.repeat(spans[-1], n_cuts)
    return np.concatenate(spans)


def _cuts(fit: OrdinalFit) -> np.ndarray:
    """(m, J - 1) thresholds of the rows, once for each that they have."""
    if fit.design.nominal is None or not fit.design.nominal.names:
        return fit.thresholds.to_numpy()[None]
    columns = np.unique(fit.design.nominal.columns, axis=0)
    changes = fit.params.to_numpy()[-columns.shape[1] * len(fit.basis) :]
    return fit.thresholds.to_numpy() + columns @ changes.reshape(columns.shape[1], -1)


def _crossed(fit: OrdinalFit) -> tuple[str, str] | None:
    """Two neighbouring thresholds that are out of order, if there are."""
    gaps = np.diff(_cuts(fit), axis=1).min(axis=0, initial=np.inf)
    if not (gaps < 0).any():
        return None
    at = int(np.argmin(gaps))
    return fit.thresholds.index[at], fit.thresholds.index[at + 1]
