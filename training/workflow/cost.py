"""What a run will cost, before anything is loaded: runs, GPU hours, judge calls, disk.

Reckoned, not measured. A forward pass takes 2 operations for each parameter and token. Training an
adapter on a frozen base takes 4 (forward, and backward to the activations; no gradients of the
base's own weights), and 2 more where activations are computed twice. Each number of hours is such
operations over what a GPU does (its peak times a utilization), plus a fixed time for each run. The
assumptions are ours; a run's configuration can change all of them, under ``cost``.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pluralign_stats.errors import InputError
from training.bases.find import EMBEDDED
from training.conditions.condition import Condition
from training.conditions.grid import Grid, conditions, recipes
from training.conditions.options import GrpoOptions, TrainingOptions
from training.judges.choose import judge_kind
from training.workflow.config import CostAssumptions, RunConfig, Simulated
from training.workflow.layout import Layout

#: Parameters of an adapter of rank 1 on all linear layers of a model of 8 billion parameters; for
#: others it grows with the width times the depth, about the power 2/3 of the size.
_RANK_ONE = 2.8e6

#: Bytes of one stored answer with its scores.
_BYTES_PER_ANSWER = 4000


@dataclass(frozen=True)
class Cost:
    """What a run will cost.

    Attributes
    ----------
    table
        By base model: parameters (billions), runs by optimizer, GPU hours of training and of
        generation, answers, disk in GB.
    judge_calls
        Calls of endpoints for the answers, by judge.
    gpu_hours, disk_gb
        In all.
    node_hours, cluster_hours
        On one machine, and on a cluster, of as many GPUs as assumed.
    prompts
        Prompts that are asked, in how many languages, and where these numbers come from.
    """

    table: pd.DataFrame
    judge_calls: dict[str, int]
    gpu_hours: float
    disk_gb: float
    node_hours: float
    cluster_hours: float
    prompts: str


def expected_conditions(grid: Grid) -> list[Condition]:
    """Every condition of a grid, without a study: equal budgets are not known yet."""
    found: dict[Condition, None] = {}
    for design in grid.designs().values():
        budget = design.budget if isinstance(design.budget, int) else None
        budget = 1 if design.budget == "equal" else budget
        for seed in design.seeds:
            for recipe in recipes(design, seed):
                drawn = recipe.model_copy(update={"budget": budget})
                found.update(dict.fromkeys(conditions(grid, design, drawn)))
    return list(found)


def estimate(run: RunConfig, layout: Layout) -> Cost:
    """Reckon what a run will cost in all, whatever of it is done already.

    Raises
    ------
    InputError
        If the size of a base model is not known.
    """
    grid, given = run.grid(), run.cost
    asked, told = _asked(run, grid, layout)
    planned = expected_conditions(grid)
    rows = []
    for base in dict.fromkeys(c.base_model for c in planned):
        own = [c for c in planned if c.base_model == base]
        rows.append(_row(base, own, asked * run.generate.samples, given))
    table = pd.DataFrame(rows)
    hours = float(table["train_hours"].sum() + table["generate_hours"].sum())
    answers = int(table["answers"].sum())
    calls = {
        name: answers * int(judge.options.get("repeats", 1))
        for name, judge in run.judges.items()
        if judge_kind(judge.judge).paid
    }
    return Cost(
        table=table,
        judge_calls=calls,
        gpu_hours=hours,
        disk_gb=float(table["disk_gb"].sum()),
        node_hours=hours / given.node_gpus,
        cluster_hours=hours / given.cluster_gpus,
        prompts=told,
    )


def _asked(run: RunConfig, grid: Grid, layout: Layout) -> tuple[int, str]:
    """How many texts each model is asked, and how that number comes about."""
    prompts, languages, source = _prompts(run, layout)
    held_out = max(1, round(grid.held_out * prompts))
    told = f"{held_out} of {prompts} prompts held out, in {languages} languages ({source})"
    return held_out * languages, told


def _prompts(run: RunConfig, layout: Layout) -> tuple[int, int, str]:
    made = run.study.simulate
    if made is not None:
        return _simulated(made), 2, "as simulated"
    codebook = layout.study(run)
    if not codebook.is_file():
        return run.cost.prompts, run.cost.languages, "assumed: the study is not there yet"
    from pluralign_stats.study.read import read_study

    items = read_study(codebook, run.study.data).items
    languages = sum(str(c).startswith("prompt_text") for c in items)
    return int(items["prompt"].nunique()), max(languages, 1), "of the study"


def _simulated(made: Simulated) -> int:
    return made.prompts or (80 if made.embedded else 50)


def _row(
    base: str, own: Sequence[Condition], answers: int, given: CostAssumptions
) -> dict[str, Any]:
    size = parameters(base, given)
    fixed = given.minutes_per_run / 60 if size else 0.0
    optimizers = [c.optimizer for c in own]
    models = len(own) + 1  # the control answers too
    train = sum(_train_seconds(c, size, given) for c in own) / 3600 + fixed * len(own)
    each = _answer_seconds(base, size, given)
    disk = 2e9 * size + sum(_adapter_bytes(c, size) for c in own)
    return {
        "base_model": base,
        "billions": size,
        **{name: optimizers.count(name) for name in ("dpo", "kto", "grpo")},
        "runs": len(own),
        "train_hours": train,
        "answers": answers * models,
        "generate_hours": answers * models * each / 3600 + fixed * models,
        "disk_gb": (disk + answers * models * _BYTES_PER_ANSWER) / 1e9,
    }


def parameters(base: str, given: CostAssumptions) -> float:
    """Billions of parameters of a base model; 0 for the miniature ones, which need no GPU.

    Raises
    ------
    InputError
        If neither the configuration nor the name says.
    """
    if base in given.models:
        return given.models[base].parameters
    if base in EMBEDDED:
        return 0.0
    if Path(base).is_dir():
        stored = sum(path.stat().st_size for path in Path(base).glob("*.safetensors"))
        return stored / 2e9  # two bytes a parameter, as models are shared
    found = re.search(r"(\d+(?:\.\d+)?)b(?![a-z])", base.lower())
    if found is None:
        raise InputError(
            f"the size of {base} is not known; state it in the run's configuration: cost: "
            f"{{models: {{{base}: {{parameters: BILLIONS}}}}}}"
        )
    return float(found.group(1))


def _train_seconds(condition: Condition, size: float, given: CostAssumptions) -> float:
    options, per_token = condition.training, 1e9 * size
    update = 4 + 2 * options.gradient_checkpointing
    rows = _rows(options, given)
    if isinstance(options, GrpoOptions):
        written = _written(condition.base_model, given, options.max_new_tokens)
        tokens = rows * (written + given.tokens_per_example / 2)
        own = options.reward
        reward = _rows(own, given) * 2 * given.tokens_per_example
        passes = tokens * (update + 2 + 2 + 2 * (options.beta > 0))  # update, old, reward, base
        passes += reward * (4 + 2 * own.gradient_checkpointing)
        return per_token * (
            passes / _speed(given, given.training_utilization)
            + 2 * rows * written / _speed(given, given.generation_utilization)
        )
    texts = 2 if condition.optimizer == "dpo" else 1
    reference = 2 if condition.optimizer == "dpo" else 4  # KTO estimates the divergence besides
    tokens = rows * texts * given.tokens_per_example
    return per_token * tokens * (update + reference) / _speed(given, given.training_utilization)


def _rows(options: TrainingOptions, given: CostAssumptions) -> float:
    """Examples, or completions, that training sees."""
    each = options.batch_size * options.accumulation
    steps = options.max_steps or math.ceil(options.epochs * given.examples / each)
    return steps * each


def _written(base: str, given: CostAssumptions, limit: int | None = None) -> int:
    """Tokens that a model writes for one answer."""
    tokens = given.tokens_per_answer + given.tokens_thinking * (base in given.reasoning)
    return min(tokens, limit) if limit else tokens


def _answer_seconds(base: str, size: float, given: CostAssumptions) -> float:
    operations = 2e9 * size * _written(base, given)
    return operations / _speed(given, given.generation_utilization)


def _speed(given: CostAssumptions, utilization: float) -> float:
    return given.peak_tflops * 1e12 * utilization


def _adapter_bytes(condition: Condition, size: float) -> float:
    ranks = condition.training.lora_rank
    if isinstance(condition.training, GrpoOptions):
        ranks += condition.training.reward.lora_rank
    return 4 * ranks * _RANK_ONE * (size / 8) ** (2 / 3)
