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


def suppressed_grid(counts: np.ndarray, min_cell: int) -> np.ndarray:
    """Which cells of a table with known row and column totals must not show their counts.

    Parameters
    ----------
    counts
        (a, b) raters in each cell.
    min_cell
        Fewest raters of a cell that may be shown.

    Returns
    -------
    (a, b) boolean. All cells from 1 to ``min_cell - 1``, and as many of their rows and columns as
    it takes for every line to be safe and none to have a single withheld cell.
    """
    withheld = few(counts, min_cell)
    while True:
        before = withheld.copy()
        for n, line in (
            *zip(counts, withheld, strict=True),
            *zip(counts.T, withheld.T, strict=True),
        ):
            while line.any() and (line.sum() < 2 or not is_safe(n, line, min_cell)):
                rest = np.flatnonzero(~line & (n > 0))
                if not len(rest):
                    break
                line[_next(n, line, rest, min_cell)] = True
        if (withheld == before).all():
            return withheld


#: Units to which shares are rounded where their counts are withheld.
UNITS = (0.01, 0.02, 0.05, 0.1, 0.2)


def rounded(share: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Shares of numbers of ratings so coarse that they do not tell these numbers.

    A share in full is a fraction whose denominator can be read from it. Units span at least two
    ratings, so that all numbers of about that size are possible.

    Parameters
    ----------
    share, n
        (m,) shares, and ratings of which each is a share.
    """
    units = np.array(UNITS)
    wide = units * np.maximum(n, 1)[:, None] >= 2
    unit = np.where(wide.any(axis=1), units[wide.argmax(axis=1)], np.nan)
    return np.round(np.round(share / unit) * unit, 2)
