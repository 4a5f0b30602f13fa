"""Kahneman-Tversky optimization of unpaired feedback, with weights."""

from typing import Any

import torch
from trl import KTOConfig, KTOTrainer
from trl.trainer.kto_trainer import DataCollatorForUnpairedPreference

from training.conditions.options import KtoOptions
from training.models import load_model, new_adapter
from training.optimize.arguments import Stage, run_trainer, shared_arguments
from training.optimize.reference import exchange, is_sharded, reference_logprobs
from training.optimize.weighted import Recorded, collated, without
from training.tuning.data import dataset, even_weights, in_random_order, rows_met

OURS = ("weight",)


class UnpairedTrainer(KTOTrainer):
    """TRL's trainer on responses that are in tokens already, each with its weight."""

    def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
        return dataset

    def _set_signature_columns_if_needed(self) -> None:
        super()._set_signature_columns_if_needed()
        known: Any = self._signature_columns
        self._signature_columns: Any = list(dict.fromkeys([*known, *OURS]))

    def _precompute_ref_logps(self, dataset: Any, name: str, batch_size: int) -> Any:
        """Each prompt and answer once; TRL's own way where parameters are sharded."""
        if is_sharded(self):
            return super()._precompute_ref_logps(dataset, name, batch_size)
        columns = {"ref_logps": "completion_ids", "ref_KL_logps": "KL_completion_ids"}
        keys = {
            told: [exchange(*e) for e in zip(dataset["prompt_ids"], dataset[ids], strict=True)]
            for told, ids in columns.items()
        }
        known = reference_logprobs(self, [e for part in keys.values() for e in part], batch_size)
        for told, exchanges in keys.items():
            dataset = dataset.add_column(told, [known[e] for e in exchanges])
        return dataset

    def compute_ref_log_probs(self, model: Any, inputs: Any) -> Any:
        """As TRL does, of a batch without weights."""
        return super().compute_ref_log_probs(model, without(inputs, OURS))

    def _compute_loss(self, model: Any, inputs: Any, return_outputs: bool) -> Any:
        """TRL computes what it logs and the divergence; the loss is taken of the same numbers."""
        recorded = Recorded(model)
        super()._compute_loss(recorded, without(inputs, OURS), return_outputs)
        width = inputs["input_ids"].size(1) - 1
        said = recorded.outputs[1 if self.calculate_KL else 0].log_probs[:, -width:].sum(1)
        losses = kto_losses(
            said - inputs["ref_logps"],
            inputs["label"].bool(),
            self._metrics["train"]["kl"][-1],
            self.beta,
            self.desirable_weight,
            self.undesirable_weight,
        )
        loss = (inputs["weight"] * losses).mean()
        return (loss, recorded.outputs[-1]) if return_outputs else loss


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


def with_mismatched(rows: list[dict[str, Any]], batch_size: int) -> list[dict[str, Any]]:
    """Rows with the answer to another prompt, from which the divergence is estimated.

    As in TRL it is that of the row before, around within a batch; a last batch of a single row
    takes the answer of the row before it, since its own would not be mismatched.
    """
    made = []
    for first in range(0, len(rows), batch_size):
        batch = rows[first : first + batch_size]
        before = batch[-1] if len(batch) > 1 else rows[first - 1]
        for row in batch:
            made.append({**row, "KL_completion_ids": before["completion_ids"]})
            before = row
    return made


def kind_weights(rows: list[dict[str, Any]], balance: bool) -> tuple[float, float]:
    """Weights of desirable and undesirable examples: 1, or so that both weigh the same in sum."""
    total = {kind: sum(r["weight"] for r in rows if r["label"] == kind) for kind in (True, False)}
    if not balance or not all(total.values()):
        return 1.0, 1.0
    half = sum(total.values()) / 2
    return half / total[True], half / total[False]


def kto_trainer(stage: Stage, rows: list[dict[str, Any]]) -> UnpairedTrainer:
    """The trainer of a stage, before its first step.

    Parameters
    ----------
    stage
        What to train, with `KtoOptions`.
    rows
        What `unpaired_rows` gives.
    """
    options = stage.options
    assert isinstance(options, KtoOptions)  # noqa: S101
    rows = rows_met(rows, options, stage.seed)
    even_weights(rows)
    desirable, undesirable = kind_weights(rows, options.balance)
    order = in_random_order(rows, stage.seed)
    shuffled = [next(order) for _ in rows]
    arguments = KTOConfig(
        **shared_arguments(stage),
        beta=options.beta,
        max_length=None,
        desirable_weight=desirable,
        undesirable_weight=undesirable,
        precompute_ref_log_probs=True,
        precompute_ref_batch_size=4 * options.batch_size,
    )
    unpaired = DataCollatorForUnpairedPreference(pad_token_id=stage.tokenizer.pad_token_id)
    torch.manual_seed(stage.seed)
    return UnpairedTrainer(
        model=load_model(stage.base, options),
        args=arguments,
        data_collator=collated(unpaired, OURS),
        train_dataset=dataset(with_mismatched(shuffled, options.batch_size)),
        processing_class=stage.tokenizer,
        peft_config=new_adapter(options),
    )


def train_kto(stage: Stage, rows: list[dict[str, Any]]) -> UnpairedTrainer:
    """Train to the end, from where a killed run stopped."""
    trainer = kto_trainer(stage, rows)
    run_trainer(stage, trainer)
    return trainer
