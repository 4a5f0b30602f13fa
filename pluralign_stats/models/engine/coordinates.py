"""Well-conditioned coordinates for the cuts of an ordinal model, and the way back."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import block_diag

from pluralign_stats.models.engine.whiten import orthogonal


@dataclass(frozen=True, eq=False)
class CutDesign:
    """Design rows of the cuts around each rating.

    Attributes
    ----------
    lower, upper
        (n, f) rows of the cuts below and above; zero where there is none.
    bottom, top
        (n,) whether the rating has no cut below, or above.
    scale
        (n, s) covariates of the log scale.
    back
        (f + s, f + s) matrix that turns coefficients of these rows into those of the data:
        threshold parameters, their changes (by covariate, then by parameter), effects, and
        effects on the log scale.
    ends
        (n, 2) lowest and highest category that the rater could choose.
    steps
        (J + 1, b) threshold structure between two rows of zeros.
    nominal, location
        (n, c), (n, p) covariates of thresholds and location in these coordinates.
    """

    lower: np.ndarray
    upper: np.ndarray
    bottom: np.ndarray
    top: np.ndarray
    scale: np.ndarray
    back: np.ndarray
    ends: np.ndarray
    steps: np.ndarray
    nominal: np.ndarray
    location: np.ndarray

    def with_codes(self, codes: np.ndarray) -> "CutDesign":
        """The design of other ratings (n,) by the same raters of the same items."""
        bottom, top = (codes[:, None] == self.ends).T
        return replace(
            self,
            lower=_rows(codes, ~bottom, self.steps, self.nominal, self.location),
            upper=_rows(codes + 1, ~top, self.steps, self.nominal, self.location),
            bottom=bottom,
            top=top,
        )


def cut_design(
    codes: np.ndarray,
    basis: np.ndarray,
    X: np.ndarray,
    nominal: np.ndarray,
    scale: np.ndarray,
    ends: np.ndarray | None = None,
) -> CutDesign:
    """Design the cuts of ratings with category `codes` (n,).

    Parameters
    ----------
    basis
        (J - 1, b) threshold structure, whose first columns can take up a shift of all thresholds.
    X, nominal, scale
        (n, p), (n, c), (n, s) covariates of location, thresholds and log scale; none constant.
    ends
        (n, 2) lowest and highest category that the rater could choose; by default of all.
    """
    n, b = len(codes), basis.shape[1]
    ends = np.tile([0, len(basis)], (n, 1)) if ends is None else ends
    whole, T = orthogonal(np.column_stack([np.ones(n), X]))
    length = np.sqrt((nominal**2).mean(axis=0))
    spread, T_scale = orthogonal(scale) if scale.shape[1] else (scale, np.zeros((0, 0)))

    shift = np.linalg.lstsq(basis, np.ones(len(basis)), rcond=None)[0]
    by_nominal = np.repeat(1 / length, b)
    back = block_diag(np.eye(b), np.diag(by_nominal), T[1:, 1:])
    back[:b, b + len(by_nominal) :] = -np.outer(shift, T[0, 1:])

    steps = np.vstack([np.zeros(b), basis, np.zeros(b)])
    stretched, location = nominal / length, whole[:, 1:]
    bottom, top = (codes[:, None] == ends).T
    return CutDesign(
        lower=_rows(codes, ~bottom, steps, stretched, location),
        upper=_rows(codes + 1, ~top, steps, stretched, location),
        bottom=bottom,
        top=top,
        scale=spread,
        back=block_diag(back, T_scale),
        ends=ends,
        steps=steps,
        nominal=stretched,
        location=location,
    )


def _rows(
    cut: np.ndarray, there: np.ndarray, steps: np.ndarray, nominal: np.ndarray, location: np.ndarray
) -> np.ndarray:
    """(n, f) design rows of one cut (n,) for each rating; without thresholds where not `there`."""
    at = steps[cut] * there[:, None]
    changes = [column[:, None] * at for column in nominal.T]
    return np.hstack([at, *changes, -location])
