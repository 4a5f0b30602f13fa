"""Which runs make up an experiment: those that differ in one factor, and their controls."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pluralign_stats.designs import CONTROL, short_objectives
from pluralign_stats.errors import InputError, NotApplicableError, listing, one_of
from pluralign_stats.feedback.recipe import group_name
from pluralign_stats.outcomes.read import Outcomes
from pluralign_stats.outcomes.schema import TUNING
from pluralign_stats.strategies.registry import STRATEGIES
from pluralign_stats.study.text import labels_of

#: What stands for any budget but the natural one.
EQUAL = "equal"

#: The study's own way of doing what an experiment does not vary; it decides between settings that
#: were tried equally often.
DEFAULTS = {
    "group": "all",
    "scale": "5-point",
    "strategy": "preserve",
    "budget": "natural",
    "optimizer": "dpo",
}

_ORDER = {
    "scale": ("5-point", "3-point", "binary", "as-rated"),
    "strategy": tuple(STRATEGIES),
    "optimizer": ("dpo", "kto", "grpo"),
    "budget": ("natural",),
    "group": ("all",),
}


def label_designs(tuned: pd.DataFrame, names: tuple[str, ...]) -> pd.Series:
    """What tables call each run's design."""
    parts = [tuned[name] for name in names]
    if len(names) > 1 and "objective" in names:
        short = short_objectives(tuned["objective"])
        parts = [p.replace(short) if p.name == "objective" else p for p in parts]
    labels = pd.Series(labels_of(list(zip(*parts, strict=True)), ", "), tuned.index, dtype=object)
    return labels.mask(labels == CONTROL, f"{', '.join(names)}: {CONTROL}")


def of_levels(tuned: pd.DataFrame, levels: Sequence[str], names: tuple[str, ...]) -> pd.DataFrame:
    """The runs of some designs; all of them where none is named."""
    for level in levels:
        if level not in tuned["design"].to_numpy():
            known = tuned["design"].unique()
            raise InputError(one_of(f"a level of '{', '.join(names)}'", level, known))
    return tuned[tuned["design"].isin(levels)] if levels else tuned


def with_values(tuned: pd.DataFrame, stated: Mapping[str, Any]) -> pd.DataFrame:
    """The runs with stated factors of tuning."""
    for name, value in stated.items():
        same = tuned[name] == str(value)
        if (name, value) == ("budget", EQUAL):
            same = tuned[name] != "natural"
        if not same.any():
            known = [v for v in tuned[name].unique() if v != CONTROL]
            raise InputError(f"no run meets {name}={value!r} beside what else is stated: "
                             f"{one_of(f"'{name}'", value, known)}")  # fmt: skip
        tuned = tuned[same]
    if tuned.empty:
        raise NotApplicableError(
            "there is no tuned run to select; train some: pluralign train GRID"
        )
    return tuned


def commonest_setting(
    tuned: pd.DataFrame, names: tuple[str, ...]
) -> tuple[dict[str, str], pd.DataFrame]:
    """The setting of all other factors in which most levels were tried, and its runs.

    Of settings with equally many levels the one with most runs, then that which is most like the
    study's own (`DEFAULTS`), then that whose values are most common.
    """
    others = [name for name in TUNING if name not in names and name != "settings"]
    common = sum(tuned.groupby(name)["run"].transform("size") for name in others)
    own = sum((tuned[name] == value).astype(int) for name, value in DEFAULTS.items())
    grouped = (
        tuned.assign(own=own, common=common)
        .groupby(others, sort=True)
        .agg(
            levels=("design", "nunique"),
            runs=("run", "size"),
            own=("own", "max"),
            common=("common", "first"),
        )
    )
    order = ["levels", "runs", "own", "common"]
    best = grouped.sort_values(order, ascending=False, kind="stable").index[0]
    setting = dict(zip(others, best if isinstance(best, tuple) else (best,), strict=True))
    same = (tuned[others] == pd.Series(setting)).all(axis=1)
    return setting, tuned[same]


def commonest_training(
    tuned: pd.DataFrame, names: tuple[str, ...]
) -> tuple[pd.DataFrame, list[str]]:
    """Runs with the training options that most levels share, of each base model and optimizer."""
    if "settings" in names:
        return tuned, []
    kept, left = [], 0
    for _, own in tuned.groupby(["base_model", "chat_template", "optimizer"], sort=False):
        sizes = own.groupby("settings", sort=True).agg(
            levels=("design", "nunique"), runs=("run", "size")
        )
        best = sizes.sort_values(["levels", "runs"], ascending=False, kind="stable").index[0]
        kept.append(own[own["settings"] == best])
        left += int((own["settings"] != best).sum())
    note = f"Left out, as trained with other options than most: {left} runs (see 'settings')."
    return pd.concat(kept), [note] if left else []


def in_order(tuned: pd.DataFrame, names: tuple[str, ...], outcomes: Outcomes) -> list[str]:
    """Designs in the study's order."""
    designs = tuned.drop_duplicates("design")
    known = {name: [*_ORDER.get(name, ()), *_told_order(name, outcomes)] for name in names}

    def place(row: pd.Series) -> tuple[tuple[int, str], ...]:
        return tuple(
            (known[n].index(row[n]) if row[n] in known[n] else len(known[n]), row[n]) for n in names
        )

    return [row["design"] for row in sorted((r for _, r in designs.iterrows()), key=place)]


def uneven_models(tuned: pd.DataFrame) -> list[str]:
    """Note on designs that were tuned on some of the base models only."""
    found = tuned.groupby("design", sort=False)["base_model"].agg(
        lambda own: listing(sorted({*own}))
    )
    widest = tuned["base_model"].nunique()
    few = found[tuned.groupby("design", sort=False)["base_model"].nunique() < widest]
    if few.empty:
        return []
    told = "; ".join(f"{design}: {models}" for design, models in few.items())
    return [
        f"Tuned on some of the {widest} base models only: {told}. Differences from designs that "
        "were tuned on more take it that a design does the same to every base model."
    ]


def _told_order(name: str, outcomes: Outcomes) -> list[str]:
    """Order of groups and of objectives, as the codebook has it."""
    if name == "objective":
        return list(outcomes.dimensions)
    if name != "group" or outcomes.codebook is None:
        return []
    return [
        group_name({demographic: [level]})
        for demographic, part in outcomes.codebook.demographics.items()
        for level in part.known_levels or ()
    ]


def controls_of(runs: pd.DataFrame, tuned: pd.DataFrame) -> pd.DataFrame:
    """The controls of the base models that were tuned."""
    own = ["base_model", "chat_template"]
    controls = runs[runs["optimizer"] == CONTROL].merge(tuned[own].drop_duplicates(), on=own)
    if controls.empty:
        models = listing(tuned["base_model"].unique())
        raise NotApplicableError(
            f"no control of {models} is among the scores; generate and judge it too"
        )
    return controls.assign(design=CONTROL)
