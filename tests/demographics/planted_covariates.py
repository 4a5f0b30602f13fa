"""Ratings in which effects of covariates are planted, at every level at which they can vary."""

from typing import Any

import numpy as np
import pandas as pd

import pluralign_stats as pls

#: Planted differences in points of a latent rating whose residual has an SD of 1.
SOURCE, SHOWN, WORDS, SPOKEN = 0.5, 0.4, 0.3, -0.4


def planted_ratings(
    seed: int,
    *,
    n_raters: int = 60,
    n_items: int = 40,
    each: int = 20,
    item_sd: float = 0.6,
    slope_sd: float = 0.4,
    effect: float = 1.0,
) -> pd.DataFrame:
    """Ratings from 1 to 5, and the latent ratings behind them (score).

    Columns rater, item, gender, source and words (of the item; the effect of source differs between
    raters), shown (of the row; its effect differs between raters and items), spoken (of the rater;
    its effect differs between items). `effect` is what the planted differences are taken times.
    """
    rng = np.random.default_rng(seed)
    items = np.array([rng.permutation(n_items)[:each] for _ in range(n_raters)]).ravel()
    raters = np.repeat(np.arange(n_raters), each)
    source, spoken = np.arange(n_items) % 2, np.arange(n_raters) % 2
    words = rng.normal(size=n_items).round(3)
    shown = rng.integers(2, size=len(items))

    def normal(sd: float, n: int) -> np.ndarray:
        return sd * rng.normal(size=n)

    latent = normal(0.6, n_raters)[raters] + normal(item_sd, n_items)[items]
    latent += source[items] * (effect * SOURCE + normal(slope_sd, n_raters)[raters])
    latent += shown * (effect * SHOWN + normal(slope_sd, n_raters)[raters])
    latent += shown * normal(slope_sd, n_items)[items] + effect * WORDS * words[items]
    latent += spoken[raters] * (effect * SPOKEN + normal(slope_sd, n_items)[items])
    latent += rng.normal(size=len(items))
    return pd.DataFrame(
        {
            "rater": [f"p{k:03}" for k in raters],
            "item": [f"i{k:03}" for k in items],
            "gender": np.where(raters % 3 == 0, "Male", "Female"),
            "source": np.where(source[items], "web", "app"),
            "words": 100 + 20 * words[items],
            "shown": np.where(shown, "late", "early"),
            "spoken": np.where(spoken[raters], "nl", "en"),
            "rating": np.digitize(latent - latent.mean(), [-1.2, -0.4, 0.4, 1.2]) + 1,
            "score": latent.round(6),
        }
    )


def planted_study(frame: pd.DataFrame, effects: list[str], **more: Any) -> pls.Study:
    """A study of planted ratings, of which the latent ones are a dimension of their own."""
    scales = {"rating": [1, 5], "score": {"from": -9, "to": 9, "continuous": True}}
    options: dict[str, Any] = {
        "rater": "rater", "item": "item", "dimensions": ["rating", "score"],
        "demographics": ["gender"], "scales": scales, "effects": effects, "simulated": True,
    }  # fmt: skip
    return pls.Study.from_frame(frame, **(options | more))
