"""Direct preference optimization with soft labels and weights."""

from typing import Any

import torch
from trl import DPOConfig, DPOTrainer
from trl.trainer.dpo_trainer import DataCollatorForPreference

from training.conditions.options import DpoOptions
from training.models import load_model, new_adapter
from training.optimize.arguments import Stage, run_trainer, shared_arguments
from training.optimize.reference import exchange, is_sharded, reference_logprobs
from training.optimize.weighted import Recorded, collated, preference_loss, without
from training.tuning.data import dataset, even_weights, rows_met

OURS = ("p", "weight")


class PairTrainer(DPOTrainer):
    """TRL's trainer on pairs that are in tokens already, each with its label and weight."""

    def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
        return dataset

    def _set_signature_columns_if_needed(self) -> None:
        super()._set_signature_columns_if_needed()
        known: Any = self._signature_columns
        self._signature_columns: Any = list(dict.fromkeys([*known, *OURS]))

    def _precompute_ref_logps(self, dataset: Any, name: str, batch_size: int) -> Any:
        """Each response once, instead of each pair; TRL's own way where parameters are sharded."""
        if is_sharded(self):
            return super()._precompute_ref_logps(dataset, name, batch_size)
        keys = {
            side: [
                exchange(*e)
                for e in zip(dataset["prompt_ids"], dataset[f"{side}_ids"], strict=True)
            ]
            for side in ("chosen", "rejected")
        }
        known = reference_logprobs(self, [*keys["chosen"], *keys["rejected"]], 2 * batch_size)
        for side, exchanges in keys.items():
            dataset = dataset.add_column(f"ref_{side}_logps", [known[e] for e in exchanges])
        return dataset

    def compute_ref_log_probs(self, model: Any, inputs: Any) -> Any:
        """As TRL does, of a batch without labels and weights."""
        return super().compute_ref_log_probs(model, without(inputs, OURS))

    def _compute_loss(self, model: Any, inputs: Any, return_outputs: bool) -> Any:
        """TRL computes what it logs; the loss is taken of the same log probabilities."""
        recorded = Recorded(model)
        super()._compute_loss(recorded, without(inputs, OURS), return_outputs)
        width = inputs["input_ids"].size(1) - 1
        chosen, rejected = recorded.outputs[0].log_probs[:, -width:].sum(1).chunk(2)
        margin = (chosen - inputs["ref_chosen_logps"]) - (rejected - inputs["ref_rejected_logps"])
        loss = preference_loss(self.beta * margin, inputs["p"], inputs["weight"])
        return (loss, recorded.outputs[0]) if return_outputs else loss


def dpo_trainer(stage: Stage, rows: list[dict[str, Any]]) -> PairTrainer:
    """The trainer of a stage, before its first step; reference log probabilities are computed.

    Parameters
    ----------
    stage
        What to train, with `DpoOptions`.
    rows
        What `pair_rows` gives.
    """
    options = stage.options
    assert isinstance(options, DpoOptions)  # noqa: S101
    rows = rows_met(rows, options, stage.seed)
    even_weights(rows)
    arguments = DPOConfig(
        **shared_arguments(stage),
        beta=options.beta,
        max_length=None,
        precompute_ref_log_probs=True,
        precompute_ref_batch_size=4 * options.batch_size,
    )
    pairs = DataCollatorForPreference(pad_token_id=stage.tokenizer.pad_token_id)
    torch.manual_seed(stage.seed)
    return PairTrainer(
        model=load_model(stage.base, options),
        args=arguments,
        data_collator=collated(pairs, OURS),
        train_dataset=dataset(rows),
        processing_class=stage.tokenizer,
        peft_config=new_adapter(options),
    )


def train_dpo(stage: Stage, rows: list[dict[str, Any]]) -> PairTrainer:
    """Train to the end, from where a killed run stopped."""
    trainer = dpo_trainer(stage, rows)
    run_trainer(stage, trainer)
    return trainer
