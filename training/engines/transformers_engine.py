"""Generation by transformers: seeded, and equal whatever answers share a batch."""

import os
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessorList

from pluralign_stats.errors import InputError
from training.bases.adapter import with_adapter
from training.chat import Tokens, Turn, read_turn
from training.conditions.names import ADAPTER
from training.engines.base import Base, load
from training.engines.engine import Engine, Generation, GenerationOptions, Request
from training.engines.likelihood import answer_logprobs, padded
from training.engines.sampling import SeededSampling

#: Parameters up to which a model on a CPU is faster with one thread.
SMALL = 20_000_000


class TransformersEngine(Engine):
    """Holds a base model and at most one adapter on it.

    Raises
    ------
    InputError
        If the model does not load, or has no chat template or padding token.
    """

    def __init__(self, base: Base, options: GenerationOptions) -> None:
        self._bare, tokenizer, place = load(base)
        self._model = self._bare
        super().__init__(place, tokenizer, self._bare.generation_config.eos_token_id, options)
        self._pad = tokenizer.pad_token_id
        small = sum(p.numel() for p in self._bare.parameters()) <= SMALL
        if small and self._bare.device.type == "cpu" and "OMP_NUM_THREADS" not in os.environ:
            torch.set_num_threads(1)
        # The model's own settings, such as a nucleus or a penalty, must not mix with ours.
        self._bare.generation_config = GenerationConfig(
            eos_token_id=list(self._ends), pad_token_id=self._pad
        )

    def generate(self, requests: Sequence[Request]) -> list[Generation]:
        """As every engine; what does not fit into memory is told of."""
        try:
            return super().generate(requests)
        except torch.OutOfMemoryError as error:
            raise InputError(
                f"{len(requests)} answers at once do not fit into memory; use a smaller batch"
            ) from error

    @property
    def _context(self) -> int | None:
        return getattr(self._bare.config.get_text_config(), "max_position_embeddings", None)

    def _put_on(self, run_folder: Path | None) -> None:
        if self._model is not self._bare:
            self._model = self._bare = self._model.unload()
        if run_folder is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what they warn of, the probes find out
                self._model = with_adapter(self._bare, run_folder / ADAPTER)
        self._model.eval()

    @torch.inference_mode()
    def _turns(self, prompts: Sequence[list[int]], seeds: Sequence[int]) -> list[Turn]:
        ids, mask = padded(prompts, self._pad, "left")
        width, how = ids.shape[1], self._options
        sampling = LogitsProcessorList()
        if how.temperature > 0:
            sampling.append(SeededSampling(seeds, width, self._longest, how.temperature, how.top_p))
        said = self._model.generate(
            input_ids=ids.to(self._bare.device),
            attention_mask=mask.to(self._bare.device),
            do_sample=False,
            max_new_tokens=self._longest,
            logits_processor=sampling,
        )
        rows = said[:, width:].tolist()
        return [read_turn(self._tokenizer, row, self._ends, how.thinking) for row in rows]

    def _logprobs(self, exchanges: Sequence[Tokens], tuned: bool) -> list[list[float]]:
        bare: Any = nullcontext()
        if not tuned and self._model is not self._bare:
            bare = self._model.disable_adapter()
        with bare:
            return answer_logprobs(self._model, exchanges, self._pad)
