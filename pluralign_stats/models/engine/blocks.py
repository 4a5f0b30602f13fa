"""The penalized system of a mixed model, factored in blocks.

With relative factors Lambda the system is ``A = Lambda' Z' W Z Lambda + I``. Terms whose groups
are nested in one coarse grouping factor make its inner part, block-diagonal by the groups of that
factor; what is left, the outer part, is small and dense once the inner is eliminated::

    A = [ D  C' ]      S = E - C D^-1 C'
        [ C  E  ]

as in MixedModels.jl (Bates et al.), with blocks that may be wider than one term. Cost per
factorization: one pass over the rows, small blocks, and a dense Cholesky of S.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs

from pluralign_stats.models.engine import kernels
from pluralign_stats.models.engine.clusters import lie_within
from pluralign_stats.models.engine.covariance import Covariance, Shape


@dataclass(frozen=True)
class Term:
    """One random term in numbers.

    Attributes
    ----------
    codes
        (n,) group number of each row, 0 to n_groups - 1; (n, m) where a row belongs to m groups at
        once, as a comparison does to the two that are compared.
    n_groups
        Number of groups.
    z
        (n, q) covariates of the effects; ones for an intercept. (n, m q) where a row belongs to m
        groups, those of its first group first.
    correlated
        Whether the effects may be correlated.
    """

    codes: np.ndarray
    n_groups: int
    z: np.ndarray
    correlated: bool = True

    @property
    def members(self) -> np.ndarray:
        """(n, m) groups of each row."""
        return self.codes.reshape(len(self.codes), -1)

    @property
    def size(self) -> int:
        """Number of effects q of a group."""
        return self.z.shape[1] // self.members.shape[1]

    def lies_within(self, coarse: np.ndarray) -> bool:
        """Whether all rows of each group are of one of the coarse groups (n,)."""
        m = self.members.shape[1]
        return lie_within(self.members.ravel(), np.repeat(coarse, m))


@dataclass(frozen=True)
class Grouping:
    """Groups of rows that may hold whole groups of terms; `codes` (n,) from 0."""

    codes: np.ndarray
    n_groups: int


@dataclass(frozen=True, eq=False)
class Layout:
    """Where everything of a blocked system stands; rows are sorted by inner group.

    Attributes
    ----------
    order
        (n,) row numbers of the data in the order used here.
    z, index
        (n, Q) covariates of each row's effects, and their columns in the system (N columns).
    inner, outer, local
        (n, Q1) columns within the group's block; (n, Q2) columns in the outer matrix, and among
        those that the group touches.
    rows, columns
        (G + 1,) first row and first column of each group.
    touched_at, touched
        Outer columns that each group's rows touch.
    factor_at, cross_at
        Places of the groups' matrices in flat buffers.
    slots
        For each term, its columns of `z`.
    starts
        For each term, (n_groups,) column of each group's first effect.
    covariance
        Shapes of the terms' factors.
    """

    order: np.ndarray
    z: np.ndarray
    index: np.ndarray
    inner: np.ndarray
    outer: np.ndarray
    local: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    touched_at: np.ndarray
    touched: np.ndarray
    factor_at: np.ndarray
    cross_at: np.ndarray
    slots: tuple[slice, ...]
    starts: tuple[np.ndarray, ...]
    covariance: Covariance

    @property
    def n_inner(self) -> int:
        """Number of inner columns."""
        return int(self.columns[-1])

    @property
    def n_outer(self) -> int:
        """Number of outer columns."""
        return self.n_columns - self.n_inner

    @property
    def n_columns(self) -> int:
        """Number of random effects N."""
        shapes = self.covariance.shapes
        return sum(len(s) * shape.size for s, shape in zip(self.starts, shapes, strict=True))

    def scaled(self, theta: np.ndarray) -> np.ndarray:
        """(n, Q) rows of ``Z Lambda``."""
        made = np.empty_like(self.z)
        for slot, factor in zip(self.slots, self.covariance.factors(theta), strict=True):
            rows = self.z[:, slot].reshape(-1, len(factor)) @ factor
            made[:, slot] = rows.reshape(len(made), -1)
        return made

    def multiply(
        self, theta: np.ndarray, vectors: np.ndarray, *, transposed: bool = False
    ) -> np.ndarray:
        """``Lambda v``, or ``Lambda' v``, for (N,) or (N, k) vectors."""
        made = np.empty_like(vectors)
        for start, factor in zip(self.starts, self.covariance.factors(theta), strict=True):
            place = start[:, None] + np.arange(len(factor))
            made[place] = np.einsum(
                "ef,lf...->le...", factor.T if transposed else factor, vectors[place]
            )
        return made

    def scatter_add(self, z: np.ndarray, value: np.ndarray) -> np.ndarray:
        """``z' value`` (N,) or (N, k) of (n, Q) rows and (n,) or (n, k) values."""
        out = np.zeros((self.n_columns, *value.shape[1:]))
        for slot in range(z.shape[1]):
            weighted = _times(z[:, slot], value).reshape(len(z), -1)
            at = self.index[:, slot]
            sums = [np.bincount(at, column, self.n_columns) for column in weighted.T]
            out += np.array(sums).T.reshape(out.shape)
        return out

    def gather(self, z: np.ndarray, vector: np.ndarray) -> np.ndarray:
        """``z vector`` (n,) or (n, k) of (n, Q) rows and (N,) or (N, k) vectors."""
        out = np.zeros((len(z), *vector.shape[1:]))
        for slot in range(z.shape[1]):
            out += _times(z[:, slot], vector[self.index[:, slot]])
        return out

    def pair_rows(self, value: np.ndarray, vector: np.ndarray) -> np.ndarray:
        """(n, Q) products of each row's (k,) values with its effects' (k,) entries of a vector."""
        products = [
            np.einsum("nk,nk->n", value, vector[self.index[:, slot]])
            for slot in range(self.z.shape[1])
        ]
        return np.array(products).T.reshape(self.z.shape)

    def gradient(self, pairs: np.ndarray) -> np.ndarray:
        """Gradient by theta of ``sum_i z_i' Lambda p_i``, given (n, Q) vectors p."""
        both = (self._by_group(self.z), self._by_group(pairs))
        return self.covariance.collect(
            [
                z.reshape(-1, z.shape[2]).T @ p.reshape(-1, z.shape[2])
                for z, p in zip(*both, strict=True)
            ]
        )

    def gradient_rows(self, pairs: np.ndarray) -> np.ndarray:
        """(n, t) what each row adds to that gradient."""
        both = (self._by_group(self.z), self._by_group(pairs))
        made = [np.zeros((len(pairs), 0))]
        for z, p, shape in zip(*both, self.covariance.shapes, strict=True):
            rows, columns = shape.entries
            made.append((z[..., rows] * p[..., columns]).sum(axis=1))
        return np.hstack(made)

    def _by_group(self, rows: np.ndarray) -> list[np.ndarray]:
        """(n, Q) rows by term: (n, m, q) for the m groups that a row belongs to."""
        sizes = [shape.size for shape in self.covariance.shapes]
        return [
            rows[:, slot].reshape(len(rows), -1, q)
            for slot, q in zip(self.slots, sizes, strict=True)
        ]


def _times(z: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Rows of values (n,) or (n, k), each multiplied with its z."""
    return z * values if values.ndim == 1 else z[:, None] * values


def build_layout(terms: Sequence[Term], n: int, groupings: Sequence[Grouping] = ()) -> Layout:
    """Choose which terms to eliminate first and give every effect its column.

    Terms may be nested in one of the groupings as well as in one another.
    """
    chosen, group, n_groups = _inner_terms(terms, n, groupings)
    order = np.argsort(group, kind="stable")
    group = group[order]
    rows = np.searchsorted(group, np.arange(n_groups + 1))
    starts, width = _inner_columns(terms, chosen, group, order, n_groups)
    columns = np.concatenate([[0], np.cumsum(width)])
    at = int(columns[-1])
    for k, term in enumerate(terms):
        if k not in chosen:
            starts[k] = at + np.arange(term.n_groups) * term.size
            at += term.n_groups * term.size
    sequence = [*chosen, *(k for k in range(len(terms)) if k not in chosen)]
    slots, z, index = _rows(terms, sequence, starts, order)
    n_slots = sum(terms[k].z.shape[1] for k in chosen)
    inner = index[:, :n_slots] - columns[group][:, None]
    outer = index[:, n_slots:] - columns[-1]
    touched_at, touched, local = _touched(group, n_groups, outer)
    n_touched = np.diff(touched_at)
    return Layout(
        order=order,
        z=z,
        index=index,
        inner=inner,
        outer=outer,
        local=local,
        rows=rows,
        columns=columns,
        touched_at=touched_at,
        touched=touched,
        factor_at=np.concatenate([[0], np.cumsum(width**2)]),
        cross_at=np.concatenate([[0], np.cumsum(width * n_touched)]),
        slots=tuple(slots[k] for k in range(len(terms))),
        starts=tuple(starts[k] for k in range(len(terms))),
        covariance=Covariance(tuple(Shape(t.size, t.correlated) for t in terms)),
    )


def _inner_terms(
    terms: Sequence[Term], n: int, groupings: Sequence[Grouping]
) -> tuple[list[int], np.ndarray, int]:
    """Terms to eliminate first, the rows' groups in the coarsest of them, and their number."""
    best: tuple[float, list[int], np.ndarray, int] | None = None
    single = [Grouping(term.codes, term.n_groups) for term in terms if term.codes.ndim == 1]
    for coarse in (*single, *groupings):
        nested = [k for k, term in enumerate(terms) if term.lies_within(coarse.codes)]
        cost = _cost(terms, nested, coarse, n)
        if best is None or cost < best[0]:
            best = (cost, nested, coarse.codes, coarse.n_groups)
    return best[1:] if best else ([], np.zeros(n, dtype=np.int64), 1)


def _cost(terms: Sequence[Term], nested: list[int], coarse: Grouping, n: int) -> float:
    """Rough number of operations of a factorization; dense ones are ten times as fast."""
    effects = np.array([t.n_groups * t.size for t in terms], dtype=float)
    inside = np.isin(np.arange(len(terms)), nested)
    m, d = effects[~inside].sum(), effects[inside].sum() / coarse.n_groups
    n_slots = sum(t.z.shape[1] for k, t in enumerate(terms) if k not in nested)
    nj = min(n / coarse.n_groups * n_slots, m)
    return coarse.n_groups * (d**3 + d**2 * nj + d * nj**2) + m**3 / 10


def _inner_columns(
    terms: Sequence[Term], chosen: list[int], group: np.ndarray, order: np.ndarray, n_groups: int
) -> tuple[dict[int, np.ndarray], np.ndarray]:
    """Column of each level of the inner terms, group after group, and the groups' widths."""
    levels, parents, sizes = [], [], []
    for k in chosen:
        parent = np.zeros(terms[k].n_groups, dtype=np.int64)
        parent[terms[k].members[order]] = group[:, None]
        parents.append(parent)
        levels.append(np.full(len(parent), k))
        sizes.append(np.full(len(parent), terms[k].size))
    if not chosen:
        return {}, np.zeros(n_groups, dtype=np.int64)
    parent, term, size = (np.concatenate(part) for part in (parents, levels, sizes))
    sequence = np.argsort(parent, kind="stable")
    first = np.empty(len(sequence), dtype=np.int64)
    first[sequence] = np.concatenate([[0], np.cumsum(size[sequence])[:-1]])
    width = np.bincount(parent, size, n_groups).astype(np.int64)
    return {k: first[term == k] for k in chosen}, width


def _rows(
    terms: Sequence[Term], sequence: list[int], starts: dict[int, np.ndarray], order: np.ndarray
) -> tuple[dict[int, slice], np.ndarray, np.ndarray]:
    """Slots of each term, and covariates and columns (n, Q) of each row's effects."""
    slots: dict[int, slice] = {}
    z, index, at = [np.empty((len(order), 0))], [np.empty((len(order), 0), dtype=np.int64)], 0
    for k in sequence:
        term = terms[k]
        slots[k] = slice(at, at + term.z.shape[1])
        z.append(term.z[order])
        first = starts[k][term.members[order]]
        index.append((first[:, :, None] + np.arange(term.size)).reshape(len(order), -1))
        at += term.z.shape[1]
    return slots, np.ascontiguousarray(np.hstack(z)), np.ascontiguousarray(np.hstack(index))


def _touched(
    group: np.ndarray, n_groups: int, outer: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outer columns that each group touches, ascending, and every row's places among them."""
    if outer.shape[1] == 0:
        return np.zeros(n_groups + 1, dtype=np.int64), np.zeros(0, dtype=np.int64), outer
    m = int(outer.max()) + 1
    keys, place = np.unique(group[:, None] * m + outer, return_inverse=True)
    touched_at = np.searchsorted(keys, np.arange(n_groups + 1) * m)
    local = place.reshape(outer.shape) - touched_at[group][:, None]
    return touched_at, keys % m, np.ascontiguousarray(local)


class System:
    """A factored system ``A = Lambda' Z' W Z Lambda + I``; `factor` renews it in place."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._factor = np.empty(layout.factor_at[-1])
        self._cross = np.empty(layout.cross_at[-1])
        self._S = np.zeros((layout.n_outer, layout.n_outer))
        self.z = layout.z
        self.logdet = np.nan

    @property
    def _groups(self) -> tuple[np.ndarray, ...]:
        at = self.layout
        return at.columns, at.touched_at, at.touched, at.factor_at, at.cross_at

    @property
    def factored(self) -> bool:
        """Whether the last factorization succeeded."""
        return bool(np.isfinite(self.logdet))

    def factor(self, weight: np.ndarray, scaled: np.ndarray) -> bool:
        """Factor the system for (n,) weights and (n, Q) rows of ``Z Lambda``.

        Returns whether that succeeded, as it does unless the weights are not finite.
        """
        at = self.layout
        self._S.fill(0.0)
        np.fill_diagonal(self._S, 1.0)
        self.z = scaled
        logdet = kernels.eliminate(
            weight, scaled, at.inner, at.outer, at.local, at.rows, *self._groups,
            self._factor, self._cross, self._S,
        )  # fmt: skip
        if at.n_outer and np.isfinite(logdet):
            _, info = dpotrf(self._S.T, lower=0, clean=0, overwrite_a=1)
            logdet += 2 * np.log(np.diag(self._S)).sum() if info == 0 else np.nan
        self.logdet = float(logdet)
        return self.factored

    def diagonal(self) -> np.ndarray:
        """(N,) entries of A where it is diagonal: one scalar term alone."""
        return self._factor**2

    def solve(self, rhs: np.ndarray) -> np.ndarray:
        """``A^-1 rhs`` for (N,) or (N, k) right-hand sides."""
        at = self.layout
        x = np.ascontiguousarray(rhs[:, None] if rhs.ndim == 1 else rhs).copy()
        kernels.solve_forward(x, *self._groups, self._factor, self._cross, at.n_inner)
        if at.n_outer:
            x[at.n_inner :] = dpotrs(self._S.T, x[at.n_inner :], lower=0)[0]
        kernels.solve_backward(x, *self._groups, self._factor, self._cross, at.n_inner)
        return x.reshape(rhs.shape)

    def invert(self) -> "Inverse":
        """The parts of ``A^-1`` that rows and groups need."""
        at = self.layout
        S_inverse = self._S.copy()
        if at.n_outer:
            S_inverse = dpotri(S_inverse.T, lower=0, overwrite_c=1)[0].T
        inverse, mixed = np.empty_like(self._factor), np.empty_like(self._cross)
        kernels.invert_groups(
            *self._groups, self._factor, self._cross.copy(), S_inverse, inverse, mixed
        )
        product = self._multiply_rows(inverse, mixed, S_inverse)
        variance = np.einsum("na,na->n", product, self.z)
        return Inverse(product, variance, inverse, S_inverse)

    def _multiply_rows(
        self, inverse: np.ndarray, mixed: np.ndarray, S_inverse: np.ndarray
    ) -> np.ndarray:
        """(n, Q) each row times its own part of the inverse, entry by entry of that part."""
        at, z = self.layout, self.z
        n_inner, n_outer = at.inner.shape[1], at.outer.shape[1]
        group = np.repeat(np.arange(len(at.rows) - 1), np.diff(at.rows))
        width, own, cross = np.diff(at.columns)[group], at.factor_at[group], at.cross_at[group]
        product = np.zeros_like(z)
        for a in range(n_inner):
            for b in range(n_inner):
                part = inverse[own + at.inner[:, a] * width + at.inner[:, b]]
                product[:, a] += part * z[:, b]
            for b in range(n_outer):
                part = mixed[cross + at.local[:, b] * width + at.inner[:, a]]
                product[:, a] += part * z[:, n_inner + b]
                product[:, n_inner + b] += part * z[:, a]
        for a in range(n_outer):
            for b in range(n_outer):
                high = np.maximum(at.outer[:, a], at.outer[:, b])
                low = np.minimum(at.outer[:, a], at.outer[:, b])
                product[:, n_inner + a] += S_inverse[high, low] * z[:, n_inner + b]
        return product


@dataclass(frozen=True, eq=False)
class Inverse:
    """Parts of ``A^-1``.

    Attributes
    ----------
    product
        (n, Q) ``A^-1 z_i`` at each row's own columns, with z_i a row of ``Z Lambda``.
    variance
        (n,) ``z_i' A^-1 z_i``.
    groups
        The inner groups' own blocks, flat as the layout's `factor_at` says.
    outer
        (m, m) inverse of S, in its lower triangle.
    """

    product: np.ndarray
    variance: np.ndarray
    groups: np.ndarray
    outer: np.ndarray

    def blocks(self, layout: Layout, term: int) -> np.ndarray:
        """(L, q, q) blocks of one term's levels."""
        start, q = layout.starts[term], layout.covariance.shapes[term].size
        if not len(start) or start[0] >= layout.n_inner:
            places = start[:, None] - layout.n_inner + np.arange(q)
            lower = np.tril(self.outer[places[:, :, None], places[:, None, :]])
            return lower + np.tril(lower, -1).transpose(0, 2, 1)
        group = np.searchsorted(layout.columns, start, side="right") - 1
        width, first = np.diff(layout.columns)[group], layout.factor_at[group]
        local = (start - layout.columns[group])[:, None] + np.arange(q)
        flat = first[:, None, None] + local[:, :, None] * width[:, None, None] + local[:, None, :]
        return self.groups[flat]
