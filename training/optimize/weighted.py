"""The frame of TRL's trainers: rows in tokens, each with a weight and perhaps a soft label."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from datasets import Dataset
from torch.nn.functional import logsigmoid
from transformers import Trainer

from training.bases.adapter import new_adapter
from training.bases.load import Head, load_model
from training.optimize.arguments import TrainerConfig
from training.optimize.data import rows_met


class Weighted(Trainer):
    """Stands before one of TRL's trainers and puts a loss of its own in the place of TRL's.

    TRL's forward pass, and what it logs, stay as they are; the loss is taken of what the model
    returned there.

    Attributes
    ----------
    own
        Columns that TRL does not know.
    collator
        TRL's, for such rows.
    """

    own: ClassVar[tuple[str, ...]]
    collator: ClassVar[Any]

    def loss_of(self, output: Any, inputs: dict[str, Any]) -> torch.Tensor:
        """The loss, of what the model returned for a batch."""
        raise NotImplementedError

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Let TRL compute what it logs; take the loss of the same numbers."""
        outputs: list[Any] = []

        def recorded(**given: Any) -> Any:
            outputs.append(model(**given))
            return outputs[-1]

        super().compute_loss(
            recorded,  # type: ignore[arg-type]  # called as the model is
            without(inputs, self.own),
            num_items_in_batch=num_items_in_batch,
        )
        # Where TRL asks twice (KTO), the batch itself comes last.
        loss = self.loss_of(outputs[-1], inputs)
        return (loss, outputs[-1]) if return_outputs else loss

    def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
        return dataset

    def _set_signature_columns_if_needed(self) -> None:
        super()._set_signature_columns_if_needed()
        known: Any = self._signature_columns
        self._signature_columns: Any = list(dict.fromkeys([*known, *self.own]))


def weighted_trainer[T: Weighted](
    kind: type[T],
    config: TrainerConfig,
    arguments: Any,
    rows: list[dict[str, Any]],
    head: Head = "language",
) -> T:
    """A trainer before its first step.

    Parameters
    ----------
    rows
        What the collator takes, with the columns of `kind.own`.
    """
    pad = config.tokenizer.pad_token_id
    make: Any = kind
    torch.manual_seed(config.seed)
    return make(
        model=load_model(config.base, config.options, head),
        args=arguments,
        data_collator=collated(kind.collator(pad_token_id=pad), kind.own),
        train_dataset=Dataset.from_list(rows),
        processing_class=config.tokenizer,
        peft_config=new_adapter(config.options, head),
    )


def weighted_rows(config: TrainerConfig, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The examples that a trainer meets; their weights are scaled in place to be 1 on average."""
    met = rows_met(rows, config.options, config.seed)
    mean = float(np.mean([row["weight"] for row in met]))
    for row in met:
        row["weight"] /= mean
    return met


def preference_loss(logits: torch.Tensor, p: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Cross-entropy between labels and the model's preferences, averaged with weights.

    Parameters
    ----------
    logits
        (n,) log odds that the model prefers the first response of each pair.
    p
        (n,) share of people who prefer it; 1 is a hard label, and then this is the loss of DPO and
        of Bradley-Terry reward models. Between, it is conservative DPO with a smoothing of 1 - p.
    weight
        (n,) weights of the pairs, 1 on average.
    """
    return (-weight * (p * logsigmoid(logits) + (1 - p) * logsigmoid(-logits))).mean()


def collated(collator: Any, names: Sequence[str]) -> Any:
    """A collator that also hands on some numbers of each example."""

    def collate(examples: list[dict[str, Any]]) -> dict[str, Any]:
        batch = collator(examples)
        for name in names:
            batch[name] = torch.tensor([row[name] for row in examples], dtype=torch.float32)
        return batch

    return collate


def without(inputs: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """A batch without some of its parts."""
    return {name: value for name, value in inputs.items() if name not in names}
