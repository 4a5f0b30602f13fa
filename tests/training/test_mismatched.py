"""Mismatched pairs: the answer is another prompt's, whatever the batches, ids and texts."""

from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny
from train_runs import QUICK

from pluralign_stats import InputError
from training.optimize.data import in_random_order, rows_of
from training.optimize.mismatched import require_mismatched, with_mismatched

pytestmark = pytest.mark.extended


def row(prompt: str, words: int, answer: int) -> dict[str, Any]:
    """One example; prompts with equal words have equal tokens."""
    return {"prompt": prompt, "prompt_ids": [1, words], "completion_ids": [answer, 0]}


def is_sound(made: list[dict[str, Any]], known: list[dict[str, Any]]) -> bool:
    """Whether no row has an answer that anybody gave to its prompt, by id or by words."""
    for one in made:
        own = [
            r for r in known if one["prompt"] == r["prompt"] or one["prompt_ids"] == r["prompt_ids"]
        ]
        if one["KL_completion_ids"] in [r["completion_ids"] for r in own]:
            return False
        if one["KL_completion_ids"] not in [r["completion_ids"] for r in known]:
            return False
    return True


def study(rng: np.random.Generator, n_prompts: int, n: int) -> list[dict[str, Any]]:
    """Examples as studies have them: uneven, translated, repeated, with stock answers."""
    share = rng.dirichlet(np.full(n_prompts, 0.5))
    rows = []
    for i in range(n):
        prompt = int(rng.choice(n_prompts, p=share))
        words = prompt % 7 if rng.random() < 0.8 else 100 + prompt  # same words under two ids; two
        answer = int(rng.integers(3)) if rng.random() < 0.1 else 1000 + i  # languages under one id
        rows.append(row(f"p{prompt}", words, answer))
    return rows


@pytest.mark.parametrize(
    ("n_prompts", "batch_size"), list(product([2, 3, 10, 200], [1, 2, 3, 8, 500]))
)
def test_no_mismatched_answer_is_one_to_the_prompt(n_prompts: int, batch_size: int) -> None:
    tried = 0
    for seed in range(8):
        known = study(np.random.default_rng([seed, n_prompts]), n_prompts, 120)
        order = in_random_order(known, seed)
        met = [next(order) for _ in range(90)]
        try:
            made = with_mismatched(met, known, batch_size, seed)
        except InputError:
            assert n_prompts < 10
            continue
        tried += 1
        assert is_sound(made, known)
        assert [{k: v for k, v in m.items() if k != "KL_completion_ids"} for m in made] == met
        assert made == with_mismatched(met, known, batch_size, seed)
    assert tried


def test_with_every_prompt_once_the_answers_are_those_of_trl() -> None:
    rows = [row(f"p{i}", i, i) for i in range(6)]
    told = [made["KL_completion_ids"][0] for made in with_mismatched(rows, rows, 3, 1)]
    assert told == [2, 0, 1, 5, 3, 4]


def test_a_batch_of_one_takes_its_answer_from_anywhere_by_the_seed() -> None:
    rows = [row(f"p{i}", i, i) for i in range(40)]
    made = with_mismatched(rows, rows, 1, 1)
    assert is_sound(made, rows)
    assert made == with_mismatched(rows, rows, 1, 1)
    assert made != with_mismatched(rows, rows, 1, 2)


def test_a_batch_on_one_prompt_takes_answers_from_outside_and_not_always_the_same() -> None:
    many = [row("p0", 0, i) for i in range(60)]
    few = [row(f"p{i}", i, 100 + i) for i in range(1, 6)]
    made = with_mismatched(many, many + few, 4, 1)
    assert is_sound(made, many + few)
    used = Counter(each["KL_completion_ids"][0] for each in made)
    assert set(used) == {101, 102, 103, 104, 105}
    assert max(used.values()) - min(used.values()) <= 1


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row("p", 1, i) for i in range(4)], "'p' there are none among its 4 examples"),
        # One prompt in four languages.
        ([row("p", i, i) for i in range(4)], "'p' there are none among its 4 examples"),
        # The same words under four ids.
        ([row(f"p{i}", 1, i) for i in range(4)], "'p0' there are none among its 4 examples"),
        # Two prompts, one and the same answer.
        ([row("p", 1, 7), row("q", 2, 7)], "none among its 2"),
        ([row("p", 1, 7)], "'p' there are none among its 1 example"),
    ],
)
def test_one_prompt_alone_is_refused(rows: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(InputError, match=said):
        require_mismatched(rows)
    with pytest.raises(InputError, match="two prompts or more whose answers differ"):
        with_mismatched(rows, rows, 2, 1)


def feedback(prompts: list[str], texts: list[str]) -> pd.DataFrame:
    made = tiny.unpaired(len(prompts)).assign(prompt=prompts, weight=1.0)
    return made.assign(prompt_text=[f"what is {t}" for t in texts])


@pytest.mark.parametrize("max_steps", [None, 1])
def test_trainers_get_them(max_steps: int | None, tmp_path: Path) -> None:
    from training.bases.tokenizer import load_tokenizer
    from training.conditions.options import KtoOptions
    from training.optimize.arguments import TrainerConfig
    from training.optimize.kto import kto_trainer

    base = tiny.make_model("llama", tmp_path / "base")
    tokenizer = load_tokenizer(str(base))
    # p3 has the words of p0, and nine in ten examples are on p0.
    asked = ["p0"] * 17 + ["p1", "p2", "p3"]
    words = {"p0": "good", "p1": "home", "p2": "work", "p3": "good"}
    known = rows_of(feedback(asked, [words[p] for p in asked]), tokenizer, 128).rows
    options = KtoOptions.model_validate(QUICK | {"max_steps": max_steps})
    config = TrainerConfig("kto", tmp_path, str(base), tokenizer, options, 3, lambda *_: None)
    trained = list(kto_trainer(config, known).train_dataset)
    assert len(trained) == (20 if max_steps is None else 4)
    assert is_sound(trained, known)


def test_equal_examples_put_together_keep_their_prompts_apart(tmp_path: Path) -> None:
    from training.bases.tokenizer import load_tokenizer
    from training.optimize.data import usable

    tokenizer = load_tokenizer(str(tiny.make_model("llama", tmp_path / "base")))
    one = feedback(["p0", "p1"] * 3, ["good"] * 6)
    with pytest.raises(InputError, match="for the prompt 'p0' there are none"):
        require_mismatched(usable(one, tokenizer, 128).rows)
    two = feedback(["p0", "p1"] * 3, ["good", "home"] * 3)
    require_mismatched(usable(two, tokenizer, 128).rows)
