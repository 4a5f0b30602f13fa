"""Every optimizer on tiny models of real architectures; losses against closed forms."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny
from train_runs import QUICK, condition, prepare

from pluralign_stats import InputError

pytestmark = pytest.mark.extended

KINDS = ("llama", "qwen3", "gemma3", "reasoning")


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bases")
    return {kind: tiny.make_model(kind, folder / kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("optimizer", ["dpo", "kto", "grpo"])
def test_every_optimizer_tunes_every_architecture(
    kind: str, optimizer: str, bases: dict[str, Path], tmp_path: Path
) -> None:
    from training.tuning.run import train_condition

    # A model of random weights never ends its thinking, so that no reward could differ.
    quiet = {"thinking": False} if optimizer == "grpo" else {}
    made = condition(optimizer, bases[kind], max_steps=4, **quiet)
    folder = prepare(tmp_path / "run", made)
    assert train_condition(folder, str(bases[kind]))
    verdict = json.loads((folder / "verification.json").read_text())
    assert verdict["from_base"] > 1e-3
    assert verdict["from_trained"] < 1e-5
    stages = {json.loads(x)["stage"] for x in (folder / "metrics.jsonl").read_text().splitlines()}
    assert stages == ({"reward", "grpo"} if optimizer == "grpo" else {optimizer})


@pytest.mark.parametrize("optimizer", ["dpo", "kto", "grpo"])
def test_bf16_and_gradient_checkpointing_reach_every_trainer(
    optimizer: str, bases: dict[str, Path], tmp_path: Path
) -> None:
    from training.tuning.run import train_condition

    saving = {"precision": "bf16", "gradient_checkpointing": True}
    folder = prepare(tmp_path / "run", condition(optimizer, bases["llama"], max_steps=4, **saving))
    assert train_condition(folder, str(bases["llama"]))
    stages = json.loads((folder / "arguments.json").read_text())
    assert stages.keys() == ({"reward", "grpo"} if optimizer == "grpo" else {optimizer})
    for arguments in stages.values():
        assert arguments["bf16"]
        assert arguments["activation_checkpointing"]
    assert json.loads((folder / "environment.json").read_text())["number_format"] == "bf16"


def trainer_of(
    optimizer: str, base: Path, folder: Path, feedback: pd.DataFrame, **changes: Any
) -> Any:
    """A trainer before its first step, and its rows."""
    from training.bases.tokenizer import load_tokenizer
    from training.conditions.options import DpoOptions, KtoOptions, RewardOptions
    from training.optimize.arguments import TrainerConfig
    from training.optimize.data import rows_of
    from training.optimize.dpo import dpo_trainer
    from training.optimize.kto import kto_trainer
    from training.optimize.reward import reward_trainer

    tokenizer = load_tokenizer(str(base))
    forms: dict[str, Any] = {
        "dpo": (DpoOptions, dpo_trainer),
        "kto": (KtoOptions, kto_trainer),
        "reward": (RewardOptions, reward_trainer),
    }
    options, make = forms[optimizer]
    chosen = options.model_validate(QUICK | {"max_steps": None} | changes)
    config = TrainerConfig(optimizer, folder, str(base), tokenizer, chosen, 3, lambda *_: None)
    rows = rows_of(feedback, tokenizer, 128).rows
    return make(config, rows), rows


def shaken(trainer: Any) -> Any:
    """The trainer with an adapter that does something."""
    import torch

    torch.manual_seed(1)
    with torch.no_grad():
        for name, weight in trainer.model.named_parameters():
            if "lora_B" in name:
                weight.normal_(0, 0.2)
    trainer.model.train()
    return trainer


def logprob(model: Any, prompt: list[int], answer: list[int]) -> float:
    """Log probability of an answer, one token at a time."""
    import torch

    total = 0.0
    for i, token in enumerate(answer):
        ids = torch.tensor([[*prompt, *answer[:i]]])
        with torch.no_grad():
            total += model(input_ids=ids).logits[0, -1].log_softmax(-1)[token].item()
    return total


def test_the_loss_of_dpo_is_that_of_soft_labels_and_weights(
    bases: dict[str, Path], tmp_path: Path
) -> None:
    import numpy as np

    trainer, rows = trainer_of("dpo", bases["llama"], tmp_path, tiny.pairs(6))
    shaken(trainer)
    losses = []
    for row in rows:
        gains = []
        for side in ("chosen_ids", "rejected_ids"):
            tuned = logprob(trainer.model, row["prompt_ids"], row[side])
            with trainer.model.disable_adapter():
                gains.append(tuned - logprob(trainer.model, row["prompt_ids"], row[side]))
        logit = 0.1 * (gains[0] - gains[1])
        sure = -np.log(1 / (1 + np.exp(-logit)))
        other = -np.log(1 / (1 + np.exp(logit)))
        losses.append(row["weight"] * (row["p"] * sure + (1 - row["p"]) * other))
    assert np.mean([row["weight"] for row in rows]) == pytest.approx(1)
    batch = trainer.data_collator(list(trainer.train_dataset))
    assert trainer.compute_loss(trainer.model, batch).item() == pytest.approx(
        np.mean(losses), rel=1e-4
    )


def test_with_hard_labels_and_equal_weights_the_losses_are_trls_own(
    bases: dict[str, Path], tmp_path: Path
) -> None:
    from trl import DPOTrainer, KTOTrainer, RewardTrainer

    plain = tiny.pairs(6).assign(p=1.0, weight=1.0)
    single = tiny.unpaired(6).assign(weight=1.0)
    for optimizer, feedback, parent in (
        ("dpo", plain, DPOTrainer),
        ("reward", plain, RewardTrainer),
        ("kto", single, KTOTrainer),
    ):
        trainer, _ = trainer_of(optimizer, bases["llama"], tmp_path, feedback)
        shaken(trainer)
        batch = trainer.data_collator(list(trainer.train_dataset))
        ours = trainer.compute_loss(trainer.model, dict(batch)).item()
        theirs = {k: v for k, v in batch.items() if k not in ("p", "weight")}
        own = parent.compute_loss(trainer, trainer.model, theirs)
        assert ours == pytest.approx(own.item(), rel=1e-5)


def test_gradient_checkpointing_changes_memory_and_nothing_else(
    bases: dict[str, Path], tmp_path: Path
) -> None:
    import torch

    found = []
    for on in (False, True):
        trainer, _ = trainer_of(
            "dpo", bases["llama"], tmp_path, tiny.pairs(8), gradient_checkpointing=on
        )
        trainer.train()
        assert trainer.model.get_base_model().is_activation_checkpointing is on
        # What TRL sets by the old name, for DeepSpeed ZeRO-3, is what transformers reads.
        arguments = trainer.args
        old, new = (
            arguments.gradient_checkpointing_kwargs,
            arguments.activation_checkpointing_kwargs,
        )
        assert old is new
        found.append({n: w for n, w in trainer.model.named_parameters() if "lora_B" in n})
    plain, saving = found
    assert all(weight.abs().max() > 0 for weight in plain.values())
    for name, weight in plain.items():
        torch.testing.assert_close(saving[name], weight)


@pytest.mark.parametrize(
    ("optimizer", "feedback", "columns"),
    [
        ("dpo", tiny.pairs(6), ("ref_chosen_logps", "ref_rejected_logps")),
        ("kto", tiny.unpaired(6), ("ref_logps", "ref_KL_logps")),
    ],
)
def test_reference_log_probabilities_are_trls_own(
    optimizer: str,
    feedback: pd.DataFrame,
    columns: tuple[str, str],
    bases: dict[str, Path],
    tmp_path: Path,
) -> None:
    trainer, _ = trainer_of(optimizer, bases["gemma3"], tmp_path, feedback)
    shaken(trainer)
    batch = trainer.data_collator(list(trainer.train_dataset))
    for column, own in zip(
        columns, trainer.compute_ref_log_probs(trainer.model, batch), strict=True
    ):
        assert batch[column].tolist() == pytest.approx(own.tolist(), rel=1e-4)


def test_balance_gives_both_kinds_the_same_weight() -> None:
    from training.optimize.kto import kind_weights

    rows = [{"label": True, "weight": 1.0}] * 3 + [{"label": False, "weight": 1.0}]
    desirable, undesirable = kind_weights(rows, balance=True)
    assert 3 * desirable == undesirable == 2
    assert kind_weights(rows, balance=False) == (1, 1)
    assert kind_weights(rows[:3], balance=True) == (1, 1)


def test_rewards_do_not_depend_on_order_or_batches(bases: dict[str, Path]) -> None:
    from training.bases.load import load_model
    from training.conditions.options import DpoOptions
    from training.optimize.reward import rewards_of

    model = load_model(str(bases["qwen3"]), DpoOptions(**QUICK), "reward")
    model.config.get_text_config().pad_token_id = 0
    texts = [[5, 6, 7], [8], [9, 5, 6, 7, 8, 9], [7, 7]]
    alone = [rewards_of(model, [text], 0, 1)[0] for text in texts]
    np.testing.assert_allclose(rewards_of(model, texts, 0, 3), alone, rtol=1e-4, atol=1e-6)
    assert len(set(alone)) == len(alone)


def test_rewards_are_guarded(bases: dict[str, Path]) -> None:
    from training.bases.tokenizer import load_tokenizer
    from training.chat import end_tokens
    from training.optimize import reward

    tokenizer = load_tokenizer(str(bases["reasoning"]))
    ends = end_tokens(tokenizer)
    words = {word: tokenizer.convert_tokens_to_ids(word) for word in ("ja", "nett", "</think>")}
    asked: list[list[int]] = []

    class Model:
        def eval(self) -> None:
            pass

    def answer(model: Any, texts: list[list[int]], *_: Any) -> list[float]:
        asked.extend(texts)
        return [5.0, 0.3][: len(texts)]

    rewards = reward.Rewards(Model(), tokenizer, ends, -1.0, 1.0, 4)
    thought = [words["nett"], words["</think>"], words["ja"]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reward, "rewards_of", answer)
        given = rewards(
            prompts=["was ist gut ?"] * 5,
            completion_ids=[
                [*thought, ends[0]],
                [*thought, words["ja"], ends[0]],
                thought,
                [words["nett"], ends[0]],
                [words["nett"], words["</think>"], ends[0]],
            ],
        )
    assert given == [1.0, 0.3, -1.0, -1.0, -1.0]
    assert all(words["nett"] not in text for text in asked), "thinking must not be rewarded"


def test_training_stops_where_steps_end_and_draws_what_it_meets() -> None:
    from training.conditions.options import DpoOptions
    from training.optimize.data import rows_met

    rows = [{"example": i} for i in range(100)]
    few = DpoOptions(max_steps=3, batch_size=4, accumulation=2)
    met = [row["example"] for row in rows_met(rows, few, 1)]
    assert len(met) == len(set(met)) == 24
    assert met == [row["example"] for row in rows_met(rows, few, 1)]
    assert met != [row["example"] for row in rows_met(rows, few, 2)]
    assert rows_met(rows, DpoOptions(), 1) == rows


def test_texts_that_cannot_be_used_are_counted_and_left_out(bases: dict[str, Path]) -> None:
    from training.bases.tokenizer import load_tokenizer
    from training.optimize.data import rows_of, usable

    tokenizer = load_tokenizer(str(bases["llama"]))
    feedback = tiny.pairs(8)
    feedback.loc[0, "chosen_text"] = "  "
    feedback.loc[1, "rejected_text"] = "gut " * 200
    feedback.loc[2, "rejected_text"] = feedback.loc[2, "chosen_text"]
    rows = rows_of(feedback, tokenizer, 64)
    assert [row["example"] for row in rows.rows] == [3, 4, 5, 6, 7]
    assert dict(rows.excluded) == {
        "an empty text": 1,
        "longer than the context of 64 tokens": 1,
        "two responses with the same text": 1,
    }
    assert rows.table()["n"].sum() == 3
    twice = usable(pd.concat([feedback, feedback]), tokenizer, 64)
    assert sum(row["n"] for row in twice.rows) == 10
    assert sum(twice.excluded.values()) == 6
    single = tiny.unpaired(4)
    single.loc[0, "response_text"] = ""
    assert len(rows_of(single, tokenizer, 64).rows) == 3


def test_a_run_without_any_usable_example_is_an_error(
    bases: dict[str, Path], tmp_path: Path
) -> None:
    from training.tuning.run import train_condition

    folder = prepare(
        tmp_path / "run", condition("dpo", bases["llama"]), tiny.pairs(4).assign(chosen_text="")
    )
    with pytest.raises(InputError, match=r"has no example to train on \(an empty text: 4\)"):
        train_condition(folder, str(bases["llama"]))
