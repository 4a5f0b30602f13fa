"""Numbers that questionnaires write where there is no answer, told from answers by their size."""

import numpy as np

_CODES = (-9999, -999, -99, -98, -97, -88, -77, 77, 88, 97, 98, 99, 777, 888, 999, 9999)
#: Largest number of short scales.
SHORT = 11


def set_apart(numbers: np.ndarray, low: float, high: float) -> np.ndarray:
    """Which of (n,) numbers are codes that lie outside of what answers can be: (n,) bool."""
    return np.isin(numbers, _CODES) & ((numbers < low) | (numbers > high))


def outside_of_others(numbers: np.ndarray) -> np.ndarray:
    """Which of (n,) numbers are codes far from a short scale, or below numbers from 0: (n,) bool.

    Large codes beside large numbers, such as 99 beside 98 and 120, may be answers and are none.
    """
    rest = numbers[~set_apart(numbers, -SHORT, SHORT)]
    if len(rest) > 1 and abs(rest).max() <= SHORT:
        return set_apart(numbers, -SHORT, SHORT)
    below = set_apart(numbers, 0, np.inf)
    if (~below).sum() > 1 and (numbers[~below] >= 0).all():
        return below
    return np.zeros(len(numbers), dtype=bool)


def told_of(words: str) -> str:
    """Why these are taken for codes."""
    return f"{words} lies far outside and is a usual code for no answer"
