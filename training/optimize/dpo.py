"""Direct preference optimization with soft labels and weights."""

from typing import Any, ClassVar

import torch
from trl import DPOConfig, DPOTrainer
from trl.trainer.dpo_trainer import DataCollatorForPreference

from training.conditions.options import DpoOptions
from training.optimize.arguments import TrainerConfig
from training.optimize.reference import Referenced, batch_logprobs, reference_arguments
from training.optimize.weighted import preference_loss, weighted_rows, weighted_trainer


class PairTrainer(Referenced, DPOTrainer):
    """TRL's trainer on pairs that are in tokens already, each with its label and weight."""

    own = ("p", "weight")
    answers: ClassVar = {"ref_chosen_logps": "chosen_ids", "ref_rejected_logps": "rejected_ids"}
    collator = DataCollatorForPreference

    def loss_of(self, output: Any, inputs: dict[str, Any]) -> torch.Tensor:
        """The loss of DPO, of soft labels and weights."""
        chosen, rejected = batch_logprobs(output, inputs).chunk(2)
        margin = (chosen - inputs["ref_chosen_logps"]) - (rejected - inputs["ref_rejected_logps"])
        return preference_loss(self.beta * margin, inputs["p"], inputs["weight"])


def dpo_trainer(config: TrainerConfig, rows: list[dict[str, Any]]) -> PairTrainer:
    """The trainer before its first step; reference log probabilities are computed."""
    options = config.options
    assert isinstance(options, DpoOptions)  # noqa: S101
    arguments = DPOConfig(**reference_arguments(config), beta=options.beta)
    return weighted_trainer(PairTrainer, config, arguments, weighted_rows(config, rows))
