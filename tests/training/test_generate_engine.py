"""The transformers engine on tiny models of real architectures, saved and loaded by path."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import WORDS
from tiny_chat_models import KINDS, save_model, save_run
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from pluralign_stats.errors import InputError, MissingExtraError
from training.bases.adapter import with_adapter
from training.chat import Tokens
from training.engines.base import Base, untuned
from training.engines.engine import Generation, GenerationOptions, Request
from training.engines.likelihood import answer_logprobs
from training.engines.transformers_engine import TransformersEngine
from training.generation.jobs import open_engine

pytestmark = pytest.mark.extended

SHORT, LONG = "what is good", "what is good at home tell me of work was ist gut daheim sag mir"
REQUESTS = [Request(SHORT if i % 2 else LONG, seed=i) for i in range(8)]
OPTIONS = GenerationOptions(max_tokens=16)


@pytest.fixture(scope="module", params=KINDS)
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp(request.param) / "base", request.param)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("llama") / "base")


@pytest.fixture(scope="module")
def run(llama: Path) -> Path:
    return save_run(llama.parent / "runs", llama)


def _engine(base: Path, **options: object) -> TransformersEngine:
    engine = TransformersEngine(Base(str(base)), GenerationOptions(**{"max_tokens": 16, **options}))
    engine.use(None)
    return engine


def _chat(tokenizer: Any, text: str) -> list[int]:
    chat = [{"role": "user", "content": text}]
    return tokenizer.apply_chat_template(chat, add_generation_prompt=True)["input_ids"]


def _said(replies: list[Generation]) -> list[str]:
    return [reply.response for reply in replies]


def test_answers_do_not_hang_on_their_batch(base: Path) -> None:
    engine = _engine(base)
    together = engine.generate(REQUESTS)
    alone = [engine.generate([r])[0] for r in REQUESTS]
    assert _said(together) == _said(alone)
    assert len(set(_said(together))) > 1
    for one, other in zip(together, alone, strict=True):
        assert one.base_logprob == pytest.approx(other.base_logprob, abs=1e-4)


def test_an_adapter_speaks_and_is_taken_off_again(base: Path) -> None:
    run = save_run(base.parent / "runs", base)
    engine = _engine(base)
    before = engine.generate(REQUESTS)
    engine.use(run)
    tuned = engine.generate(REQUESTS)
    engine.use(None)
    assert engine.generate(REQUESTS) == before
    assert _said(tuned) != _said(before)


def test_the_tuned_model_is_what_peft_loads(llama: Path, run: Path) -> None:
    """Greedy answers agree with transformers' own generation of a freshly loaded model."""
    engine = _engine(llama, temperature=0, samples=1)
    engine.use(run)
    tokenizer = AutoTokenizer.from_pretrained(llama)
    model = with_adapter(AutoModelForCausalLM.from_pretrained(llama), run / "adapter")
    for text, reply in zip((SHORT, LONG), engine.generate(REQUESTS[1::-1]), strict=True):
        chat = torch.tensor([_chat(tokenizer, text)])
        with torch.no_grad():
            out = model.generate(chat, max_new_tokens=16, do_sample=False)[0, chat.shape[1] :]
        said = tokenizer.decode(out).split("<|eot_id|>")[0]
        assert reply.response == said.rpartition("</think>")[2].strip()


def test_first_tokens_have_the_probabilities_of_the_model(llama: Path) -> None:
    engine = _engine(llama, max_tokens=1)
    n = 3000
    replies = engine.generate([Request(SHORT, seed) for seed in range(n)])
    tokenizer = AutoTokenizer.from_pretrained(llama)
    model = AutoModelForCausalLM.from_pretrained(llama)
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([_chat(tokenizer, SHORT)])).logits[0, -1]
    expected = logits.softmax(-1)
    likely = [tokenizer.convert_ids_to_tokens(i) for i in expected.argsort().tolist()[::-1]]
    for word in [word for word in likely if word in WORDS][:3]:
        share = np.mean([r.response == word for r in replies])
        p = float(expected[tokenizer.convert_tokens_to_ids(word)])
        assert abs(share - p) < 4 * math.sqrt(p * (1 - p) / n) + 1e-9


def test_base_logprob_is_that_of_the_untuned_model(llama: Path, run: Path) -> None:
    engine = _engine(llama)
    engine.use(run)
    tokenizer = AutoTokenizer.from_pretrained(llama)
    model = AutoModelForCausalLM.from_pretrained(llama)
    checked = 0
    for request, reply in zip(REQUESTS, engine.generate(REQUESTS), strict=True):
        if not reply.response or reply.thinking is not None:
            continue
        prompt = _chat(tokenizer, request.text)
        answer = tokenizer(reply.response, add_special_tokens=False)["input_ids"]
        if len(answer) != reply.n_tokens:
            continue  # a special token stands in it, which reads back otherwise
        ids = torch.tensor([prompt + answer])
        with torch.no_grad():
            logprobs = model(input_ids=ids).logits[0].log_softmax(-1)
        start = len(prompt)
        told = [float(logprobs[start + i - 1, token]) for i, token in enumerate(answer)]
        assert reply.base_logprob == pytest.approx(np.mean(told), abs=1e-4)
        checked += 1
    assert checked


def test_logprobs_do_not_hang_on_batches(llama: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(llama).eval()
    rng = np.random.default_rng(0)
    exchanges = [
        Tokens(rng.integers(6, 20, start).tolist(), rng.integers(6, 20, n).tolist())
        for start, n in [(3, 6), (1, 3), (8, 1), (7, 0), (5, 7)]
    ]
    together = answer_logprobs(model, exchanges, pad=0)
    assert [len(row) for row in together] == [6, 3, 1, 0, 7]
    alone = answer_logprobs(model, exchanges, pad=0, largest=1)
    for one, other in zip(together, alone, strict=True):
        assert one == pytest.approx(other, abs=1e-5)


def test_thinking_is_kept_apart(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "base", "reasoning")
    engine = _engine(folder, max_tokens=40)
    replies = engine.generate([Request(SHORT, seed) for seed in range(40)])
    ended = [r for r in replies if r.response]
    never = [r for r in replies if not r.finished and not r.response]
    assert ended
    assert never
    assert all("</think>" not in r.response for r in replies)
    assert all(r.thinking is not None for r in replies)
    assert {(r.n_tokens, r.base_logprob) for r in never} == {(0, None)}


def test_a_reasoning_model_can_answer_at_once(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "base", "reasoning")
    replies = _engine(folder, thinking=False).generate([Request(SHORT, s) for s in range(20)])
    assert any(r.response for r in replies)


def test_a_models_own_habits_do_not_matter(llama: Path) -> None:
    """The saved model asks for a temperature of 0.01; at 1 its answers differ."""
    replies = _engine(llama).generate([Request(SHORT, seed) for seed in range(8)])
    assert len(set(_said(replies))) > 4


def _spoil(run: Path, change: str) -> None:
    path = run / "adapter" / "adapter_model.safetensors"
    weights = load_file(path)
    if change == "zeros":
        weights = {k: torch.zeros_like(v) for k, v in weights.items()}
    elif change == "renamed":
        weights = {k.replace("layers", "blocks"): v for k, v in weights.items()}
    else:
        weights = {k: v * 1.5 for k, v in weights.items()}
    save_file(weights, path, {"format": "pt"})


@pytest.mark.parametrize("change", ["zeros", "renamed", "stronger"])
def test_an_adapter_that_is_not_what_was_trained_is_refused(
    llama: Path, tmp_path: Path, change: str
) -> None:
    whole = save_run(tmp_path / "whole", llama)
    run = save_run(tmp_path / "runs", llama)
    _spoil(run, change)
    engine = _engine(llama)
    said = _said(engine.generate([Request(SHORT, 1)]))
    told = "is not active, or not the one that was trained"
    with pytest.raises(InputError, match="does not fit" if change == "renamed" else told):
        engine.use(run)
    # The engine is none the worse for it.
    engine.use(whole)
    engine.use(None)
    assert _said(engine.generate([Request(SHORT, 1)])) == said


def test_another_base_model_is_refused(llama: Path, run: Path, tmp_path: Path) -> None:
    other = save_model(tmp_path / "other", seed=9)
    with pytest.raises(InputError, match="is not the one that was tuned"):
        _engine(other).use(run)


def test_a_torn_adapter_is_refused(llama: Path, tmp_path: Path) -> None:
    run = save_run(tmp_path / "runs", llama)
    path = run / "adapter" / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match="cannot be loaded"):
        _engine(llama).use(run)


def test_a_prompt_that_leaves_no_room_is_named(llama: Path) -> None:
    context = AutoConfig.from_pretrained(llama).max_position_embeddings
    long = "what " * 60
    tokens = len(_chat(AutoTokenizer.from_pretrained(llama), long))
    _engine(llama, max_tokens=context - tokens).check([SHORT, long])
    engine = _engine(llama, max_tokens=context - tokens + 1)
    engine.check([SHORT])
    message = rf"'what what what .* has {tokens} tokens.*context of {context};"
    with pytest.raises(InputError, match=message):
        engine.check([SHORT, long])


def test_vllm_names_its_extra(llama: Path) -> None:
    with pytest.raises(MissingExtraError, match=r"pluralign\[vllm\]"):
        open_engine(Base(str(llama)), GenerationOptions(engine="vllm"))


def test_controls_take_the_number_format_of_their_runs() -> None:
    one, other = Base("m", precision="bf16", quantization="4bit"), Base("m", precision="fp32")
    assert untuned([one, one]) == (Base("m", precision="bf16"),)
    assert untuned([one, other]) == (Base("m", precision="auto"),)
    assert untuned([one, Base("n")]) == (Base("m", precision="bf16"), Base("n"))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"samples": 0}, "samples must be 1 or more, not 0"),
        ({"temperature": -1.0}, "temperature must be 0 or more, not -1.0"),
        ({"temperature": float("nan")}, "temperature must be 0 or more, not nan"),
        ({"top_p": 0.0}, "top_p must be above 0 and at most 1"),
        ({"seed": -1}, "seed must be 0 or more"),
        ({"engine": "vlm"}, "did you mean 'vllm'"),
        ({"temperature": 0.0}, "ask for 1 sample, not 2"),
    ],
)
def test_bad_options_are_told(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        GenerationOptions(**wrong)
