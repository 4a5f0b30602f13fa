"""Small ratings, and models of them as the sampler takes them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pluralign_stats.fits.fit import Fit
from pluralign_stats.models.bayes.bayes import starting_fit
from pluralign_stats.models.bayes.density import ExpansionPoint, Prior, log_density
from pluralign_stats.models.bayes.expansion import linearize
from pluralign_stats.models.bayes.layout import Layout, build_layout
from pluralign_stats.models.bayes.posterior import Draws, unpack
from pluralign_stats.models.bayes.priors import Priors, choose_priors


@dataclass(frozen=True)
class Model:
    """A model before sampling."""

    start: Fit
    layout: Layout
    priors: Priors
    prior: Prior
    point: ExpansionPoint

    @property
    def size(self) -> int:
        return len(self.point.centre) + len(self.point.b)

    def log_density(self, z: np.ndarray) -> tuple[float, np.ndarray]:
        slope = np.full(self.size, np.nan)
        value = log_density(z, slope, self.layout.data, self.point, self.prior)
        return value, slope

    def draws(self, z: np.ndarray) -> Draws:
        """Parameters at coordinates (m, d)."""
        return unpack(self.start, self.layout, self.point, z[None])


def _build(
    formula: str,
    data: pd.DataFrame,
    family: str = "cumulative",
    priors: dict[str, str] | None = None,
    **options: Any,
) -> Model:
    given = {"link": "logit", "nominal": None, "scale": None, "weights": None} | options
    start = starting_fit(formula, data, family, **given)
    layout = build_layout(start)
    chosen = choose_priors(start, layout, priors)
    prior = chosen.numbers(layout)
    return Model(start, layout, chosen, prior, linearize(start, layout, prior))


@pytest.fixture(scope="session")
def build() -> Callable[..., Model]:
    """Make a model from a formula, data and the options of `fit_bayes`."""
    return _build


@pytest.fixture(scope="session")
def ratings() -> pd.DataFrame:
    """Ratings with effects that are there, in 2 to 5 categories and as numbers."""
    rng = np.random.default_rng(1)
    n = 90
    rater, item, place = rng.integers(0, 9, n), rng.integers(0, 6, n), rng.integers(0, 4, n)
    data = pd.DataFrame({"rater": rater, "item": item, "place": place})
    data["x"] = rng.normal(1.0, 1.0, n)
    data["z"] = rng.normal(0.0, 2.0, n)
    data["group"] = pd.Categorical(np.array(list("abc"))[rater % 3])
    data["weight"] = rng.uniform(0.5, 2.0, n)
    latent = 0.5 * data["x"] + rng.normal(size=9)[rater] + rng.normal(size=6)[item]
    latent += rng.logistic(size=n)
    for categories in (2, 3, 4, 5):
        edges = np.quantile(latent, np.arange(1, categories) / categories)
        data[f"r{categories}"] = np.digitize(latent, edges) + 1
    between = np.clip((latent - latent.mean()) / 6 + 0.5, 0, 1)
    return data.assign(y=latent, slider=100 * between, inner=0.05 + 0.9 * between)
