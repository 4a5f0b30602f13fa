"""Predictions of any fit by row, and new ratings drawn from them."""

from dataclasses import replace
from typing import TypeGuard, cast

import numpy as np
import pandas as pd
from scipy.special import expit

from pluralign_stats.errors import InputError, listing, one_of
from pluralign_stats.models.between import expected
from pluralign_stats.models.categories import labels_of
from pluralign_stats.models.engine.marginal import marginal_probability
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.laplace_fit import LaplaceEstimates
from pluralign_stats.models.ordered import CROSSED
from pluralign_stats.models.ordered_beta import OrderedBetaEstimates
from pluralign_stats.models.ordinal import OrdinalEstimates
from pluralign_stats.models.parts import Averaging, Kind, ParameterDraws
from pluralign_stats.models.rows import CHUNK, PredictionGrid, number_rows, rows_of

#: Probabilities between thresholds that coincide may be negative by rounding, but by less.
ROUNDED = 1e-12


def predict(
    fit: ModelEstimates,
    newdata: pd.DataFrame | None = None,
    kind: Kind = "mean",
    averaging: Averaging = "marginal",
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
        The ``"mean"`` rating, the ``"probability"`` of each category (of ordinal models; of
        ordered beta models, of each end of the scale and of what lies between), the share of
        ``"positive"`` ratings (of ordered beta models), or the ``"linear"`` predictor (log odds,
        for a logit).
    averaging
        ``"marginal"``: over the distribution of the random effects, as for a new rater and a new
        item. ``"conditional"``: with the predicted effects of the rows' own raters and items,
        averaged over those that are not in the data. ``"zero"``: with random effects of zero.

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
    linear = kind == "linear" or not bent(fit)
    points = fit.points.mean if linear else fit.points
    made = predicted_rows(fit, data.iloc[first], kind, averaging, points)
    return as_predicted(fit, made[number], data.index, kind)


def predicted_rows(
    fit: ModelEstimates,
    data: pd.DataFrame,
    kind: Kind,
    averaging: Averaging,
    points: ParameterDraws,
) -> np.ndarray:
    """Predictions (m, K) of each row, averaged over the points."""
    rows = rows_of(fit, data, averaging)
    if kind != "linear":
        refuse_crossed(fit, rows, data, numbered=True)
    made = []
    for first in range(0, len(data) or 1, CHUNK):
        chunk = rows.slice(slice(first, first + CHUNK))
        total = np.zeros(())
        for values, effects in points:
            total = total + predict_grid(fit, chunk.with_effects(effects), kind, values)
        made.append(total / len(points.parameters))
    return np.vstack(made)


def refuse_crossed(
    fit: ModelEstimates, rows: PredictionGrid, data: pd.DataFrame, *, numbered: bool
) -> None:
    """Refuse rows whose thresholds cross, which those of the data that were fitted never do.

    Rows are told by their index if it is the user's (`numbered`).
    """
    if not (by_category(fit, "mean") and rows.nominal.shape[1] and fit.design.nominal):
        return
    gaps = np.diff(cut_points(fit, rows, fit.joint.estimates)[0], axis=1)
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


def check_kind(fit: ModelEstimates, kind: Kind) -> None:
    """Refuse what cannot be predicted by this model."""
    allowed = allowed_kinds(fit)
    if kind not in allowed:
        hint = "; category probabilities come from fit_ordinal" if kind == "probability" else ""
        raise InputError(one_of("'kind'", kind, allowed) + hint)


def allowed_kinds(fit: ModelEstimates) -> tuple[Kind, ...]:
    """What can be predicted by this model."""
    if isinstance(fit, OrderedBetaEstimates):
        return ("mean", "probability", "positive", "linear")
    return ("mean", "probability", "linear") if fit.family.ordered else ("mean", "linear")


def bent(fit: ModelEstimates) -> bool:
    """Whether mean ratings are not linear in the parameters."""
    return fit.family.ordered or isinstance(fit, OrderedBetaEstimates)


def by_category(fit: ModelEstimates, kind: Kind) -> TypeGuard[OrdinalEstimates]:
    """Whether predictions go by the probabilities of categories."""
    return fit.family.ordered and kind != "linear"


def predict_grid(
    fit: ModelEstimates, rows: PredictionGrid, kind: Kind, values: np.ndarray
) -> np.ndarray:
    """(m, K) predictions at (k,) parameters."""
    if isinstance(fit, OrderedBetaEstimates) and kind != "linear":
        return expected(fit, rows, kind, values, random_sd(fit, rows, values)[0])
    if not by_category(fit, kind):
        f, p = fit.joint.sizes[0], rows.fixed.shape[1]
        return (rows.fixed @ values[f - p : f] + rows.offset)[:, None]
    probability = category_probabilities(fit, rows, values)
    return probability if kind == "probability" else (probability @ fit.family.scores)[:, None]


def category_probabilities(
    fit: OrdinalEstimates, rows: PredictionGrid, parameters: np.ndarray | None = None
) -> np.ndarray:
    """(m, J) probability of each category, at the estimates or at other parameters."""
    values = fit.joint.estimates if parameters is None else parameters
    cuts, k, sd, _ = cut_points(fit, rows, values)
    below = marginal_probability(cuts, k, sd, fit.link)
    made = np.diff(below, axis=1, prepend=0, append=1)
    return np.where((made < 0) & (made > -ROUNDED), 0.0, made)


def cut_points(
    fit: OrdinalEstimates, rows: PredictionGrid, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[np.ndarray]]:
    """Cuts (m, J - 1), inverse scales (m,), random standard deviations (m,), and their parts."""
    f, s, _ = fit.joint.sizes
    b, p, c = fit.basis.shape[1], rows.fixed.shape[1], rows.nominal.shape[1]
    alpha = values[:b]
    gamma = values[b : b + b * c].reshape(c, b)
    cuts = (alpha + rows.nominal @ gamma) @ fit.basis.T
    cuts = cuts - (rows.fixed @ values[f - p : f] + rows.offset)[:, None]
    k = np.exp(-rows.scale @ values[f : f + s])
    return cuts, k, *random_sd(fit, rows, values)


def random_sd(
    fit: LaplaceEstimates, rows: PredictionGrid, values: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Standard deviations (m,) of the rows' random parts, and the parts that make them."""
    f, s, _ = fit.joint.sizes
    factors = fit.covariance.factors(values[f + s :])
    # Rows of z T L, whose squares add up to the variance.
    parts = [z @ T @ L for z, T, L in zip(rows.z, fit.transforms, factors, strict=True)]
    return np.sqrt(
        sum(((part**2).sum(axis=1) for part in parts), np.zeros(len(rows.offset)))
    ), parts


def rating_sd(fit: ModelEstimates) -> float:
    """Standard deviation of a single rating, averaged in variance over the data."""
    if isinstance(fit, OrderedBetaEstimates):
        return _between_sd(fit)
    if not fit.family.ordered:
        return fit.latent_sd
    probability = predict(fit, kind="probability").to_numpy()
    mean = probability @ fit.family.scores
    return float(np.sqrt((probability @ fit.family.scores**2 - mean**2).mean()))


def _between_sd(fit: OrderedBetaEstimates) -> float:
    """The same of ratings between two ends."""
    number = number_rows(fit, fit.design.data, "marginal")
    _, first, counts = np.unique(number, return_index=True, return_counts=True)
    rows, total = rows_of(fit, fit.design.data.iloc[first]), 0.0
    for values, _ in fit.points:
        sd = random_sd(fit, rows, values)[0]
        square = expected(fit, rows, "square", values, sd)
        mean = expected(fit, rows, "mean", values, sd)
        total += np.average((square - mean**2)[:, 0], weights=counts)
    return float(np.sqrt(total / len(fit.points.parameters)))


def draw_ratings(fit: ModelEstimates, seed: int) -> pd.Series:
    """New ratings for the rows of the data, with new random effects and residuals."""
    rng = np.random.default_rng(seed)
    if fit.family.ordered:
        return _categories(cast("OrdinalEstimates", fit), rng)
    y = fit.design.fixed.columns @ fit.params.to_numpy()
    y = y + sum(part.draw(rng) for part in fit.random)
    if isinstance(fit, OrderedBetaEstimates):
        return pd.Series(_drawn(fit, y, rng), fit.design.data.index, name="simulated")
    y = y + rng.normal(size=len(y)) * fit.family.latent_sd / np.sqrt(fit.design.weight)
    return pd.Series(y, fit.design.data.index, name="simulated")


def _drawn(fit: OrderedBetaEstimates, eta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n,) ratings drawn at the estimates with predictors eta."""
    return draw_between(fit, eta, rng, fit.joint.estimates[: sum(fit.ends)], fit.phi)


def draw_between(
    fit: OrderedBetaEstimates,
    eta: np.ndarray,
    rng: np.random.Generator,
    known: np.ndarray,
    phi: float,
) -> np.ndarray:
    """(n,) ratings drawn with predictors eta, the `known` cuts (c,) and precision phi."""
    low, high = fit.bounds
    cuts = np.array([-np.inf, np.inf])
    cuts[np.array(fit.ends)] = known
    at, least = rng.random(len(eta)), np.finfo(float).tiny
    a, b = (np.maximum(phi * expit(side * eta), least) for side in (1, -1))
    y = low + (high - low) * rng.beta(a, b)
    y = np.where(at < expit(cuts[0] - eta), low, y)
    return np.where(at > expit(cuts[1] - eta), high, y)


def draw_codes(fit: OrdinalEstimates, rows: PredictionGrid, rng: np.random.Generator) -> np.ndarray:
    """(n,) category numbers of the rows of the data, drawn with new random effects."""
    offset = rows.offset + sum(part.draw(rng) for part in fit.random)
    cumulative = np.cumsum(category_probabilities(fit, replace(rows, offset=offset)), axis=1)
    return (rng.random((len(offset), 1)) > cumulative[:, :-1]).sum(axis=1)


def _categories(fit: OrdinalEstimates, rng: np.random.Generator) -> pd.Series:
    data = fit.design.data
    codes = draw_codes(fit, rows_of(fit, data, "zero"), rng)
    response = fit.design.formula.outcome
    if data[response].dtype == "category":
        scale = data[response].cat.categories
        place = pd.Index(labels_of(list(scale))).get_indexer(list(fit.family.labels))
        made = pd.Categorical.from_codes(place[codes], scale, ordered=True)
        return pd.Series(made, data.index, name="simulated")
    return pd.Series(fit.family.scores[codes], data.index, name="simulated")
