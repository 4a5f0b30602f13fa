"""Predictions of any fit: by row, and averaged over rows with their slopes by the parameters."""

from dataclasses import dataclass, field, replace
from typing import TypeGuard

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, listing, one_of
from pluralign_stats.models.engine.marginal import marginal_probability, marginalize
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.ordered import CROSSED
from pluralign_stats.models.ordinal import OrdinalEstimates
from pluralign_stats.models.parts import Averaging, Kind, Points

#: Rows predicted at once, which bounds memory.
CHUNK = 20_000

#: Probabilities between thresholds that coincide may be negative by rounding, but by less.
ROUNDED = 1e-12

#: Column that tells groups apart while rows are compared.
_GROUP = "(group)"

_AVERAGING = ("population", "conditional", "typical")


@dataclass(frozen=True, eq=False)
class Own:
    """Whose effects of one random term are added to rows.

    Attributes
    ----------
    codes
        (m,) number of each row's level; -1 where there is none.
    covariates
        (m, q) covariates of the effects; zero where there is none.
    """

    codes: np.ndarray
    covariates: np.ndarray

    def sum(self, effects: np.ndarray) -> np.ndarray:
        """(m,) contribution of effects (L, q)."""
        return (self.covariates * effects[self.codes]).sum(axis=1)


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows to predict in numbers.

    Attributes
    ----------
    fixed, nominal, scale
        (m, p), (m, c) and (m, s) covariates; missing where the model cannot speak of a row.
    offset
        (m,) predicted random effects that are added.
    z
        For each random term, (m, q) covariates of what is averaged over; zero where an offset
        stands for it.
    own
        For each random term, whose effects the offset holds; empty if it holds none.
    """

    fixed: np.ndarray
    nominal: np.ndarray
    scale: np.ndarray
    offset: np.ndarray
    z: tuple[np.ndarray, ...]
    own: tuple[Own, ...] = field(default=())

    @property
    def unknown(self) -> np.ndarray:
        """(m,) rows that the model cannot speak of."""
        columns = [self.fixed, self.nominal, self.scale, self.offset[:, None]]
        return np.isnan(np.hstack(columns)).any(axis=1)

    def known(self) -> "Rows":
        """The same rows with zeros where something is missing."""
        names = ("fixed", "nominal", "scale", "offset")
        return replace(self, **{name: np.nan_to_num(getattr(self, name)) for name in names})

    def slice(self, part: slice) -> "Rows":
        """Some of the rows."""
        return Rows(
            self.fixed[part],
            self.nominal[part],
            self.scale[part],
            self.offset[part],
            tuple(z[part] for z in self.z),
            tuple(Own(own.codes[part], own.covariates[part]) for own in self.own),
        )

    def with_effects(self, effects: tuple[np.ndarray, ...]) -> "Rows":
        """The same rows with other effects (L, q) of each random term, if any are given."""
        if not (self.own and effects):
            return self
        added = [own.sum(each) for own, each in zip(self.own, effects, strict=True)]
        return replace(self, offset=np.sum(added, axis=0))


def rows_of(fit: ModelEstimates, data: pd.DataFrame, averaging: Averaging = "population") -> Rows:
    """Turn data into rows to predict.

    Raises
    ------
    InputError
        If a variable is absent, a level unknown, or `averaging` unknown.
    """
    if averaging not in _AVERAGING:
        raise InputError(one_of("'averaging'", averaging, _AVERAGING))
    design = fit.design
    filled, complete = design.complete(data)
    none = np.zeros((len(data), 0))
    fixed = np.where(complete[:, None], design.fixed.of(filled), np.nan)
    nominal, scale = (
        none if matrix is None else matrix.of(filled) for matrix in (design.nominal, design.scale)
    )
    offset = np.where(complete, 0.0, np.nan)
    covariates = [part.design.of(filled) for part in fit.random]
    if averaging != "conditional":
        z = [np.zeros_like(c) if averaging == "typical" else c for c in covariates]
        return Rows(fixed, nominal, scale, offset, tuple(z))
    codes = [part.design.find(data) for part in fit.random]
    known = [(code >= 0)[:, None] for code in codes]
    z = [np.where(k, 0.0, c) for k, c in zip(known, covariates, strict=True)]
    own = [
        Own(code, np.where(k, c, 0.0)) for code, k, c in zip(codes, known, covariates, strict=True)
    ]
    added = [each.sum(part.modes) for each, part in zip(own, fit.random, strict=True)]
    return Rows(fixed, nominal, scale, np.sum([offset, *added], axis=0), tuple(z), tuple(own))


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
        averaging: Averaging = "population",
        weight: np.ndarray | None = None,
    ) -> None:
        check_kind(fit, kind)
        weight = np.ones(len(data)) if weight is None else weight
        data, group, weight = _distinct(fit, data, group, weight, averaging)
        self.fit, self.kind, self.n_groups = fit, kind, n_groups
        total = np.bincount(group, weight, n_groups)
        self.parts: list[tuple[Rows, np.ndarray]] = []
        self.lost = np.zeros(n_groups, dtype=bool)
        for first in range(0, len(data), CHUNK):
            chunk = slice(first, first + CHUNK)
            rows = rows_of(fit, data.iloc[chunk], averaging)
            if kind != "linear":
                _refuse_crossed(fit, rows, data.iloc[chunk], numbered=False)
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

    def over(self, points: Points) -> np.ndarray:
        """The averages (S, g, K) at each of S sets of parameters, one after the other."""
        made = np.array(
            [
                np.sum(
                    [
                        share @ _predicted(self.fit, rows.with_effects(effects), self.kind, values)
                        for rows, share in self.parts
                    ],
                    axis=0,
                )
                for values, effects in points
            ]
        )
        made[:, self.lost] = np.nan
        return made


def predict(
    fit: ModelEstimates,
    newdata: pd.DataFrame | None = None,
    kind: Kind = "mean",
    averaging: Averaging = "population",
) -> pd.Series | pd.DataFrame:
    """Predict each row of `newdata`, or of the data.

    Rows that are alike are predicted once. Each draw of a posterior predicts with its own
    parameters and effects, unless what is predicted is linear in these: that has its mean at their
    means. No more than one draw of one block of rows is in memory at a time.

    Parameters
    ----------
    fit
        A fitted model.
    newdata
        Rows with the variables of the model; by default those it was fitted to.
    kind
        The ``"mean"`` rating, the ``"probability"`` of each category (of ordinal models), or the
        ``"linear"`` predictor (log odds, for a logit).
    averaging
        ``"population"``: over the distribution of the random effects, as for a new rater and a new
        item. ``"conditional"``: with the predicted effects of the rows' own raters and items,
        averaged over those that are not in the data. ``"typical"``: with random effects of zero.

    Returns
    -------
    Series or DataFrame
        A number for each row; of probabilities, a column for each category.

    Raises
    ------
    InputError
        If a variable is absent, a level unknown, or `kind` not to be had from this model.
    """
    check_kind(fit, kind)
    data = fit.design.data if newdata is None else newdata
    number = number_rows(fit, data, averaging)
    _, first = np.unique(number, return_index=True)
    linear = kind == "linear" or not fit.family.ordered
    points = fit.points.mean if linear else fit.points
    made = predicted_rows(fit, data.iloc[first], kind, averaging, points)
    return as_predicted(fit, made[number], data.index, kind)


def predicted_rows(
    fit: ModelEstimates, data: pd.DataFrame, kind: Kind, averaging: Averaging, points: Points
) -> np.ndarray:
    """Predictions (m, K) of each row, averaged over the points."""
    rows = rows_of(fit, data, averaging)
    if kind != "linear":
        _refuse_crossed(fit, rows, data, numbered=True)
    made = []
    for first in range(0, len(data) or 1, CHUNK):
        chunk = rows.slice(slice(first, first + CHUNK))
        total = np.zeros(())
        for values, effects in points:
            total = total + _predicted(fit, chunk.with_effects(effects), kind, values)
        made.append(total / len(points.parameters))
    return np.vstack(made)


def _refuse_crossed(fit: ModelEstimates, rows: Rows, data: pd.DataFrame, *, numbered: bool) -> None:
    """Refuse rows whose thresholds cross, which those of the data that were fitted never do.

    Rows are told by their index if it is the user's (`numbered`).
    """
    if not (_by_category(fit, "mean") and rows.nominal.shape[1] and fit.design.nominal):
        return
    gaps = np.diff(_cut_points(fit, rows, fit.joint.estimates)[0], axis=1)
    crossed = gaps < -2 * CROSSED
    if crossed.any():
        row, gap = np.argwhere(crossed)[0]
        names = sorted(map(str, fit.design.nominal.spec.required_variables))
        told = ", ".join(f"{name} = {data[name].iloc[row]}" for name in names)
        lower, upper = fit.coded.cuts[gap : gap + 2]
        where = f"in row {data.index[row]}, with {told}," if numbered else f"in rows with {told}"
        raise InputError(
            f"{where} the thresholds '{lower}' and '{upper}' cross, so that a probability would be "
            f"negative; ask only about such {' and '.join(names)} as were rated, or fit without "
            f"{listing(names)} in 'nominal'"
        )


def as_predicted(
    fit: ModelEstimates, predicted: np.ndarray, index: pd.Index, kind: Kind
) -> pd.Series | pd.DataFrame:
    """Predictions (m, K) as `Fit.predict` returns them."""
    if kind != "probability":
        return pd.Series(predicted[:, 0], index, name=kind)
    return pd.DataFrame(predicted, index, list(fit.family.labels))


def category_probabilities(
    fit: OrdinalEstimates, rows: Rows, parameters: np.ndarray | None = None
) -> np.ndarray:
    """(m, J) probability of each category, at the estimates or at other parameters."""
    values = fit.joint.estimates if parameters is None else parameters
    cuts, k, sd, _ = _cut_points(fit, rows, values)
    below = marginal_probability(cuts, k, sd, fit.link)
    return _rounded(np.diff(below, axis=1, prepend=0, append=1))


def _rounded(probability: np.ndarray) -> np.ndarray:
    """Probabilities, with 0 for those that are negative by rounding only."""
    return np.where((probability < 0) & (probability > -ROUNDED), 0.0, probability)


def check_kind(fit: ModelEstimates, kind: Kind) -> None:
    """Refuse what cannot be predicted by this model."""
    allowed = ("mean", "probability", "linear") if fit.family.ordered else ("mean", "linear")
    if kind not in allowed:
        hint = "; category probabilities come from fit_ordinal" if kind == "probability" else ""
        raise InputError(one_of("'kind'", kind, allowed) + hint)


def _distinct(
    fit: ModelEstimates,
    data: pd.DataFrame,
    group: np.ndarray,
    weight: np.ndarray,
    averaging: Averaging,
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Rows that differ for the model, their groups, and how often each counts."""
    number = number_rows(fit, data.assign(**{_GROUP: group}), averaging)
    _, first = np.unique(number, return_index=True)
    return data.iloc[first], group[first], np.bincount(number, weight)


def number_rows(fit: ModelEstimates, data: pd.DataFrame, averaging: Averaging) -> np.ndarray:
    """(m,) numbers from 0 of the rows, the same for those that a fit predicts alike."""
    names = {*fit.design.variables, _GROUP}
    if averaging == "conditional":
        names |= {name for part in fit.random for name in part.design.term.factors}
    used = [column for column in data if column in names]
    if not used:
        return np.zeros(len(data), dtype=int)
    grouped = data.groupby(used, observed=True, dropna=False, sort=False)
    return grouped.ngroup().to_numpy()


def _by_category(fit: ModelEstimates, kind: Kind) -> TypeGuard[OrdinalEstimates]:
    """Whether predictions go by the probabilities of categories."""
    return fit.family.ordered and kind != "linear"


def _predicted(fit: ModelEstimates, rows: Rows, kind: Kind, values: np.ndarray) -> np.ndarray:
    """(m, K) predictions at (k,) parameters."""
    if not _by_category(fit, kind):
        f, p = fit.joint.sizes[0], rows.fixed.shape[1]
        return (rows.fixed @ values[f - p : f] + rows.offset)[:, None]
    probability = category_probabilities(fit, rows, values)
    return probability if kind == "probability" else (probability @ fit.family.scores)[:, None]


def _sums(
    fit: ModelEstimates, rows: Rows, share: np.ndarray, kind: Kind, values: np.ndarray
) -> Average:
    """Weighted sums of predictions and slopes, with (g, m) weights."""
    if not _by_category(fit, kind):
        p, f = rows.fixed.shape[1], fit.joint.sizes[0]
        slopes = np.zeros((len(share), 1, len(values)))
        slopes[:, 0, f - p : f] = share @ rows.fixed
        return Average(share @ _predicted(fit, rows, kind, values), slopes)
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


def _cut_points(
    fit: OrdinalEstimates, rows: Rows, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[np.ndarray]]:
    """Cuts (m, J - 1), inverse scales (m,), random standard deviations (m,), and their parts."""
    f, s, _ = fit.joint.sizes
    b, p, c = fit.basis.shape[1], rows.fixed.shape[1], rows.nominal.shape[1]
    alpha = values[:b]
    gamma = values[b : b + b * c].reshape(c, b)
    cuts = (alpha + rows.nominal @ gamma) @ fit.basis.T
    cuts = cuts - (rows.fixed @ values[f - p : f] + rows.offset)[:, None]
    k = np.exp(-rows.scale @ values[f : f + s])
    parts = _spreads(fit, rows, values[f + s :])
    sd = np.sqrt(sum(((part**2).sum(axis=1) for part in parts), np.zeros(len(k))))
    return cuts, k, sd, parts


def _spreads(fit: OrdinalEstimates, rows: Rows, theta: np.ndarray) -> list[np.ndarray]:
    """For each random term, (m, q) rows of ``z T L``, whose squares add up to the variance."""
    factors = fit.covariance.factors(theta)
    return [
        z @ transform @ factor
        for z, transform, factor in zip(rows.z, fit.transforms, factors, strict=True)
    ]


def _cumulative_sums(
    fit: OrdinalEstimates, rows: Rows, share: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted sums (g, J - 1) of cumulative probabilities, and slopes (g, J - 1, k)."""
    cuts, k, sd, parts = _cut_points(fit, rows, values)
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
        # d sd / d L_k = (z T)' (z T L) / sd, entry by entry of the lower triangle.
        inverse = np.divide(1.0, sd, out=np.zeros_like(sd), where=sd > 0)
        for category in range(C):
            pull = share * marginal.by_sd[:, category] * inverse
            slopes[:, category, f + s :] = [
                fit.covariance.collect(
                    [
                        (z @ T).T @ (row[:, None] * part)
                        for z, T, part in zip(rows.z, fit.transforms, parts, strict=True)
                    ]
                )
                for row in pull
            ]
    return share @ marginal.probability, slopes
