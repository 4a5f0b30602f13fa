"""Tables that are hard to draw: eight dimensions, twelve long levels, thirty countries."""

import numpy as np
import pandas as pd

from pluralign_stats.results import Metadata, Result

DIMENSIONS = (
    "Stereotypical bias", "Toxicity", "Emotional awareness", "Sensitivity and openness",
    "Helpfulness", "Nachvollziehbarkeit der Begründung", "Verständlichkeit",
    "Factual correctness",
)  # fmt: skip
LEVELS = (
    "Allgemeine Hochschulreife (Abitur)", "Hauptschulabschluss oder gleichwertig",
    "Noch in schulischer Ausbildung", "Amerikanischer Indianer oder Alaska-Ureinwohner",
    "Mittlerer Osten oder Nordafrika", "Hispano- oder Latinoamerikaner",
    "Kriegsdienstverweigerungsanerkennung", "Promotion", "Bachelor", "Master", "Meisterprüfung",
    "Keine Angabe möglich",
)  # fmt: skip
COUNTRIES = tuple(
    f"Country number {i}" if i % 5 else f"United Kingdom of Great Britain and Ireland {i}"
    for i in range(30)
)
RECIPES = ("preserve", "majority", "modal", "mean", "median", "consensus", "random")
TERM = "Höchster Bildungsabschluss"


def result(rows, unit="rating points"):
    meta = Metadata("Made", "simulated", unit, 0.95, "delta-method intervals")
    return Result(pd.DataFrame(rows), "A sentence.", meta)


def contrasts(dimensions, levels, models=()):
    rng = np.random.default_rng(1)
    numbers = {"conf_low": -0.5, "conf_high": 0.6, "p_adjusted": 0.2, "n_raters": 1234}
    return result(
        {"dimension": d, "term": TERM, "contrast": f"{level} vs {levels[0]}",
         "estimate": rng.normal(), **numbers, **({"model": m} if models else {})}
        for d in dimensions for level in levels[1:] for m in models or ("",)
    )  # fmt: skip


def composition(levels, terms=(TERM,)):
    return result(
        {"term": t, "group": level, "n_raters": 1234, "share": 1 / len(levels)}
        for t in terms for level in levels
    )  # fmt: skip


def distribution(dimensions, levels, k=5):
    return result(
        {"dimension": d, "term": TERM, "group": level, "rating": r + 1, "share": 1 / k,
         "n_raters": 1234}
        for d in dimensions for level in levels for r in range(k)
    )  # fmt: skip


def agreement(dimensions, levels):
    return result(
        {"dimension": d, "group": g, "estimate": 0.3, "conf_low": 0.1, "conf_high": 0.6,
         "n_raters": 1234}
        for d in dimensions for g in ("All raters", *levels)
    )  # fmt: skip


def joint(dimensions):
    return result(
        {"given": a, "dimension": b, "estimate": 0.5, "conf_low": 0.41, "conf_high": 0.63,
         "n_raters": 1095, "n_ratings": 12345}
        for a in dimensions for b in dimensions if a != b
    )  # fmt: skip


def shares(levels, k=5):
    return result(
        {"term": TERM, "group": level, "rating": r + 1, "estimate": 1 / k, "conf_low": 0.8 / k,
         "conf_high": 1.2 / k, "n_raters": 1234, "n_ratings": 4000}
        for level in levels for r in range(k)
    )  # fmt: skip


def calibration(levels, k=5):
    return result(
        {"term": TERM, "group": level, "rating": r + 1, "estimate": 0.2, "observed": 0.25,
         "conf_low": 0.1, "conf_high": 0.3, "n_raters": 1234, "n_ratings": 4000}
        for level in levels for r in range(k)
    )  # fmt: skip


def residuals(levels):
    return result(
        {"term": TERM, "group": level, "part": part + 1, "estimate": 0.1, "conf_low": 0.05,
         "conf_high": 0.15, "n_raters": 1234, "n_ratings": 4000}
        for level in levels for part in range(10)
    )  # fmt: skip


def ridges(dimensions, levels):
    rng = np.random.default_rng(1)
    return result(
        {"dimension": d, "contrast": f"{TERM}: {level} vs {levels[0]}", "estimate": drawn}
        for d in dimensions for level in levels[1:] for drawn in rng.normal(size=30)
    )  # fmt: skip


def feedback_shares(levels):
    return result(
        {"strategy": r, "term": TERM, "group": level, "n_raters": 100, "raters_share": 0.08,
         "pairs_share": 0.1}
        for r in RECIPES for level in levels
    )  # fmt: skip


def flips(levels):
    return result(
        {"strategy": r, "term": TERM, "group": level, "n_raters": 100, "n_pairs": 1200,
         "flipped_share": 0.1, "lost_share": 0.05}
        for r in RECIPES for level in levels
    )  # fmt: skip


def survival(dimensions, levels):
    return result(
        {"strategy": r, "dimension": d, "term": TERM, "group": level, "n_raters": 100,
         "n_responses": 1200, "survived_share": 0.6, "outvoted_share": 0.3, "absent_share": 0.1,
         "voices_share": 0.45 if r == "preserve" else np.nan}
        for d in dimensions for r in RECIPES for level in levels
    )  # fmt: skip


def effects(n):
    return result(
        {"effect": "Intercept", "term": "item", "group": f"Q{i:02d} with a long name of an item",
         "estimate": i / n, "conf_low": -1, "conf_high": 2, "n_raters": 100, "n_ratings": 100}
        for i in range(n)
    )  # fmt: skip


def cells(first, second):
    return result(
        {"given": f"{TERM}: {a}", "term": "Land", "group": b, "observed": 3.0, "estimate": 3.1,
         "conf_low": 2.9, "conf_high": 3.3, "n_raters": 44.0}
        for a in first for b in second
    )  # fmt: skip


def designs(dimensions, contrasts):
    return result(
        {"dimension": d, "term": "strategy", "contrast": c, "estimate": 0.1, "conf_low": -0.2,
         "conf_high": 0.4, "p_adjusted": 0.2, "n_runs": 6, "n_seeds": 3, "n_prompts": 8,
         "n_generations": 11800}
        for d in dimensions for c in contrasts
    )  # fmt: skip


def judged(dimensions, levels):
    return result(
        {"dimension": d, "term": TERM, "group": g, "statistic": s, "estimate": 0.4,
         "conf_low": 0.3, "conf_high": 0.5, "ceiling": 0.5, "ceiling_low": 0.4,
         "ceiling_high": 0.6, "n_items": 100, "n_raters": 100, "n_ratings": 1000}
        for d in dimensions for g in levels for s in ("kappa", "alpha", "bias")
    )  # fmt: skip


def influence(n):
    return result(
        {"term": "item", "group": f"Q{i:02d} with a long name of an item",
         "contrast": f"{TERM}: {LEVELS[i % 12]}", "estimate": 0.5, "n_raters": 12}
        for i in range(n)
    )  # fmt: skip
