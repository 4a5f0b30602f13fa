"""Rows to predict in numbers: the prediction grid of a fit."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from pluralign_stats.errors import check_one_of
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.parts import Averaging

#: Rows predicted at once, which bounds memory.
CHUNK = 20_000

#: Column that tells groups apart while rows are compared.
GROUP = "(group)"

_AVERAGING = ("marginal", "conditional", "zero")


@dataclass(frozen=True, eq=False)
class GroupEffects:
    """Whose effects of one random term are added to rows.

    Attributes
    ----------
    codes
        (m,) number of each row's level; -1 where there is none.
    covariates
        (m, q) covariates of the effects; zero where there is none.
    """

    codes: np.ndarray
    covariates: np.ndarray

    def sum(self, effects: np.ndarray) -> np.ndarray:
        """(m,) contribution of effects (L, q)."""
        return (self.covariates * effects[self.codes]).sum(axis=1)


@dataclass(frozen=True, eq=False)
class PredictionGrid:
    """Rows to predict in numbers.

    Attributes
    ----------
    fixed, nominal, scale
        (m, p), (m, c) and (m, s) covariates; missing where the model cannot speak of a row.
    offset
        (m,) predicted random effects that are added.
    z
        For each random term, (m, q) covariates of what is averaged over; zero where an offset
        stands for it.
    own
        For each random term, whose effects the offset holds; empty if it holds none.
    """

    fixed: np.ndarray
    nominal: np.ndarray
    scale: np.ndarray
    offset: np.ndarray
    z: tuple[np.ndarray, ...]
    own: tuple[GroupEffects, ...] = field(default=())

    @property
    def unknown(self) -> np.ndarray:
        """(m,) rows that the model cannot speak of."""
        columns = [self.fixed, self.nominal, self.scale, self.offset[:, None]]
        return np.isnan(np.hstack(columns)).any(axis=1)

    def known(self) -> "PredictionGrid":
        """The same rows with zeros where something is missing."""
        names = ("fixed", "nominal", "scale", "offset")
        return replace(self, **{name: np.nan_to_num(getattr(self, name)) for name in names})

    def slice(self, part: slice) -> "PredictionGrid":
        """Some of the rows."""
        return PredictionGrid(
            self.fixed[part],
            self.nominal[part],
            self.scale[part],
            self.offset[part],
            tuple(z[part] for z in self.z),
            tuple(GroupEffects(own.codes[part], own.covariates[part]) for own in self.own),
        )

    def with_effects(self, effects: tuple[np.ndarray, ...]) -> "PredictionGrid":
        """The same rows with other effects (L, q) of each random term, if any are given."""
        if not (self.own and effects):
            return self
        added = [own.sum(each) for own, each in zip(self.own, effects, strict=True)]
        return replace(self, offset=np.sum(added, axis=0))


def rows_of(
    fit: ModelEstimates, data: pd.DataFrame, averaging: Averaging = "marginal"
) -> PredictionGrid:
    """Turn data into rows to predict."""
    check_one_of("'averaging'", averaging, _AVERAGING)
    design = fit.design
    filled, complete = design.complete(data)
    none = np.zeros((len(data), 0))
    fixed = np.where(complete[:, None], design.fixed.of(filled), np.nan)
    nominal, scale = (
        none if matrix is None else matrix.of(filled) for matrix in (design.nominal, design.scale)
    )
    offset = np.where(complete, 0.0, np.nan)
    covariates = [part.design.of(filled) for part in fit.random]
    if averaging != "conditional":
        z = [np.zeros_like(c) if averaging == "zero" else c for c in covariates]
        return PredictionGrid(fixed, nominal, scale, offset, tuple(z))
    codes = [part.design.find(data) for part in fit.random]
    known = [(code >= 0)[:, None] for code in codes]
    z = [np.where(k, 0.0, c) for k, c in zip(known, covariates, strict=True)]
    own = [
        GroupEffects(code, np.where(k, c, 0.0))
        for code, k, c in zip(codes, known, covariates, strict=True)
    ]
    added = [each.sum(part.modes) for each, part in zip(own, fit.random, strict=True)]
    return PredictionGrid(
        fixed, nominal, scale, np.sum([offset, *added], axis=0), tuple(z), tuple(own)
    )


def number_rows(fit: ModelEstimates, data: pd.DataFrame, averaging: Averaging) -> np.ndarray:
    """(m,) numbers from 0 of the rows, the same for those that a fit predicts alike."""
    names = {*fit.design.variables, GROUP}
    if averaging == "conditional":
        names |= {name for part in fit.random for name in part.design.term.factors}
    used = [column for column in data if column in names]
    if not used:
        return np.zeros(len(data), dtype=int)
    grouped = data.groupby(used, observed=True, dropna=False, sort=False)
    return grouped.ngroup().to_numpy()
