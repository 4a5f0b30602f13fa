"""Kahneman-Tversky optimization of unpaired feedback, with weights."""

from typing import Any, ClassVar

import torch
from trl import KTOConfig, KTOTrainer
from trl.trainer.kto_trainer import DataCollatorForUnpairedPreference

from training.conditions.options import KtoOptions
from training.optimize.arguments import TrainerConfig
from training.optimize.data import in_random_order
from training.optimize.mismatched import with_mismatched
from training.optimize.reference import Referenced, batch_logprobs, reference_arguments
from training.optimize.weighted import weighted_rows, weighted_trainer


class UnpairedTrainer(Referenced, KTOTrainer):
    """TRL's trainer on responses that are in tokens already, each with its weight."""

    own = ("weight",)
    answers: ClassVar = {"ref_logps": "completion_ids", "ref_KL_logps": "KL_completion_ids"}
    collator = DataCollatorForUnpairedPreference

    def loss_of(self, output: Any, inputs: dict[str, Any]) -> torch.Tensor:
        """The loss of KTO, with the divergence that TRL has just estimated."""
        losses = kto_losses(
            batch_logprobs(output, inputs) - inputs["ref_logps"],
            inputs["label"].bool(),
            self._metrics["train"]["kl"][-1],
            self.beta,
            self.desirable_weight,
            self.undesirable_weight,
        )
        return (inputs["weight"] * losses).mean()


def kto_losses(
    gain: torch.Tensor,
    desirable: torch.Tensor,
    divergence: float,
    beta: float,
    desirable_weight: float = 1.0,
    undesirable_weight: float = 1.0,
) -> torch.Tensor:
    """Losses of equation (7) of arXiv 2402.01306.

    Parameters
    ----------
    gain
        (n,) log probability of each response under the model less that under its base.
    desirable
        (n,) whether it is to become likelier.
    divergence
        Estimated divergence of the model from its base.
    beta
        How closely the model keeps to its base.
    desirable_weight, undesirable_weight
        Weights of the two kinds.
    """
    sign = torch.where(desirable, 1.0, -1.0)
    kind = torch.where(desirable, desirable_weight, undesirable_weight)
    return kind * (1 - torch.sigmoid(sign * beta * (gain - divergence)))


def kind_weights(rows: list[dict[str, Any]], balance: bool) -> tuple[float, float]:
    """Weights of desirable and undesirable examples: 1, or so that both weigh the same in sum."""
    total = {kind: sum(r["weight"] for r in rows if r["label"] == kind) for kind in (True, False)}
    if not balance or not all(total.values()):
        return 1.0, 1.0
    half = sum(total.values()) / 2
    return half / total[True], half / total[False]


def kto_trainer(config: TrainerConfig, rows: list[dict[str, Any]]) -> UnpairedTrainer:
    """The trainer, with `KtoOptions`, before its first step.

    Raises
    ------
    InputError
        If a prompt has no answer to another one, from which to estimate the divergence.
    """
    options = config.options
    assert isinstance(options, KtoOptions)  # noqa: S101
    met = weighted_rows(config, rows)
    desirable, undesirable = kind_weights(met, options.balance)
    order = in_random_order(met, config.seed)
    shuffled = [next(order) for _ in met]
    arguments = KTOConfig(
        **reference_arguments(config),
        beta=options.beta,
        desirable_weight=desirable,
        undesirable_weight=undesirable,
    )
    mismatched = with_mismatched(shuffled, rows, options.batch_size, config.seed)
    return weighted_trainer(UnpairedTrainer, config, arguments, mismatched)
