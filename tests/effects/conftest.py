"""A Bayesian fit of a simulated study, the same model by maximum likelihood, and a Gaussian one."""

import pandas as pd
import pytest

import pluralign_stats as pls
from tests.once import kept

FORMULA = "rating ~ gender + politics + (1|rater) + (1|item)"
FEW = {"draws": 300, "tune": 200, "chains": 2, "progress": False}


@pytest.fixture(scope="session")
def ratings() -> pd.DataFrame:
    study = pls.simulate_study(7, n_raters=200, n_prompts=12, responses_per_prompt=2)
    return study.where(dimension="toxicity").ratings


@pytest.fixture(scope="session")
def posterior(ratings, tmp_path_factory):
    return kept(tmp_path_factory, "posterior", lambda: pls.fit_bayes(FORMULA, ratings, **FEW))


@pytest.fixture(scope="session")
def gaussian(ratings, tmp_path_factory):
    return kept(
        tmp_path_factory,
        "gaussian",
        lambda: pls.fit_bayes(FORMULA, ratings, family="gaussian", **FEW),
    )


@pytest.fixture(scope="session")
def laplace(ratings):
    return pls.fit_ordinal(FORMULA, ratings)
