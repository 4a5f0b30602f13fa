"""Outcome tables whose truth is known."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pluralign_stats.designs import CONTROL
from pluralign_stats.outcomes.read import Outcomes
from pluralign_stats.outcomes.schema import TUNING

SETTING = {
    "group": "all",
    "scale": "5-point",
    "strategy": "preserve",
    "objective": "toxicity",
    "labels": "hard",
    "languages": "separate",
    "min_margin": "0",
    "max_per_prompt": "all",
    "budget": "natural",
    "optimizer": "dpo",
    "settings": "aaaa1111",
}


def make_table(
    effects: Mapping[str, float],
    *,
    factor: str = "strategy",
    setting: Mapping[str, str] | None = None,
    control: float = 3.0,
    bases: Mapping[str, float] | None = None,
    n_seeds: int = 3,
    n_prompts: int = 6,
    n_samples: int = 2,
    languages: Sequence[str] = ("en",),
    dimensions: Sequence[str] = ("toxicity",),
    run_sd: float = 0.0,
    prompt_sd: float = 0.3,
    noise_sd: float = 1.0,
    categories: bool = False,
    malformed: float = 0.0,
    judge: str = "made",
    controls: bool = True,
    seed: int = 1,
) -> pd.DataFrame:
    """Scores of designs that move a model by `effects`; with `categories` whole, from 1 to 5."""
    rng = np.random.default_rng(seed)
    bases = bases or {"base": 0.0}
    setting = SETTING | {"settings": "aaaa1111"} | dict(setting or {})
    prompts = {f"p{k}": rng.normal() * prompt_sd for k in range(n_prompts)}
    runs = []
    for base, level in bases.items():
        if controls:
            told = dict.fromkeys(TUNING, CONTROL) | {"base_model": base, "seed": 0}
            runs.append(told | {"run": f"control-{base}", "mean": control + level})
        for design, effect in effects.items():
            for s in range(1, n_seeds + 1):
                told = {**setting, factor: design, "base_model": base, "seed": s}
                mean = control + level + effect + rng.normal() * run_sd
                name = "-".join([*(told[f] for f in TUNING), base, f"s{s}"])
                runs.append(told | {"run": name, "mean": mean})
    grid = pd.MultiIndex.from_product(
        [prompts, languages, range(n_samples), dimensions],
        names=["prompt", "language", "sample", "dimension"],
    ).to_frame(index=False)
    table = pd.DataFrame(runs).assign(chat_template="own").merge(grid, how="cross")
    score = table.pop("mean") + table["prompt"].map(prompts)
    score = score + rng.normal(size=len(score)) * noise_sd
    if categories:
        score = score.round().clip(1, 5)
    bad = table.groupby(["run", "prompt", "language", "sample"]).ngroup()
    bad = (rng.random(bad.max() + 1) < malformed)[bad]
    return table.assign(score=score.mask(bad), malformed=bad, judge=judge, note="")


def outcomes_of(*tables: pd.DataFrame, **about: object) -> Outcomes:
    """Tables as outcomes; runs that occur twice (controls) are kept once."""
    table = pd.concat(tables, ignore_index=True)
    table = table.drop_duplicates(["run", "prompt", "language", "sample", "dimension"])
    return Outcomes(table.reset_index(drop=True), pd.DataFrame(), **about)
