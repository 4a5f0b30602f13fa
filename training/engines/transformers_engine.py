"""Generation by transformers: seeded, and equal whatever answers share a batch."""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessorList

from pluralign_stats.errors import InputError
from training.bases.adapter import with_adapter
from training.bases.find import base_fingerprint
from training.chat import Turn, all_ends, prompt_tokens, read_turn
from training.conditions.names import ADAPTER
from training.engines.active import check_active
from training.engines.base import Base, load
from training.engines.lengths import MOST_TOKENS, longest_answer
from training.engines.likelihood import Span, mean_logprobs
from training.engines.protocol import GenerationOptions, Reply, Request
from training.engines.sampling import SeededSampling
from training.engines.verification import Probe, probe_logprobs

#: Parameters up to which a model on a CPU is faster with one thread.
SMALL = 20_000_000


class TransformersEngine:
    """Holds a base model and at most one adapter on it.

    Parameters
    ----------
    base
        What to load.
    options
        How to generate.

    Raises
    ------
    InputError
        If the model does not load, or has no chat template or padding token.
    """

    def __init__(self, base: Base, options: GenerationOptions) -> None:
        self._options = options
        self._longest = options.max_tokens or MOST_TOKENS
        loaded = load(base)
        self.fingerprint = base_fingerprint(loaded.place)
        self._bare, self._tokenizer = loaded.model, loaded.tokenizer
        self._model: Any = self._bare
        self._ends = all_ends(self._tokenizer, self._bare.generation_config.eos_token_id)
        self._pad = self._tokenizer.pad_token_id
        small = sum(p.numel() for p in self._bare.parameters()) <= SMALL
        if small and self._bare.device.type == "cpu" and "OMP_NUM_THREADS" not in os.environ:
            torch.set_num_threads(1)
        # The model's own settings, such as a nucleus or a penalty, must not mix with ours.
        self._bare.generation_config = GenerationConfig(
            eos_token_id=list(self._ends), pad_token_id=self._pad
        )

    def use(self, run_folder: Path | None) -> None:
        """Answer as this run from now on; see `training.engines.protocol.Engine`."""
        if self._model is not self._bare:
            self._bare = self._model.unload()
            self._model = self._bare
        if run_folder is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what they warn of, the probes below find out
                self._model = with_adapter(self._bare, run_folder / ADAPTER)
            check_active(run_folder, self._probed, self._probed_bare)
        self._model.eval()

    def _probed(self, probes: Sequence[Probe]) -> list[list[float]]:
        return probe_logprobs(self._model, probes, self._pad)

    def _probed_bare(self, probes: Sequence[Probe]) -> list[list[float]]:
        with self._model.disable_adapter():
            return self._probed(probes)

    def check(self, prompts: Sequence[str]) -> None:
        """Refuse prompts that leave no room for an answer; settle how long answers may be."""
        config = self._bare.config.get_text_config()
        context = getattr(config, "max_position_embeddings", None)
        lengths = {text: len(self._prompt(text)) for text in dict.fromkeys(prompts)}
        self._longest = longest_answer(lengths, self._options.max_tokens, context)

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """One reply to each request, in their order."""
        prompts = [self._prompt(r.text) for r in requests]
        try:
            turns = self._turns(prompts, [r.seed for r in requests])
            likely = self._base_logprobs(prompts, turns)
        except torch.OutOfMemoryError as error:
            raise InputError(
                f"{len(requests)} answers at once do not fit into memory; use a smaller batch"
            ) from error
        return [
            Reply(t.thinking, t.response, len(t.tokens) - t.start, t.finished, logprob)
            for t, logprob in zip(turns, likely, strict=True)
        ]

    def _prompt(self, text: str) -> list[int]:
        return prompt_tokens(self._tokenizer, text, thinking=self._options.thinking)

    @torch.inference_mode()
    def _turns(self, prompts: Sequence[list[int]], seeds: Sequence[int]) -> list[Turn]:
        width = max(len(p) for p in prompts)
        ids = torch.tensor([[self._pad] * (width - len(p)) + p for p in prompts])
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
        device = self._bare.device
        said = self._model.generate(
            input_ids=ids.to(device),
            attention_mask=mask.to(device),
            do_sample=False,
            max_new_tokens=self._longest,
            logits_processor=self._sampling(seeds, width),
        )
        rows = said[:, width:].tolist()
        return [read_turn(self._tokenizer, row, self._ends, self._options.thinking) for row in rows]

    def _sampling(self, seeds: Sequence[int], width: int) -> LogitsProcessorList:
        how = self._options
        if how.temperature == 0:
            return LogitsProcessorList()
        return LogitsProcessorList(
            [SeededSampling(seeds, width, self._longest, how.temperature, how.top_p)]
        )

    def _base_logprobs(
        self, prompts: Sequence[list[int]], turns: Sequence[Turn]
    ) -> list[float | None]:
        spans = [
            Span((*p, *t.tokens), len(p) + t.start, len(p) + len(t.tokens))
            for p, t in zip(prompts, turns, strict=True)
        ]
        if self._model is self._bare:
            return mean_logprobs(self._bare, spans, self._pad)
        with self._model.disable_adapter():
            return mean_logprobs(self._model, spans, self._pad)
