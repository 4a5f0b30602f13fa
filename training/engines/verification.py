"""Verification of adapters: whether the one that was trained is what a model speaks with."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pluralign_stats.errors import InputError
from pluralign_stats.storage.files import read_json
from training.chat import Tokens

VERIFICATION = "verification.json"

#: How many exchanges the log probabilities are compared on.
N_PROBES = 8

#: Largest difference between log probabilities of a token that rounding explains.
TOLERANCE = {"fp32": 1e-3, "bf16": 0.25}

#: The smallest difference from the base model that shows that anything was learned.
LEARNED = {"fp32": 1e-5, "bf16": 1e-2}

#: Log probabilities of the tokens of each probe's answer.
Logprobs = Sequence[Sequence[float]]


def largest_difference(one: Logprobs, other: Logprobs) -> float:
    """Largest absolute difference between log probabilities; infinite where one is not a number."""
    pairs = [abs(a - b) for x, y in zip(one, other, strict=True) for a, b in zip(x, y, strict=True)]
    return max(d if d == d else float("inf") for d in pairs)


def choose_probes(exchanges: Sequence[tuple[list[int], list[int]]]) -> list[Tokens]:
    """Exchanges spread evenly over those given, the same ones each time."""
    distinct = sorted({(tuple(prompt), tuple(answer)) for prompt, answer in exchanges})
    step = max(1, len(distinct) // N_PROBES)
    return [Tokens(list(p), list(a)) for p, a in distinct[::step][:N_PROBES]]


def verify(
    probes: Sequence[Tokens],
    base: Logprobs,
    trained: Logprobs,
    loaded: Logprobs,
    number_format: str,
) -> dict[str, Any]:
    """Whether an adapter changed its model, and is on the disk what it is in memory.

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
        "probes": [probe._asdict() for probe in probes],
        "base": base,
        "trained": trained,
        "loaded": loaded,
    }


def require_verified(run_folder: Path) -> dict[str, Any]:
    """What the verification of a run's adapter found; refused unless it passed.

    Raises
    ------
    InputError
        If it failed, or there is none.
    """
    found = read_json(run_folder / VERIFICATION)
    if not {"passed", "reason"} <= found.keys():
        raise InputError(
            f"the run {run_folder.name} has no {VERIFICATION}, so that nothing shows that its "
            "adapter works; delete the folder, and train it again"
        )
    if not found["passed"]:
        raise InputError(
            f"the run {run_folder.name} must not speak, since its adapter failed verification: "
            f"{found['reason']} (see its {VERIFICATION}); give the grid other options of "
            "training, or delete the folder, and train it again"
        )
    return found


def require_active(
    run_folder: Path, logprobs: Callable[[Sequence[Tokens], bool], Logprobs]
) -> None:
    """Refuse a loaded run that does not speak as it did after training.

    Parameters
    ----------
    run_folder
        Has the probes and what was said of them after training.
    logprobs
        Gives the engine's own log probabilities of probes, with the adapter or without.

    Raises
    ------
    InputError
        If the base model is not the one that was tuned, or the adapter changes nothing or not
        what it changed in training.
    """
    known = require_verified(run_folder)
    probes = [Tokens(**probe) for probe in known["probes"]]
    untuned, tuned = logprobs(probes, False), logprobs(probes, True)
    from_base = largest_difference(untuned, known["base"])
    from_trained = largest_difference(tuned, known["trained"])
    moved = largest_difference(tuned, untuned)
    tolerance = known["tolerance"]
    if not from_base <= tolerance:
        raise InputError(
            f"the base model of {run_folder.name} is not the one that was tuned: its log "
            f"probabilities differ by up to {from_base:.3g}, where {tolerance:g} is rounding; "
            "restore it, or train the run again"
        )
    if not (from_trained <= tolerance and from_trained < moved):
        raise InputError(
            f"the adapter of {run_folder.name} is not active, or not the one that was trained: "
            f"its log probabilities differ from those after training by up to {from_trained:.3g} "
            f"and from the base model's by {moved:.3g}; train the run again"
        )
