"""Pre-training of the miniature base models: small Llamas that read the world for a minute."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from training.embedded.corpus import Exchange, draw_exchanges
from training.embedded.tokenizer import CONTEXT
from training.number_format import NumberFormat, cpu_has_bf16, dtype_of

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

#: A model that answers at once, and one that thinks first between its think tags.
Kind = Literal["embedded", "embedded-thinking"]

#: Steps whose exchanges are sorted by length together.
_POOL = 4


@dataclass(frozen=True)
class BaseConfig:
    """Size of a miniature model and how it is pre-trained.

    Attributes
    ----------
    hidden, layers, heads, intermediate
        Size of the Llama.
    steps, batch
        Training steps, and exchanges in each.
    learning_rate, matrix_rate
        Peak learning rates: AdamW's for embeddings and norms, Muon's for the matrices of the
        layers, which learn in about half the steps that AdamW needs here. Both fall to zero along
        a cosine.
    warmup
        Share of the steps over which the learning rate rises.
    unthinking
        Share of the exchanges in which the model that thinks first does not.
    sharpness
        Factor of the trained model's logits. Above 1 it silences the words that so short a
        training has not quite ruled out; levels, which are far from rare, keep their shares.
    """

    hidden: int = 160
    layers: int = 2
    heads: int = 4
    intermediate: int = 432
    steps: int = 400
    batch: int = 20
    learning_rate: float = 8e-3
    matrix_rate: float = 0.03
    warmup: float = 0.05
    unthinking: float = 0.3
    sharpness: float = 1.25


def pretrain(
    tokenizer: "PreTrainedTokenizerFast", kind: Kind, seed: int, config: BaseConfig
) -> "LlamaForCausalLM":
    """Train a model of random weights on exchanges of the world, on one thread.

    The state of torch's own random numbers is left as it was.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = _random_model(tokenizer, config)
            _train(model, tokenizer, kind, seed, config)
            model.model.norm.weight.data *= config.sharpness
    finally:
        torch.set_num_threads(threads)
    return model.eval()


def messages(exchange: Exchange, *, thinking: bool) -> list[dict[str, str]]:
    """An exchange as the messages of a chat."""
    answer = {"role": "assistant", "content": exchange.response}
    if thinking:
        answer["reasoning_content"] = exchange.thinking
    return [{"role": "user", "content": exchange.prompt}, answer]


def _random_model(tokenizer: "PreTrainedTokenizerFast", config: BaseConfig) -> "LlamaForCausalLM":
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    tokens = {
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
    }
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=config.hidden,
            intermediate_size=config.intermediate,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            max_position_embeddings=CONTEXT,
            tie_word_embeddings=True,
            **tokens,
        )
    )
    model.generation_config = GenerationConfig(do_sample=True, **tokens)
    return model


def _train(
    model: "LlamaForCausalLM",
    tokenizer: "PreTrainedTokenizerFast",
    kind: Kind,
    seed: int,
    config: BaseConfig,
) -> None:
    import torch

    optimizers = _optimizers(model, config)
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, config))
        for optimizer in optimizers
    ]
    model.train()
    for ids, labels in _batches(tokenizer, kind, seed, config):
        attention = ids.ne(tokenizer.pad_token_id)
        loss = model(input_ids=ids, attention_mask=attention, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, schedule in zip(optimizers, schedules, strict=True):
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()


def _optimizers(model: "LlamaForCausalLM", config: BaseConfig) -> list["Optimizer"]:
    """Muon for the matrices of the layers, AdamW for all else."""
    import torch

    from training.embedded.muon import Muon

    matrices = [p for p in model.model.layers.parameters() if p.ndim == 2]
    known = {id(matrix) for matrix in matrices}
    other = [p for p in model.parameters() if id(p) not in known]
    return [
        Muon(matrices, config.matrix_rate, dtype_of(muon_format())),
        torch.optim.AdamW(other, config.learning_rate, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def muon_format() -> NumberFormat:
    """In which format Muon orthogonalizes here: its own, bf16, or where that is slow fp32."""
    return "bf16" if cpu_has_bf16() else "fp32"


def _rate(step: int, config: BaseConfig) -> float:
    """Learning rate as a share of its peak: a linear rise, then a cosine to zero."""
    rise = max(1, round(config.warmup * config.steps))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + np.cos(np.pi * (step - rise) / max(1, config.steps - rise)))


def _batches(
    tokenizer: "PreTrainedTokenizerFast", kind: Kind, seed: int, config: BaseConfig
) -> Iterator[tuple["Tensor", "Tensor"]]:
    """Token ids and labels of every step; only the assistant's turn is learned from.

    Exchanges of similar length go together, so that little is padding.
    """
    import torch

    rng = np.random.default_rng(seed)
    for start in range(0, config.steps, _POOL):
        steps = min(_POOL, config.steps - start)
        pool = sorted(draw_exchanges(steps * config.batch, rng), key=_length)
        for step in rng.permutation(steps):
            chosen = pool[step * config.batch : (step + 1) * config.batch]
            thinks = rng.random(len(chosen)) >= config.unthinking
            encoded: Any = tokenizer.apply_chat_template(
                [
                    messages(exchange, thinking=kind == "embedded-thinking" and bool(thinks[i]))
                    for i, exchange in enumerate(chosen)
                ],
                tokenize=True,
                return_dict=True,
                return_assistant_tokens_mask=True,
                padding=True,
                return_tensors="pt",
            )
            learned = torch.as_tensor(encoded["assistant_masks"]).bool()
            yield encoded["input_ids"], encoded["input_ids"].masked_fill(~learned, -100)


def _length(exchange: Exchange) -> int:
    return len(exchange.prompt) + len(exchange.response)
