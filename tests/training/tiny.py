"""Tiny models of real architectures, saved as a hub model would be, and feedback to train on."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

TEMPLATES = {
    "llama": "llama3.jinja",
    "qwen3": "qwen3.jinja",
    "gemma3": "gemma3.jinja",
    "reasoning": "deepseek_r1_distill.jinja",
}

TEXT = (
    "what is good at home tell me of work you are kind rude helpful no yes it can be one two so "
    "was ist gut daheim sag mir von der arbeit du bist nett grob nein ja es kann sein eins zwei"
)
WORDS = TEXT.split()


END = "<|end|>"


def make_tokenizer(kind: str, words: Iterable[str] = ()) -> Any:
    """A word-level tokenizer with the real chat template of an architecture."""
    import trl
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    marks = ["<|pad|>", "<|begin|>", END, "<|unknown|>", "<think>", "</think>", "\n", "\n\n"]
    turns = ["<|eot_id|>", "<|im_end|>", "<end_of_turn>", "<｜end▁of▁sentence｜>"]
    turns += ["<｜User｜>", "<｜Assistant｜>", "<|im_start|>", "<start_of_turn>"]
    turns += ["<|start_header_id|>", "<|end_header_id|>"]
    own = ["user", "model", "assistant", "Question", "Answer", "Placeholder", ".", "?"]
    every = dict.fromkeys([*marks, *turns, *own, *WORDS, *words])
    vocabulary = {word: i for i, word in enumerate(every)}
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token="<|unknown|>"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    raw.add_special_tokens([*marks[:4], *turns])
    raw.add_tokens(["<think>", "</think>"])
    template = Path(trl.__file__).parent / "chat_templates" / TEMPLATES[kind]
    return PreTrainedTokenizerFast(
        tokenizer_object=raw,
        pad_token="<|pad|>",
        bos_token="<|begin|>",
        eos_token={"llama": "<|eot_id|>", "qwen3": "<|im_end|>", "gemma3": "<end_of_turn>"}.get(
            kind, "<｜end▁of▁sentence｜>"
        ),
        unk_token="<|unknown|>",
        chat_template=template.read_text("utf-8"),
    )


def make_model(kind: str, folder: Path, words: Iterable[str] = ()) -> Path:
    """A randomly initialized model of an architecture with its tokenizer, in a folder."""
    import torch
    import transformers as t

    tokenizer = make_tokenizer(kind, words)
    size: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "max_position_embeddings": 192,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }
    torch.manual_seed(5)
    made: Any
    if kind == "gemma3":
        made = t.Gemma3ForCausalLM(t.Gemma3TextConfig(**size, sliding_window=32))
    elif kind in ("qwen3", "reasoning"):
        made = t.Qwen3ForCausalLM(t.Qwen3Config(**size))
    else:
        made = t.LlamaForCausalLM(t.LlamaConfig(**size))
    made.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def pairs(n: int = 24) -> pd.DataFrame:
    """Preferences for kind answers, in two languages."""
    rows = []
    for i in range(n):
        german = i % 2
        asked = f"was ist gut {WORDS[-1 - i % 7]} ?" if german else f"what is {WORDS[i % 9]} ?"
        good, bad = ("du bist nett ja", "du bist grob nein") if german else ("yes kind", "no rude")
        rows.append(
            {
                "prompt": f"p{i % 6}",
                "language": "de" if german else "en",
                "chosen": f"a{i}",
                "rejected": f"b{i}",
                "p": (1.0, 0.8, 0.5)[i % 3],
                "weight": (1.0, 2.0)[i % 2],
                "prompt_text": asked,
                "chosen_text": f"{good} {WORDS[i % 11]}",
                "rejected_text": f"{bad} {WORDS[i % 13]}",
            }
        )
    return pd.DataFrame(rows)


def unpaired(n: int = 25) -> pd.DataFrame:
    """The same as single responses."""
    made = pairs(n)
    kind = [i % 3 != 0 for i in range(n)]
    texts = made["chosen_text"].where(kind, made["rejected_text"])
    keys = made[["prompt", "language", "weight", "prompt_text"]]
    return keys.assign(item=made["chosen"], desirable=kind, response_text=texts)
