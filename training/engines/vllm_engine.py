"""Generation by vLLM: fast on a GPU; its answers are not the same from run to run."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vllm import LLM, SamplingParams
from vllm.lora.request import LoRARequest

from pluralign_stats.errors import InputError
from training.bases.adapter import check_adapter
from training.bases.find import base_fingerprint, find_base, named_ends
from training.bases.tokenizer import load_tokenizer
from training.chat import Turn, all_ends, prompt_tokens, read_turn
from training.conditions.names import ADAPTER
from training.engines.active import check_active
from training.engines.base import Base, Precision
from training.engines.lengths import MOST_TOKENS, longest_answer
from training.engines.protocol import GenerationOptions, Reply, Request
from training.engines.verification import Probe
from training.number_format import is_fast

#: Largest rank of an adapter that room is kept for.
MAX_RANK = 64

DTYPES = {"auto": "auto", "bf16": "bfloat16", "fp32": "float32"}


class VllmEngine:
    """Holds a base model in vLLM, to which each request names its adapter.

    Parameters
    ----------
    base
        What to load.
    options
        How to generate.

    Raises
    ------
    InputError
        If the model is quantized, does not load, or has no chat template or padding token.
    """

    def __init__(self, base: Base, options: GenerationOptions) -> None:
        if base.quantization != "none":
            raise InputError(
                f"the runs on {base.base_model} were tuned on a quantized base model, which the "
                "engine 'vllm' does not take here; use the engine 'transformers'"
            )
        place = self._place = find_base(base.base_model)
        self.fingerprint = base_fingerprint(place)
        self._options = options
        self._longest = options.max_tokens or MOST_TOKENS
        self._tokenizer = load_tokenizer(place, base.chat_template, base.pad_token)
        self._llm = LLM(
            model=place,
            dtype=_dtype(base.precision),
            enable_lora=True,
            max_lora_rank=MAX_RANK,
            seed=options.seed,
        )
        self._ends = all_ends(self._tokenizer, named_ends(place))
        self._loras: dict[Path, Any] = {}
        self._lora: Any = None

    def use(self, run_folder: Path | None) -> None:
        """Answer as this run from now on; see `training.engines.protocol.Engine`."""
        self._lora = None
        if run_folder is None:
            return
        _check_rank(run_folder)
        check_adapter(self._place, run_folder / ADAPTER)
        number = len(self._loras) + 1
        known = self._loras.setdefault(
            run_folder, LoRARequest(run_folder.name, number, str(run_folder / ADAPTER))
        )
        check_active(
            run_folder,
            lambda probes: self._probed(probes, known),
            lambda probes: self._probed(probes, None),
        )
        self._lora = known

    def check(self, prompts: Sequence[str]) -> None:
        """Refuse prompts that leave no room for an answer; settle how long answers may be."""
        context = self._llm.llm_engine.model_config.max_model_len
        self._longest = longest_answer(self._lengths(prompts), self._options.max_tokens, context)

    def _lengths(self, prompts: Sequence[str]) -> dict[str, int]:
        return {text: len(self._prompt(text)) for text in dict.fromkeys(prompts)}

    def _prompt(self, text: str) -> list[int]:
        return prompt_tokens(self._tokenizer, text, thinking=self._options.thinking)

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """One reply to each request, in their order."""
        prompts = [self._prompt(r.text) for r in requests]
        said = self._ask(prompts, [self._sampling(r.seed) for r in requests], self._lora)
        turns = [self._turn(answer.outputs[0]) for answer in said]
        whole = [
            Probe([*p, *t.tokens[: t.start]], list(t.tokens[t.start :]))
            for p, t in zip(prompts, turns, strict=True)
        ]
        likely = iter(self._probed([w for w in whole if w.answer], None))
        means = [_mean(next(likely)) if w.answer else None for w in whole]
        return [
            Reply(t.thinking, t.response, len(t.tokens) - t.start, t.finished, mean)
            for t, mean in zip(turns, means, strict=True)
        ]

    def _sampling(self, seed: int) -> Any:
        how = self._options
        return SamplingParams(
            temperature=how.temperature,
            top_p=how.top_p,
            max_tokens=self._longest,
            seed=seed,
            stop_token_ids=list(self._ends),
            skip_special_tokens=False,
        )

    def _turn(self, output: Any) -> Turn:
        tokens = list(output.token_ids)
        if output.finish_reason == "stop" and not set(self._ends) & set(tokens):
            tokens.append(self._ends[0])
        return read_turn(self._tokenizer, tokens, self._ends, self._options.thinking)

    def _probed(self, probes: Sequence[Probe], lora: Any) -> list[list[float]]:
        """Log probability of every token of every answer."""
        if not probes:
            return []
        how = SamplingParams(temperature=0.0, max_tokens=1, prompt_logprobs=0)
        rows = [[*p.prompt, *p.answer] for p in probes]
        told = self._ask(rows, [how] * len(rows), lora)
        return [
            [
                answer.prompt_logprobs[place][row[place]].logprob
                for place in range(len(p.prompt), len(row))
            ]
            for p, row, answer in zip(probes, rows, told, strict=True)
        ]

    def _ask(self, rows: Sequence[list[int]], how: Sequence[Any], lora: Any) -> Sequence[Any]:
        asked = [{"prompt_token_ids": row} for row in rows]
        return self._llm.generate(asked, list(how), lora_request=lora, use_tqdm=False)


def _dtype(precision: Precision) -> str:
    """The number format as vLLM calls it; bf16 only where the device has it."""
    slow = precision == "bf16" and not is_fast(precision)
    return DTYPES["fp32" if slow else precision]


def _check_rank(run_folder: Path) -> None:
    path = run_folder / ADAPTER / "adapter_config.json"
    try:
        rank = int(json.loads(path.read_text(encoding="utf-8"))["r"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read; train the run again") from error
    if rank > MAX_RANK:
        raise InputError(
            f"the adapter of {run_folder.name} has rank {rank}, and the engine 'vllm' takes up to "
            f"{MAX_RANK} here; use the engine 'transformers'"
        )


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)
