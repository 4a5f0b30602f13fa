"""Bands of numbers: ages, years of birth, and parts of equal numbers of raters."""

import numpy as np

Bands = dict[str, tuple[float, float]]

#: First and last age of the bands that surveys use, but for the open ends.
_AGES = ((18, 30), (31, 40), (41, 50), (51, 60))
OLDEST = 120

#: Parts that numbers of no known meaning are put into.
N_PARTS = 4
_MOST_DECIMALS = 7


def age_bands(ages: np.ndarray) -> Bands:
    """Bands of (n,) ages in years: 18-30, by tens up to 60, over 60; under 18 where there are."""
    bands: Bands = {"under 18": (0, 17)}
    bands |= {f"{low}-{high}": (low, high) for low, high in _AGES}
    bands["over 60"] = (_AGES[-1][1] + 1, OLDEST)
    return {name: (low, high) for name, (low, high) in bands.items() if _any(ages, low, high)}


def decade_bands(years: np.ndarray) -> Bands:
    """Bands of (n,) years of birth: 1980-1989, 1990-1999."""
    starts = np.unique(years // 10 * 10).astype(int)
    return {f"{start}-{start + 9}": (start, start + 9) for start in starts}


def equal_bands(numbers: np.ndarray, n_parts: int = N_PARTS) -> Bands:
    """Parts with about as many of the (n,) numbers each, from the lowest to the highest number.

    Their ends are written with as many decimals as the numbers have, so that every such number is
    in one of them.
    """
    decimals = _decimals(numbers)
    found = np.unique(numbers)
    inner = np.quantile(numbers, np.arange(1, n_parts) / n_parts, method="lower")
    tops = [top for top in np.unique(inner) if top < found[-1]]
    lows = [found[0], *(found[found > top][0] for top in tops)]
    # A part reaches up to the next one, so that no number lies between two.
    if decimals is None:
        highs = [*np.nextafter(lows[1:], -np.inf), found[-1]]
        ends = np.column_stack([lows, highs]).tolist()
        return {f"{low:.4g} to {high:.4g}": (low, high) for low, high in ends}
    highs = [*(low - 10.0**-decimals for low in lows[1:]), found[-1]]
    ends = np.round(np.column_stack([lows, highs]), decimals).tolist()
    return {_between(low, high): (low, high) for low, high in ends}


def _any(numbers: np.ndarray, low: float, high: float) -> bool:
    return bool(((numbers >= low) & (numbers <= high)).any())


def _decimals(numbers: np.ndarray) -> int | None:
    """Fewest decimals with which all of the numbers are written; None where these are many."""
    return next((k for k in range(_MOST_DECIMALS) if (np.round(numbers, k) == numbers).all()), None)


def _between(low: float, high: float) -> str:
    return f"{low:.12g}" if low == high else f"{low:.12g} to {high:.12g}"
