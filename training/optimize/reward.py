"""Reward models: trained on pairs, and asked by GRPO."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import torch
from trl import RewardConfig, RewardTrainer
from trl.trainer.reward_trainer import DataCollatorForPreference

from pluralign_stats.errors import InputError
from pluralign_stats.storage.files import write_json
from pluralign_stats.storage.folders import commit, is_complete
from training.bases.adapter import with_adapter
from training.bases.load import load_model
from training.chat import exchange_tokens, read_turn
from training.conditions.names import ADAPTER
from training.conditions.options import RewardOptions, TrainingOptions
from training.engines.verification import N_PROBES, TOLERANCE
from training.number_format import number_format
from training.optimize.arguments import Stage, run_trainer, save_adapter, shared_arguments
from training.optimize.weighted import (
    Weighted,
    preference_loss,
    weighted_rows,
    weighted_trainer,
)

#: What the rewards of the study's own responses were.
SCALE = "scale.json"


class ModelOfRewards(Weighted, RewardTrainer):
    """TRL's trainer of reward models on pairs with labels and weights."""

    own = ("p", "weight")
    collator = DataCollatorForPreference

    def loss_of(self, output: Any, inputs: dict[str, Any]) -> torch.Tensor:
        """The Bradley-Terry loss of soft labels and weights, with a penalty on large rewards."""
        chosen, rejected = output.logits.squeeze(-1).float().chunk(2)
        arguments: Any = self.args
        penalty = arguments.center_rewards_coefficient * (chosen + rejected).square().mean()
        return preference_loss(chosen - rejected, inputs["p"], inputs["weight"]) + penalty


def reward_trainer(stage: Stage, rows: list[dict[str, Any]]) -> ModelOfRewards:
    """The trainer of a stage, before its first step.

    Parameters
    ----------
    stage
        What to train, with `RewardOptions`.
    rows
        What `pair_rows` gives.
    """
    options = stage.options
    assert isinstance(options, RewardOptions)  # noqa: S101
    whole = [
        {
            "chosen_ids": row["prompt_ids"] + row["chosen_ids"],
            "rejected_ids": row["prompt_ids"] + row["rejected_ids"],
            **{name: row[name] for name in ModelOfRewards.own},
        }
        for row in weighted_rows(stage, rows)
    ]
    arguments = RewardConfig(
        **shared_arguments(stage), max_length=None, center_rewards_coefficient=options.center
    )
    return weighted_trainer(ModelOfRewards, stage, arguments, whole, "reward")


def train_reward(stage: Stage, rows: list[dict[str, Any]], folder: Path) -> None:
    """Train a reward model into its folder, unless it is there already.

    Parameters
    ----------
    stage
        What to train; its folder is ``<folder>.partial``.
    rows
        What `pair_rows` gives.
    folder
        Gets the adapter, which holds the head as well, and the scale of its rewards.
    """
    if is_complete(folder):
        return
    trainer = reward_trainer(stage, rows)
    run_trainer(stage, trainer)
    trainer.accelerator.wait_for_everyone()
    save_adapter(trainer, stage.tokenizer, stage.folder / ADAPTER)
    scale = _scale(trainer.model_wrapped, stage, rows)
    if trainer.is_world_process_zero():
        write_json(stage.folder / SCALE, scale)
        shutil.rmtree(stage.checkpoints, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
        commit(stage.folder, folder, {"stage": "reward"})
    trainer.accelerator.wait_for_everyone()


def _scale(model: Any, stage: Stage, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Range of the rewards of the study's own responses, how often the pairs are met, probes."""
    texts = {
        tuple(row["prompt_ids"] + row[key])
        for row in rows
        for key in ("chosen_ids", "rejected_ids")
    }
    ordered = sorted(texts)
    rewards = rewards_of(model, ordered, stage.tokenizer.pad_token_id, 4 * stage.options.batch_size)
    known = dict(zip(ordered, rewards, strict=True))
    met = [
        (known[tuple(r["prompt_ids"] + r["chosen_ids"])]
         > known[tuple(r["prompt_ids"] + r["rejected_ids"])]) == (r["p"] >= 0.5)
        for r in rows
    ]  # fmt: skip
    weights = [r["weight"] for r in rows]
    agreed = sum(w for w, yes in zip(weights, met, strict=True) if yes) / sum(weights)
    probes = [
        {"tokens": list(ordered[i]), "reward": rewards[i]}
        for i in range(0, len(ordered), ceil(len(ordered) / N_PROBES))
    ]
    return {
        "lowest": min(rewards), "highest": max(rewards), "accuracy": agreed, "probes": probes
    }  # fmt: skip


def rewards_of(
    model: Any, texts: Sequence[Sequence[int]], pad: int, batch_size: int
) -> list[float]:
    """Reward of each text, given in tokens."""
    model.eval()
    device = next(model.parameters()).device
    rewards = [0.0] * len(texts)
    by_length = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    with torch.no_grad():
        for first in range(0, len(texts), batch_size):
            places = by_length[first : first + batch_size]
            batch = [texts[i] for i in places]
            width = max(map(len, batch))
            ids = torch.tensor([[*t, *[pad] * (width - len(t))] for t in batch], device=device)
            mask = torch.tensor(
                [[1] * len(t) + [0] * (width - len(t)) for t in batch], device=device
            )
            given = model(input_ids=ids, attention_mask=mask).logits[:, 0].float().tolist()
            for i, reward in zip(places, given, strict=True):
                rewards[i] = reward
    return rewards


@dataclass
class Rewards:
    """Rewards of completions, guarded against what a reward model cannot judge.

    The thinking of a reasoning model is left out. A completion that does not end, or has no
    answer, gets the lowest reward that a response of the study got; and no reward lies outside
    the range of those, where the reward model was never trained.

    Attributes
    ----------
    model
        The reward model.
    tokenizer
        Of model and completions.
    ends
        Tokens that end a turn.
    lowest, highest
        Range of the rewards of the study's responses.
    batch_size
        Texts to be judged at once.
    thinking
        Whether the completions were to begin with thinking.
    """

    model: Any
    tokenizer: Any
    ends: Sequence[int]
    lowest: float
    highest: float
    batch_size: int
    thinking: bool = True
    __name__: str = "reward"

    def __call__(
        self, prompts: list[str], completion_ids: list[list[int]], **_: Any
    ) -> list[float | None]:
        """One reward to each completion."""
        turns = [read_turn(self.tokenizer, ids, self.ends, self.thinking) for ids in completion_ids]
        judged = [i for i, turn in enumerate(turns) if turn.finished and turn.response]
        texts = [exchange_tokens(self.tokenizer, prompts[i], turns[i].response) for i in judged]
        given = rewards_of(
            self.model,
            [[*text.prompt, *text.answer] for text in texts],
            self.tokenizer.pad_token_id,
            self.batch_size,
        )
        rewards: list[float | None] = [self.lowest] * len(turns)
        for i, reward in zip(judged, given, strict=True):
            rewards[i] = min(max(reward, self.lowest), self.highest)
        return rewards


def load_rewards(
    folder: Path,
    base: str,
    options: TrainingOptions,
    tokenizer: Any,
    ends: Sequence[int],
    thinking: bool = True,
) -> Rewards:
    """The rewards of a stored reward model.

    Parameters
    ----------
    folder
        What `train_reward` filled.
    base
        Folder or hub name of the base model.
    options
        With which it was trained.
    tokenizer
        Of the base model.
    ends
        Tokens that end a turn.
    thinking
        Whether completions are to begin with thinking, on a reasoning model.

    Raises
    ------
    InputError
        If the model does not load, or rewards otherwise than it did after training.
    """
    scale = json.loads((folder / SCALE).read_text(encoding="utf-8"))
    bare = load_model(base, options, "reward")
    bare.config.get_text_config().pad_token_id = tokenizer.pad_token_id
    model = with_adapter(bare, folder / ADAPTER)
    _check_probes(model, folder, scale.get("probes"), tokenizer.pad_token_id, options)
    return Rewards(
        model=model,
        tokenizer=tokenizer,
        ends=ends,
        lowest=scale["lowest"],
        highest=scale["highest"],
        batch_size=4 * options.batch_size,
        thinking=thinking,
    )


def _check_probes(
    model: Any, folder: Path, probes: Any, pad: int, options: TrainingOptions
) -> None:
    """Refuse a model that does not give the rewards that it gave after training."""
    rewards = rewards_of(model, [p["tokens"] for p in probes or ()], pad, 4 * options.batch_size)
    tolerance = TOLERANCE[number_format(options)]
    same = [abs(r - p["reward"]) <= tolerance for r, p in zip(rewards, probes or (), strict=True)]
    if not same or not all(same):
        raise InputError(
            f"the reward model {folder} does not reward as it did after training: it gives other "
            f"rewards to {same.count(False):,} of {len(same):,} texts; delete {folder}, and it is "
            "trained anew"
        )
