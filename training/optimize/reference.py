"""Trainers that hold a model against its base: log probabilities under the base, computed once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import torch

from training.engines.likelihood import padded
from training.optimize.arguments import TrainerConfig, shared_arguments
from training.optimize.weighted import Weighted, without

Exchange = tuple[tuple[int, ...], tuple[int, ...]]


class Referenced(Weighted):
    """The frame of the trainers of DPO and KTO.

    Attributes
    ----------
    answers
        Columns of reference log probabilities, each with the column of the answer's tokens.
    """

    answers: ClassVar[Mapping[str, str]]

    def _precompute_ref_logps(self, dataset: Any, name: str, batch_size: int) -> Any:
        """Each prompt and answer once; TRL's own way where parameters are sharded."""
        trl: Any = super()
        if self.is_deepspeed_enabled or self.is_fsdp_enabled:
            return trl._precompute_ref_logps(dataset, name, batch_size)
        prompts = [tuple(ids) for ids in dataset["prompt_ids"]]
        keys = {
            told: list(zip(prompts, map(tuple, dataset[ids]), strict=True))
            for told, ids in self.answers.items()
        }
        exchanges = [e for part in keys.values() for e in part]
        known = reference_logprobs(self, exchanges, len(keys) * batch_size)
        for told, part in keys.items():
            dataset = dataset.add_column(told, [known[e] for e in part])
        return dataset

    def compute_ref_log_probs(self, model: Any, inputs: dict[str, Any]) -> Any:
        """As TRL does, of a batch without our columns."""
        trl: Any = super()
        return trl.compute_ref_log_probs(model, without(inputs, self.own))


def reference_arguments(config: TrainerConfig) -> dict[str, Any]:
    """Arguments that the trainers of DPO and KTO share."""
    return shared_arguments(config) | {
        "max_length": None,
        "precompute_ref_log_probs": True,
        "precompute_ref_batch_size": 4 * config.options.batch_size,
    }


def batch_logprobs(output: Any, inputs: dict[str, Any]) -> torch.Tensor:
    """Log probability of each answer of a batch, from what the model returned for it."""
    width = inputs["input_ids"].size(1) - 1
    return output.log_probs[:, -width:].sum(1)


def reference_logprobs(
    trainer: Any, exchanges: Iterable[Exchange], batch_size: int
) -> dict[Exchange, float]:
    """Log probability of each answer under the model without its adapter.

    A study has few responses and many preferences between them, so that this is far less work
    than a pass over all pairs.
    """
    distinct = sorted(set(exchanges), key=lambda e: (len(e[0]) + len(e[1]), e))
    pad = trainer.processing_class.pad_token_id
    model = trainer.accelerator.unwrap_model(trainer.model)
    known: dict[Exchange, float] = {}
    with torch.no_grad(), model.disable_adapter(), trainer.accelerator.autocast():
        for first in range(0, len(distinct), batch_size):
            batch = distinct[first : first + batch_size]
            known |= zip(batch, _sums(model, batch, pad), strict=True)
    return known


def _sums(model: Any, batch: Sequence[Exchange], pad: int) -> list[float]:
    device = next(model.parameters()).device
    ids, mask = padded([[*prompt, *answer] for prompt, answer in batch], pad)
    labels, _ = padded([[-100] * len(prompt) + [*answer] for prompt, answer in batch], -100)
    told = model(
        input_ids=ids.to(device),
        attention_mask=mask.to(device),
        labels=labels.to(device),
        use_cache=False,
        fused_lm_head=True,
    )
    return told.log_probs.sum(dim=1).float().tolist()
