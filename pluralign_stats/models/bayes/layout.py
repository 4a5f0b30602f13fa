"""From a design to the arrays of the density, and from its parameters back to the model's."""

from dataclasses import dataclass

import numpy as np

from pluralign_stats.errors import InputError
from pluralign_stats.models.bayes.density import Data
from pluralign_stats.models.bayes.log_densities import BETWEEN, GAUSSIAN, LOGIT, PROBIT
from pluralign_stats.models.design import Design
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.ordered_beta import OrderedBetaEstimates

#: Families of the density by link.
FAMILIES = {"identity": GAUSSIAN, "logit": LOGIT, "probit": PROBIT}


@dataclass(frozen=True, eq=False)
class Layout:
    """What stands where.

    The parameters phi are, in this order: coefficients (p); of each of the G sets of thresholds
    the first and the logs of the C - 1 distances; coefficients of the log scale (s); of each random
    term the q logs of standard deviations and, if correlated, q (q - 1) / 2 inverse hyperbolic
    tangents of canonical partial correlations.

    Attributes
    ----------
    data
        The arrays.
    order
        (n,) rows of the design in the order used.
    terms
        Numbers of the design's random terms in the order used: the one of most levels last.
    centre
        (p,) means of the location's columns, which are taken off.
    sections
        (G, c) rows of the nominal matrix, one for each set of thresholds; G is c + 1.
    names
        P names of phi.
    groups
        Grouping factors of the random terms in the order used.
    """

    data: Data
    order: np.ndarray
    terms: tuple[int, ...]
    centre: np.ndarray
    sections: np.ndarray
    names: tuple[str, ...]
    groups: tuple[str, ...]

    @property
    def constant(self) -> np.ndarray:
        """(p,) 1 for a constant, which a family of numbers has, else 0."""
        constant = np.array(self.names[: self.data.X.shape[1]]) == "Intercept"
        return constant.astype(float) * (self.data.family in (GAUSSIAN, BETWEEN))

    def shift_of_cuts(self, coefficients: np.ndarray) -> np.ndarray:
        """By how much thresholds at covariates of zero lie above those at their means (S,).

        `coefficients` are (p,) or (S, p). Where there is a constant, it takes up the difference.
        """
        shift = coefficients @ self.centre
        return shift * (self.data.family != BETWEEN)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Numbers of coefficients, of thresholds in all, and of scale coefficients."""
        d = self.data
        return d.X.shape[1], d.n_sections * d.n_cuts, d.S.shape[1]

    def blocks(self) -> list[tuple[slice, slice]]:
        """Where in phi the log standard deviations and partial correlations of each term stand."""
        at, found = sum(self.sizes), []
        data = self.data
        for q, correlated, shared in zip(data.q, data.correlated, data.shared, strict=True):
            k = 1 if shared else q
            m = q * (q - 1) // 2 if correlated else 0
            found.append((slice(at, at + k), slice(at + k, at + k + m)))
            at += k + m
        return found


def build_layout(fit: ModelEstimates) -> Layout:
    """Arrays for the model of a fit."""
    design = fit.design
    n = len(design.y)
    terms = tuple(sorted(range(len(design.random)), key=lambda k: len(design.random[k].levels)))
    random = [design.random[k] for k in terms]
    order = np.argsort(random[-1].codes, kind="stable") if random else np.arange(n)
    sections, section = _sections(design)
    columns = design.fixed.columns
    centre = _centre(fit)
    scale = np.zeros((n, 0)) if design.scale is None else design.scale.columns
    ordinal = fit.family.ordered
    if not ordinal:
        scale = np.ones((n, 1))
    y, response = _responses(fit)
    cells, cell = np.unique(np.hstack([columns, scale]), axis=0, return_inverse=True)
    p = columns.shape[1]
    q = np.array([r.z.shape[1] for r in random], dtype=np.int64)
    n_levels = np.array([len(r.levels) for r in random], dtype=np.int64)
    Z = np.zeros((len(random), n, int(q.max(initial=1))))
    for k, r in enumerate(random):
        Z[k, :, : q[k]] = r.z[order]
    codes = np.array([r.codes[order] for r in random], dtype=np.int64).reshape(len(random), n)
    data = Data(
        family=BETWEEN if isinstance(fit, OrderedBetaEstimates) else FAMILIES[fit.family.link],
        y=y[order].astype(np.int64),
        response=response[order].astype(float),
        weight=design.weight[order].astype(float),
        weighted=bool((design.weight != 1).any()),
        cell=cell.ravel()[order].astype(np.int64),
        section=section[order].astype(np.int64),
        X=np.ascontiguousarray(cells[:, :p] - centre),
        S=np.ascontiguousarray(cells[:, p:]),
        n_cuts=len(fit.thresholds),
        n_sections=len(sections) if len(fit.thresholds) else 0,
        codes=codes,
        Z=Z,
        at=codes * q[:, None],
        width=q,
        plain=np.array([r.effects == ("Intercept",) for r in random], dtype=bool),
        q=q,
        n_levels=n_levels,
        first=np.concatenate([[0], np.cumsum(q * n_levels)])[: len(random)].astype(np.int64),
        correlated=np.array([r.term.correlated and r.z.shape[1] > 1 for r in random], dtype=bool),
        shared=np.zeros(len(random), dtype=bool),
    )
    groups = tuple(r.term.group for r in random)
    return Layout(data, order, terms, centre, sections, _names(fit, sections, terms), groups)


def _responses(fit: ModelEstimates) -> tuple[np.ndarray, np.ndarray]:
    """Category numbers (n,) and numbers (n,) as `Data` has them."""
    y, none = fit.design.y, np.zeros(len(fit.design.y))
    if not isinstance(fit, OrderedBetaEstimates):
        return (y, none) if fit.family.ordered else (none, y)
    place = fit.placed.y
    inside = (place > 0) & (place < 1)
    with np.errstate(divide="ignore"):
        response = np.where(inside, np.log(place) - np.log1p(-place), np.nan)
    return int(fit.ends[0]) * (place > 0) + 1 * (place == 1), response


def _centre(fit: ModelEstimates) -> np.ndarray:
    """(p,) means of the columns where thresholds or a constant take up the difference, else 0."""
    columns = fit.design.fixed.columns
    centre = columns.mean(axis=0)
    if not fit.family.ordered:
        constant = np.array(fit.design.fixed.names) == "Intercept"
        centre[constant] = 0.0
        if not constant.any():
            centre[:] = 0.0
    return centre


def _sections(design: Design) -> tuple[np.ndarray, np.ndarray]:
    """Distinct rows (G, c) of the nominal matrix, and the one of each row; the first is zero."""
    if design.nominal is None:
        return np.zeros((1, 0)), np.zeros(len(design.y), dtype=int)
    columns = design.nominal.columns
    rows, section = np.unique(columns, axis=0, return_inverse=True)
    if len(rows) != columns.shape[1] + 1:
        raise InputError(
            "thresholds can vary by the levels of one factor, as in nominal='country'; 'nominal' "
            f"has {columns.shape[1]} columns that make {len(rows)} sets of thresholds; combine its "
            "variables into one factor"
        )
    return rows, section.ravel()


def _names(fit: ModelEstimates, sections: np.ndarray, terms: tuple[int, ...]) -> tuple[str, ...]:
    names = list(fit.design.fixed.names)
    for g in range(len(sections)):
        names += [f"threshold {cut} ({g})" for cut in fit.thresholds.index]
    if isinstance(fit, OrderedBetaEstimates):
        names.append("precision")
    elif not fit.family.ordered:
        names.append("residual")
    elif fit.design.scale is not None:
        names += [f"scale: {name}" for name in fit.design.scale.names]
    for k in terms:
        r = fit.design.random[k]
        names += [f"sd({label})" for label in r.labels]
        if r.term.correlated:
            names += [f"cor({r.labels[i]}, {j})" for i in range(len(r.labels)) for j in range(i)]
    return tuple(names)


@dataclass(frozen=True, eq=False)
class Natural:
    """One set of parameters in the model's own terms.

    Attributes
    ----------
    coefficients
        (p,) effects on location.
    cuts
        (G, C) thresholds, for covariates of zero.
    log_scale
        (s,) effects on the log scale; of a Gaussian family the log residual SD, of ratings between
        two ends the log precision.
    covariances
        (q, q) covariance of each of the design's random terms.
    """

    coefficients: np.ndarray
    cuts: np.ndarray
    log_scale: np.ndarray
    covariances: tuple[np.ndarray, ...]


def constrain(layout: Layout, phi: np.ndarray) -> Natural:
    """The model's own parameters from phi."""
    from pluralign_stats.models.bayes.density import natural

    beta, cuts, log_scale, factors = natural(phi, layout.data)
    shift = layout.centre @ beta
    made = [f[:q, :q] @ f[:q, :q].T for f, q in zip(factors, layout.data.q, strict=True)]
    moved = cuts + layout.shift_of_cuts(beta)
    covariances = tuple(made[k] for k in np.argsort(layout.terms))
    return Natural(beta - shift * layout.constant, moved, log_scale, covariances)


def phi_of(layout: Layout, values: Natural) -> np.ndarray:
    """The parameters phi of the model's own, which have to be inside their ranges."""
    shift = layout.centre @ values.coefficients
    pieces = [values.coefficients + shift * layout.constant]
    cuts = values.cuts - layout.shift_of_cuts(values.coefficients)
    for row in cuts[:, : layout.data.n_cuts]:
        pieces += [row[:1], np.log(np.diff(row))]
    pieces.append(values.log_scale)
    for k in layout.terms:
        covariance = values.covariances[k]
        sd = np.sqrt(np.diag(covariance))
        pieces.append(np.log(sd[:1] if layout.data.shared[layout.terms.index(k)] else sd))
        if layout.data.correlated[layout.terms.index(k)]:
            pieces.append(partial_correlations(covariance / np.outer(sd, sd)))
    return np.concatenate(pieces)


def partial_correlations(correlation: np.ndarray) -> np.ndarray:
    """Inverse hyperbolic tangents of canonical partial correlations, row by row."""
    K = np.linalg.cholesky(correlation)
    found = []
    for i in range(1, len(K)):
        rest = 1.0
        for k in range(i):
            y = np.clip(K[i, k] / rest, -1 + 1e-12, 1 - 1e-12)
            found.append(np.arctanh(y))
            rest *= np.sqrt(1 - y**2)
    return np.array(found)
