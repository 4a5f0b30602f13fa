"""New ratings drawn from a fitted model."""

from typing import cast

import numpy as np
import pandas as pd

from pluralign_stats.models.categories import labels_of
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.ordinal import OrdinalEstimates
from pluralign_stats.models.predict import category_probabilities
from pluralign_stats.models.rows import PredictionGrid, rows_of


def draw_ratings(fit: ModelEstimates, seed: int) -> pd.Series:
    """New ratings for the rows of the data, with new random effects and residuals."""
    rng = np.random.default_rng(seed)
    if fit.family.ordered:
        return _categories(cast("OrdinalEstimates", fit), rng)
    y = fit.design.fixed.columns @ fit.params.to_numpy()
    y = y + sum(part.draw(rng) for part in fit.random)
    y = y + rng.normal(size=len(y)) * fit.family.latent_sd / np.sqrt(fit.design.weight)
    return pd.Series(y, fit.design.data.index, name="simulated")


def _categories(fit: OrdinalEstimates, rng: np.random.Generator) -> pd.Series:
    data = fit.design.data
    rows = rows_of(fit, data, "typical")
    offset = rows.offset + sum(part.draw(rng) for part in fit.random)
    drawn = PredictionGrid(rows.fixed, rows.nominal, rows.scale, offset, rows.z)
    cumulative = np.cumsum(category_probabilities(fit, drawn), axis=1)
    codes = (rng.random((len(data), 1)) > cumulative[:, :-1]).sum(axis=1)
    response = fit.design.formula.outcome
    if data[response].dtype == "category":
        scale = data[response].cat.categories
        place = pd.Index(labels_of(list(scale))).get_indexer(list(fit.family.labels))
        made = pd.Categorical.from_codes(place[codes], scale, ordered=True)
        return pd.Series(made, data.index, name="simulated")
    return pd.Series(fit.family.scores[codes], data.index, name="simulated")
