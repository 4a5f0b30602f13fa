"""Crossed ratings with one known effect, and models fitted to them."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls

FORMULA = "rating ~ kind + x + (1|rater) + (1|item)"


def _draw(
    seed: int, *, n_raters: int = 120, size: int = 5, n_items: int = 30, spread: float = 1.0
) -> pd.DataFrame:
    """Ratings 1 to 5 by a cumulative logit; kind b has a latent residual scale of `spread`."""
    rng = np.random.default_rng(seed)
    kind, x = rng.integers(0, 2, n_raters), rng.normal(size=n_raters)
    rater = np.repeat(np.arange(n_raters), size)
    item = rng.integers(0, n_items, len(rater))
    noise = rng.logistic(size=len(rater)) * np.where(kind[rater] == 1, spread, 1.0)
    effects = rng.normal(size=n_raters)[rater] + rng.normal(0, 0.8, n_items)[item]
    latent = 0.6 * kind[rater] + 0.5 * x[rater] + effects + noise
    frame = pd.DataFrame(
        {
            "rater": [f"person-{k}" for k in rater],
            "item": [f"q{k}" for k in item],
            "kind": pd.Categorical.from_codes(kind[rater], ["a", "b"]),
            "x": x[rater],
            "latent": latent,
            "rating": 1.0 + np.searchsorted([-1.5, -0.3, 0.8, 2.0], latent),
        }
    )
    frame.attrs["data"] = "simulated"
    return frame


@pytest.fixture(scope="session")
def draw() -> Callable[..., pd.DataFrame]:
    return _draw


@pytest.fixture(scope="session")
def ratings() -> pd.DataFrame:
    return _draw(1)


@pytest.fixture(scope="session")
def ordinal_fit(ratings: pd.DataFrame) -> pls.OrdinalFit:
    return pls.fit_ordinal(FORMULA, ratings)


@pytest.fixture(scope="session")
def linear_fit(ratings: pd.DataFrame) -> pls.LinearFit:
    return pls.fit_linear(FORMULA.replace("rating", "latent"), ratings)


@pytest.fixture(scope="session", params=["ordinal_fit", "linear_fit"])
def fit(request: pytest.FixtureRequest) -> pls.Fit:
    return request.getfixturevalue(request.param)
