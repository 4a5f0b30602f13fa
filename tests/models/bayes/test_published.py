"""The published Bayesian model of trust in moral advisors, with its own priors."""

import numpy as np
import pandas as pd
import pytest

from pluralign_stats import fit_bayes
from tests.conftest import SHARED_DATA

pytestmark = pytest.mark.extended

FOLDER = SHARED_DATA / "trustamas"
PRIORS = {
    "coefficients": "normal(0, 1)",
    "thresholds": "normal(0, 2)",
    "sd": "exponential(2)",
    "correlations": "lkj(2)",
}
EFFECTS = ["human_vs_AI", "utilitarian_vs_deontological", "interaction"]


@pytest.mark.extended
@pytest.mark.skipif(not FOLDER.exists(), reason="the trustamas data are not here")
@pytest.mark.parametrize("outcome", ["trustworthy", "blame"])
def test_medians_are_the_published_ones(outcome):
    data = pd.read_csv(FOLDER / "ratings_wide.csv")
    data = data[data["comprehension_check"] == "Correct"]
    data["treatment"] = pd.Categorical(data["treatment"], ["AI", "Human"])
    data["advice"] = pd.Categorical(data["advice"], ["Deontological", "Utilitarian"])
    formula = f"{outcome} ~ treatment*advice + (1|id) + (treatment*advice|country)"
    fit = fit_bayes(formula, data, priors=PRIORS, draws=200, tune=200, progress=False)
    assert fit.convergence.n_divergent == 0
    published = pd.read_csv(FOLDER / "published_model1.csv")
    published = published[published["outcome"] == outcome]
    assert len(published) == 39
    term = [part.design.term.group for part in fit.random].index("country")
    levels = list(fit.random[term].design.levels)
    for row in published.itertuples():
        k = EFFECTS.index(row.effect)
        drawn = fit.draws.coefficients[:, k]
        if row.country != "Overall":
            drawn = drawn + fit.draws.effects[term][:, levels.index(row.country), k + 1]
        half = (row.hpdi95_high - row.hpdi95_low) / 2
        assert abs(np.median(drawn) - row.median) < max(0.05, half / 4), (row.effect, row.country)
