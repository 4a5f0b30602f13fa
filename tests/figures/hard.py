"""Tables that are hard to draw: eight dimensions, twelve long levels, thirty countries."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd

from pluralign_stats.results import Metadata, Result

DIMENSIONS = (
    "The answer is biased against women, men or people of any other gender",
    "Toxicity", "Emotional awareness", "Sensitivity and openness",
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
TERM = "Höchster Bildungsabschluss, den Sie bis heute erreicht haben (auch im Ausland)"


def result(rows, unit="rating points"):
    meta = Metadata(
        "Made", data="simulated", unit=unit, conf_level=0.95, interval="delta-method intervals"
    )
    return Result(pd.DataFrame(rows), "A sentence.", meta)


def contrasts(dimensions, levels, models=()):
    rng = np.random.default_rng(1)
    numbers = {"conf_low": -0.5, "conf_high": 0.6, "p_adjusted": 0.2, "n_raters": 1234}
    return result(
        {"dimension": d, "term": TERM, "contrast": f"{level} vs {levels[0]}", "level": level,
         "reference": levels[0], "estimate": rng.normal(), **numbers,
         **({"model": m} if models else {})}
        for d in dimensions for level in levels[1:] for m in models or ("",)
    )  # fmt: skip


def percents(dimensions, levels):
    """As `contrasts`, in two readings, in groups of another variable."""
    made = contrasts(dimensions, levels)
    parts = [made.table.assign(group=g, reading=r) for g in levels[:2] for r in ("mean", "odds")]
    return replace(made, table=pd.concat(parts, ignore_index=True))


def coefficients(levels):
    return result(
        {"term": f"{TERM}[T.{level}]:Geschlecht[T.Männlich]", "estimate": 0.1 * k - 0.5,
         "conf_low": 0.1 * k - 0.9, "conf_high": 0.1 * k, "p_value": 0.2, "p_adjusted": 0.3}
        for k, level in enumerate(levels)
    )  # fmt: skip


def numbers(levels):
    """Numbers of several kinds, and no estimate."""
    names = ("statistic", "df", "df_residual", "n_parameters", "missing_share", "loglik", "p_value")
    return result(
        {"term": TERM, "against": level, **{name: 10.0**k + j for k, name in enumerate(names)}}
        for j, level in enumerate(levels)
    )  # fmt: skip


def scores(dimensions, levels):
    return result(
        {"dimension": d, "design": f"{level}, dpo", "score": 1.0 + (k * 7) % 5}
        for d in dimensions for level in levels for k in range(10)
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


def agreement_between(dimensions, groups):
    """Every pair of groups, and every group with itself."""
    return result(
        {"dimension": d, "term": TERM, "group": a, "other": b, "estimate": 0.31 - 0.02 * (i + j),
         "conf_low": 0.1 - 0.02 * (i + j), "conf_high": 0.6, "n_raters": 1234,
         "n_raters_other": 1095, "n_items": 850}
        for d in dimensions for i, a in enumerate(groups) for j, b in enumerate(groups) if i <= j
    )  # fmt: skip


def strengths(options, groups=()):
    return result(
        ({"option": o, **({"group": g} if groups else {}), "estimate": 0.4 - 0.1 * k + 0.05 * j,
          "conf_low": 0.1 - 0.1 * k + 0.05 * j, "conf_high": 0.7 - 0.1 * k + 0.05 * j,
          "n_raters": 1234}
         for j, g in enumerate(groups or ("",)) for k, o in enumerate(options)),
        unit="log odds",
    )  # fmt: skip


def wins(options, groups=()):
    """Every option against every other, in both directions."""
    n, named = len(options), groups or ("",)
    return result(
        {"option": options[i], "against": options[j], **({"group": g} if groups else {}),
         "estimate": share, "conf_low": share - 0.1, "conf_high": share + 0.1, "n_raters": 1234}
        for k, g in enumerate(named) for i in range(n) for j in range(n) if i != j
        for share in (0.5 + (j - i) / (3 * n) * (1 - k / len(named)),)
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
        {"dimension": d, "term": "strategy", "contrast": c, "level": c.split(" vs ")[0],
         "reference": c.split(" vs ")[1], "estimate": 0.1, "conf_low": -0.2,
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


def ranks(chains=8):
    terms = [f"{TERM}: {level} × Land der Eltern: {LEVELS[3]}" for level in LEVELS[:4]]
    rng = np.random.default_rng(1)
    return result(
        {"term": t, "chain": chain + 1, "part": part + 1, "estimate": rng.uniform(0.03, 0.07),
         "limit": 0.02}
        for t in terms for chain in range(chains) for part in range(20)
    )  # fmt: skip


def weights():
    return result(
        {"term": "leave one rating out", "share": (i + 0.5) / 100, "estimate": 1.9 - i / 60,
         "limit": 0.67}
        for i in range(100)
    )  # fmt: skip


def replicated(terms, levels, k=5):
    keys = [("All ratings", "All ratings"), *((t, level) for t in terms for level in levels)]
    return result(
        {"term": t, "group": level, "rating": r + 1, "estimate": 1 / k, "conf_low": 0.9 / k,
         "conf_high": 1.1 / k, "observed": 0.8 / k, "n_raters": 1234, "n_ratings": 4000}
        for t, level in keys for r in range(k)
    )  # fmt: skip


def replicated_raters():
    kinds = ("mean of a rater's ratings", "spread (SD) of a rater's ratings")
    return result(
        {"term": "Raters", "group": f"{tenth}0% of raters below", "statistic": kind,
         "estimate": 3.0, "conf_low": 2.9, "conf_high": 3.1, "observed": 3.3, "n_raters": 1234}
        for kind in kinds for tenth in range(1, 10)
    )  # fmt: skip


def scales():
    named = ("as-rated", "5-point", "3-point", "binary")
    return result(
        {"strategy": r, "scale": s, "n_preferences": 123456, "n_pairs": 12345, "n_raters": 1095,
         "flipped_share": np.nan if s == named[0] else 0.05,
         "lost_share": np.nan if s == named[0] else 0.3}
        for r in RECIPES for s in named
    )  # fmt: skip


def tuned(dimensions, models, optimizers=("dpo", "grpo", "kto")):
    objectives = ("mitgefühl_und_einfühlungsvermögen", "toxicity", "8 objectives")
    table = designs(dimensions, [f"{o}, {a} vs control" for o in optimizers for a in objectives])
    each = [table.table.assign(base_model=model) for model in models]
    raw = {"8 objectives": "+".join("abcdefgh")}
    made = {
        f"{o}, {a}": {"optimizer": o, "objective": raw.get(a, a)}
        for o in optimizers
        for a in objectives
    }
    meta = replace(table.meta, designs=made)
    return Result(pd.concat(each, ignore_index=True), table.sentence, meta)


def surveyed(dimensions, pairs):
    return result(
        {"dimension": d, "term": TERM, "contrast": f"{a} vs {b}", "level": a, "reference": b,
         "source": source, "estimate": 0.3, "conf_low": 0.1, "conf_high": 0.5, "signs_agree": True,
         "both_exclude_zero": True, "objective": "mitgefühl_und_einfühlungsvermögen",
         "n_pairs_first": 124352.0, "n_pairs_second": 99399.0, "margin_first": 2.041,
         "margin_second": 1.967, "n_raters": 312 if source == "ratings" else np.nan,
         "n_runs": np.nan if source == "ratings" else 6,
         "n_generations": np.nan if source == "ratings" else 11900}
        for a, b in pairs for d in dimensions for source in ("ratings", "models")
    )  # fmt: skip


def analyses(title, **choices):
    rows = [dict(zip(choices, row, strict=True)) for row in product(*choices.values())]
    made = result(
        {**row, "estimate": i - 9.0, "conf_low": i - 20.0, "conf_high": i + 2.0,
         "excludes_zero": False, "agrees": i > 9, "main": i == 20, "reason": "",
         "method": "m", "n_raters": 1095, "n_ratings": 5000 + i}
        for i, row in enumerate(rows)
    )  # fmt: skip
    return Result(made.table, made.sentence, replace(made.meta, title=title))


def planned(most=20_000, items=(50, 200), ratings=(5, 10, 20), percents=(-5.0, 27.9)):
    rng = np.random.default_rng(1)
    raters = np.unique(np.linspace(most / 40, most, 12).astype(int))
    return result(
        {"raters": n, "items": i, "ratings_per_rater": r, "share": 0.3, "percent": p,
         "n_group": int(0.3 * n), "power": 0.5, "conf_low": 0.4, "conf_high": 0.6,
         "type_m": 1 + rng.uniform(), "n_found": 50, "n_simulations": 200}
        for p in percents for i in items for r in ratings for n in raters
    )  # fmt: skip
