"""The vLLM engine against a stand-in for vLLM that answers through transformers.

The stand-in has the few calls of vLLM that the engine makes; what vLLM itself does is not tested.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from tiny_chat_models import save_model, save_run
from transformers import AutoModelForCausalLM

from pluralign_stats.errors import InputError
from training.bases.adapter import with_adapter
from training.engines.base import Base
from training.engines.engine import GenerationOptions, Request
from training.engines.transformers_engine import TransformersEngine

pytestmark = pytest.mark.extended


@dataclass
class SamplingParams:
    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 16
    seed: int | None = None
    stop_token_ids: Sequence[int] = ()
    skip_special_tokens: bool = True
    prompt_logprobs: int | None = None


@dataclass
class LoRARequest:
    lora_name: str
    lora_int_id: int
    lora_path: str


class LLM:
    """Greedy answers, one request at a time."""

    deaf = False

    def __init__(self, model: str, **settings: Any) -> None:
        assert settings["enable_lora"]
        self._place = model
        self.llm_engine = SimpleNamespace(model_config=SimpleNamespace(max_model_len=128))

    def generate(
        self, asked: Sequence[dict[str, list[int]]], how: Sequence[SamplingParams],
        lora_request: LoRARequest | None, use_tqdm: bool,
    ) -> list[Any]:  # fmt: skip
        model = AutoModelForCausalLM.from_pretrained(self._place)
        if lora_request is not None and not self.deaf:
            model = with_adapter(model, Path(lora_request.lora_path))
        rows = [row["prompt_token_ids"] for row in asked]
        return [_answer(model, row, each) for row, each in zip(rows, how, strict=True)]


@torch.no_grad()
def _answer(model: Any, row: list[int], how: SamplingParams) -> Any:
    logprobs = model(input_ids=torch.tensor([row])).logits[0].log_softmax(-1)
    told = [None] + [
        {token: SimpleNamespace(logprob=float(logprobs[i, token]))}
        for i, token in enumerate(row[1:])
    ]
    ids = model.generate(
        torch.tensor([row]), max_new_tokens=how.max_tokens, do_sample=False,
        eos_token_id=list(how.stop_token_ids) or None,
    )[0, len(row):].tolist()  # fmt: skip
    ended = ids[-1] in how.stop_token_ids
    output = SimpleNamespace(token_ids=ids, finish_reason="stop" if ended else "length")
    return SimpleNamespace(outputs=[output], prompt_logprobs=told)


@pytest.fixture
def engine_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    vllm, lora, request = (ModuleType(n) for n in ("vllm", "vllm.lora", "vllm.lora.request"))
    vllm.LLM, vllm.SamplingParams, request.LoRARequest = LLM, SamplingParams, LoRARequest
    for module in (vllm, lora, request):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    from training.engines.vllm_engine import VllmEngine

    yield VllmEngine
    sys.modules.pop("training.engines.vllm_engine")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("vllm") / "base")


GREEDY = GenerationOptions(samples=1, temperature=0, max_tokens=16)
REQUESTS = [Request("what is good", 1), Request("was ist gut daheim", 2)]


def test_it_says_what_transformers_says(base: Path, engine_of: Any) -> None:
    run = save_run(base.parent / "runs", base)
    ours, theirs = engine_of(Base(str(base)), GREEDY), TransformersEngine(Base(str(base)), GREEDY)
    for folder in (None, run, None):
        ours.use(folder)
        theirs.use(folder)
        for one, other in zip(ours.generate(REQUESTS), theirs.generate(REQUESTS), strict=True):
            assert one.response == other.response
            assert (one.n_tokens, one.finished) == (other.n_tokens, other.finished)
            assert one.base_logprob == pytest.approx(other.base_logprob, abs=1e-4)
    assert ours.fingerprint == theirs.fingerprint


def test_an_adapter_that_vllm_does_not_apply_is_refused(
    base: Path, engine_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = save_run(base.parent / "deaf", base)
    monkeypatch.setattr(LLM, "deaf", True)
    with pytest.raises(InputError, match="is not active"):
        engine_of(Base(str(base)), GREEDY).use(run)


def test_what_it_does_not_take_is_told(base: Path, engine_of: Any) -> None:
    with pytest.raises(InputError, match=r"quantized.*use the engine 'transformers'"):
        engine_of(Base(str(base), quantization="4bit"), GREEDY)
    engine = engine_of(Base(str(base)), GREEDY)
    with pytest.raises(InputError, match="does not fit into the model's context of 128"):
        engine.check(["what " * 120])
    run = save_run(base.parent / "ranked", base)
    config = run / "adapter" / "adapter_config.json"
    config.write_text(config.read_text("utf-8").replace('"r": 4', '"r": 128'), "utf-8")
    with pytest.raises(InputError, match="has rank 128"):
        engine.use(run)
