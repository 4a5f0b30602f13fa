"""Fit one model to made-up ratings with known effects, and tell time, memory and error.

``python -m tests.benchmarks.scale_fit MODEL RATINGS`` prints JSON: seconds of the fit, peak memory
of the whole process (GiB), the largest distance of an effect from the truth in standard errors,
whether it converged. A fit to few ratings comes first, so nothing is compiled while time is taken.
"""

import json
import resource
import sys
import time

import numpy as np
import pandas as pd

import pluralign_stats as pls

FORMULA = "rating ~ gender + age + politics + (1|rater) + (1|item)"
#: Effects of the levels after the first.
EFFECTS = {
    "gender": {"Female": 0.0, "Male": -0.2},
    "age": {"18-30": 0.0, "31-40": 0.0, "41-50": -0.05, "51-60": -0.1, "over 60": 0.1},
    "politics": {"Liberal": 0.0, "Centre": 0.1, "Conservative": 0.25},
}
THRESHOLDS = np.array([-1.7, -0.3, 0.9, 2.7])
RATER_SD, ITEM_SD = 1.0, 0.7
RATINGS_PER_RATER, ITEMS = 20, 2_000


def made_up(model: str, n: int, n_items: int = ITEMS) -> pd.DataFrame:
    """Ratings by n / 20 raters of items drawn at random, linear or on five ordered categories."""
    rng = np.random.default_rng(n)
    n_raters = n // RATINGS_PER_RATER
    rater = np.repeat(np.arange(n_raters), RATINGS_PER_RATER)
    item = rng.integers(n_items, size=len(rater))
    people, eta = {}, RATER_SD * rng.standard_normal(n_raters)
    for name, effects in EFFECTS.items():
        codes = rng.integers(len(effects), size=n_raters)
        eta += np.array(list(effects.values()))[codes]
        people[name] = pd.Categorical.from_codes(codes[rater], list(effects))
    latent = eta[rater] + (ITEM_SD * rng.standard_normal(n_items))[item]
    if model == "ordinal":
        rating = 1.0 + np.searchsorted(THRESHOLDS, latent + rng.logistic(size=len(rater)))
    else:
        rating = 3.0 + latent + rng.standard_normal(len(rater))
    groups = {
        "rater": pd.Categorical.from_codes(rater, [f"r{k}" for k in range(n_raters)]),
        "item": pd.Categorical.from_codes(item, [f"i{k}" for k in range(n_items)]),
    }
    return pd.DataFrame({"rating": rating, **people, **groups})


def error(fit: pls.Fit) -> float:
    """Largest distance of an estimated effect from the truth, in standard errors."""
    truth = [effect for effects in EFFECTS.values() for effect in list(effects.values())[1:]]
    kept = fit.params.index != "Intercept"
    return float(np.abs((fit.params[kept] - truth) / fit.se[kept]).max())


def main(model: str, n: int) -> None:
    """Warm up, make the data, fit."""
    fit_model = {"linear": pls.fit_linear, "ordinal": pls.fit_ordinal}[model]
    fit_model(FORMULA, made_up(model, 2_000, n_items=40))
    data = made_up(model, n)
    start = time.perf_counter()
    fit = fit_model(FORMULA, data)
    seconds = time.perf_counter() - start
    told = {
        "seconds": seconds,
        "gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2,
        "error": error(fit),
        "converged": fit.converged,
        "raters": n // RATINGS_PER_RATER,
        "items": ITEMS,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
