"""Predictions of any fit averaged over rows, with their slopes by the parameters."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.models.between import expected_with_slopes
from pluralign_stats.models.engine.marginal import marginalize
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.laplace_fit import LaplaceEstimates
from pluralign_stats.models.ordered_beta import OrderedBetaEstimates
from pluralign_stats.models.ordinal import OrdinalEstimates
from pluralign_stats.models.parts import Averaging, Kind, ParameterDraws
from pluralign_stats.models.predict import (
    ROUNDED,
    by_category,
    check_kind,
    cut_points,
    predict_grid,
    random_sd,
    refuse_crossed,
)
from pluralign_stats.models.rows import CHUNK, GROUP, PredictionGrid, number_rows, rows_of


@dataclass(frozen=True, eq=False)
class Average:
    """Averages of predictions by group.

    Attributes
    ----------
    estimates
        (g, K) averages; K is 1, or the number of categories.
    slopes
        (g, K, k) their derivatives by all k parameters.
    """

    estimates: np.ndarray
    slopes: np.ndarray


class Averager:
    """Averages the predictions of rows within groups, at any parameters.

    Parameters
    ----------
    fit
        A fitted model.
    data
        Rows with the variables of the model.
    group
        (m,) group number of each row.
    n_groups
        Number of groups.
    kind, averaging
        As for `Fit.predict`.
    weight
        (m,) how often each row counts; once by default.
    """

    def __init__(
        self,
        fit: ModelEstimates,
        data: pd.DataFrame,
        group: np.ndarray,
        n_groups: int,
        kind: Kind = "mean",
        averaging: Averaging = "marginal",
        weight: np.ndarray | None = None,
    ) -> None:
        check_kind(fit, kind)
        weight = np.ones(len(data)) if weight is None else weight
        # Rows that differ for the model, their groups, and how often each counts.
        number = number_rows(fit, data.assign(**{GROUP: group}), averaging)
        _, first = np.unique(number, return_index=True)
        data, group, weight = data.iloc[first], group[first], np.bincount(number, weight)
        self.fit, self.kind, self.n_groups = fit, kind, n_groups
        total = np.bincount(group, weight, n_groups)
        self.parts: list[tuple[PredictionGrid, np.ndarray]] = []
        self.lost = np.zeros(n_groups, dtype=bool)
        for start in range(0, len(data), CHUNK):
            chunk = slice(start, start + CHUNK)
            rows = rows_of(fit, data.iloc[chunk], averaging)
            if kind != "linear":
                refuse_crossed(fit, rows, data.iloc[chunk], numbered=False)
            share = np.zeros((n_groups, len(rows.offset)))
            place = group[chunk], np.arange(len(rows.offset))
            share[place] = weight[chunk] / total[group[chunk]]
            self.parts.append((rows.known(), share))
            self.lost[group[chunk][rows.unknown]] = True

    def at(self, parameters: np.ndarray) -> Average:
        """The averages at (k,) parameters with their slopes, missing where a row is."""
        sums = [_sums(self.fit, *part, self.kind, parameters) for part in self.parts]
        estimates = np.sum([s.estimates for s in sums], axis=0)
        slope = np.sum([s.slopes for s in sums], axis=0)
        estimates[self.lost], slope[self.lost] = np.nan, np.nan
        return Average(estimates, slope)

    def over(self, points: ParameterDraws) -> np.ndarray:
        """The averages (S, g, K) at each of S sets of parameters, one after the other."""
        made = np.array(
            [
                sum(
                    share @ predict_grid(self.fit, rows.with_effects(effects), self.kind, values)
                    for rows, share in self.parts
                )
                for values, effects in points
            ]
        )
        made[:, self.lost] = np.nan
        return made


def _sums(
    fit: ModelEstimates, rows: PredictionGrid, share: np.ndarray, kind: Kind, values: np.ndarray
) -> Average:
    """Weighted sums of predictions and slopes, with (g, m) weights."""
    if isinstance(fit, OrderedBetaEstimates) and kind != "linear":
        return _between_sums(fit, rows, share, kind, values)
    if not by_category(fit, kind):
        p, f = rows.fixed.shape[1], fit.joint.sizes[0]
        slopes = np.zeros((len(share), 1, len(values)))
        slopes[:, 0, f - p : f] = share @ rows.fixed
        return Average(share @ predict_grid(fit, rows, kind, values), slopes)
    cumulative, slopes = _cumulative_sums(fit, rows, share, values)
    # Category j has the probability between cumulative j - 1 and j; a mean weighs categories.
    J = len(fit.family.scores)
    to_category = np.eye(J, J - 1) - np.eye(J, J - 1, -1)
    if kind == "mean":
        to_category = fit.family.scores[None, :] @ to_category
    constant = np.zeros(len(to_category))
    constant[-1] = fit.family.scores[-1] if kind == "mean" else 1.0
    constant = constant * share.sum(axis=1)[:, None] if share.size else constant
    made = constant + cumulative @ to_category.T
    slopes = np.einsum("cj,gjk->gck", to_category, slopes)
    if kind == "probability":
        none = np.abs(made) < ROUNDED
        made[none], slopes[none] = 0.0, 0.0
    return Average(made, slopes)


def _cumulative_sums(
    fit: OrdinalEstimates, rows: PredictionGrid, share: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted sums (g, J - 1) of cumulative probabilities, and slopes (g, J - 1, k)."""
    cuts, k, sd, parts = cut_points(fit, rows, values)
    marginal = marginalize(cuts, k, sd, fit.link)
    f, s, t = fit.joint.sizes
    b, p, c = fit.basis.shape[1], rows.fixed.shape[1], rows.nominal.shape[1]
    G, C = len(share), len(fit.basis)
    slopes = np.zeros((G, C, len(values)))
    by_cut = share[:, :, None] * marginal.by_cut
    slopes[:, :, :b] = by_cut.sum(axis=1)[:, :, None] * fit.basis
    for j in range(c):
        changed = np.einsum("gmc,m->gc", by_cut, rows.nominal[:, j])
        slopes[:, :, b + j * b : b + (j + 1) * b] = changed[:, :, None] * fit.basis
    slopes[:, :, f - p : f] = -np.einsum("gmc,mp->gcp", by_cut, rows.fixed)
    by_scale = share[:, :, None] * marginal.by_scale
    slopes[:, :, f : f + s] = -np.einsum("gmc,ms->gcs", by_scale, rows.scale)
    if t and sd.any():
        for category in range(C):
            pull = share * marginal.by_sd[:, category]
            slopes[:, category, f + s :] = _by_factors(fit, rows, pull, sd, parts)
    return share @ marginal.probability, slopes


def _by_factors(
    fit: LaplaceEstimates,
    rows: PredictionGrid,
    pull: np.ndarray,
    sd: np.ndarray,
    parts: list[np.ndarray],
) -> np.ndarray:
    """(g, t) slopes by the factors' entries that those by rows' standard deviations (g, m) make."""
    # d sd / d L_k = (z T)' (z T L) / sd, entry by entry of the lower triangle.
    inverse = np.divide(1.0, sd, out=np.zeros_like(sd), where=sd > 0)
    made = [
        fit.covariance.collect(
            [
                (z @ T).T @ (row[:, None] * part)
                for z, T, part in zip(rows.z, fit.transforms, parts, strict=True)
            ]
        )
        for row in pull * inverse
    ]
    return np.array(made)


def _between_sums(
    fit: OrderedBetaEstimates,
    rows: PredictionGrid,
    share: np.ndarray,
    kind: Kind,
    values: np.ndarray,
) -> Average:
    """Weighted sums of what an ordered beta model predicts, and their slopes."""
    sd, parts = random_sd(fit, rows, values)
    made = expected_with_slopes(fit, rows, kind, values, sd)
    f, s, t = fit.joint.sizes
    c, p, K = sum(fit.ends), rows.fixed.shape[1], made.value.shape[1]
    slopes = np.zeros((len(share), K, len(values)))
    slopes[:, :, :c] = np.einsum("gm,cmk->gkc", share, made.by_cuts[np.array(fit.ends)])
    slopes[:, :, f - p : f] = np.einsum("gm,mk,mp->gkp", share, made.by_eta, rows.fixed)
    slopes[:, :, f] = share @ made.by_log_phi
    if t and sd.any():
        for k in range(K):
            pull = share * made.by_sd[:, k]
            slopes[:, k, f + s :] = _by_factors(fit, rows, pull, sd, parts)
    return Average(share @ made.value, slopes)
