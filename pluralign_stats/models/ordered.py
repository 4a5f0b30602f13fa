"""Thresholds kept in order: which neighbouring ones have to coincide.

Nothing in the likelihood keeps two thresholds in order between which nobody chose a category. The
log-likelihood is therefore maximized with their order as a constraint, by an active set: thresholds
that cross are held together, and let go where that would raise the likelihood (Nocedal & Wright
2006, Numerical Optimization, chapter 16).
"""

from dataclasses import dataclass

import numpy as np

from pluralign_stats.errors import InputError
from pluralign_stats.models.categories import Categories
from pluralign_stats.models.design import Design
from pluralign_stats.models.ordinal_model import OrdinalModel
from pluralign_stats.models.rating_formats import Offered
from pluralign_stats.models.search import Objective, Optimum, search

#: Thresholds are out of order if they are by more than this, in latent units.
CROSSED = 1e-8

#: Thresholds are let go if the log-likelihood rises by more than this per latent unit.
PULL = 1e-3

#: Most searches for the thresholds that coincide.
ROUNDS = 40


@dataclass(frozen=True, eq=False)
class Ordered:
    """An ordinal model at its maximum, with thresholds in order.

    Attributes
    ----------
    model
        The model, in which some thresholds may be held together.
    optimum
        The maximum, in the model's own coordinates.
    held
        Pairs of thresholds that coincide, in some rows at least.
    everywhere
        Whether they coincide in all rows.
    """

    model: OrdinalModel
    optimum: Optimum
    held: tuple[tuple[str, str], ...]
    everywhere: bool


@dataclass(frozen=True, eq=False)
class Gaps:
    """Gaps between neighbouring thresholds, each kind once.

    Attributes
    ----------
    rows
        (m, k) a gap is its row times the first k of the engine's parameters.
    empty
        (m,) whether nobody chose a category that lies in such a gap.
    lower, kind
        (M,) of each gap of each distinct row of the thresholds' covariates, between options that
        were offered there, the number of the threshold below and which of the m it is.
    every
        Whether the thresholds' covariates tell groups apart that each have thresholds of their own.
    """

    rows: np.ndarray
    empty: np.ndarray
    lower: np.ndarray
    kind: np.ndarray
    every: bool


def search_in_order(
    design: Design,
    categories: Categories,
    basis: np.ndarray,
    link: str,
    n_nodes: int,
    offered: Offered,
) -> Ordered:
    """Maximize the marginal likelihood with all thresholds of all rows in order."""
    whole = OrdinalModel(design, categories, basis, link, offered)
    gaps = gaps_of(whole)
    # A category that nobody of a group chose takes probability from its neighbours.
    held = gaps.empty & gaps.every
    lasting = np.zeros_like(held)
    b, k = basis.shape[1], gaps.rows.shape[1]
    beyond = whole.cuts.back[b + np.flatnonzero(offered.beyond), :k]
    location: np.ndarray | None = None
    for _ in range(ROUNDS):
        model = whole
        if held.any() or len(beyond):
            rows = np.vstack([beyond, gaps.rows[held]])
            model = OrdinalModel(design, categories, basis, link, offered, rows)
        start, f = model.start(), model.free.shape[1]
        if location is None:
            location = model.free @ start[:f]
        start[:f] = model.free.T @ location
        optimum = search(model, start, n_nodes)
        psi = model.lift @ optimum.psi
        found = psi[: len(location)]
        blocked, share = _first_crossed(gaps, location, found)
        location = location + share * (found - location)
        if blocked is not None:
            held[blocked] = True
            continue
        pull = np.where(lasting, 0.0, _pull(whole, gaps, held, psi, n_nodes))
        if pull.max(initial=0.0) <= PULL:
            names, closed = categories.cuts, held[gaps.kind]
            lower = np.unique(gaps.lower[closed])
            pairs = tuple((names[k], names[k + 1]) for k in lower)
            everywhere = bool(closed[np.isin(gaps.lower, lower)].all())
            return Ordered(model, optimum, pairs, everywhere)
        released = int(np.argmax(pull))
        held[released], lasting[released] = False, True
    raise InputError(
        "the thresholds cross for some rows, where nobody chose what lies between, so that "
        "probabilities there would be negative; join categories, leave terms out of 'nominal', or "
        "use flexible thresholds"
    )


def gaps_of(model: OrdinalModel) -> Gaps:
    """The gaps between the thresholds of a model."""
    design, basis = model.design, model.basis
    n_cuts = len(basis)
    natural, pattern = _natural_gaps(design, basis)
    patterns = range(pattern.max() + 1)
    chosen = np.zeros((len(patterns), n_cuts + 1), dtype=bool)
    chosen[pattern, model.categories.codes] = True
    first = np.unique(pattern, return_index=True)[1]
    bottom, top = model.cuts.ends[first].T[:, :, None]
    middle = np.arange(1, n_cuts)
    inside = ((middle > bottom) & (middle < top)).ravel()
    rows, kind = np.unique(natural[inside], axis=0, return_inverse=True)
    used = np.bincount(kind.ravel(), chosen[:, 1:-1].ravel()[inside], len(rows)) > 0
    k = natural.shape[1]
    lower = np.tile(middle - 1, len(patterns))[inside]
    every = (len(patterns) - 1) * basis.shape[1] == k - basis.shape[1]
    return Gaps(rows @ model.cuts.back[:k, :k], ~used, lower, kind.ravel(), every)


def _natural_gaps(design: Design, basis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gaps as rows (g, k) times the first k parameters, and which (n,) rows have which of them.

    One block of gaps for each distinct row of the thresholds' covariates, in order.
    """
    nominal = np.zeros((len(design.y), 0)) if design.nominal is None else design.nominal.columns
    patterns, pattern = np.unique(nominal, axis=0, return_inverse=True)
    with_constant = np.hstack([np.ones((len(patterns), 1)), patterns])
    return np.kron(with_constant, np.diff(basis, axis=0)), pattern.ravel()


def in_order(design: Design, basis: np.ndarray, parameters: np.ndarray) -> np.ndarray:
    """Which of S sets of parameters (S, k) keep the thresholds of all rows in order."""
    gaps, _ = _natural_gaps(design, basis)
    return (parameters[:, : gaps.shape[1]] @ gaps.T >= -2 * CROSSED).all(axis=1)


def _first_crossed(gaps: Gaps, start: np.ndarray, end: np.ndarray) -> tuple[int | None, float]:
    """Which gap closes first on the way to where some are negative, and at what share of the way.

    Everything before lies in the domain of the likelihood, where gaps that were chosen are open.
    """
    k = gaps.rows.shape[1]
    before, after = gaps.rows @ start[:k], gaps.rows @ end[:k]
    crossed = np.flatnonzero(after < -CROSSED)
    if not len(crossed):
        return None, 1.0
    open_before = before[crossed].clip(0)
    share = open_before / (open_before - after[crossed])
    first = int(np.argmin(share))
    return int(crossed[first]), float(share[first])


def _pull(
    model: OrdinalModel, gaps: Gaps, held: np.ndarray, psi: np.ndarray, n_nodes: int
) -> np.ndarray:
    """(m,) by how much the log-likelihood would rise with each of the gaps that are held at 0."""
    made = np.zeros(len(held))
    if held.any():
        slope = Objective(model.problem, n_nodes)(psi)[1][: gaps.rows.shape[1]]
        made[held] = np.linalg.lstsq(gaps.rows[held].T, slope, rcond=None)[0]
    return made
