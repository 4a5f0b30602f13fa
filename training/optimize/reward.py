"""Reward models: trained on pairs, and asked by GRPO."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
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
from training.engines.likelihood import padded
from training.engines.verification import N_PROBES, TOLERANCE
from training.number_format import number_format
from training.optimize.arguments import TrainerConfig, run_trainer, save_adapter, shared_arguments
from training.optimize.weighted import Weighted, preference_loss, weighted_rows, weighted_trainer

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


def reward_trainer(config: TrainerConfig, rows: list[dict[str, Any]]) -> ModelOfRewards:
    """The trainer, with `RewardOptions`, before its first step."""
    options = config.options
    assert isinstance(options, RewardOptions)  # noqa: S101
    whole = [
        {
            "chosen_ids": row["prompt_ids"] + row["chosen_ids"],
            "rejected_ids": row["prompt_ids"] + row["rejected_ids"],
            **{name: row[name] for name in ModelOfRewards.own},
        }
        for row in weighted_rows(config, rows)
    ]
    arguments = RewardConfig(
        **shared_arguments(config), max_length=None, center_rewards_coefficient=options.center
    )
    return weighted_trainer(ModelOfRewards, config, arguments, whole, "reward")


def train_reward(config: TrainerConfig, rows: list[dict[str, Any]], folder: Path) -> None:
    """Train a reward model into its folder, unless it is there already.

    Parameters
    ----------
    config
        What to train; its folder is ``<folder>.partial``.
    rows
        What `rows_of` gives.
    folder
        Gets the adapter, which holds the head as well, and the scale of its rewards.
    """
    if is_complete(folder):
        return
    trainer = reward_trainer(config, rows)
    run_trainer(config, trainer)
    trainer.accelerator.wait_for_everyone()
    save_adapter(trainer, config.tokenizer, config.folder / ADAPTER)
    scale = _scale(trainer.model_wrapped, config, rows)
    if trainer.is_world_process_zero():
        write_json(config.folder / SCALE, scale)
        shutil.rmtree(config.checkpoints, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
        commit(config.folder, folder, {"stage": "reward"})
    trainer.accelerator.wait_for_everyone()


def _scale(model: Any, config: TrainerConfig, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Range of the rewards of the study's own responses, how often the pairs are met, probes."""
    pairs = [
        [tuple(row["prompt_ids"] + row[key]) for key in ("chosen_ids", "rejected_ids")]
        for row in rows
    ]
    texts = sorted({text for pair in pairs for text in pair})
    rewards = rewards_of(model, texts, config.tokenizer.pad_token_id, _batch(config.options))
    known = dict(zip(texts, rewards, strict=True))
    met = [
        (known[chosen] > known[rejected]) == (row["p"] >= 0.5)
        for (chosen, rejected), row in zip(pairs, rows, strict=True)
    ]
    return {
        "lowest": min(rewards),
        "highest": max(rewards),
        "accuracy": float(np.average(met, weights=[row["weight"] for row in rows])),
        "probes": [
            {"tokens": list(texts[i]), "reward": rewards[i]}
            for i in range(0, len(texts), ceil(len(texts) / N_PROBES))
        ],
    }


def _batch(options: TrainingOptions) -> int:
    """Texts to be judged at once."""
    return 4 * options.batch_size


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
            ids, mask = (part.to(device) for part in padded([texts[i] for i in places], pad))
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
    config: TrainerConfig, folder: Path, ends: Sequence[int], thinking: bool = True
) -> Rewards:
    """The rewards of a stored reward model.

    Raises
    ------
    InputError
        If the model does not load, or rewards otherwise than it did after training.
    """
    scale = json.loads((folder / SCALE).read_text(encoding="utf-8"))
    pad, batch = config.tokenizer.pad_token_id, _batch(config.options)
    bare = load_model(config.base, config.options, "reward")
    bare.config.get_text_config().pad_token_id = pad
    model = with_adapter(bare, folder / ADAPTER)
    probes, tolerance = scale.get("probes") or (), TOLERANCE[number_format(config.options)]
    rewards = rewards_of(model, [p["tokens"] for p in probes], pad, batch)
    same = [abs(r - p["reward"]) <= tolerance for r, p in zip(rewards, probes, strict=True)]
    if not same or not all(same):
        raise InputError(
            f"the reward model {folder} does not reward as it did after training: it gives other "
            f"rewards to {same.count(False):,} of {len(same):,} texts; delete {folder}, and it is "
            "trained anew"
        )
    bounds = scale["lowest"], scale["highest"]
    return Rewards(model, config.tokenizer, ends, *bounds, batch, thinking)
