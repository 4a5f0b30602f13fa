"""Which cells of a table to withhold so that none of few raters can be read or computed."""

import numpy as np

from pluralign_stats.errors import InputError


def check_min_cell(min_cell: int) -> None:
    """Refuse a smallest cell below 1, which withholds nothing."""
    if min_cell < 1:
        raise InputError(f"min_cell must be 1 or more, not {min_cell}; 1 withholds nothing")


def few(counts: np.ndarray, min_cell: int) -> np.ndarray:
    """Which of some counts of raters are from 1 to ``min_cell - 1``."""
    return (counts > 0) & (counts < min_cell)


def suppressed(counts: np.ndarray, min_cell: int) -> np.ndarray:
    """Which cells to withhold so that no small one can be computed from the total.

    Parameters
    ----------
    counts
        (k,) raters in each cell of one table whose total is known.
    min_cell
        Fewest raters of a cell that may be shown.

    Returns
    -------
    (k,) boolean. All cells from 1 to ``min_cell - 1``, and as few larger ones as it takes for the
    total to leave the size of each small one open; see `is_safe`.
    """
    withheld = few(counts, min_cell)
    while not is_safe(counts, withheld, min_cell):
        rest = np.flatnonzero(~withheld & (counts > 0))
        if not len(rest):
            break
        withheld[_next(counts, withheld, rest, min_cell)] = True
    return withheld


def _next(counts: np.ndarray, withheld: np.ndarray, rest: np.ndarray, min_cell: int) -> int:
    """The smallest cell that makes a line safe by itself, or else the largest."""
    order = rest[np.argsort(counts[rest], kind="stable")]
    for k in order:
        tried = withheld.copy()
        tried[k] = True
        if is_safe(counts, tried, min_cell):
            return int(k)
    return int(order[-1])


def is_safe(counts: np.ndarray, withheld: np.ndarray, min_cell: int) -> bool:
    """Whether the sum of the withheld cells of a line leaves the size of each small one open.

    It is known which of them are small (from 1 to ``min_cell - 1``) and which are not, and what
    they hold together. At least half of the sizes that a small cell can have must stay possible
    for each, and all of them together must hold `min_cell` raters.
    """
    small = withheld & (counts < min_cell)
    n_small, n_large = int(small.sum()), int((withheld & ~small).sum())
    if not n_small:
        return True
    total, most = int(counts[withheld].sum()), min_cell - 1
    highest = min(total - min_cell * n_large - (n_small - 1), most)
    lowest = 1 if n_large else max(total - most * (n_small - 1), 1)
    return total >= min_cell and 2 * (highest - lowest + 1) >= most


def suppressed_grid(
    counts: np.ndarray,
    min_cell: int,
    also: np.ndarray | None = None,
    totals: tuple[np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    """Which cells of a table must not show their counts, as totals of rows and columns are known.

    Parameters
    ----------
    counts
        (a, b) raters in each cell.
    min_cell
        Fewest raters of a cell that may be shown.
    also
        (a, b) cells that are withheld in any case.
    totals
        (a,) rows and (b,) columns whose totals are withheld too; then only that of all these
        together is known.

    Returns
    -------
    (a, b) boolean. All cells from 1 to ``min_cell - 1``, and as many others as it takes for every
    line to be safe, none to have a single withheld cell, and all lines together to leave at least
    half of the sizes that a small cell can have possible for each; all that have raters, where
    less is not enough.
    """
    lines = _lines(counts, totals)
    withheld = few(counts, min_cell) | (False if also is None else also)
    while True:
        withheld = _safe_lines(counts, withheld, lines, min_cell)
        tight = _tight(counts, withheld, lines, min_cell)
        if not tight.any() or not (~withheld & (counts > 0)).any():
            return withheld
        for i, j in np.argwhere(tight):
            crossing = np.zeros_like(withheld)
            crossing[i] = crossing[:, j] = True
            rest = ~withheld & (counts > 0)
            place = np.argwhere(rest & crossing if (rest & crossing).any() else rest)
            if len(place):
                withheld[tuple(place[counts[tuple(place.T)].argmax()])] = True


def is_open_grid(
    counts: np.ndarray,
    withheld: np.ndarray,
    min_cell: int,
    totals: tuple[np.ndarray, np.ndarray] | None = None,
    unseen: np.ndarray | None = None,
) -> bool:
    """Whether the totals of rows and columns leave the size of each withheld small cell open.

    Parameters
    ----------
    counts, min_cell, totals
        As for `suppressed_grid`.
    withheld
        (a, b) cells whose counts are withheld. Whether one has few raters, many or none is known.
    unseen
        (a, b) cells of which not even that is known, as they stand in no table.
    """
    lines = _lines(counts, totals)
    if unseen is None:
        return not _tight(counts, withheld, lines, min_cell).any()
    return not _tight(counts, withheld | unseen, lines, min_cell, unseen).any()


def _lines(counts: np.ndarray, totals: tuple[np.ndarray, np.ndarray] | None) -> list[np.ndarray]:
    """Which cells (a, b) belong to each row, column or several of them whose total is known."""
    found = []
    for axis, at in enumerate(np.indices(counts.shape)):
        unknown = np.zeros(counts.shape[axis], dtype=bool) if totals is None else totals[axis]
        found += [at == k for k in np.flatnonzero(~unknown)]
        found += [unknown[at]] if unknown.any() else []
    return found


def _safe_lines(
    counts: np.ndarray, withheld: np.ndarray, lines: list[np.ndarray], min_cell: int
) -> np.ndarray:
    """Withhold more until each line by itself is safe and has none or two withheld."""
    withheld = withheld.copy()
    while True:
        before = withheld.copy()
        for line in lines:
            n, here = counts[line], withheld[line]
            while here.any() and (here.sum() < 2 or not is_safe(n, here, min_cell)):
                rest = np.flatnonzero(~here & (n > 0))
                if not len(rest):
                    break
                here[_next(n, here, rest, min_cell)] = True
            withheld[line] = here
        if (withheld == before).all():
            return withheld


def _tight(
    counts: np.ndarray,
    withheld: np.ndarray,
    lines: list[np.ndarray],
    min_cell: int,
    unseen: np.ndarray | None = None,
) -> np.ndarray:
    """Small cells of which all lines together leave too few sizes possible.

    The smallest and largest size are those of linear programs, whose ends are whole as totals are.
    """
    from scipy.optimize import linprog

    n, small = counts[withheld], few(counts, min_cell)[withheld]
    sums = np.array([line[withheld] for line in lines], dtype=float)
    dark = np.zeros(len(n), dtype=bool) if unseen is None else unseen[withheld]
    bounds = [
        (0, None)
        if nothing
        else (1, min_cell - 1)
        if of_few
        else (min_cell if k else 0, None if k else 0)
        for k, of_few, nothing in zip(n, small, dark, strict=True)
    ]
    found = np.zeros(len(n), dtype=bool)
    for k in np.flatnonzero(small):
        cost = np.zeros(len(n))
        cost[k] = 1
        low, high = (
            sign * linprog(sign * cost, A_eq=sums, b_eq=sums @ n, bounds=bounds).fun
            for sign in (1, -1)
        )
        found[k] = 2 * (round(high) - round(low) + 1) < min_cell - 1
    tight = np.zeros_like(withheld)
    tight[withheld] = found
    return tight


#: Units to which shares are rounded where their counts are withheld.
UNITS = (0.01, 0.02, 0.05, 0.1, 0.2)


def rounded(share: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Shares of ratings, or their means, so coarse that they do not tell how many there are.

    In full it is a fraction whose denominator can be read from it. Units span at least two
    ratings, so that all numbers of about that size are possible.

    Parameters
    ----------
    share, n
        (m,) shares or means, and of how many ratings each is.
    """
    units = np.array(UNITS)
    wide = units * np.maximum(n, 1)[:, None] >= 2
    unit = np.where(wide.any(axis=1), units[wide.argmax(axis=1)], np.nan)
    return np.round(np.round(share / unit) * unit, 2)
