"""Generation by vLLM: fast on a GPU; its answers are not the same from run to run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vllm import LLM, SamplingParams
from vllm.lora.request import LoRARequest

from pluralign_stats.errors import InputError
from pluralign_stats.storage.files import read_json
from training.bases.adapter import check_adapter
from training.bases.find import find_base, named_ends
from training.bases.tokenizer import load_tokenizer
from training.chat import Tokens, Turn, read_turn
from training.conditions.names import ADAPTER
from training.engines.base import Base, Precision
from training.engines.engine import Engine, GenerationOptions
from training.number_format import is_fast

#: Largest rank of an adapter that room is kept for.
MAX_RANK = 64

DTYPES = {"auto": "auto", "bf16": "bfloat16", "fp32": "float32"}


class VllmEngine(Engine):
    """Holds a base model in vLLM, to which each request names its adapter.

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
        self._place = find_base(base.base_model)
        tokenizer = load_tokenizer(self._place, base.chat_template, base.pad_token)
        super().__init__(self._place, tokenizer, named_ends(self._place), options)
        self._llm = LLM(
            model=self._place,
            dtype=_dtype(base.precision),
            enable_lora=True,
            max_lora_rank=MAX_RANK,
            seed=options.seed,
        )
        self._loras: dict[Path, Any] = {}
        self._lora: Any = None

    @property
    def _context(self) -> int | None:
        return self._llm.llm_engine.model_config.max_model_len

    def _put_on(self, run_folder: Path | None) -> None:
        self._lora = None
        if run_folder is None:
            return
        _check_rank(run_folder)
        check_adapter(self._place, run_folder / ADAPTER)
        number = len(self._loras) + 1
        self._lora = self._loras.setdefault(
            run_folder, LoRARequest(run_folder.name, number, str(run_folder / ADAPTER))
        )

    def _turns(self, prompts: Sequence[list[int]], seeds: Sequence[int]) -> list[Turn]:
        how = [
            SamplingParams(
                temperature=self._options.temperature,
                top_p=self._options.top_p,
                max_tokens=self._longest,
                seed=seed,
                stop_token_ids=list(self._ends),
                skip_special_tokens=False,
            )
            for seed in seeds
        ]
        return [self._turn(said.outputs[0]) for said in self._ask(prompts, how, self._lora)]

    def _turn(self, output: Any) -> Turn:
        tokens = list(output.token_ids)
        if output.finish_reason == "stop" and not set(self._ends) & set(tokens):
            tokens.append(self._ends[0])
        return read_turn(self._tokenizer, tokens, self._ends, self._options.thinking)

    def _logprobs(self, exchanges: Sequence[Tokens], tuned: bool) -> list[list[float]]:
        rows = [[*e.prompt, *e.answer] for e in exchanges if e.answer]
        how = SamplingParams(temperature=0.0, max_tokens=1, prompt_logprobs=0)
        said = iter(self._ask(rows, [how] * len(rows), self._lora if tuned else None))
        found = []
        for e in exchanges:
            likely = next(said).prompt_logprobs[len(e.prompt) :] if e.answer else []
            found.append([each[t].logprob for t, each in zip(e.answer, likely, strict=True)])
        return found

    def _ask(self, rows: Sequence[list[int]], how: Sequence[Any], lora: Any) -> Sequence[Any]:
        if not rows:
            return []
        asked = [{"prompt_token_ids": row} for row in rows]
        return self._llm.generate(asked, list(how), lora_request=lora, use_tqdm=False)


def _dtype(precision: Precision) -> str:
    """The number format as vLLM calls it; bf16 only where the device has it."""
    slow = precision == "bf16" and not is_fast(precision)
    return DTYPES["fp32" if slow else precision]


def _check_rank(run_folder: Path) -> None:
    path = run_folder / ADAPTER / "adapter_config.json"
    rank = read_json(path).get("r")
    if not isinstance(rank, int):
        raise InputError(f"{path} cannot be read; train the run again")
    if rank > MAX_RANK:
        raise InputError(
            f"the adapter of {run_folder.name} has rank {rank}, and the engine 'vllm' takes up to "
            f"{MAX_RANK} here; use the engine 'transformers'"
        )
