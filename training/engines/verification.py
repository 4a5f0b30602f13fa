"""The canary: whether the adapter that was trained is the one that a model speaks with."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pluralign_stats.errors import InputError
from pluralign_stats.storage.files import write_json

if TYPE_CHECKING:
    import torch

CANARY = "canary.json"

#: How many exchanges the log probabilities are compared on.
N_PROBES = 8

#: Largest difference between log probabilities of a token that rounding explains.
TOLERANCE = {"fp32": 1e-3, "bf16": 0.25}

#: The smallest difference from the base model that shows that anything was learned.
LEARNED = {"fp32": 1e-5, "bf16": 1e-2}


class Probe(NamedTuple):
    """A prompt and an answer to it, in tokens."""

    prompt: list[int]
    answer: list[int]


def probe_logprobs(model: Any, probes: Sequence[Probe], pad: int) -> list[list[float]]:
    """Log probability of every token of every probe's answer under a model.

    Parameters
    ----------
    model
        A causal language model, with an adapter or without.
    probes
        On which to compare.
    pad
        Token to pad with.
    """
    import torch

    was_training = model.training
    model.eval()
    tokens = [[*probe.prompt, *probe.answer] for probe in probes]
    width = max(map(len, tokens))
    device = next(model.parameters()).device
    ids = torch.tensor([[*row, *[pad] * (width - len(row))] for row in tokens], device=device)
    mask = torch.tensor([[1] * len(r) + [0] * (width - len(r)) for r in tokens], device=device)
    with torch.no_grad():
        logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits
    model.train(was_training)
    told = _chosen_logprobs(logits, ids)
    return [
        row[len(probe.prompt) - 1 : len(probe.prompt) + len(probe.answer) - 1].tolist()
        for row, probe in zip(told, probes, strict=True)
    ]


def _chosen_logprobs(logits: "torch.Tensor", ids: "torch.Tensor") -> "torch.Tensor":
    """(rows, width - 1) log probability of each token, given those before it."""
    following = ids[:, 1:].unsqueeze(-1)
    return logits[:, :-1].float().log_softmax(-1).gather(-1, following).squeeze(-1).cpu()


def largest_difference(one: Sequence[Sequence[float]], other: Sequence[Sequence[float]]) -> float:
    """Largest absolute difference between log probabilities; infinite where one is not a number."""
    pairs = [abs(a - b) for x, y in zip(one, other, strict=True) for a, b in zip(x, y, strict=True)]
    return max(d if d == d else float("inf") for d in pairs)


def choose_probes(exchanges: Sequence[tuple[list[int], list[int]]]) -> list[Probe]:
    """Exchanges spread evenly over those given, the same ones each time."""
    distinct = sorted({(tuple(prompt), tuple(answer)) for prompt, answer in exchanges})
    step = max(1, len(distinct) // N_PROBES)
    return [Probe(list(p), list(a)) for p, a in distinct[::step][:N_PROBES]]


def judge(
    probes: Sequence[Probe],
    base: Sequence[Sequence[float]],
    trained: Sequence[Sequence[float]],
    loaded: Sequence[Sequence[float]],
    number_format: str,
) -> dict[str, Any]:
    """What the canary says.

    Parameters
    ----------
    probes
        On which was compared.
    base, trained, loaded
        Log probabilities by probe and token: of the base model, of the trained model in memory,
        and of a freshly loaded base model with the saved adapter.
    number_format
        ``"fp32"`` or ``"bf16"``; decides what counts as rounding.

    Returns
    -------
    dict
        passed, reason (empty if passed), tolerance, from_base and from_trained (largest
        differences), and all that was compared.
    """
    tolerance = TOLERANCE[number_format]
    from_base = largest_difference(trained, base)
    from_trained = largest_difference(loaded, trained)
    reason = ""
    if not from_base < float("inf"):
        reason = "the trained model gives log probabilities that are no numbers"
    elif from_base <= LEARNED[number_format]:
        reason = (
            "the trained model gives the same log probabilities as the base model: nothing was "
            "learned, or the adapter is not active"
        )
    elif from_trained > tolerance or from_trained >= from_base:
        reason = (
            "a freshly loaded copy of the adapter gives other log probabilities than the trained "
            f"model (by up to {from_trained:.3g}, where {tolerance:g} is rounding)"
        )
    return {
        "passed": not reason,
        "reason": reason,
        "tolerance": tolerance,
        "number_format": number_format,
        "from_base": from_base,
        "from_trained": from_trained,
        "probes": [{"prompt": p.prompt, "answer": p.answer} for p in probes],
        "base": [list(row) for row in base],
        "trained": [list(row) for row in trained],
        "loaded": [list(row) for row in loaded],
    }


def write_canary(run_folder: Path, verdict: dict[str, Any]) -> None:
    """Store what the canary says."""
    write_json(run_folder / CANARY, verdict)


def read_canary(run_folder: Path) -> dict[str, Any]:
    """What the canary of a run says.

    Raises
    ------
    InputError
        If there is none.
    """
    try:
        verdict = json.loads((run_folder / CANARY).read_text(encoding="utf-8"))
        return verdict | {"passed": bool(verdict["passed"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"the run {run_folder.name} has no canary ({CANARY}), so that nothing shows that its "
            "adapter works; train it again"
        ) from error


def read_probes(verdict: dict[str, Any]) -> list[Probe]:
    """The probes of a canary."""
    return [Probe(p["prompt"], p["answer"]) for p in verdict["probes"]]


def check_canary(run_folder: Path) -> None:
    """Refuse a run whose adapter is not what was trained.

    Raises
    ------
    InputError
        If the canary failed, or there is none.
    """
    verdict = read_canary(run_folder)
    if not verdict["passed"]:
        raise InputError(
            f"the run {run_folder.name} must not speak, since its canary failed: "
            f"{verdict['reason']} (see its {CANARY}); give the grid other options of training, or "
            "delete the folder, and train it again"
        )
