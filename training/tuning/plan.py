"""The plan: every condition of a grid on a study, checked in full before anything is trained."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from pluralign_stats.errors import InputError
from pluralign_stats.feedback.feedback import Feedback
from pluralign_stats.feedback.pairs import preference_pairs
from pluralign_stats.feedback.recipe import Recipe
from pluralign_stats.feedback.split import split_prompts
from pluralign_stats.feedback.unpaired import unpaired_feedback
from pluralign_stats.study.study import Study
from training.bases.adapter import adapter_bytes
from training.bases.find import base_fingerprint, context_length, find_base
from training.bases.load import check_quantization
from training.bases.packages import require_packages
from training.bases.tokenizer import load_tokenizer
from training.conditions.condition import Condition
from training.conditions.grid import Design, Grid, conditions, recipes
from training.conditions.options import GrpoOptions, Optimizer
from training.optimize.data import usable, with_texts
from training.optimize.mismatched import require_mismatched

#: What optimizers are trained on.
Kind = Literal["pairs", "unpaired"]
_KINDS: dict[Optimizer, Kind] = {"dpo": "pairs", "grpo": "pairs", "kto": "unpaired"}

#: Adapters that a run holds at once: itself, two checkpoints with two moments each, one to spare.
_COPIES = 8


@dataclass(frozen=True)
class Planned:
    """One condition and what it will be trained on.

    Attributes
    ----------
    experiments
        Names of the experiments that ask for it.
    n_examples
        Examples before any is left out for its text.
    """

    condition: Condition
    experiments: tuple[str, ...]
    n_examples: int


@dataclass(frozen=True)
class Plan:
    """All conditions of a grid on one study.

    Attributes
    ----------
    planned
        The conditions, each once, by base model.
    """

    study: Study
    grid: Grid
    planned: tuple[Planned, ...]
    _feedback: Callable[[Kind, Recipe], Feedback] = field(repr=False)

    def examples(self, condition: Condition) -> pd.DataFrame:
        """Training examples of a condition, with their texts."""
        made = self._feedback(_kind(condition), condition.recipe)
        return with_texts(self.study, made.examples())

    def excluded(self, condition: Condition) -> pd.DataFrame:
        """What the recipe of a condition leaves out: reason, n."""
        return self._feedback(_kind(condition), condition.recipe).excluded


def _kind(condition: Condition) -> Kind:
    return _KINDS[condition.optimizer]


def plan_training(grid: Grid, study: Study) -> Plan:
    """Expand a grid and check every condition's feedback.

    Raises
    ------
    InputError
        If a condition names what the study does not have, or has too few examples; the message
        names all such conditions.
    """
    train = split_prompts(study, grid.held_out, grid.split_seed).train

    @lru_cache(maxsize=8)
    def feedback(kind: Kind, recipe: Recipe) -> Feedback:
        make = preference_pairs if kind == "pairs" else unpaired_feedback
        return make(study, recipe, train)

    @cache
    def size(kind: Kind, recipe: Recipe) -> int:
        return feedback(kind, recipe).size

    experiments: dict[Condition, list[str]] = {}
    sizes: dict[Condition, int] = {}
    poor: list[str] = []
    for name, design in grid.designs().items():
        for condition, n in _conditions(grid, design, size, poor):
            experiments.setdefault(condition, []).append(name)
            sizes[condition] = n
    poor = list(dict.fromkeys(poor))
    if poor:
        told = "; ".join(poor[:5])
        more = f"; and {len(poor) - 5} more" if len(poor) > 5 else ""
        cells = "1 cell" if len(poor) == 1 else f"{len(poor)} cells"
        raise InputError(f"{cells} of the grid cannot be trained, and nothing was: {told}{more}")
    planned = [Planned(c, tuple(filter(None, experiments[c])), n) for c, n in sizes.items()]
    planned.sort(key=lambda p: p.condition.base_model)
    return Plan(study, grid, tuple(planned), feedback)


def _conditions(
    grid: Grid, design: Design, size: Callable[[Kind, Recipe], int], poor: list[str]
) -> Iterator[tuple[Condition, int]]:
    """Conditions of one experiment, with their examples; those with too few go into `poor`."""
    least = max(grid.min_examples, design.budget if isinstance(design.budget, int) else 0)
    made = [recipe for seed in design.seeds for recipe in recipes(design, seed)]
    for kind in get_args(Kind):
        examples = "pairs" if kind == "pairs" else "unpaired examples"
        optimizers = tuple(o for o in design.optimizers if _KINDS[o] == kind)
        sizes = {}
        for recipe in made if optimizers else ():
            try:
                sizes[recipe] = size(kind, recipe)
            except InputError as error:
                poor.append(str(error))
                continue
            if (n := sizes[recipe]) < least:
                told = f"{n:,} {examples}, fewer than {least:,}"
                poor.append(f"{recipe.name} (seed {recipe.seed}) has {told}")
        budget = {"natural": None, "equal": min(sizes.values(), default=None)}.get(
            str(design.budget), design.budget
        )
        own = design.model_copy(update={"optimizers": optimizers})
        for recipe, n in sizes.items():
            drawn = recipe.model_copy(update={"budget": budget})
            for condition in conditions(grid, own, drawn):
                yield condition, n if budget is None else int(budget)


@dataclass(frozen=True)
class FoundBase:
    """A base model that was found and can be trained."""

    path: str
    fingerprint: str


def check_bases(plan: Plan, chosen: tuple[Planned, ...], out: Path) -> dict[Condition, FoundBase]:
    """Find and check the base models of the chosen conditions, and the room for what they write.

    Raises
    ------
    MissingExtraError
        If packages are missing.
    InputError
        If a base model cannot be loaded, has no chat template or padding token, if a condition's
        texts leave too few examples, its completions do not fit into the model's context, or
        if there is not enough room.
    """
    require_packages()
    bases: dict[Condition, FoundBase] = {}
    known: dict[str, FoundBase] = {}
    room = 0
    for planned in chosen:
        condition = planned.condition
        check_quantization(condition.training)
        name = condition.base_model
        if name not in known:
            path = find_base(name)
            load_tokenizer(path, condition.chat_template, condition.pad_token)
            known[name] = FoundBase(path, base_fingerprint(path))
        bases[condition] = known[name]
        _check_texts(plan, condition, known[name].path)
        room += _COPIES * (adapter_bytes(known[name].path, condition.training.lora_rank) or 0)
    _check_room(out, room)
    return bases


def longest(condition: Condition, base: str) -> int:
    """Most tokens of an example: the condition's limit, or the model's context if shorter."""
    context = context_length(base)
    limit = condition.training.max_length
    return min(limit, context) if context else limit


def _check_texts(plan: Plan, condition: Condition, base: str) -> None:
    tokenizer = load_tokenizer(base, condition.chat_template, condition.pad_token)
    rows = usable(plan.examples(condition), tokenizer, longest(condition, base))
    left = sum(row["n"] for row in rows.rows)
    if left < plan.grid.min_examples:
        told = "; ".join(f"{reason}: {n:,}" for reason, n in rows.excluded.items())
        raise InputError(
            f"the condition {condition.id} has {left:,} examples that can be trained on, fewer "
            f"than {plan.grid.min_examples:,} ({told}); raise max_length, or look at the texts"
        )
    if condition.optimizer == "kto":
        try:
            require_mismatched(rows.rows)
        except InputError as error:
            raise InputError(f"the condition {condition.id} cannot be trained: {error}") from error
    _check_completions(condition, base, max(len(row["prompt_ids"]) for row in rows.rows))


def _check_completions(condition: Condition, base: str, longest_prompt: int) -> None:
    """Refuse completions for which the model's context has no room."""
    options, context = condition.training, context_length(base)
    if not isinstance(options, GrpoOptions) or context is None:
        return
    if longest_prompt + options.max_new_tokens > context:
        raise InputError(
            f"the condition {condition.id} asks for completions of {options.max_new_tokens:,} "
            f"tokens to prompts of up to {longest_prompt:,}, and the context of {base} has "
            f"{context:,}; lower max_new_tokens of grpo"
        )


def _check_room(out: Path, room: int) -> None:
    existing = next(p for p in (out, *out.parents) if p.exists())
    free = shutil.disk_usage(existing).free
    if free < room:
        raise InputError(
            f"the runs need about {room / 1e9:.1f} GB, and {out} has {free / 1e9:.1f} GB left; "
            "make room, choose another folder, or a smaller lora_rank"
        )
