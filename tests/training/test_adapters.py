"""Adapters that do not fit their model are refused in one line, wherever they are loaded."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiny
import tiny_chat_models as chat_models
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

from pluralign_stats import InputError
from training.bases.adapter import check_adapter, with_adapter
from training.bases.load import load_model
from training.conditions.options import DpoOptions

pytestmark = pytest.mark.extended

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"

Weights = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return chat_models.save_model(tmp_path_factory.mktemp("base") / "llama")


@pytest.fixture(scope="module")
def whole(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return chat_models.save_adapter(base, tmp_path_factory.mktemp("adapter") / "whole")


def changed(
    source: Path, folder: Path, change: Callable[[Weights], Weights], **config: Any
) -> Path:
    """A copy of an adapter with other weights, or another configuration."""
    shutil.copytree(source, folder)
    weights = change(load_file(folder / WEIGHTS))
    save_file({k: v.contiguous() for k, v in weights.items()}, folder / WEIGHTS)
    told = json.loads((folder / CONFIG).read_text()) | config
    (folder / CONFIG).write_text(json.dumps(told))
    return folder


def renamed(old: str, new: str) -> Callable[[Weights], Weights]:
    return lambda weights: {k.replace(old, new): v for k, v in weights.items()}


def without(part: str) -> Callable[[Weights], Weights]:
    return lambda weights: {k: v for k, v in weights.items() if part not in k}


def same(weights: Weights) -> Weights:
    return weights


def halved(weights: Weights) -> Weights:
    return {k: v[:2] if "lora_A" in k else v[:, :2] for k, v in weights.items()}


def merged(weights: Weights) -> Weights:
    """Products instead of factors, as a merged adapter has them."""
    return {
        k.replace(".lora_A", ""): weights[k.replace("lora_A", "lora_B")] @ v
        for k, v in weights.items()
        if "lora_A" in k
    }


def narrowed(weights: Weights) -> Weights:
    return {k: v[..., :8] if "q_proj.lora_A" in k else v for k, v in weights.items()}


MISFITS: dict[str, tuple[Callable[[Weights], Weights], dict[str, Any], str]] = {
    "renamed layers": (renamed("layers", "blocks"), {}, "have no place in the model"),
    "renamed prefix": (renamed("base_model.model.", ""), {}, "have no place in the model"),
    "twice the prefix": (renamed("base_model.", "base_model.model."), {}, "have no place"),
    "another adapter's name": (renamed("lora_A.", "lora_A.other."), {}, "have no place"),
    "more layers": (
        lambda w: w | {k.replace("layers.0", "layers.2"): v.clone() for k, v in w.items()},
        {},
        "have no place in the model, such as model.layers.2",
    ),
    "one layer missing": (without("layers.1"), {}, "are missing, such as model.layers.1"),
    "one half missing": (without("lora_B"), {}, "are missing"),
    "one module missing": (without("down_proj"), {}, "are missing, such as .*down_proj"),
    "none at all": (lambda _: {}, {}, "weights that the model needs are missing"),
    "fewer targets": (same, {"target_modules": ["q_proj"]}, "have no place"),
    "more targets": (without("o_proj"), {}, "are missing, such as .*o_proj"),
    "targets of another architecture": (same, {"target_modules": ["c_attn"]}, "not found"),
    "another rank": (same, {"r": 8}, r"is 4 × 48, and the model takes 8 × 48"),
    "cut to another rank": (halved, {}, r"is 2 × 48, and the model takes 4 × 48"),
    "another width": (narrowed, {}, r"is 4 × 8, and the model takes 4 × 32"),
    "merged": (merged, {}, "have no place"),
    "a head that was not saved": (same, {"modules_to_save": ["lm_head"]}, "such as lm_head.weight"),
    "a head that was not asked for": (
        lambda w: w | {"base_model.model.score.weight": torch.ones(1, 32)},
        {},
        "1 weights have no place in the model, such as score.weight",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", MISFITS)
def test_an_adapter_that_does_not_fit_is_refused(
    kind: str, base: Path, whole: Path, tmp_path: Path
) -> None:
    change, config, said = MISFITS[kind]
    adapter = changed(whole, tmp_path / "adapter", change, **config)
    model = AutoModelForCausalLM.from_pretrained(base)
    with pytest.raises(InputError, match=said) as refused:
        with_adapter(model, adapter)
    assert "\n" not in str(refused.value)
    # The model is as it was, and takes the next adapter.
    ids = torch.arange(20, 30)[None]
    untouched = AutoModelForCausalLM.from_pretrained(base)
    assert torch.equal(model(ids).logits, untouched(ids).logits)
    assert not any("lora" in name for name in model.state_dict())
    with_adapter(model, whole)
    # An engine that loads no weights of the base itself finds the same.
    with pytest.raises(InputError, match=said):
        check_adapter(str(base), adapter)


def test_an_adapter_that_fits_is_loaded_whole(base: Path, whole: Path) -> None:
    check_adapter(str(base), whole)
    tuned = with_adapter(AutoModelForCausalLM.from_pretrained(base), whole)
    held = tuned.state_dict()
    stored = load_file(whole / WEIGHTS)
    assert stored
    for name, weight in stored.items():
        place = name.replace("lora_A", "lora_A.default").replace("lora_B", "lora_B.default")
        assert torch.equal(held[place], weight)
    assert not any(p.requires_grad for p in tuned.parameters())


@pytest.mark.parametrize("kind", ["embed_tokens", "modules_to_save"])
def test_embeddings_and_heads_that_were_trained_are_loaded(
    kind: str, base: Path, tmp_path: Path
) -> None:
    model = AutoModelForCausalLM.from_pretrained(base)
    asked: dict[str, Any] = {"target_modules": ["q_proj", "embed_tokens"]}
    if kind == "modules_to_save":
        asked = {"target_modules": ["q_proj"], "modules_to_save": ["lm_head"]}
    tuned = get_peft_model(model, LoraConfig(r=2, **asked))
    with torch.no_grad():
        for parameter in tuned.parameters():
            if parameter.requires_grad:
                parameter.normal_()
    tuned.save_pretrained(tmp_path / "adapter")
    loaded = with_adapter(AutoModelForCausalLM.from_pretrained(base), tmp_path / "adapter")
    ids = torch.arange(20, 30)[None]
    torch.testing.assert_close(loaded(ids).logits, tuned.eval()(ids).logits)


def test_an_adapter_of_another_architecture_is_refused(
    base: Path, whole: Path, tmp_path: Path
) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    deeper = chat_models.save_adapter(
        deeper_model(tmp_path / "model", num_hidden_layers=3), tmp_path / "deep"
    )
    with pytest.raises(InputError, match="have no place in the model"):
        with_adapter(AutoModelForCausalLM.from_pretrained(base), deeper)
    other = GPT2LMHeadModel(GPT2Config(n_embd=32, n_layer=2, n_head=2, vocab_size=90))
    with pytest.raises(InputError, match="not found in the base model"):
        with_adapter(other, whole)


def deeper_model(folder: Path, **size: Any) -> Path:
    """A tiny Llama of another size."""
    tiny.make_model("llama", folder)
    config = AutoModelForCausalLM.from_pretrained(folder).config
    for name, value in size.items():
        setattr(config, name, value)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("file", "content"),
    [
        (CONFIG, "{"),
        (CONFIG, "[]"),
        (CONFIG, "{}"),
        (CONFIG, '{"peft_type": "NONE"}'),
        (WEIGHTS, "x"),
    ],
)
def test_an_unreadable_adapter_is_refused(
    file: str, content: str, base: Path, whole: Path, tmp_path: Path
) -> None:
    adapter = changed(whole, tmp_path / "adapter", same)
    (adapter / file).write_text(content)
    with pytest.raises(InputError, match="cannot be loaded"):
        with_adapter(AutoModelForCausalLM.from_pretrained(base), adapter)
    (adapter / file).unlink()
    with pytest.raises(InputError, match="cannot be loaded"):
        with_adapter(AutoModelForCausalLM.from_pretrained(base), adapter)


def test_reward_models_are_held_against_their_file_head_included(
    base: Path, tmp_path: Path
) -> None:
    options = DpoOptions()
    model = load_model(str(base), options, "reward")
    tuned = get_peft_model(model, LoraConfig(r=2, task_type="SEQ_CLS", target_modules="all-linear"))
    tuned.save_pretrained(tmp_path / "whole")
    assert "base_model.model.score.weight" in load_file(tmp_path / "whole" / WEIGHTS)
    loaded = with_adapter(load_model(str(base), options, "reward"), tmp_path / "whole")
    head = loaded.base_model.model.score.modules_to_save["default"].weight
    assert torch.equal(head, tuned.base_model.model.score.modules_to_save["default"].weight)
    for part, said in (("score", "score.weight"), ("layers.1", "layers.1")):
        adapter = changed(tmp_path / "whole", tmp_path / f"no {part}", without(part))
        with pytest.raises(InputError, match=f"are missing, such as .*{said}"):
            with_adapter(load_model(str(base), options, "reward"), adapter)


def test_a_base_model_without_some_of_its_weights_is_refused(tmp_path: Path) -> None:
    folder = tiny.make_model("llama", tmp_path / "base")
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    for head in ("language", "reward"):
        with pytest.raises(InputError, match=r"no weights for 1 parts.*layers.1.mlp.up_proj"):
            load_model(str(folder), DpoOptions(), head)  # type: ignore[arg-type]
    AutoModelForSequenceClassification.from_pretrained(
        tiny.make_model("qwen3", tmp_path / "other"), num_labels=1
    ).save_pretrained(tmp_path / "other")
    load_model(str(tmp_path / "other"), DpoOptions(), "reward")
    with pytest.raises(InputError, match=r"such as lm_head.weight"):
        load_model(str(tmp_path / "other"), DpoOptions())


def test_a_checkpoint_that_does_not_fit_is_not_gone_on_from(base: Path, tmp_path: Path) -> None:
    from train_runs import condition, prepare

    from pluralign_stats.storage.folders import write_mark
    from training.tuning.run import train_condition

    made = condition("dpo", base, max_steps=4)
    folder = prepare(tmp_path / "run", made)
    stopped = RuntimeError("stopped")

    def stop(_: str, step: int, __: int) -> None:
        if step == 3:
            raise stopped

    with pytest.raises(RuntimeError, match="stopped"):
        train_condition(folder, str(base), stop)
    (checkpoint,) = (tmp_path / "run.partial" / "checkpoints-dpo").glob("checkpoint-*")
    weights = load_file(checkpoint / WEIGHTS)
    save_file(renamed("layers", "blocks")(weights), checkpoint / WEIGHTS)
    write_mark(checkpoint, {})
    with pytest.raises(InputError, match=r"checkpoint-2 cannot be gone on from.*have no place"):
        train_condition(folder, str(base))
    save_file(weights, checkpoint / WEIGHTS)
    write_mark(checkpoint, {})
    assert train_condition(folder, str(base))


def test_a_checkpoint_that_is_not_loaded_is_found_out(base: Path, whole: Path) -> None:
    from training.optimize.arguments import Resumed

    model = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base), LoraConfig(r=4, target_modules="all-linear")
    )
    check = Resumed(whole, model)
    with pytest.raises(InputError, match="weights were not loaded, such as"):
        check.on_train_begin(None, None, None)
    model.load_adapter(str(whole), "default")
    check.on_train_begin(None, None, None)


def test_a_reward_model_that_rewards_otherwise_is_refused(base: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    from train_runs import QUICK

    from pluralign_stats.storage.folders import staging_folder
    from training.bases.tokenizer import load_tokenizer
    from training.chat import end_tokens
    from training.conditions.options import RewardOptions
    from training.optimize.arguments import TrainerConfig
    from training.optimize.data import rows_of
    from training.optimize.reward import load_rewards, train_reward

    tokenizer = load_tokenizer(str(base))
    options = RewardOptions.model_validate(QUICK | {"max_steps": 3})
    rows = rows_of(tiny.pairs(), tokenizer, 128).rows
    folder = tmp_path / "reward"
    config = TrainerConfig(
        "reward", staging_folder(folder), str(base), tokenizer, options, 3, lambda *_: None
    )
    train_reward(config, rows, folder)
    ends = end_tokens(tokenizer)
    load_rewards(config, folder, ends)
    other = chat_models.save_model(tmp_path / "other", seed=9)
    with pytest.raises(InputError, match="does not reward as it did after training"):
        load_rewards(replace(config, base=str(other)), folder, ends)
    weights = load_file(folder / "adapter" / WEIGHTS)
    save_file({k: 0 * v for k, v in weights.items()}, folder / "adapter" / WEIGHTS)
    with pytest.raises(InputError, match="does not reward as it did after training"):
        load_rewards(config, folder, ends)
