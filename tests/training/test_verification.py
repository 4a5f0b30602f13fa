"""Verification: an adapter that is not what was trained must not speak."""

import json
from pathlib import Path
from typing import Any

import pytest
import tiny
from train_runs import condition, prepare

from pluralign_stats import InputError
from pluralign_stats.storage.files import write_json
from training.chat import Tokens
from training.engines.likelihood import answer_logprobs
from training.engines.verification import (
    VERIFICATION,
    choose_probes,
    require_verified,
    verify,
)

pytestmark = pytest.mark.extended

PROBES = [Tokens([1], [2, 3])]
BASE = [[-1.0, -2.0]]
TRAINED = [[-1.5, -1.0]]


def test_an_adapter_that_works_passes(tmp_path: Path) -> None:
    verdict = verify(PROBES, BASE, TRAINED, TRAINED, "fp32")
    assert verdict["passed"]
    assert verdict["from_base"] == 1
    write_json(tmp_path / VERIFICATION, verdict)
    known = require_verified(tmp_path)
    assert known == verdict
    assert [Tokens(**probe) for probe in known["probes"]] == PROBES


@pytest.mark.parametrize(
    ("trained", "loaded", "said"),
    [
        (BASE, BASE, "the same log probabilities as the base model"),
        (TRAINED, BASE, "a freshly loaded copy"),
        (TRAINED, [[-1.5, -1.01]], "a freshly loaded copy"),
        ([[-1.0002, -2.0]], BASE, "a freshly loaded copy"),
        ([[float("nan"), -1.0]], TRAINED, "are no numbers"),
    ],
)
def test_an_adapter_that_does_not_is_refused(
    trained: list[list[float]], loaded: list[list[float]], said: str, tmp_path: Path
) -> None:
    write_json(tmp_path / VERIFICATION, verify(PROBES, BASE, trained, loaded, "fp32"))
    with pytest.raises(InputError, match=said):
        require_verified(tmp_path)


def test_a_run_without_a_verification_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no verification\.json"):
        require_verified(tmp_path)
    (tmp_path / "verification.json").write_text("{")
    with pytest.raises(InputError, match=r"has no verification\.json"):
        require_verified(tmp_path)


def test_probes_are_spread_and_the_same_each_time() -> None:
    exchanges = [([i], [i + 1]) for i in range(40)]
    probes = choose_probes(exchanges)
    assert len(probes) == 8
    assert probes == choose_probes(exchanges[::-1] * 2)
    assert choose_probes(exchanges[:2]) == [Tokens([0], [1]), Tokens([1], [2])]


def test_log_probabilities_are_those_of_one_token_after_the_other(tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(tiny.make_model("qwen3", tmp_path / "m"))
    probes = [Tokens([20, 21, 22], [23, 24]), Tokens([25], [26, 27, 28])]
    told = answer_logprobs(model, probes, 0)
    for probe, row in zip(probes, told, strict=True):
        assert len(row) == len(probe.answer)
        for i, token in enumerate(probe.answer):
            ids = torch.tensor([[*probe.prompt, *probe.answer[:i]]])
            with torch.no_grad():
                one = model(input_ids=ids).logits[0, -1].log_softmax(-1)[token].item()
            assert row[i] == pytest.approx(one, abs=1e-5)


def test_an_adapter_whose_file_was_exchanged_fails_after_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import load_file, save_file

    from training.tuning import run

    base = tiny.make_model("llama", tmp_path / "base")
    folder = prepare(tmp_path / "run", condition("dpo", base, max_steps=2))
    save = run.save_adapter

    def spoilt(trainer: Any, tokenizer: Any, adapter: Path) -> None:
        save(trainer, tokenizer, adapter)
        weights = load_file(adapter / "adapter_model.safetensors")
        save_file({k: 0 * v for k, v in weights.items()}, adapter / "adapter_model.safetensors")

    monkeypatch.setattr(run, "save_adapter", spoilt)
    assert not run.train_condition(folder, str(base))
    with pytest.raises(InputError, match="a freshly loaded copy of the adapter"):
        require_verified(folder)
    assert json.loads((folder / "verification.json").read_text())["passed"] is False
