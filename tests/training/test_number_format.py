"""Number formats: what is asked of torch, and that Muon is the same in all of them."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from pluralign_stats.storage.folders import read_mark
from training import number_format as formats
from training.conditions.options import DpoOptions
from training.embedded import base, muon, pretrain
from training.embedded.muon import Muon, orthogonalized
from training.number_format import cpu_has_bf16, is_fast, number_format

pytestmark = pytest.mark.extended

SHAPES = ((12, 12), (30, 12), (12, 30), (1, 7))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("shape", SHAPES)
def test_singular_values_are_near_one(shape: tuple[int, int], dtype: torch.dtype) -> None:
    torch.manual_seed(3)
    made = orthogonalized(torch.randn(shape), dtype)
    assert (made.dtype, made.shape) == (dtype, shape)
    values = torch.linalg.svdvals(made.float())
    assert values.min() > 0.6  # the iteration brings them between 0.7 and 1.2
    assert values.max() < 1.3


def matrices() -> list[torch.nn.Parameter]:
    torch.manual_seed(1)
    return [torch.nn.Parameter(torch.randn(shape)) for shape in SHAPES]


def moved(params: list[torch.nn.Parameter], optimizer: Any) -> list[torch.Tensor]:
    """Matrices after some steps on a loss with a curvature, at changing rates."""
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step))
    for step in range(6):
        for i, p in enumerate(params):
            if (i, step) != (0, 2):  # one has no gradient once
                (p.pow(2).sum() + (p @ p.T).sin().sum()).backward()
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
    return [p.detach() for p in params]


def test_in_bf16_it_is_torchs_own_bit_by_bit() -> None:
    ours, theirs = matrices(), matrices()
    expected = moved(theirs, torch.optim.Muon(theirs, 0.1, weight_decay=0.0))
    for one, other in zip(moved(ours, Muon(ours, 0.1, torch.bfloat16)), expected, strict=True):
        assert torch.equal(one, other)


def test_in_fp32_it_is_the_same_but_for_rounding() -> None:
    ours, theirs = matrices(), matrices()
    expected = moved(theirs, torch.optim.Muon(theirs, 0.1, weight_decay=0.0))
    for one, other in zip(moved(ours, Muon(ours, 0.1, torch.float32)), expected, strict=True):
        assert not torch.equal(one, other)
        torch.testing.assert_close(one, other, atol=0.02, rtol=0)


@pytest.mark.parametrize(
    ("known", "library", "native"),
    [
        ({"avx2": True}, False, False),  # AMD's third generation
        ({"avx2": True, "avx512_f": True}, True, False),  # emulated, and slow
        ({"avx512_bf16": True}, True, True),
        ({"amx_bf16": True, "avx512_bf16": False}, True, True),
        ({"bf16": True, "neon": True}, True, True),  # ARM
        ({"neon": True}, False, False),
        ({"avx512_bf16": True}, False, False),  # the library was told not to use it
        ({}, True, False),
    ],
)
def test_a_processor_has_bf16_if_torch_says_so(
    known: dict[str, bool], library: bool, native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = SimpleNamespace(_is_mkldnn_bf16_supported=lambda: library)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: known)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    monkeypatch.setattr(torch.ops, "mkldnn", told)
    assert cpu_has_bf16.__wrapped__() is native
    monkeypatch.delattr(torch.cpu, "get_capabilities")  # as in earlier versions
    assert cpu_has_bf16.__wrapped__() is False


def test_a_processor_without_the_instructions_pretrains_in_fp32() -> None:
    """What oneDNN may use is limited to what AMD's third generation has."""
    program = (
        "from training.number_format import cpu_has_bf16; "
        "from training.embedded.pretrain import muon_format; print(cpu_has_bf16(), muon_format())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["False", "fp32"]


@pytest.mark.parametrize(("native", "form"), [(True, "bf16"), (False, "fp32")])
def test_a_miniature_says_in_which_format_it_was_made(
    native: bool, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = []

    def watched(matrix: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        used.append(dtype)
        return orthogonalized(matrix, dtype)

    monkeypatch.setattr(pretrain, "cpu_has_bf16", lambda: native)
    monkeypatch.setattr(muon, "orthogonalized", watched)
    tiny_size = pretrain.BaseConfig(hidden=32, layers=1, heads=2, intermediate=48, steps=2, batch=4)
    folder = base.base_model("embedded", tmp_path, config=tiny_size)
    assert read_mark(folder)["muon"] == form
    assert set(used) == {torch.bfloat16 if native else torch.float32}


@pytest.mark.parametrize("gpu", [True, False])
def test_what_is_left_open_is_bf16_on_a_gpu_that_has_it_alone(
    gpu: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "gpu_has_bf16", lambda: gpu)
    monkeypatch.setattr(formats, "cpu_has_bf16", lambda: True)
    assert number_format(DpoOptions()) == ("bf16" if gpu else "fp32")
    assert number_format(DpoOptions(precision="bf16")) == "bf16"
    assert number_format(DpoOptions(precision="fp32")) == "fp32"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert (is_fast("bf16"), is_fast("fp32")) == (gpu, True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert is_fast("bf16")


def test_a_run_in_bf16_speaks_in_fp32_where_bf16_is_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tiny

    from training.engines import base as engines

    folder = tiny.make_model("llama", tmp_path / "base")
    asked = engines.Base(str(folder), precision="bf16")
    models = {}
    for fast in (True, False):
        monkeypatch.setattr(engines, "is_fast", lambda form, fast=fast: fast or form == "fp32")
        models[fast] = engines.load(asked)[0]
    assert {p.dtype for p in models[True].parameters()} == {torch.bfloat16}
    assert {p.dtype for p in models[False].parameters()} == {torch.float32}
    for one, other in zip(*(m.parameters() for m in models.values()), strict=True):
        assert torch.equal(one.float(), other)  # the weights of the run, as it had them
