"""What tables call coefficients and the levels of grouping factors."""

import numpy as np

from pluralign_stats.checks.raters import count_raters, rater_numbers
from pluralign_stats.errors import InputError, one_of
from pluralign_stats.models.estimates import RandomPart
from pluralign_stats.models.fit import Fit
from pluralign_stats.models.matrices import RandomDesign
from pluralign_stats.models.raters import RATER, THINGS
from pluralign_stats.settings import MIN_CELL


def levels_of(group: str) -> str:
    """The levels of a grouping factor in words: ``raters``, ``items``, or ``levels of x``."""
    return f"{group}s" if group in {"rater", "item", "prompt", "response"} else f"levels of {group}"


def borne_widely(fit: Fit) -> np.ndarray:
    """(p,) whether `MIN_CELL` raters or more have a covariate other than 0 for a coefficient.

    What one item does to any other coefficient would tell what a handful of people rated.
    """
    design, raters = fit.design, rater_numbers(fit)
    matrices = (design.fixed, design.scale, design.nominal)
    enough = [
        len(np.unique(raters[column != 0])) >= MIN_CELL
        for matrix in matrices
        if matrix is not None
        for column in matrix.columns.T
    ]
    n_nominal = 0 if design.nominal is None else len(design.nominal.names)
    at = len(enough) - n_nominal
    return np.array(enough[:at] + [e for e in enough[at:] for _ in fit.thresholds], dtype=bool)


def rater_group(fit: Fit) -> str | None:
    """The grouping factor whose levels are the raters, if the model has it."""
    terms = [part.design.term for part in fit.random]
    return next((t.group for t in terms if fit.design.raters.are(t.factors)), None)


def find_parts(fit: Fit, group: str) -> list[RandomPart]:
    """The random terms of one grouping factor.

    Raises
    ------
    InputError
        If the model has no such factor.
    """
    parts = [part for part in fit.random if part.design.term.group == group]
    if not parts:
        known = list(fit.groups()["group"])
        if not known:
            raise InputError("the model has no grouping factor; add one, such as (1|rater)")
        raise InputError(one_of("'group'", group, known))
    return parts


def level_counts(fit: Fit, design: RandomDesign) -> tuple[np.ndarray, np.ndarray]:
    """(L,) raters and (L,) ratings of each level; raters are missing where none are known."""
    L, raters = len(design.levels), fit.design.raters
    n_ratings = np.bincount(design.codes, minlength=L)
    if not raters.known or raters.are(design.term.factors):
        return np.full(L, np.nan), n_ratings
    return count_raters(design.codes, rater_numbers(fit), L).astype(float), n_ratings


def may_name(fit: Fit, design: RandomDesign, *, named: bool | None) -> np.ndarray:
    """(L,) whether a level may be named.

    Raters never may; items, prompts and responses may, as they are not people. Other levels may
    where `MIN_CELL` raters or more stand behind them or, where the model tells no raters apart, if
    `named` is True, which says that they are not people. If it is False, none may.
    """
    L = len(design.levels)
    if named is False:
        return np.zeros(L, dtype=bool)
    if design.term.group in THINGS:
        return np.ones(L, dtype=bool)
    if RATER in design.term.factors or fit.design.raters.within(design.term.factors):
        return np.zeros(L, dtype=bool)
    n_raters, _ = level_counts(fit, design)
    if np.isnan(n_raters).all():
        return np.full(L, bool(named))
    return n_raters >= MIN_CELL


def label_levels(
    fit: Fit, design: RandomDesign, *, named: bool | None, order: np.ndarray, what: str
) -> list[str]:
    """Names of levels in the given order (m,), or their ranks where they may not be named.

    Parameters
    ----------
    named
        See `may_name`.
    order
        (m,) level numbers.
    what
        What they are ranked by, such as ``"most influential"``.
    """
    allowed = may_name(fit, design, named=named)
    group = design.term.group
    return [
        str(design.levels[k]) if allowed[k] else f"{ordinal(rank)} {what} {group}"
        for rank, k in enumerate(order, 1)
    ]


def ordinal(rank: int) -> str:
    """Write a rank as ``1st`` or ``2nd``."""
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{rank}{'th' if rank % 100 in (11, 12, 13) else ends.get(rank % 10, 'th')}"
