"""Predictions of each row of any fit, and what follows from them."""

from typing import cast

import numpy as np
import pandas as pd

from pluralign_stats.models import predict as likelihood
from pluralign_stats.models.bayes.fit import PosteriorEstimates
from pluralign_stats.models.bayes.predictive import predict_mean, simulate_ratings
from pluralign_stats.models.draw import draw_categories, draw_numbers
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.linear import LinearEstimates
from pluralign_stats.models.linear import rating_sd as linear_sd
from pluralign_stats.models.ordinal import OrdinalEstimates
from pluralign_stats.models.parts import Averaging, Kind


def predict(
    fit: ModelEstimates,
    newdata: pd.DataFrame | None = None,
    kind: Kind = "mean",
    averaging: Averaging = "population",
) -> pd.Series | pd.DataFrame:
    """Predict each row of `newdata`, or of the data; see `Fit.predict`."""
    if isinstance(fit, PosteriorEstimates):
        return predict_mean(fit, newdata, kind, averaging)
    return likelihood.predict(fit, newdata, kind, averaging)


def simulate(fit: ModelEstimates, seed: int) -> pd.Series:
    """New ratings for the rows of the data, with new random effects; of one draw of a posterior."""
    if isinstance(fit, PosteriorEstimates):
        return simulate_ratings(fit, seed)
    if isinstance(fit, OrdinalEstimates):
        return draw_categories(fit, seed)
    return draw_numbers(cast("LinearEstimates", fit), seed)


def rating_sd(fit: ModelEstimates) -> float:
    """Standard deviation of a single rating, averaged in variance over the data."""
    if not isinstance(fit, OrdinalEstimates):
        return linear_sd(cast("LinearEstimates", fit))
    probability = predict(fit, kind="probability").to_numpy()
    mean = probability @ fit.scores
    return float(np.sqrt((probability @ fit.scores**2 - mean**2).mean()))
