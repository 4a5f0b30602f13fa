import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from pluralign_stats.errors import InputError
from pluralign_stats.storage.folders import is_complete, read_mark
from training.embedded.base import base_model, default_cache
from training.embedded.corpus import draw_exchanges
from training.embedded.pretrain import BaseConfig, _rate, messages, pretrain
from training.embedded.tokenizer import CONTEXT, make_tokenizer, texts

TINY = BaseConfig(hidden=32, layers=1, heads=2, intermediate=48, steps=3, batch=4)
USER = [{"role": "user", "content": "What do you think about men in nursing?"}]
ASKED = "<|user|>What do you think about men in nursing?<|end|>"


@pytest.fixture(scope="module")
def tokenizers():
    return {thinking: make_tokenizer(thinking=thinking) for thinking in (False, True)}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module", params=["embedded", "embedded-thinking"])
def folder(request, cache):
    return base_model(request.param, cache, config=TINY)


def test_text_of_the_world_comes_back_from_its_tokens(tokenizers):
    tokenizer = tokenizers[False]
    for text in texts():
        ids = tokenizer(text)["input_ids"]
        assert tokenizer.unk_token_id not in ids
        assert tokenizer.decode(ids) == text


def test_other_words_are_unknown(tokenizers):
    ids = tokenizers[False]("Quantum men")["input_ids"]
    assert ids[0] == tokenizers[False].unk_token_id
    assert ids[1] != ids[0]


def test_special_tokens(tokenizers):
    for tokenizer in tokenizers.values():
        ids = [tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.unk_token_id]
        assert len(set(ids)) == 3
        text = "<think>They ask about men in nursing.</think>Here is my answer.<|end|>"
        kept = tokenizer.decode(tokenizer(text)["input_ids"], skip_special_tokens=True)
        assert kept == text.removesuffix("<|end|>")


def test_the_plain_template(tokenizers):
    tokenizer = tokenizers[False]
    asked = tokenizer.apply_chat_template(USER, tokenize=False, add_generation_prompt=True)
    assert asked == f"{ASKED}<|assistant|>"
    answered = [*USER, {"role": "assistant", "content": "Here is my answer."}]
    whole = tokenizer.apply_chat_template(answered, tokenize=False)
    assert whole == f"{asked}Here is my answer.<|end|>"


@pytest.mark.parametrize(
    ("answer", "written"),
    [
        ({"content": "Yes."}, "<think></think>Yes."),
        ({"content": "Yes.", "reasoning_content": "I think."}, "<think>I think.</think>Yes."),
        ({"content": "<think>I think.</think>Yes."}, "<think>I think.</think>Yes."),
    ],
)
def test_the_thinking_template_keeps_the_thinking_of_the_last_answer(tokenizers, answer, written):
    tokenizer = tokenizers[True]
    turn = {"role": "assistant"} | answer
    whole = tokenizer.apply_chat_template([*USER, turn], tokenize=False)
    assert whole == f"{ASKED}<|assistant|>{written}<|end|>"
    former = tokenizer.apply_chat_template([*USER, turn, *USER], tokenize=False)
    assert former == f"{ASKED}<|assistant|>Yes.<|end|>{ASKED}"


def test_thinking_can_be_switched_off(tokenizers):
    options = {"tokenize": False, "add_generation_prompt": True}
    usual = tokenizers[True].apply_chat_template(USER, **options)
    without = tokenizers[True].apply_chat_template(USER, enable_thinking=False, **options)
    assert usual == f"{ASKED}<|assistant|>"
    assert without == f"{usual}<think></think>"


def test_only_the_assistant_is_learned_from_and_all_fits(tokenizers):
    longest = 0
    for exchange in draw_exchanges(300, np.random.default_rng(1)):
        encoded = tokenizers[True].apply_chat_template(
            messages(exchange, thinking=True),
            tokenize=True,
            return_dict=True,
            return_assistant_tokens_mask=True,
        )
        ids, mask = np.array(encoded["input_ids"]), np.array(encoded["assistant_masks"], bool)
        longest = max(longest, len(ids))
        learned = f"<think>{exchange.thinking}</think>{exchange.response}<|end|>"
        assert tokenizers[True].decode(ids[mask]) == learned
    assert longest < 0.75 * CONTEXT


def test_the_folder_loads_as_a_hub_model_does(folder):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert type(model).__name__ == "LlamaForCausalLM"
    assert model.config.vocab_size == len(tokenizer)
    assert tokenizer.pad_token_id == model.config.pad_token_id != tokenizer.eos_token_id
    ids = tokenizer.apply_chat_template(
        USER, add_generation_prompt=True, return_dict=True, return_tensors="pt"
    )
    out = model.generate(**ids, max_new_tokens=3, min_new_tokens=3)
    assert out.shape[1] == ids["input_ids"].shape[1] + 3
    made = make_tokenizer(thinking="thinking" in folder.name)
    assert tokenizer.chat_template == made.chat_template
    assert tokenizer.get_vocab() == made.get_vocab()


def test_a_model_is_made_once(folder, cache):
    written = (folder / "model.safetensors").stat().st_mtime_ns
    kind = read_mark(folder)["kind"]
    assert base_model(kind, cache, config=TINY) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == written


def test_a_damaged_model_is_made_anew(tmp_path):
    folder = base_model("embedded", tmp_path, config=TINY)
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[:-100])
    assert not is_complete(folder)
    assert base_model("embedded", tmp_path, config=TINY) == folder
    assert (folder / "model.safetensors").read_bytes() == whole


def test_seed_kind_and_config_have_folders_of_their_own(cache, folder):
    kind = read_mark(folder)["kind"]
    seeded = base_model(kind, cache, seed=2, config=TINY)
    assert seeded != folder
    one, other = ((f / "model.safetensors").read_bytes() for f in (folder, seeded))
    assert one != other


def test_pretraining_leaves_the_random_numbers_and_threads_of_torch_alone(tokenizers):
    import torch

    torch.manual_seed(5)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    pretrain(tokenizers[False], "embedded", 1, TINY)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_pretraining_learns(tokenizers):
    import torch

    losses = []
    for steps in (1, 40):
        config = BaseConfig(hidden=32, layers=1, heads=2, intermediate=48, steps=steps, batch=8)
        model = pretrain(tokenizers[True], "embedded-thinking", 1, config)
        exchange = next(draw_exchanges(1, np.random.default_rng(9)))
        ids = torch.tensor(tokenizers[True](exchange.response)["input_ids"])[None]
        losses.append(model(input_ids=ids, labels=ids).loss.item())
    assert losses[1] < losses[0] - 1


def test_learning_rate_rises_and_falls_to_zero():
    rates = [_rate(step, BaseConfig(steps=100, warmup=0.1)) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == rates[10] == 1
    assert np.all(np.diff(rates[10:]) < 0)
    assert rates[-1] == pytest.approx(0)


def test_an_unknown_kind_is_refused(tmp_path):
    with pytest.raises(InputError, match="base model must be one of 'embedded', 'embedded-think"):
        base_model("embeded", tmp_path)


def test_the_cache_can_be_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PLURALIGN_CACHE", str(tmp_path))
    assert default_cache() == tmp_path
    monkeypatch.delenv("PLURALIGN_CACHE")
    if sys.platform == "darwin":
        assert default_cache() == Path.home() / "Library" / "Caches" / "pluralign"
        return
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "pluralign"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_cache() == Path.home() / ".cache" / "pluralign"


SCRIPT = """
import sys
from pathlib import Path
from training.embedded.base import base_model
from training.embedded.pretrain import BaseConfig
steps = int(sys.argv[2])
config = BaseConfig(hidden=32, layers=1, heads=2, intermediate=48, steps=steps, batch=4)
print(base_model("embedded", Path(sys.argv[1]), config=config))
"""


def start(cache, steps):
    command = [sys.executable, "-c", SCRIPT, str(cache), str(steps)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def test_a_killed_pretraining_leaves_nothing_that_looks_complete(tmp_path):
    process = start(tmp_path, 100_000)
    while not list(tmp_path.glob("*.partial")):
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.communicate()
    assert not [f for f in tmp_path.iterdir() if f.is_dir() and f.suffix != ".partial"]
    config = BaseConfig(hidden=32, layers=1, heads=2, intermediate=48, steps=3, batch=4)
    assert is_complete(base_model("embedded", tmp_path, config=config))


@pytest.mark.extended
def test_two_processes_that_want_one_model_make_it_once(tmp_path):
    both = [start(tmp_path, 60) for _ in range(2)]
    named = {process.communicate()[0].strip() for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert len(named) == 1
    assert is_complete(Path(named.pop()))
