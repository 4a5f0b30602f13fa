"""Predictions of any fit: by row, and averaged over rows with their slopes by the parameters."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, one_of
from pluralign_stats.models.engine.marginal import Marginal, marginalize
from pluralign_stats.models.fit import Averaging, Fit, Kind
from pluralign_stats.models.ordinal import OrdinalFit

#: Rows predicted at once, which bounds memory.
CHUNK = 20_000

_AVERAGING = ("population", "conditional", "typical")


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
    """

    fixed: np.ndarray
    nominal: np.ndarray
    scale: np.ndarray
    offset: np.ndarray
    z: tuple[np.ndarray, ...]

    @property
    def unknown(self) -> np.ndarray:
        """(m,) rows that the model cannot speak of."""
        columns = [self.fixed, self.nominal, self.scale, self.offset[:, None]]
        return np.isnan(np.hstack(columns)).any(axis=1)

    def known(self) -> "Rows":
        """The same rows with zeros where something is missing."""
        names = ("fixed", "nominal", "scale", "offset")
        return replace(self, **{name: np.nan_to_num(getattr(self, name)) for name in names})


def rows_of(fit: Fit, data: pd.DataFrame, averaging: Averaging = "population") -> Rows:
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
    offset, z = np.where(complete, 0.0, np.nan), []
    for part in fit.random:
        covariates = part.design.of(filled)
        if averaging == "conditional":
            codes = part.design.find(data)
            known = codes >= 0
            effects = (covariates * part.modes[codes]).sum(axis=1)
            offset = offset + np.where(known, effects, 0.0)
            covariates = np.where(known[:, None], 0.0, covariates)
        z.append(np.zeros_like(covariates) if averaging == "typical" else covariates)
    return Rows(fixed, nominal, scale, offset, tuple(z))


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
    """

    def __init__(
        self,
        fit: Fit,
        data: pd.DataFrame,
        group: np.ndarray,
        n_groups: int,
        kind: Kind = "mean",
        averaging: Averaging = "population",
    ) -> None:
        _check_kind(fit, kind)
        weight = np.ones(len(data))
        if averaging != "conditional":
            data, group, weight = _distinct(fit, data, group)
        self.fit, self.kind, self.n_groups = fit, kind, n_groups
        total = np.bincount(group, weight, n_groups)
        self.parts: list[tuple[Rows, np.ndarray]] = []
        self.lost = np.zeros(n_groups, dtype=bool)
        for first in range(0, len(data), CHUNK):
            chunk = slice(first, first + CHUNK)
            rows = rows_of(fit, data.iloc[chunk], averaging)
            share = np.zeros((n_groups, len(rows.offset)))
            place = group[chunk], np.arange(len(rows.offset))
            share[place] = weight[chunk] / total[group[chunk]]
            self.parts.append((rows.known(), share))
            self.lost[group[chunk][rows.unknown]] = True

    def at(self, parameters: np.ndarray, *, slopes: bool = True) -> Average:
        """The averages at (k,) parameters, missing where a row is; slopes only if asked for."""
        sums = [_sums(self.fit, *part, self.kind, parameters, slopes) for part in self.parts]
        estimates = np.sum([s.estimates for s in sums], axis=0)
        slope = np.sum([s.slopes for s in sums], axis=0)
        estimates[self.lost], slope[self.lost] = np.nan, np.nan
        return Average(estimates, slope)


def predict(
    fit: Fit, newdata: pd.DataFrame | None, kind: Kind, averaging: Averaging
) -> pd.Series | pd.DataFrame:
    """Predict each row; see `Fit.predict`."""
    _check_kind(fit, kind)
    data = fit.design.data if newdata is None else newdata
    rows = rows_of(fit, data, averaging)
    if not isinstance(fit, OrdinalFit) or kind == "linear":
        beta = fit.params.to_numpy()[: rows.fixed.shape[1]]
        return pd.Series(rows.fixed @ beta + rows.offset, data.index, name=kind)
    probability = np.vstack(
        [
            category_probabilities(fit, _slice(rows, first))
            for first in range(0, len(rows.offset), CHUNK)
        ]
        or [np.zeros((0, len(fit.scores)))]
    )
    if kind == "mean":
        return pd.Series(probability @ fit.scores, data.index, name=kind)
    return pd.DataFrame(probability, data.index, list(fit.labels))


def category_probabilities(fit: OrdinalFit, rows: Rows) -> np.ndarray:
    """(m, J) probability of each category."""
    cumulative = _cumulative(fit, rows, fit.joint.estimates)[0].probability
    return np.diff(cumulative, axis=1, prepend=0, append=1)


def draw_categories(fit: OrdinalFit, seed: int) -> pd.Series:
    """New ratings for the rows of the data, with new random effects."""
    rng = np.random.default_rng(seed)
    data = fit.design.data
    rows = rows_of(fit, data, "typical")
    offset = rows.offset + sum(part.draw(rng) for part in fit.random)
    drawn = Rows(rows.fixed, rows.nominal, rows.scale, offset, rows.z)
    cumulative = np.cumsum(category_probabilities(fit, drawn), axis=1)
    codes = (rng.random((len(data), 1)) > cumulative[:, :-1]).sum(axis=1)
    response = fit.formula.partition("~")[0].strip(" `")
    if data[response].dtype == "category":
        made = pd.Categorical.from_codes(codes, data[response].cat.categories, ordered=True)
        return pd.Series(made, data.index, name="simulated")
    return pd.Series(fit.scores[codes], data.index, name="simulated")


def _check_kind(fit: Fit, kind: Kind) -> None:
    allowed = ("mean", "probability", "linear") if len(fit.scores) else ("mean", "linear")
    if kind not in allowed:
        hint = "; category probabilities come from fit_ordinal" if kind == "probability" else ""
        raise InputError(one_of("'kind'", kind, allowed) + hint)


def _slice(rows: Rows, first: int) -> Rows:
    part = slice(first, first + CHUNK)
    return Rows(
        rows.fixed[part],
        rows.nominal[part],
        rows.scale[part],
        rows.offset[part],
        tuple(z[part] for z in rows.z),
    )


def _distinct(
    fit: Fit, data: pd.DataFrame, group: np.ndarray
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Rows that differ for the model, their groups, and how often each occurs."""
    used = [c for c in fit.design.variables if c in data]
    keyed = data[used].assign(**{"(group)": group})
    number = keyed.groupby(list(keyed), observed=True, dropna=False, sort=False).ngroup().to_numpy()
    _, first, count = np.unique(number, return_index=True, return_counts=True)
    return data.iloc[first], group[first], count.astype(float)


def _sums(
    fit: Fit, rows: Rows, share: np.ndarray, kind: Kind, values: np.ndarray, with_slopes: bool
) -> Average:
    """Weighted sums of predictions and slopes, with (g, m) weights."""
    if not isinstance(fit, OrdinalFit):
        mean = share @ rows.fixed
        return Average(mean @ values[:, None] + (share @ rows.offset)[:, None], mean[:, None, :])
    if kind == "linear":
        p, f = rows.fixed.shape[1], fit.joint.sizes[0]
        slopes = np.zeros((len(share), 1, len(values)))
        slopes[:, 0, f - p : f] = share @ rows.fixed
        return Average((share @ (rows.fixed @ values[f - p : f] + rows.offset))[:, None], slopes)
    cumulative, slopes = _cumulative_sums(fit, rows, share, values, with_slopes)
    # Category j has the probability between cumulative j - 1 and j; a mean weighs categories.
    J = len(fit.scores)
    to_category = np.eye(J, J - 1) - np.eye(J, J - 1, -1)
    if kind == "mean":
        to_category = fit.scores[None, :] @ to_category
    constant = np.zeros(len(to_category))
    constant[-1] = fit.scores[-1] if kind == "mean" else 1.0
    constant = constant * share.sum(axis=1)[:, None] if share.size else constant
    return Average(
        constant + cumulative @ to_category.T, np.einsum("cj,gjk->gck", to_category, slopes)
    )


def _cumulative(
    fit: OrdinalFit, rows: Rows, values: np.ndarray
) -> tuple[Marginal, np.ndarray, list[np.ndarray]]:
    """Cumulative probabilities, the rows' random standard deviations (m,), and their parts."""
    f, s, _ = fit.joint.sizes
    b, p, c = fit.basis.shape[1], rows.fixed.shape[1], rows.nominal.shape[1]
    alpha = values[:b]
    gamma = values[b : b + b * c].reshape(c, b)
    cuts = (alpha + rows.nominal @ gamma) @ fit.basis.T
    cuts = cuts - (rows.fixed @ values[f - p : f] + rows.offset)[:, None]
    k = np.exp(-rows.scale @ values[f : f + s])
    parts = _spreads(fit, rows, values[f + s :])
    sd = np.sqrt(sum(((part**2).sum(axis=1) for part in parts), np.zeros(len(k))))
    return marginalize(cuts, k, sd, fit.link), sd, parts


def _spreads(fit: OrdinalFit, rows: Rows, theta: np.ndarray) -> list[np.ndarray]:
    """For each random term, (m, q) rows of ``z T L``, whose squares add up to the variance."""
    factors = fit.covariance.factors(theta)
    return [
        z @ transform @ factor
        for z, transform, factor in zip(rows.z, fit.transforms, factors, strict=True)
    ]


def _cumulative_sums(
    fit: OrdinalFit, rows: Rows, share: np.ndarray, values: np.ndarray, with_slopes: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted sums (g, J - 1) of cumulative probabilities, and slopes (g, J - 1, k)."""
    marginal, sd, parts = _cumulative(fit, rows, values)
    f, s, t = fit.joint.sizes
    b, p, c = fit.basis.shape[1], rows.fixed.shape[1], rows.nominal.shape[1]
    G, C = len(share), len(fit.basis)
    slopes = np.zeros((G, C, len(values)))
    if not with_slopes:
        return share @ marginal.probability, slopes
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
