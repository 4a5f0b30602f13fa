"""The arrays of a model of several dimensions, from one design for each."""

from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd
from scipy.linalg import helmert

from pluralign_stats.errors import NotApplicableError
from pluralign_stats.models.bayes.density import Data
from pluralign_stats.models.bayes.expansion import regularize_covariance
from pluralign_stats.models.bayes.layout import FAMILIES, Layout, Natural
from pluralign_stats.models.design import Design
from pluralign_stats.models.engine.links import LATENT_SD
from pluralign_stats.models.ordinal import OrdinalEstimates

#: First guess of how far a demographic's effects differ between dimensions, in logits.
APART = 0.06


@dataclass(frozen=True, eq=False)
class Pooled:
    """A demographic whose effects are pooled over the dimensions.

    Attributes
    ----------
    name
        Of the variable.
    columns
        Its columns among the p of a design.
    levels
        Its levels, the reference first; empty for a number.
    span
        Standard deviation of a number; 1 for a factor.
    """

    name: str
    columns: np.ndarray
    levels: tuple[str, ...]
    span: float

    @property
    def spread(self) -> str:
        """What the standard deviation of its effects between dimensions is called."""
        return f"sd(dimension: {self.name})"

    @property
    def basis(self) -> np.ndarray:
        """(levels, q) deviations of levels by the q effects, which add up to 0 over the levels."""
        return helmert(len(self.levels)).T if self.levels else np.ones((1, 1))

    @property
    def to_columns(self) -> np.ndarray:
        """(columns, q) coefficients by the effects: differences to the reference."""
        return self.basis[1:] - self.basis[0] if self.levels else self.basis

    def covariates(self, design: Design) -> np.ndarray:
        """(n, q) covariates of the effects, less their means."""
        if self.levels:
            made = self.basis[design.data[self.name].cat.codes.to_numpy()]
        else:
            made = design.fixed.columns[:, self.columns]
        return made - made.mean(axis=0)


@dataclass(frozen=True, eq=False)
class JointLayout:
    """What stands where in a model of D dimensions.

    Attributes
    ----------
    layout
        As of any model; sets of thresholds are the dimensions, and covariates are centred within
        each and turned by its valence.
    pooled
        The demographics, the first random terms; items and raters are the last two.
    valence
        (D,) 1 or -1.
    means
        (D, p) means of the covariates.
    items, raters
        All items and raters.
    """

    layout: Layout
    pooled: tuple[Pooled, ...]
    valence: np.ndarray
    means: np.ndarray
    items: pd.Index
    raters: pd.Index

    def coefficients(self, d: int, coefficients: np.ndarray, u: np.ndarray) -> np.ndarray:
        """(S, p) coefficients of dimension d from the average ones and all effects (S, U)."""
        made = coefficients.copy()
        for pooled, deviations in zip(self.pooled, self.deviations(d, u), strict=True):
            made[:, pooled.columns] += deviations @ pooled.to_columns.T
        return self.valence[d] * made

    def thresholds(self, d: int, cuts: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
        """(S, C) thresholds of dimension d for covariates of zero, from its coefficients (S, p)."""
        return cuts[:, d] + (coefficients @ self.means[d])[:, None]

    def deviations(self, d: int, u: np.ndarray) -> list[np.ndarray]:
        """(S, q) effects of dimension d of each demographic."""
        first, width = self.layout.data.first, self.layout.data.width
        starts = [first[k] + d * width[k] for k in range(len(self.pooled))]
        return [u[:, at : at + w] for at, w in zip(starts, width, strict=False)]

    def effects(self, term: int, u: np.ndarray) -> np.ndarray:
        """(S, L, D) effects of items (term -2) or raters (term -1)."""
        data = self.layout.data
        first, L, D = int(data.first[term]), int(data.n_levels[term]), len(self.valence)
        return u[:, first : first + L * D].reshape(len(u), L, D)


def pool(fit: OrdinalEstimates) -> tuple[Pooled, ...]:
    """The demographics of a model, one variable each."""
    design = fit.design
    found = []
    for name in design.fixed_variables:
        known = design.data[name].cat.categories if name in design.factors else ()
        levels = tuple(map(str, known))
        columns = design.fixed.places(name)
        if len(columns) != max(len(levels) - 1, 1):
            raise NotApplicableError(
                f"the ratings do not tell all effects of '{name}' apart from those of the other "
                "demographics; leave it out, or merge levels"
            )
        span = 1.0 if levels else float(design.fixed.columns[:, columns[0]].std())
        found.append(Pooled(name, columns, levels, span))
    return tuple(found)


def build_joint_layout(fits: dict[str, OrdinalEstimates], valence: np.ndarray) -> JointLayout:
    """Arrays for all dimensions together."""
    first_name, first = next(iter(fits.items()))
    for name, fit in fits.items():
        if fit.family.labels != first.family.labels:
            raise NotApplicableError(
                f"the dimensions must use the same categories: '{first_name}' has "
                f"{', '.join(first.family.labels)}, '{name}' {', '.join(fit.family.labels)}; "
                "merge categories or model these dimensions apart"
            )
        if fit.design.fixed.names != first.design.fixed.names:
            raise NotApplicableError(
                f"the dimensions '{first_name}' and '{name}' were not rated by the same groups; "
                "leave out demographics with levels that are not in every dimension"
            )
    designs = [fit.design for fit in fits.values()]
    pooled = pool(first)
    D, sizes = len(designs), [len(design.y) for design in designs]
    dimension = np.repeat(np.arange(D), sizes)
    means = np.array([design.fixed.columns.mean(axis=0) for design in designs])
    X = np.vstack(
        [v * (g.fixed.columns - m) for v, g, m in zip(valence, designs, means, strict=True)]
    )
    items, raters = (reduce(pd.Index.union, [g.random[k].levels for g in designs]) for k in (1, 0))
    codes = [np.zeros_like(dimension)] * len(pooled) + [
        np.concatenate([known.get_indexer(g.random[k].levels)[g.random[k].codes] for g in designs])
        for k, known in ((1, items), (0, raters))
    ]
    width = np.array([p.basis.shape[1] for p in pooled] + [1, 1], dtype=np.int64)
    q = np.append(D * width[:-2], [D, D])
    n_levels = np.array([1] * len(pooled) + [len(items), len(raters)], dtype=np.int64)
    T, n = len(codes), len(dimension)
    Z = np.zeros((T, n, width.max()))
    for k, p in enumerate(pooled):
        covariates = np.vstack([p.covariates(g) for g in designs])
        Z[k, :, : width[k]] = covariates * valence[dimension][:, None]
    Z[-2:, :, 0] = 1.0
    at = np.array(codes) * q[:, None] + dimension * width[:, None]
    order = np.argsort(codes[-1], kind="stable")
    cells, cell = np.unique(X, axis=0, return_inverse=True)
    data = Data(
        family=FAMILIES[first.family.link],
        y=np.concatenate([g.y for g in designs])[order].astype(np.int64),
        response=np.zeros(n),
        weight=np.ones(n),
        weighted=False,
        cell=cell.ravel()[order].astype(np.int64),
        section=dimension[order].astype(np.int64),
        X=np.ascontiguousarray(cells),
        S=np.zeros((len(cells), 0)),
        n_cuts=len(first.thresholds),
        n_sections=D,
        codes=np.array(codes, dtype=np.int64)[:, order],
        Z=np.ascontiguousarray(Z[:, order]),
        at=np.ascontiguousarray(at[:, order]),
        plain=np.arange(T) >= T - 2,
        width=width,
        q=q,
        n_levels=n_levels,
        first=np.concatenate([[0], np.cumsum(q * n_levels)])[:T].astype(np.int64),
        correlated=np.arange(T) >= T - 2,
        shared=np.arange(T) < T - 2,
    )
    layout = Layout(
        data,
        order,
        tuple(range(T)),
        np.zeros(X.shape[1]),
        np.zeros((D, 0)),
        _names(fits, pooled),
        (*("dimension" for _ in pooled), *(first.design.random[k].term.group for k in (1, 0))),
    )
    return JointLayout(layout, pooled, valence, means, items, raters)


def start_jointly(
    fits: dict[str, OrdinalEstimates], joint: JointLayout
) -> tuple[Natural, list[np.ndarray]]:
    """Parameters and effects to start from, put together from the fits of single dimensions."""
    D, unit = len(fits), LATENT_SD[next(iter(fits.values())).link]
    by_dimension = np.array(
        [v * fit.params.to_numpy() for v, fit in zip(joint.valence, fits.values(), strict=True)]
    )
    average = by_dimension.mean(axis=0)
    cuts = np.array([fit.thresholds.to_numpy() for fit in fits.values()])
    own = [fit.design.fixed.columns.mean(axis=0) @ fit.params.to_numpy() for fit in fits.values()]
    modes: list[np.ndarray] = []
    covariances: list[np.ndarray] = []
    apart = APART * unit / LATENT_SD["logit"]
    for p in joint.pooled:
        apart_now = (by_dimension - average)[:, p.columns]
        deviations = 0.5 * apart_now @ np.linalg.inv(p.to_columns).T
        modes.append(deviations.reshape(1, -1))
        covariances.append(np.eye(deviations.size) * (apart / p.span) ** 2)
    for k, known in ((1, joint.items), (0, joint.raters)):
        effects = np.zeros((len(known), D))
        for d, fit in enumerate(fits.values()):
            effects[known.get_indexer(fit.random[k].design.levels), d] = fit.random[k].modes[:, 0]
        sd = np.array([float(fit.random[k].sd.iloc[0]) for fit in fits.values()])
        sd = np.maximum(sd, 0.1 * unit)
        correlation = np.eye(D)
        if len(known) > 1:
            with np.errstate(divide="ignore", invalid="ignore"):
                correlation = np.corrcoef(effects, rowvar=False)
        covariances.append(
            regularize_covariance(np.nan_to_num(correlation, nan=0.0) * np.outer(sd, sd), unit)
        )
        modes.append(effects)
    natural = Natural(average, cuts - np.array(own)[:, None], np.zeros(0), tuple(covariances))
    return natural, modes


def _names(fits: dict[str, OrdinalEstimates], pooled: tuple[Pooled, ...]) -> tuple[str, ...]:
    first = next(iter(fits.values()))
    names = list(first.design.fixed.names)
    names += [f"threshold {cut} ({name})" for name in fits for cut in first.thresholds.index]
    names += [p.spread for p in pooled]
    dimensions = list(fits)
    for k in (1, 0):
        group = first.design.random[k].term.group
        names += [f"sd({group}: {name})" for name in dimensions]
        names += [
            f"cor({group}: {dimensions[i]}, {dimensions[j]})"
            for i in range(len(fits))
            for j in range(i)
        ]
    return tuple(names)
