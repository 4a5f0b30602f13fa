"""Derivatives by central differences, to hold exact ones against."""

import numpy as np


def differentiate(function, x, steps):
    """Jacobian (k, p) of a function of (p,) to (k,), by central differences of given steps (p,)."""
    moves = zip(np.diag(steps), steps, strict=True)
    columns = [(function(x + move) - function(x - move)) / (2 * step) for move, step in moves]
    return np.array(columns).T.reshape(-1, len(x))
