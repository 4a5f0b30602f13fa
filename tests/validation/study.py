"""One simulated study: what was planted, and what each model says of it."""

import pandas as pd

import pluralign_stats as pls

MODELS = ("linear", "ordinal")
KEYS = ["dimension", "term", "contrast", "reading"]


def examine(seed: int) -> pd.DataFrame:
    """Simulate a study and fit the dimensions with planted effects.

    Returns
    -------
    DataFrame
        One row per model, planted effect and reading: columns seed, model, those of `KEYS`,
        planted, estimate, std_error, conf_low, conf_high (all percent), covered (bool), judged
        (bool: the reading is the planted one).
    """
    study = pls.simulate_study(seed)
    effects = study.truth.effects
    planted = effects[effects["planted"]]
    dimensions = list(planted["dimension"].unique())
    tables = [estimates(study, dimensions, model) for model in MODELS]
    table = pd.concat(tables, ignore_index=True)
    expected = len(MODELS) * 2 * len(planted)
    if len(table) != expected:
        raise RuntimeError(f"seed {seed}: {len(table)} estimates instead of {expected}")
    return table.assign(seed=seed, judged=table["reading"] == study.truth.reading)


def estimates(study: pls.Study, dimensions: list[str], model: str) -> pd.DataFrame:
    """Estimated beside planted percentages of one model, with standard errors."""
    percents = pls.demographic_effects(study, dimensions=dimensions, model=model).percents
    errors = percents.table[[*KEYS, "std_error"]]
    table = pls.checks.recovery(study, percents).table.merge(errors, on=KEYS)
    table = table[[*KEYS, "planted", "estimate", "std_error", "conf_low", "conf_high", "covered"]]
    return table.assign(model=model, covered=table["covered"].fillna(False).astype(bool))
