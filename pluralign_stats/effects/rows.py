"""Predictions of each row of any fit, and what follows from them."""

import numpy as np
import pandas as pd

from pluralign_stats.models.bayes.fit import PosteriorEstimates
from pluralign_stats.models.bayes.predictive import simulate_ratings
from pluralign_stats.models.draw import draw_ratings
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.predict import predict


def simulate(fit: ModelEstimates, seed: int) -> pd.Series:
    """New ratings for the rows of the data, with new random effects; of one draw of a posterior."""
    if isinstance(fit, PosteriorEstimates):
        return simulate_ratings(fit, seed)
    return draw_ratings(fit, seed)


def rating_sd(fit: ModelEstimates) -> float:
    """Standard deviation of a single rating, averaged in variance over the data."""
    if not fit.family.ordered:
        return fit.latent_sd
    probability = predict(fit, kind="probability").to_numpy()
    mean = probability @ fit.family.scores
    return float(np.sqrt((probability @ fit.family.scores**2 - mean**2).mean()))
