"""Structures of thresholds: from free parameters to the cuts between categories."""

import numpy as np

from pluralign_stats.errors import InputError, one_of

STRUCTURES = ("flexible", "symmetric", "equidistant")


def threshold_basis(structure: str, n_cuts: int) -> np.ndarray:
    """Basis B (J - 1, b): thresholds are B times the free parameters (Christensen 2019, section 4).

    flexible
        Each threshold is free.
    symmetric
        Thresholds lie symmetrically about a centre.
    equidistant
        Neighbouring thresholds are equally far apart.

    Raises
    ------
    InputError
        If the structure is unknown.

    References
    ----------
    Christensen, R. H. B. (2019), Cumulative link models for ordinal regression with the R package
    ordinal.
    """
    if structure not in STRUCTURES:
        raise InputError(one_of("'thresholds'", structure, STRUCTURES))
    place = np.arange(n_cuts)
    if structure == "flexible" or n_cuts == 1:
        return np.eye(n_cuts)
    if structure == "equidistant":
        return np.column_stack([np.ones(n_cuts), place])
    distance = np.abs(place - (n_cuts - 1) / 2)
    side = np.sign(place - (n_cuts - 1) / 2)
    steps = np.unique(distance[distance > 0])
    return np.column_stack([np.ones(n_cuts), *(side * (distance == step) for step in steps)])
